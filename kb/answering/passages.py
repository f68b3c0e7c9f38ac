"""Passages: chunks as a reader is shown them, whole, under their paper and section, every sentence numbered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from kb.protocols import Corpus
from kb.records import (
    CELLS,
    NO_FILTERS,
    Chunk,
    Equation,
    Evidence,
    Filters,
    Hit,
    Paper,
    Passage,
    PassageSentence,
    PrintedCell,
    PrintedRow,
)
from kb.tables import told
from kb.text import sentence_spans
from kb.words import content_stems

_THE_SAME = 0.85  # share of common words from which two passages say the same
DEPTH = 24  # chunks that are read for one query
_PARAGRAPH = re.compile(r"\S(?:.*?\S)??(?=\s*\n\s*\n|\s*\Z)", re.DOTALL)
_LINE = re.compile(r"\S(?:[^\n]*\S)?")
_STOPS = (".", "!", "?", "。")
_ITEM = re.compile(r"(?:[•▪◦‣*–—-]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)])\s+\S")


def find(queries: Iterable[str], *, corpus: Corpus, filters: Filters = NO_FILTERS, depth: int = DEPTH) -> list[Hit]:
    """The chunks that any of the queries finds, each once with its best score, best first (ties by chunk id)."""
    found = [hit for query in dict.fromkeys(queries) for hit in corpus.search(query, k=depth, filters=filters)]
    ordered = sorted(once(found), key=lambda hit: (-hit.score, hit.chunk_id))
    return [replace(hit, rank=rank) for rank, hit in enumerate(ordered, 1)]


def once(hits: Iterable[Hit]) -> list[Hit]:
    """Each chunk once with its best score, in the order in which the chunks came."""
    best: dict[str, Hit] = {}
    for hit in hits:
        known = best.get(hit.chunk_id)
        if known is None or hit.score > known.score:
            best[hit.chunk_id] = hit
    return list(best.values())


def spans(text: str, equations: Sequence[Equation] = ()) -> list[tuple[int, int]]:
    """Half-open spans of what is numbered in a chunk: sentences, rows of a table, items of a list.

    Every character that is no white space is in exactly one span. A sentence runs through a display equation where
    no full stop stands before it, and on behind it where it goes on in lower case.
    """
    for one in equations:
        text = _run_through(text, one)
    found: list[tuple[int, int]] = []
    for paragraph in _PARAGRAPH.finditer(text):
        lines = [match.span() for match in _LINE.finditer(text, *paragraph.span())]
        start = paragraph.start()
        for begin, end in lines:
            line = text[begin:end]
            if CELLS in line:
                found += _sentences(text, start, begin)
                found.append((begin, end))
                start = end
            elif _ITEM.match(line):
                found += _sentences(text, start, begin)
                start = begin
        found += _sentences(text, start, paragraph.end())
    return found


def _run_through(text: str, equation: Equation) -> str:
    """The text, as long, with the equation as one word, and no blank line where the sentence goes on."""
    before, own, after = text[: equation.start], text[equation.start : equation.end], text[equation.end :]
    bare, rest = before.rstrip(), after.lstrip()
    stop = own[-1:] if own[-1:] in (*_STOPS, ",", ";", ":") else ""
    if bare and not bare.endswith(_STOPS):
        before = bare.ljust(len(before))
    if rest[:1].islower():
        after = " " * (len(after) - len(rest)) + rest
        stop = "" if stop in _STOPS else stop
    return before + "x" * (len(own) - len(stop)) + stop + after


def _sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    return [(start + a, start + b) for a, b in sentence_spans(text[start:end])]


def numbered(hit: Hit, marker: str) -> Passage:
    """The hit's whole chunk as passage ``marker``, its sentences numbered from 1; boxes are found later."""
    sentences = tuple(
        PassageSentence(n=f"{marker}.{i}", text=hit.text[start:end], start=start, end=end)
        for i, (start, end) in enumerate(spans(hit.text, hit.equations), 1)
    )
    return Passage(
        marker=marker,
        paper=hit.paper,
        chunk_id=hit.chunk_id,
        section=hit.section,
        page=hit.page,
        page_label=None,
        sentences=sentences,
        score=hit.score,
        recognised=hit.page is not None and hit.paper.fulltext.is_recognised,
        equations=hit.equations,
    )


def located(passage: Passage, *, corpus: Corpus) -> Passage:
    """The passage with the boxes of its sentences and the number that its page prints, where there is a PDF, and with
    the cells of rows of tables."""
    label = None if passage.page is None else corpus.page_label(passage.paper.id, passage.page)
    places = corpus.locate(passage.chunk_id, [(each.start, each.end) for each in passage.sentences])
    sentences = tuple(replace(each, boxes=boxes) for each, (_, boxes) in zip(passage.sentences, places, strict=True))
    return with_cells(replace(passage, page_label=label, sentences=sentences), corpus=corpus)


def with_cells(passage: Passage, *, corpus: Corpus) -> Passage:
    """The passage with the cells of each of its sentences that is the row of a table."""
    cells = cells_at([(each.start, each.end) for each in passage.sentences], corpus.rows(passage.chunk_id))
    return replace(
        passage, sentences=tuple(replace(each, cells=cells.get(each.start, ())) for each in passage.sentences)
    )


