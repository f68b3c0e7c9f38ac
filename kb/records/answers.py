"""What was found and what was made of it: hits, passages with numbered sentences, answers, comparisons of papers,
manuscripts checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from kb.records.claims import Claim, Evidence, Reference, Usage, Verdict
from kb.records.documents import Equation, PrintedCell
from kb.records.intake import Reason
from kb.records.papers import Box, Paper

Mode = Literal["hybrid", "lexical", "dense"]
Grouping = Literal["chunk", "paper"]
QuestionKind = Literal["lookup", "number", "list", "comparison", "yes-no", "explanation", "summary", "catalog"]
AnswerSource = Literal["model", "passages", "catalog", "note", "compare"]
Effort = Literal["quick", "normal", "deep"]
CELLS = " | "
"""Stands between the cells of a table's row in the text of a chunk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which papers may be found. Empty means no restriction; several values of one field are alternatives.

    ``since`` and ``until`` are inclusive UTC days of the announcement, else of the publication.
    """

    papers: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    venues: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    has_fulltext: bool | None = None

    def __bool__(self) -> bool:
        return self != NO_FILTERS


NO_FILTERS = Filters()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A chunk found for a query. Ranks are 1-based and dense; ``found_by`` is never empty. ``equations`` are those in
    its text."""

    rank: int
    score: float
    found_by: tuple[Literal["lexical", "dense"], ...]
    paper: Paper
    chunk_id: str
    section: tuple[str, ...]
    page: int | None
    text: str
    boxes: tuple[Box, ...] = ()
    equations: tuple[Equation, ...] = ()


