"""Digests: notes of papers, topics, the pages of a period, and what is wrong with a page or a home."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Literal

from kb.records.claims import Claim, Language
from kb.records.papers import Box, Paper

Audience = Literal["self", "public"]
FORMS = ("hexo", "html", "md", "rss", "bibtex", "json", "mail")
"""The forms that a digest can be written in."""
PAGE_FORMS = ("hexo", "json")
"""What a digest is written as unless other forms are asked for: the page, and the data that make it again."""
DAILY_FORMS = ("hexo", "html", "rss", "json")
"""The same for the daily job."""
FieldState = Literal["ok", "extractive", "not stated", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldStatus:
    """How a field of a note came about; "failed" and "not stated" say why."""

    state: FieldState
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure or table of a note; ``file`` is its key in the home's file store (``<sha256>.png``)."""

    label: str
    kind: Literal["figure", "table"]
    caption: str
    page: int
    box: Box
    file: str


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """The structured reading note of one paper. ``status`` has an entry for each field of the note.

    ``changes`` says what is new in a version that updates one already shown (empty otherwise); ``why`` says what
    brought the paper onto a topic's page: what of the topic holds, and the words and papers that made it relevant.
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
    changes: tuple[str, ...] = ()
    why: tuple[str, ...] = ()


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
    """A paper that is not in the digest, and why."""

    paper_id: str
    reason: str


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

    ``notices`` say what a reader should know of the whole, above all why there is no entry.
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
    skipped: tuple[Skipped, ...] = ()
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something on a page that catalog and evidence do not bear out."""

    entry: str
    field: str
    found: str
    expected: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What ``doctor`` found, with its cure."""

    what: str
    severity: Literal["error", "warning", "notice"]
    cure: str