def cells_at(spans: Iterable[tuple[int, int]], rows: Iterable[PrintedRow]) -> dict[int, tuple[PrintedCell, ...]]:
    """The cells of each row by the start of the first span within it: a row whose first cell is empty begins before
    what is numbered of it."""
    found: dict[int, tuple[PrintedCell, ...]] = {}
    several = list(spans)
    for row in rows:
        inside = [start for start, end in several if row.start <= start and end <= row.end]
        if inside:
            found[inside[0]] = row.cells
    return found


def line_of(sentence: PassageSentence) -> str:
    """A sentence as a prompt shows it: of a row each cell with what names it, because the head of its table may be in
    another passage."""
    return told(sentence.cells) or sentence.text


def evidence(passage: Passage, sentence: PassageSentence, *, corpus: Corpus) -> Evidence:
    """One sentence of a passage as evidence, with its page and boxes."""
    ((page, boxes),) = corpus.locate(passage.chunk_id, [(sentence.start, sentence.end)])
    return Evidence(
        marker=sentence.n,
        paper_id=passage.paper.id,
        version=passage.paper.version,
        chunk_id=passage.chunk_id,
        start=sentence.start,
        end=sentence.end,
        quote=sentence.text,
        page=page,
        boxes=boxes,
        earlier_reading=passage.earlier_reading,
        recognised=passage.recognised,
    )


def quoted(proof: Evidence, paper: Paper, marker: str, *, section: tuple[str, ...] = ()) -> Passage:
    """A quotation of a paper as a passage of one sentence."""
    sentence = PassageSentence(n=f"{marker}.1", text=proof.quote, start=proof.start, end=proof.end, boxes=proof.boxes)
    return Passage(
        marker=marker,
        paper=paper,
        chunk_id=proof.chunk_id,
        section=section,
        page=proof.page,
        page_label=None,
        sentences=(sentence,),
        answering=(sentence.n,),
        earlier_reading=proof.earlier_reading,
        recognised=proof.recognised,
    )


def renumbered(passage: Passage, marker: str) -> Passage:
    """The same passage under another marker."""
    names = {each.n: f"{marker}.{i}" for i, each in enumerate(passage.sentences, 1)}
    span = passage.short_span
    return replace(
        passage,
        marker=marker,
        sentences=tuple(replace(each, n=names[each.n]) for each in passage.sentences),
        answering=tuple(names[n] for n in passage.answering),
        short_span=None if span is None else replace(span, n=names[span.n]),
    )


class SaidAlready:
    """What passages say already: an abstract, for one, is in the record and in the PDF."""

    def __init__(self) -> None:
        self._stems: dict[str, list[frozenset[str]]] = {}

    def add(self, hit: Hit) -> None:
        """The hit is shown."""
        self._stems.setdefault(hit.paper.id, []).append(frozenset(content_stems(hit.text)))

    def has(self, hit: Hit) -> bool:
        """Whether a passage of the same paper that is shown has nearly all of the hit's words, and hardly others."""
        stems = frozenset(content_stems(hit.text))
        return any(len(stems & other) >= _THE_SAME * len(stems | other) for other in self._stems.get(hit.paper.id, ()))


def neighbours(passage: Passage, *, corpus: Corpus) -> list[Hit]:
    """The chunks before and after a passage in its paper, as hits; fewer at its ends."""
    chunks = corpus.chunks(passage.paper.id)
    at = next((i for i, chunk in enumerate(chunks) if chunk.id == passage.chunk_id), None)
    if at is None:
        return []
    near = [*chunks[max(0, at - 1) : at], *chunks[at + 1 : at + 2]]
    return [as_hit(chunk, paper=passage.paper, score=passage.score) for chunk in near]


def following(hit: Hit, *, corpus: Corpus) -> Hit | None:
    """The chunk after a hit in its paper; None at its end."""
    chunks = corpus.chunks(hit.paper.id)
    after = next((chunk for before, chunk in pairwise(chunks) if before.id == hit.chunk_id), None)
    return None if after is None else as_hit(after, paper=hit.paper, score=hit.score)


def with_table(hit: Hit, *, corpus: Corpus) -> list[Hit]:
    """The hit, or where it is a part of a table that was cut, the whole table with its caption, as printed."""
    if CELLS not in hit.text:
        return [hit]
    chunks = corpus.chunks(hit.paper.id)
    own = next((chunk for chunk in chunks if chunk.id == hit.chunk_id), None)
    if own is None or own.kind != "table" or own.label is None:
        return [hit]
    parts = [chunk for chunk in chunks if chunk.label == own.label and chunk.kind in ("table", "caption")]
    return [hit if chunk.id == hit.chunk_id else as_hit(chunk, paper=hit.paper, score=hit.score) for chunk in parts]


def as_hit(chunk: Chunk, *, paper: Paper, score: float = 0.0) -> Hit:
    """A chunk of a paper that no search found, as if one had."""
    return Hit(
        rank=1,
        score=score,
        found_by=("dense",),
        paper=paper,
        chunk_id=chunk.id,
        section=chunk.section,
        page=chunk.page,
        text=chunk.text,
        equations=chunk.equations,
    )


def spread(hits: Sequence[Hit], *, most: int, per_paper: int, named: Sequence[str] = ()) -> list[Hit]:
    """The best hits, at most ``per_paper`` of a paper that is not named, in the order given.

    Where there is room left, what the cap held back comes in after all.
    """
    taken: dict[str, int] = {}
    first: list[Hit] = []
    later: list[Hit] = []
    for hit in hits:
        count = taken.get(hit.paper.id, 0)
        if count < per_paper or hit.paper.id in named:
            taken[hit.paper.id] = count + 1
            first.append(hit)
        else:
            later.append(hit)
    return [*first, *later][:most]
