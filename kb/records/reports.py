"""What verbs report: a paper, counts of a home, the daily job, changes of a digest, what was saved or measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from kb.records.digests import DigestCounts, Topic
from kb.records.documents import PrintedEquation, PrintedTable
from kb.records.intake import Failure, Joined, Reason
from kb.records.papers import Paper, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperDetails:
    """All that is known of a paper: what joined its records, its versions, and its text in counts.

    ``sections`` are paths of headings in reading order, ``chunks`` counts by kind; ``pages`` and ``file`` (its key in
    the file store) are None where no text was read. ``dropped`` counts what the parser left out, by kind. ``liking``
    is 1, 0 or -1. ``tables`` and ``equations`` are those of the text that were asked for.
    """

    paper: Paper
    joins: tuple[Joined, ...] = ()
    versions: tuple[Version, ...] = ()
    sections: tuple[tuple[str, ...], ...] = ()
    chunks: Mapping[str, int]
    pages: int | None = None
    dropped: Mapping[str, int]
    warnings: tuple[str, ...] = ()
    file: str | None = None
    liking: int = 0
    tables: tuple[PrintedTable, ...] = ()
    equations: tuple[PrintedEquation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """What a join or a split gave: the papers, and what could not be told to be of one of them and is with both now.

    ``touched`` is one record of each paper whose text has to be cut anew. ``answers_left`` names the kept answers with
    quotations that could not be told to be of one of the papers and stayed as they were.
    """

    papers: tuple[str, ...]
    with_both: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()
    answers_left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Counts of a home, and what it was made with. ``fulltext`` counts papers by the state of their text."""

    home: str
    papers: int
    fulltext: Mapping[str, int]
    chunks: int
    waiting: int
    topics: int
    failures: tuple[Failure, ...] = ()
    encoder: str | None = None
    model: str | None = None
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedAt:
    """A sentence that cites: its words, and the page (None where the text has no pages)."""

    page: int | None
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedWork:
    """An entry of a paper's list of references: as printed, what was read out of it, and where the paper cites it.

    ``doi`` and ``arxiv`` are bare ids, None where the entry has none. ``paper`` is the paper of the library that it is
    of; None where the library lacks it, or where that is not sure.
    """

    text: str
    authors: tuple[str, ...] = ()
    title: str = ""
    venue: str = ""
    year: str = ""
    pages: str = ""
    doi: str | None = None
    arxiv: str | None = None
    paper: Paper | None = None
    mentions: tuple[CitedAt, ...] = ()

    @property
    def id(self) -> str | None:
        """The id by which it can be added: "arxiv:…" or "doi:…"."""
        return f"arxiv:{self.arxiv}" if self.arxiv else f"doi:{self.doi.lower()}" if self.doi else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperReferences:
    """What a paper cites, in the order of its lists, and which papers of the library cite it."""

    paper: Paper
    references: tuple[CitedWork, ...]
    cited_by: tuple[Paper, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A stored paper that a topic looks at: in or out, why, and how relevant (in only; higher is nearer)."""

    paper_id: str
    title: str
    inside: bool
    reasons: tuple[Reason, ...]
    score: float | None = None
    announced: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewCounts:
    """How many papers a topic has, and how many of those that it looks at it leaves out."""

    inside: int
    outside: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a topic would catch of a period (inclusive days): those inside first, the most relevant first.

    ``why_nothing`` says why there is no candidate, and what to do.
    """

    topic: Topic
    since: date | None
    until: date | None
    counts: PreviewCounts
    candidates: tuple[Candidate, ...]
    why_nothing: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedEntry:
    """An entry that two digests have: the fields of the note (``paper.<field>``: of its record) that differ."""

    id: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestChanges:
    """What is new, gone or changed between two digests, in the order of the newer one."""

    new: tuple[str, ...]
    gone: tuple[str, ...]
    changed: tuple[ChangedEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicReport:
    """What became of a topic's day. ``source`` says who was asked; "library": nobody, the day was done before."""

    topic: str
    day: date
    counts: DigestCounts
    why_nothing: Reason | None = None
    source: Literal["feed", "api", "library"] = "library"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateReport:
    """The daily job: ``status`` is 0 (done) or 3 (in part: ``failures`` lists what failed)."""

    topics: tuple[TopicReport, ...] = ()
    files: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
    status: Literal[0, 3] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reindexed:
    """What was made again: how many chunks there are, and how many files were read again; ``failed`` are those whose
    earlier reading stays. ``rebuilt``: every index was made again, not only what is new of the files."""

    chunks: int
    read: int = 0
    failed: tuple[Failure, ...] = ()
    rebuilt: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What was saved of a home: where to, how much of each kind, and in words what was not."""

    home: str
    kept: Mapping[str, int]
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalFigures:
    """Retrieval measured on a data set: mode → measure ("ndcg@10", "recall@100", "mrr@10") → value in [0, 1]."""

    dataset: str
    queries: int
    modes: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoStep:
    """A step of the demo: the command that does it, and what that prints."""

    command: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoReport:
    """What the demo did, commands to try next, and the files that it wrote."""

    home: str
    steps: tuple[DemoStep, ...]
    next: tuple[str, ...]
    files: tuple[str, ...]
