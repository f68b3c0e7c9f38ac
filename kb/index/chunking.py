"""Documents and abstracts to chunks that the encoder can read whole, sentence by sentence.

A chunk is one piece of one section, cut out of ``Document.text`` unchanged: ``text == document.text[start:end]``.
Its size is counted by the encoder's own tokenizer, so nothing of it is cut off in silence. Prose (paragraphs,
lists, equations, code) is packed from whole sentences into chunks of even size; captions and tables are chunks of
their own; references, headings and front matter are never chunks.

Footnotes: those with a sentence in them (eight words or more) are chunks of their own, because papers keep
addresses, conditions and exceptions there; shorter ones ("Equal contribution.") are dropped.

How sentences become parts of even size, and what happens to one that is longer than a chunk: ``kb.index.cutting``.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from kb.ids import fold
from kb.index.cutting import CountTokens, Unit, fit, joined, overlapped, pack
from kb.records import Block, Chunk, ChunkKind, Document, Paper
from kb.text import sentence_spans

SECTION_JOINT = " › "
SPECIAL_TOKENS = 2  # [CLS] and [SEP], or <s> and </s>: no encoder of the BERT family adds more to one text
_PROSE = frozenset({"paragraph", "list", "equation", "code"})
_FLOATS = frozenset({"caption", "table"})
_FOOTNOTE_WORDS = 8
# The title and path of headings given to the encoder are cut, so that they never crowd out the text.
# (Characters bound the tokens: in CJK text each is a token.)
_TITLE_WORDS, _TITLE_CHARACTERS = 24, 160
_HEADING_WORDS, _HEADING_CHARACTERS = 10, 60
_LEAST_TEXT_TOKENS = 16


def passage_text(title: str, section: Sequence[str], text: str) -> str:
    """What the encoder reads of a chunk: the paper's title, the nearest heading, then the text.

    An abstract is read as "title. abstract", the form that measured best; other chunks have their section's last
    heading in between. Long titles and headings are cut by words.
    """
    return " ".join([*_prefix(title, section), text])


def chunk_paper(paper: Paper, document: Document | None, *, count_tokens: CountTokens, max_tokens: int) -> list[Chunk]:
    """All chunks of a paper in reading order: the document's, headed by the record's abstract where the document
    has none of its own (then the same sentences are not stored twice, and the abstract has its page)."""
    chunks = chunk_document(paper, document, count_tokens=count_tokens, max_tokens=max_tokens) if document else []
    if not any(chunk.kind == "abstract" for chunk in chunks):
        chunks = [*chunk_abstract(paper, count_tokens=count_tokens, max_tokens=max_tokens), *chunks]
    return [replace(chunk, ordinal=ordinal) for ordinal, chunk in enumerate(chunks)]


def chunk_abstract(
    paper: Paper, *, count_tokens: CountTokens, max_tokens: int, overlap_sentences: int = 0
) -> list[Chunk]:
    """Chunks of the record's abstract: kind "abstract", section ``("Abstract",)``, spans in ``paper.abstract``.

    Most abstracts are one chunk; one longer than the encoder reads becomes several, none when there is no abstract.
    """
    run = _Run(kind="abstract", section=("Abstract",), spans=tuple(_sentences(paper.abstract, 0)), source="record")
    cutter = _Cutter(paper, paper.abstract, count_tokens, max_tokens=max_tokens, overlap_sentences=overlap_sentences)
    return cutter.chunks([run])


def chunk_document(
    paper: Paper, document: Document, *, count_tokens: CountTokens, max_tokens: int, overlap_sentences: int = 0
) -> list[Chunk]:
    """Chunks of a parsed file in reading order; see the module for what becomes a chunk.

    Args:
        paper: whose title is part of what the encoder reads, and whose id and version the chunks carry.
        document: its text and blocks.
        count_tokens: the encoder's ``count_tokens``; called once for all sentences.
        max_tokens: the encoder's ``max_tokens``; special tokens, title and heading are taken off it.
        overlap_sentences: sentences of a chunk that the next chunk of the same section begins with.
    """
    cutter = _Cutter(paper, document.text, count_tokens, max_tokens=max_tokens, overlap_sentences=overlap_sentences)
    pages = _Pages(document)
    return [pages.placed(chunk) for chunk in cutter.chunks(list(_runs(document)))]


def chunk_id(paper_id: str, section: Sequence[str], start: int, text: str, *, source: str) -> str:
    """24 hexadecimal digits of content: the same chunk of the same paper has the same id in every run."""
    basis = "\x1f".join([paper_id, source, *section, str(start), text])
    return hashlib.sha256(basis.encode("utf-8", "surrogatepass")).hexdigest()[:24]


# ------------------------------------------------------------------------------------------ what is cut


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """Text of one section that may be packed together: spans of its sentences, and which of them belong together.

    ``glued[i]`` says that span i continues span i - 1 ("we have", the equation, "where x is …").
    """

    kind: ChunkKind
    section: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    glued: frozenset[int] = frozenset()
    label: str | None = None
    source: str = "document"


def _sentences(text: str, start: int) -> Iterator[tuple[int, int]]:
    return ((start + begin, start + end) for begin, end in sentence_spans(text))


def _rows(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Spans of the non-blank lines, trimmed: a table is cut between rows."""
    return ((start + row.start(), start + row.end()) for row in re.finditer(r"\S(?:[^\n]*\S)?", text))


def _runs(document: Document) -> Iterator[_Run]:
    """Runs in reading order: neighbours of one sort and section, whatever stands between them being a border."""
    for key, group in groupby(_sorted_out(document.blocks), key=lambda pair: pair[0]):
        blocks = [block for _, block in group]
        if key is None:
            continue
        sort = key[0]
        if sort == "float":
            yield _float_run(blocks)
        elif sort == "footnote":
            spans = [span for block in blocks for span in _sentences(block.text, block.start)]
            yield _Run(kind="text", section=blocks[0].section, spans=tuple(spans))
        else:
            yield _prose_run(blocks)


