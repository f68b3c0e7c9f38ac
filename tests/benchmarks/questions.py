"""The full papers with questions (QASPER as packaged by L-Eval) as papers, chunks and questions."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from kb.records import Chunk, Paper
from tests.memory_corpus import chunks_of

_WORDS_PER_CHUNK = 170


def read_papers(file: Path) -> tuple[list[Paper], dict[str, list[Chunk]], list[tuple[str, str, str]]]:
    """Papers, chunks by paper, and (paper id, question, reference answer); the same text twice is one paper."""
    ids: dict[str, str] = {}
    papers: list[Paper] = []
    chunks: dict[str, list[Chunk]] = {}
    questions = []
    for line in file.read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["paper"] not in ids:
            paper_id = f"record:{len(ids):016x}"
            ids[row["paper"]] = paper_id
            papers.append(Paper(id=paper_id, title=""))
            chunks[paper_id] = read_chunks(paper_id, row["paper"])
        questions += [(ids[row["paper"]], q["question"].strip(), q["answer"]) for q in row["questions"]]
    return papers, chunks, questions


def read_chunks(paper_id: str, text: str) -> list[Chunk]:
    """Chunks of whole sentences of one section; a short line without a full stop is a heading."""
    section: tuple[str, ...] = ()
    merged: list[Chunk] = []
    for line in (line.strip() for line in text.split("\n")):
        if not line:
            continue
        if len(line.split()) <= 10 and not re.search(r"[.:;,!?]$", line) and line[0].isupper():
            section = (line,)
            continue
        for chunk in chunks_of(paper_id, line, section=section):
            last = merged[-1] if merged else None
            if last and last.section == section and last.tokens + chunk.tokens <= _WORDS_PER_CHUNK:
                merged[-1] = replace(last, text=f"{last.text}\n\n{chunk.text}", tokens=last.tokens + chunk.tokens)
            else:
                merged.append(chunk)
    return [
        replace(chunk, id=f"{paper_id}-{i}", ordinal=i, start=0, end=len(chunk.text)) for i, chunk in enumerate(merged)
    ]
