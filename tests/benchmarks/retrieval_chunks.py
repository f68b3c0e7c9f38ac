"""Chunking: the share of a reference answer's words that stand in the five best chunks of the paper asked about.

Run through ``python -m tests.benchmarks.retrieval chunks``. Plain baselines: a recursive character splitter (1,000
characters, 200 overlap) with BM25 over plain lower-case words, vectors alone, or reciprocal rank fusion of both.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import numpy as np

from kb.index import lexical
from kb.index.chunking import Unit, pack
from kb.index.fusion import fuse, refine
from kb.index.lexical import TantivyIndex
from kb.text import sentence_spans
from kb.words import tokenize

if TYPE_CHECKING:
    from tests.benchmarks.retrieval import CachedEncoder

Piece = tuple[str, str]  # heading, text
BEST = 5


def main(data: Path, encoder: CachedEncoder) -> None:
    papers = [json.loads(line) for line in (data / "paperqa" / "dev.jsonl").open(encoding="utf-8")]
    ways = ("lexical", "dense", "rank fusion", "hybrid", "hybrid + sentence maximum")
    print(f"| chunks | mean tokens | {' | '.join(ways)} |\n|---|---|{'---|' * len(ways)}", flush=True)
    from tests.benchmarks.retrieval import plain_words

    with mock.patch.object(lexical, "tokenize", plain_words):
        _row("plain: 1,000 characters, 200 overlap, plain words", papers, encoder, None)
    _row("1,000 characters, 200 overlap, our words", papers, encoder, None)
    shapes = [(256, 0, False), *((size, overlap, True) for size in (256, 192, 128, 96) for overlap in (0, 1))]
    for size, overlap, prefix in shapes:
        name = f"sentences, {size} tokens, overlap {overlap}, {'with' if prefix else 'no'} heading"
        _row(name, papers, encoder, (size, overlap, prefix))


def _row(name: str, papers: list[dict], encoder: CachedEncoder, shape: tuple[int, int, bool] | None) -> None:
    shares: dict[str, list[float]] = {}
    tokens: list[float] = []
    for paper in papers:
        pieces = _characters(paper["paper"]) if shape is None else _sentences(paper["paper"], encoder, shape)
        tokens.append(float(np.mean(encoder.real().count_tokens([text for _, text in pieces]))))
        prefixed = [f"{head}. {text}" if shape and shape[2] and head else text for head, text in pieces]
        for way, found in _found(prefixed, paper["questions"], encoder):
            for question, order in zip(paper["questions"], found, strict=True):
                wanted = Counter(tokenize(question["answer"]))
                seen = set(tokenize(" ".join(pieces[i][1] for i in order)))
                if wanted:
                    share = sum(count for word, count in wanted.items() if word in seen) / wanted.total()
                    shares.setdefault(way, []).append(share)
    figures = " | ".join(f"{np.mean(values):.3f}" for values in shares.values())
    print(f"| {name} | {np.mean(tokens):.0f} | {figures} |", flush=True)


def _found(texts: list[str], questions: Sequence[dict], encoder: CachedEncoder) -> list[tuple[str, list[list[int]]]]:
    """For each way of ranking, the five best chunks of each question."""
    from tests.benchmarks.retrieval import reciprocal_ranks

    asked = [question["question"] for question in questions]
    cosines = (encoder.batch(asked) @ encoder.batch(texts).T).astype(np.float64)
    spans = [sentence_spans(text) for text in texts]
    vectors = encoder.batch([text[a:b] for text, places in zip(texts, spans, strict=True) for a, b in places])
    starts = np.cumsum([0, *map(len, spans)])[:-1]
    nearest = np.maximum.reduceat(encoder.batch(asked) @ vectors.T, starts, axis=1)
    words = np.zeros(cosines.shape)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # tantivy may still be merging
        index = TantivyIndex(Path(folder) / "words")
        index.put([(key, "", "", text) for key, text in enumerate(texts)])
        for row, question in zip(words, asked, strict=True):
            for key, score in index.matching(question, k=len(texts)):
                row[key] = score
    ways = {
        "lexical": words,
        "dense": cosines,
        "rank fusion": [reciprocal_ranks(*pair) for pair in zip(words, cosines, strict=True)],
        "hybrid": [fuse(*pair) for pair in zip(words, cosines, strict=True)],
        "sentences": [fuse(w, refine(c, n)) for w, c, n in zip(words, cosines, nearest, strict=True)],
    }
    return [(way, [np.argsort(-row, kind="stable")[:BEST].tolist() for row in rows]) for way, rows in ways.items()]


def _characters(text: str) -> list[Piece]:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    return [("", piece) for piece in splitter.split_text(text)]


def _sentences(text: str, encoder: CachedEncoder, shape: tuple[int, int, bool]) -> list[Piece]:
    """Whole sentences of one section, packed evenly, as the product packs them."""
    size, overlap, prefix = shape
    pieces: list[Piece] = []
    for head, body in _sections(text):
        spans = sentence_spans(body)
        counts = encoder.real().count_tokens([body[a:b] for a, b in spans])
        units = [Unit(a, b, count) for (a, b), count in zip(spans, counts, strict=True)]
        budget = size - 2 - (encoder.real().count_tokens([head])[0] + 1 if prefix and head else 0)
        parts = overlapped(pack(units, budget=budget), overlap, budget=budget)
        pieces += [(head, body[part[0].start : part[-1].end]) for part in parts]
    return pieces


def overlapped(parts: list[list[Unit]], count: int, *, budget: int) -> list[list[Unit]]:
    """Parts that begin with up to ``count`` units of the part before, as far as ``budget`` has room."""
    if not count:
        return parts
    result = parts[:1]
    for before, part in pairwise(parts):
        room = budget - sum(unit.tokens for unit in part)
        taken = before[-count:]
        while taken and sum(unit.tokens for unit in taken) > room:
            taken = taken[1:]
        result.append([*taken, *part])
    return result


def _sections(text: str) -> list[Piece]:
    """(heading, body): in this set a heading is a short line without a full stop."""
    sections: list[tuple[str, list[str]]] = [("", [])]
    for line in filter(str.strip, text.split("\n")):
        short = len(line) < 90 and len(line.split()) <= 12
        if short and line[0].isupper() and line.strip()[-1] not in ".:;,?!$}]":
            sections.append((line.strip(), []))
        else:
            sections[-1][1].append(line)
    return [(head, "\n\n".join(lines)) for head, lines in sections if lines]