def _sorted_out(blocks: Sequence[Block]) -> Iterator[tuple[tuple[object, ...] | None, Block]]:
    """Each block with the key of the run it belongs to; None for what is never evidence."""
    floats = 0
    previous: Block | None = None
    for block in blocks:
        if block.kind in _PROSE:
            yield ("prose", block.section), block
        elif block.kind in _FLOATS:
            # A table and its caption are one chunk; two captions never are.
            floats += not (previous and _belong_together(previous, block))
            yield ("float", floats), block
        elif block.kind == "footnote" and len(block.text.split()) >= _FOOTNOTE_WORDS:
            yield ("footnote", block.section), block
        else:
            yield None, block
        previous = block


def _belong_together(one: Block, other: Block) -> bool:
    return {one.kind, other.kind} == _FLOATS and one.label is not None and one.label == other.label


def _float_run(blocks: Sequence[Block]) -> _Run:
    spans = [
        span for block in blocks for span in (_rows if block.kind == "table" else _sentences)(block.text, block.start)
    ]
    kind: ChunkKind = "table" if any(block.kind == "table" for block in blocks) else "caption"
    return _Run(kind=kind, section=blocks[0].section, spans=tuple(spans), label=blocks[0].label)


def _prose_run(blocks: Sequence[Block]) -> _Run:
    spans: list[tuple[int, int]] = []
    glued: set[int] = set()
    previous: Block | None = None
    for block in blocks:
        if previous and _continues(previous, block):
            glued.add(len(spans))
        splitter = _rows if block.kind == "code" else _sentences
        spans.extend(splitter(block.text, block.start))
        previous = block
    section = blocks[0].section
    kind: ChunkKind = "abstract" if section and fold(section[-1]) == "abstract" else "text"
    return _Run(kind=kind, section=section, spans=tuple(spans), glued=frozenset(glued - {0}))


def _continues(previous: Block, block: Block) -> bool:
    """Whether a block goes on with the sentence before it: an equation in it, or its rest in lower case."""
    if block.kind == "equation":
        return not previous.text.rstrip().endswith((".", "!", "?"))
    return previous.kind == "equation" and block.text.lstrip()[:1].islower()


# --------------------------------------------------------------------------------------------- cutting


class _Cutter:
    """Cuts runs of one text into chunks for one encoder."""

    def __init__(
        self, paper: Paper, text: str, count_tokens: CountTokens, *, max_tokens: int, overlap_sentences: int
    ) -> None:
        self._paper = paper
        self._text = text
        self._count = count_tokens
        self._room = max_tokens - SPECIAL_TOKENS
        self._overlap = overlap_sentences

    def chunks(self, runs: Sequence[_Run]) -> list[Chunk]:
        """The runs' chunks in order, numbered from 0."""
        runs = [run for run in runs if run.spans]
        prefixes = [" ".join(_prefix(self._paper.title, run.section)) for run in runs]
        spans = [span for run in runs for span in run.spans]
        # One call for everything: a call for each sentence would spend its time on the way to the tokenizer.
        counts = iter(self._count([*prefixes, *(self._text[start:end] for start, end in spans)]))
        budgets = [max(self._room - next(counts), _LEAST_TEXT_TOKENS) for _ in prefixes]
        chunks: list[Chunk] = []
        for run, budget in zip(runs, budgets, strict=True):
            units = [Unit(start, end, next(counts)) for start, end in run.spans]
            fitting = fit(self._text, joined(units, run.glued, budget=budget), self._count, budget=budget)
            parts = overlapped(pack(fitting, budget=budget), self._overlap, budget=budget)
            chunks += [self._chunk(run, part, ordinal=ordinal) for ordinal, part in enumerate(parts, len(chunks))]
        return chunks

    def _chunk(self, run: _Run, units: Sequence[Unit], *, ordinal: int) -> Chunk:
        start, end = units[0].start, units[-1].end
        text = self._text[start:end]
        return Chunk(
            id=chunk_id(self._paper.id, run.section, start, text, source=run.source),
            paper_id=self._paper.id,
            version=self._paper.version,
            kind=run.kind,
            ordinal=ordinal,
            section=run.section,
            start=start,
            end=end,
            text=text,
            tokens=sum(unit.tokens for unit in units),
            label=run.label,
        )


def _prefix(title: str, section: Sequence[str]) -> list[str]:
    parts = [_first_words(title, _TITLE_WORDS, characters=_TITLE_CHARACTERS)]
    if section and fold(section[-1]) != "abstract":
        parts.append(_first_words(section[-1], _HEADING_WORDS, characters=_HEADING_CHARACTERS))
    return [part if part.endswith((".", "!", "?", ":")) else f"{part}." for part in parts if part]


def _first_words(text: str, limit: int, *, characters: int) -> str:
    return " ".join(text.split()[:limit])[:characters]


# --------------------------------------------------------------------------------------------- pages


class _Pages:
    """On which page a character of the document stands."""

    def __init__(self, document: Document) -> None:
        self._blocks = document.blocks
        self._starts = [block.start for block in document.blocks]

    def placed(self, chunk: Chunk) -> Chunk:
        """The chunk with the pages of its first and last character."""
        return replace(chunk, page=self._page(chunk.start), last_page=self._page(chunk.end - 1))

    def _page(self, position: int) -> int | None:
        block = self._blocks[bisect_right(self._starts, position) - 1]
        pages = [line.page for line in block.lines if block.start + line.start <= position]
        return pages[-1] if pages else block.page
