"""Papers: the metadata record, what each source says of it, its versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

SourceName = Literal["arxiv", "bibtex", "jsonl", "pdf", "html", "text", "user"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle on a page: PDF points, origin top left, ``x0 <= x1`` and ``y0 <= y1``."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link that a source states: never one that a model wrote. ``page`` is set when the PDF prints it."""

    kind: Literal["code", "project", "pdf", "html", "doi", "abstract"]
    url: str
    page: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Affiliation:
    """Affiliation of the first author as the paper's own front matter prints it."""

    text: str
    page: int | None = None
    source: str = "pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fulltext:
    """Whether the paper's full text is in the catalog; ``code`` is one of the stable codes in ``kb.errors``."""

    state: Literal["full", "partial", "none"] = "none"
    code: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What one source says of one paper. ``None`` means that the source does not say.

    ``ids`` are canonical ids (``arxiv:2402.19481``, ``doi:10.1/x``, ``file:<sha256 prefix>``), strongest first;
    they never carry a version. A paper is the merge of all its metadata (``kb.index.merging``).
    """

    source: SourceName
    ids: tuple[str, ...]
    version: int | None = None
    title: str | None = None
    authors: tuple[str, ...] | None = None
    abstract: str | None = None
    categories: tuple[str, ...] | None = None
    comment: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    announced: tuple[date, ...] | None = None
    announced_from: Literal["feed", "record", "computed"] | None = None
    license: str | None = None
    venue: str | None = None
    url: str | None = None
    withdrawn: bool | None = None
    links: tuple[Link, ...] | None = None
    affiliation: Affiliation | None = None
    keywords: tuple[str, ...] | None = None
    private: bool | None = None  # stated by the user only


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """The metadata record that people see: one paper, every field with its provenance, none from a model."""

    id: str
    title: str
    aliases: tuple[str, ...] = ()
    version: int | None = None
    authors: tuple[str, ...] = ()
    abstract: str = ""
    categories: tuple[str, ...] = ()
    comment: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    announced: tuple[date, ...] = ()
    announced_from: Literal["feed", "record", "computed"] | None = None
    license: str | None = None
    venue: str | None = None
    url: str | None = None
    private: bool = False
    withdrawn: bool = False
    links: tuple[Link, ...] = ()
    affiliation: Affiliation | None = None
    keywords: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    fulltext: Fulltext = field(default_factory=Fulltext)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a paper as it was seen, kept so that an update can say what changed."""

    paper_id: str
    version: int
    title: str
    authors: tuple[str, ...]
    abstract: str
    comment: str | None = None
    seen: datetime | None = None
    withdrawn: bool = False
