"""Digests: notes of papers, topics, the pages of a period, and what is wrong with a page or a home."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Literal

from kb.ids import is_content_key
from kb.records.claims import Claim, Language
from kb.records.intake import Reason
from kb.records.papers import Box, Paper

Audience = Literal["self", "public"]
FieldState = Literal["ok", "extractive", "not stated", "failed"]
EntryState = Literal["new", "updated", "withdrawn"]
SentenceRole = Literal["background", "problem", "objective", "method", "result", "significance", "availability"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldStatus:
    """How a field of a note came about; "failed" and "not stated" say why."""

    state: FieldState
    reason: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A picture cut from a paper: a figure or table, or a display equation, whose caption is its signs in one line.
    ``file`` is its key in the home's file store (``<sha256>.png``).

    The key becomes the name of a file in the home, beside pages and in their addresses: nothing else can be one.
    """

    label: str
    kind: Literal["figure", "table", "equation"]
    caption: str
    page: int
    box: Box
    file: str

    def __post_init__(self) -> None:
        if not is_content_key(self.file):
            raise ValueError(f"file {self.file[:80]!r} is no key of a picture")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """The four parts of a note's conclusion."""

    significance: tuple[Claim, ...] = ()
    innovation: tuple[Claim, ...] = ()
    performance: tuple[Claim, ...] = ()
    workload: tuple[Claim, ...] = ()


ABSTRACT_PARTS = ("background", "past_methods", "method", "results")
"""The fields of a note that retell the abstract, in their order."""
CONCLUSION_PARTS = tuple(field.name for field in fields(Conclusion))
_UNREAD = "full-text-not-read"
NOTE_FIELDS = ("summary", "takeaways", *ABSTRACT_PARTS, *CONCLUSION_PARTS)
"""The fields of a note that hold sentences, in reading order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AbstractSentence:
    """A sentence of the abstract and what it does there; None: nothing that the scorer is sure of."""

    text: str
    role: SentenceRole | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteField:
    """A field of a note: what it says, and how it came about."""

    claims: tuple[Claim, ...] = ()
    status: FieldStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """The structured reading note of one paper. ``status`` has an entry for each field that was looked for: a part that
    only a full text can fill has none where no full text was read, since nothing can be said of it.

    ``abstract_sentences`` is the abstract once, cut into sentences in their order. On a digest ``state`` says in which
    section the paper stands (None for a note alone), ``changes`` what is new in a version that updates one already
    shown (empty otherwise), ``why`` what brought the paper onto the page: what of the topic holds, and the papers and
    words that made it relevant.
    """

    paper: Paper
    language: Language
    model: str | None
    summary: Claim | None
    takeaways: tuple[Claim, ...] = ()
    background: tuple[Claim, ...] = ()
    past_methods: tuple[Claim, ...] = ()
    method: tuple[Claim, ...] = ()
    results: tuple[Claim, ...] = ()
    conclusion: Conclusion = field(default_factory=Conclusion)
    figures: tuple[Figure, ...] = ()
    title_translated: str | None = None
    status: Mapping[str, FieldStatus] = field(default_factory=dict)
    abstract_sentences: tuple[AbstractSentence, ...] = ()
    state: EntryState | None = None
    changes: tuple[Reason, ...] = ()
    why: tuple[Reason, ...] = ()

    @property
    def is_of_abstract(self) -> bool:
        """Whether the record alone was read: there is no full text."""
        return self.paper.fulltext.state == "none"

    @property
    def looked_for(self) -> tuple[str, ...]:
        """Those of ``NOTE_FIELDS`` that the note's text was looked through for: they have a status."""
        return tuple(name for name in NOTE_FIELDS if _status_key(name) in self.status)

    def field(self, name: str) -> NoteField:
        """One of ``NOTE_FIELDS`` with its status."""
        status = self.status.get(_status_key(name)) or FieldStatus(state="not stated", reason=(Reason(kind=_UNREAD),))
        if name == "summary":
            return NoteField(claims=(self.summary,) if self.summary else (), status=status)
        return NoteField(claims=getattr(self.conclusion if name in CONCLUSION_PARTS else self, name), status=status)

    def with_fields(self, made: Mapping[str, NoteField]) -> Note:
        """The note with these fields of ``NOTE_FIELDS`` and no others; evidence is numbered in reading order, a quote
        once. A field that was not looked for, as ``field`` gives it, stays without a status."""
        markers: dict[tuple[str, int, int], str] = {}
        claims = {
            name: tuple(_marked(claim, markers) for claim in made[name].claims) if name in made else ()
            for name in NOTE_FIELDS
        }
        looked_for = {name: made[name] for name in NOTE_FIELDS if name in made and not _is_unread(made[name])}
        parts = [looked_for[name] for name in CONCLUSION_PARTS if name in looked_for]
        status = {_status_key(name): own.status for name, own in looked_for.items()}
        if parts:
            status["conclusion"] = _overall(parts)
        others = {*map(_status_key, NOTE_FIELDS), "conclusion"}
        return replace(
            self,
            summary=claims["summary"][0] if claims["summary"] else None,
            takeaways=claims["takeaways"],
            conclusion=Conclusion(**{name: claims[name] for name in CONCLUSION_PARTS}),
            status={**{name: state for name, state in self.status.items() if name not in others}, **status},
            background=claims["background"],
            past_methods=claims["past_methods"],
            method=claims["method"],
            results=claims["results"],
        )


