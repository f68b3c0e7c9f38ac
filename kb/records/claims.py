"""Claims: sentences with their evidence and verdict, and the answers and comparisons made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from kb.records.hits import Hit
from kb.records.papers import Box, Paper

Verdict = Literal["verbatim", "supported", "partly", "unsupported", "contradicted"]
Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A verbatim quote: ``quote == chunk.text[start:end]``. ``marker`` is what the text shows, e.g. "1"."""

    marker: str
    paper_id: str
    version: int | None
    chunk_id: str
    start: int
    end: int
    quote: str
    page: int | None = None
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One sentence of an answer or a note with its evidence and verdict.

    ``text_verified`` is the sentence in the paper's language that was verified, when ``text`` is its translation.
    A verdict says "found in the source", never "true".
    """

    text: str
    verdict: Verdict
    verdict_reason: str
    evidence: tuple[Evidence, ...]
    text_verified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the language model cost: calls made (cached ones are free) and tokens as the provider counted them."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A paper that an answer cites under ``marker``."""

    marker: str
    paper: Paper


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """A row of an answer's table: a claim by its place in ``claims`` (from 0), and what it names of what is asked for.

    ``names`` are printed in the claim: items of a list, or the things compared.
    """

    claim: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Claims in reading order, or an honest "not found in your papers" with the nearest evidence.

    Invariant: the markers in the claims' evidence are exactly those of ``references``; when ``answered`` is
    false there are no claims and ``missing`` says what the papers do not say. A quoted list or comparison has a
    ``table``: a row for each claim, in the same order.
    """

    question: str
    answered: bool
    language: Language
    model: str | None
    claims: tuple[Claim, ...] = ()
    dropped: tuple[Claim, ...] = ()
    missing: str | None = None
    references: tuple[Reference, ...] = ()
    nearest: tuple[Hit, ...] = ()
    notices: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    table: tuple[TableRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of a comparison: what one paper says to one question."""

    state: Literal["found", "not stated"]
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Two cells (row, column) that state different numbers for the same metric on the same dataset."""

    cells: tuple[tuple[int, int], ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Papers × questions: ``cells[i][j]`` is what paper i says to question j."""

    papers: tuple[Paper, ...]
    questions: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    disagreements: tuple[Disagreement, ...] = ()
    notices: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