class Hits(list[Hit]):
    """Hits, best first, and what is to be said of them.

    ``notices`` say why there may be others (an index is incomplete, passages wait for it); ``suggestion`` is the
    query in a likelier spelling; ``matched`` says whether anything has its words.
    """

    def __init__(
        self,
        hits: Iterable[Hit] = (),
        *,
        notices: tuple[Reason, ...] = (),
        suggestion: str | None = None,
        matched: Literal["words", "meaning only"] = "words",
    ) -> None:
        super().__init__(hits)
        self.notices, self.suggestion, self.matched = notices, suggestion, matched

    @property
    def complete(self) -> bool:
        """Whether all that is stored was searched."""
        return not self.notices


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageSentence:
    """A sentence of a passage: ``n`` is passage and place ("3.2"); ``text == chunk.text[start:end]``, verbatim.

    Of a row of a table ``cells`` are its cells, each with the labels of its row, the headings of its column, its page
    and its boxes.
    """

    n: str
    text: str
    start: int
    end: int
    boxes: tuple[Box, ...] = ()
    cells: tuple[PrintedCell, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortSpan:
    """The number or name in sentence ``n`` that a question asks for: characters ``[start, end)`` of its text."""

    n: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A chunk as shown: under its paper, section and page, every sentence numbered, those that answer named.

    ``marker`` is its number as text; sentence numbers begin with it. ``page`` counts from 1, ``page_label`` is what
    the page itself prints. ``score`` orders passages of one answer; higher is nearer. ``earlier_reading`` and
    ``recognised`` as in ``Evidence``. ``equations`` are the display equations in its text.
    """

    marker: str
    paper: Paper
    chunk_id: str
    section: tuple[str, ...]
    page: int | None
    page_label: str | None
    sentences: tuple[PassageSentence, ...]
    answering: tuple[str, ...] = ()
    short_span: ShortSpan | None = None
    score: float = 0.0
    earlier_reading: bool = False
    recognised: bool = False
    equations: tuple[Equation, ...] = ()

    @property
    def answers(self) -> tuple[PassageSentence, ...]:
        """The sentences that answer."""
        return tuple(sentence for sentence in self.sentences if sentence.n in self.answering)

    @property
    def answering_equations(self) -> tuple[Equation, ...]:
        """The display equations through which the sentences that answer run, each once."""
        return tuple(dict.fromkeys(one for sentence in self.answers for one in self.equations_of(sentence)))

    def equations_of(self, sentence: PassageSentence) -> tuple[Equation, ...]:
        """The display equations through which a sentence runs."""
        return tuple(one for one in self.equations if one.start < sentence.end and sentence.start < one.end)

    def text_of(self, equation: Equation) -> str:
        """What the sentences have of an equation."""
        parts = [s.text[max(0, equation.start - s.start) : equation.end - s.start] for s in self.sentences
                 if equation.start < s.end and s.start < equation.end]  # fmt: skip
        return " ".join(parts)

    def lines(self) -> tuple[tuple[PassageSentence, ...], ...]:
        """The sentences as they are set: paragraphs, items of a list and rows of a table on lines of their own."""
        found: list[list[PassageSentence]] = []
        for sentence in self.sentences:
            last = found[-1][-1] if found else None
            goes_on = last is not None and sentence.start - last.end <= 1
            if last is not None and goes_on and CELLS not in last.text and CELLS not in sentence.text:
                found[-1].append(sentence)
            else:
                found.append([sentence])
        return tuple(map(tuple, found))


def references(shown: Iterable[Passage]) -> tuple[Reference, ...]:
    """The papers of passages, each once, under the marker of its first one."""
    first: dict[str, Reference] = {}
    for passage in shown:
        first.setdefault(passage.paper.id, Reference(marker=passage.marker, paper=passage.paper))
    return tuple(first.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A paper that names something, with the first sentence that does and the section it stands in."""

    paper: Paper
    evidence: Evidence
    section: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One look into the library: what was asked of the search, and how many passages the model then had."""

    queries: tuple[str, ...]
    passages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCell:
    """A cell of an answer's table, with the sentences that carry it."""

    text: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """A row of an answer's table; ``paper_id`` where the row is about one paper."""

    paper_id: str | None
    cells: tuple[TableCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of an answer: each row has a cell for each column."""

    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSearched:
    """How many papers were left out, and why: ``private`` ones are not shown to a model on another machine."""

    private: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the stored papers say to a question.

    With a model (``source`` "model") ``text`` is Markdown whose marks ("[3.2]") are numbers of sentences of
    ``passages``; ``claims`` are its statements with evidence and verdict, ``dropped`` those that verification took
    out, ``missing`` what the papers do not say. Without one ("passages") the passages are the answer, best first;
    ``answered`` says that ``confidence`` (a probability) is over the threshold. From the catalog, a note or a
    comparison: ``text`` and ``claims``. ``language`` is an ISO 639-1 code. ``named`` are the ids of papers that the
    question names, whose passages come first; ``over_papers``: it asks for papers, and each has one passage.

    Invariant: the marks in ``text`` are exactly those in the evidence of claims and table, and each begins with the
    marker of a passage; ``references`` has each passage's paper once, under the marker of its first passage.
    """

    question: str
    understood: str
    kind: QuestionKind
    source: AnswerSource
    answered: bool
    language: str
    model: str | None = None
    confidence: float | None = None
    text: str = ""
    claims: tuple[Claim, ...] = ()
    dropped: tuple[Claim, ...] = ()
    missing: str | None = None
    table: Table | None = None
    passages: tuple[Passage, ...] = ()
    references: tuple[Reference, ...] = ()
    rounds: tuple[Round, ...] = ()
    notices: tuple[str, ...] = ()
    not_searched: NotSearched = field(default_factory=NotSearched)
    usage: Usage = field(default_factory=Usage)
    named: tuple[str, ...] = ()
    over_papers: bool = False

    @property
    def paper_ids(self) -> frozenset[str]:
        """Ids of all papers that the answer shows or says something of."""
        rows = self.table.rows if self.table is not None else ()
        cells = (proof.paper_id for row in rows for cell in row.cells for proof in cell.evidence)
        claims = (proof.paper_id for claim in (*self.claims, *self.dropped) for proof in claim.evidence)
        shown = (passage.paper.id for passage in self.passages)
        cited = (reference.paper.id for reference in self.references)
        return frozenset([*cells, *claims, *shown, *cited, *(row.paper_id for row in rows if row.paper_id)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of a comparison: what one paper says to one question.

    "nearest": without a model its best sentence is shown, and none is surely the answer. "not stated" is a model's
    word on a text that was read whole.
    """

    state: Literal["found", "nearest", "not stated", "full text not read"]
    short: str = ""
    claims: tuple[Claim, ...] = ()
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Papers × questions: ``cells[i][j]`` is what paper i says to question j.

    ``differences[j]`` says how the papers differ in question j; None without a model.
    """

    papers: tuple[Paper, ...]
    questions: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    differences: tuple[str | None, ...] = ()
    notices: tuple[str, ...] = ()
    not_searched: NotSearched = field(default_factory=NotSearched)
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSection:
    """A section of a review: paragraphs with marks, their statements, and what its papers do not say."""

    title: str
    text: str
    claims: tuple[Claim, ...]
    dropped: tuple[Claim, ...] = ()
    missing: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A paper that was looked at and that the text does not cite; ``relevance`` from 0 to 10, as the model saw it."""

    paper: Paper
    relevance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceStep:
    """A step of a longer work: what it cost, and how many passages the model was shown in it."""

    step: str
    calls: int
    tokens: int
    passages: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A longer text over many papers, with a table of them; no sections where no paper was relevant.

    Invariant: the marks in the sections' texts and the table's evidence are sentences of ``passages``;
    ``references`` has each passage's paper once, under the marker of its first passage.
    """

    question: str
    language: str
    model: str
    sections: tuple[ReviewSection, ...]
    table: Table
    passages: tuple[Passage, ...]
    references: tuple[Reference, ...]
    left_out: tuple[LeftOut, ...] = ()
    trace: tuple[TraceStep, ...] = ()
    notices: tuple[str, ...] = ()
    not_searched: NotSearched = field(default_factory=NotSearched)
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True, kw_only=True)
class CitingSentence:
    """A sentence of a manuscript that cites: ``line`` (from 1) of ``file`` (relative to the manuscript) is its first.

    ``text`` is what it prints, citations as in "[lo2020; 12]". ``said`` is the same without the citations, but for
    those that it needs as words, which stand there as "[@key]". ``keys`` are what it cites, each once and in order:
    citation keys, numbers of the list of references, or "Lo et al., 2020".
    """

    file: str
    line: int
    text: str
    said: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """What a key of a manuscript stands for: the paper of the library, None where it is not there.

    ``title`` is what the manuscript's bibliography says of it, where it says something.
    """

    key: str
    paper: Paper | None
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotInPaper:
    """What a sentence states and no part of the papers that it cites prints."""

    numbers: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedSentence:
    """A sentence of a manuscript, checked against all that it cites together.

    ``verdict`` None: nobody judged it (no model, or the text that it cites is not here as a whole); ``reason`` says
    why, or what is wrong. ``passages`` are the best ones of each cited paper. ``missing`` is empty where a paper that
    it cites is not in the library or was not read whole: nobody knows what that has.
    """

    file: str
    line: int
    text: str
    cites: tuple[Citation, ...]
    verdict: Verdict | None = None
    reason: Reason | None = None
    passages: tuple[Passage, ...] = ()
    missing: NotInPaper = field(default_factory=NotInPaper)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckCounts:
    """How many sentences cite, by verdict (their sum is ``sentences``); how many have something that their papers
    lack; how many works are cited, and how many of these are not in the library."""

    sentences: int = 0
    supported: int = 0
    partly: int = 0
    unsupported: int = 0
    contradicted: int = 0
    not_judged: int = 0
    with_missing: int = 0
    cited: int = 0
    not_in_library: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ManuscriptCheck:
    """A manuscript against the library: its citing sentences in their order. ``file`` is its path as it was named."""

    file: str
    sentences: tuple[CheckedSentence, ...]
    counts: CheckCounts
    model: str | None = None
    notices: tuple[str, ...] = ()
    not_searched: NotSearched = field(default_factory=NotSearched)
    usage: Usage = field(default_factory=Usage)