def _status_key(name: str) -> str:
    return f"conclusion.{name}" if name in CONCLUSION_PARTS else name


def _is_unread(made: NoteField) -> bool:
    return not made.claims and any(reason.kind == _UNREAD for reason in made.status.reason)


def _marked(claim: Claim, markers: dict[tuple[str, int, int], str]) -> Claim:
    evidence = []
    for quote in claim.evidence:
        marker = markers.setdefault((quote.chunk_id, quote.start, quote.end), str(len(markers) + 1))
        evidence.append(replace(quote, marker=marker))
    return replace(claim, evidence=tuple(evidence))


def _overall(parts: Sequence[NoteField]) -> FieldStatus:
    stated = [part for part in parts if part.claims]
    if not stated:
        return FieldStatus(state="not stated", reason=(Reason(kind="no-part-stated"),))
    return FieldStatus(state="ok" if all(part.status.state == "ok" for part in stated) else "extractive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A named standing query, evaluated locally over stored papers.

    ``query`` is arXiv syntax (fields ti au abs co cat id all; AND OR ANDNOT, phrases, parentheses). Words may
    be phrases and may end in ``*``. ``examples`` are ids of papers that belong to the topic.
    """

    name: str
    query: str = ""
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    language: Language = "en"
    limit: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A paper that is not in the digest, and why. ``url`` is None where no address is known."""

    paper_id: str
    title: str
    url: str | None
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class AlsoMatched:
    """A paper that belongs to the digest and that its limit left out."""

    paper_id: str
    title: str
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeWith:
    """What is needed to make the same bytes again: versions of the product, encoder, model and prompts."""

    version: str
    encoder: str
    model: str | None = None
    prompts: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestCounts:
    """``found`` is the sum of the other counts."""

    found: int = 0
    new: int = 0
    updated: int = 0
    already_shown: int = 0
    filtered: int = 0
    withdrawn: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """The notes of the papers of a topic announced in a period (inclusive days, UTC), as data.

    ``also_matched`` are the papers that the topic's limit left out, the most relevant first; ``skipped`` the others
    that are not shown. ``notices`` say what a reader should know of the whole, above all why there is no entry.
    """

    topic: str | None
    query: str
    since: date
    until: date
    audience: Audience = "self"
    language: Language = "en"
    made_with: MadeWith
    counts: DigestCounts
    entries: tuple[Note, ...] = ()
    also_matched: tuple[AlsoMatched, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    notices: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A value on a page that is not what it should be, or is so no more: what stands there, and what should or does
    now. ``entry`` is the id of the paper, or "page"; ``where`` a line of the page, or the place in the data."""

    entry: str
    field: str
    found: str
    expected: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchecked:
    """A value on a page that nothing stored can confirm or refute, and why."""

    entry: str
    field: str
    found: str
    why: Reason
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What verifying a page found.

    ``faults`` are wrong. ``remarks`` were true when the page was made, and the catalog has changed since. ``unchecked``
    cannot be decided by what is stored. ``checked`` counts the values that were looked at.
    """

    faults: tuple[Fault, ...] = ()
    remarks: tuple[Fault, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    checked: int = 0


ProblemKind = Literal[
    "catalog",
    "removal",
    "index",
    "unexamined",
    "words",
    "parser",
    "encoder",
    "reader",
    "file",
    "stray",
    "doubt",
    "failure",
    "model",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What ``doctor`` found, with its cure; ``kind`` says what it is of: programs decide by it, the rest is prose."""

    kind: ProblemKind
    what: str
    severity: Literal["error", "warning", "notice"]
    cure: str
