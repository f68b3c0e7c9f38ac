"""Papers: the metadata record, what each source says of it, its versions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from kb.text import CJK

SourceName = Literal[
    "user", "arxiv", "jsonl", "bibtex", "ris", "csl", "nbib", "zotero", "html", "pdf", "text"
]  # fmt: skip
Precision = Literal["year", "month", "day"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A person's name in its parts, or a corporate name (``literal``). Parts are Unicode, blanks are single.

    ``family`` holds the particles that belong to it ("van der Maaten"); ``suffix`` is "Jr.", "III" and the like.
    """

    given: str = ""
    family: str = ""
    suffix: str = ""
    literal: str = ""

    def __str__(self) -> str:
        """The name as it is shown: given name first, a corporate name as it stands; family name first and without a
        blank where it is written in Chinese, Japanese or Korean."""
        name = self.family + self.given
        if self.given and self.family and not name.isascii() and re.fullmatch(f"[{CJK}]+", name):
            return name
        return self.literal or " ".join(part for part in (self.given, self.family, self.suffix) if part)


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


RECOGNISED = "read-by-machine"
"""The code of a full text that a text recogniser read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorAffiliation:
    """An affiliation as the front matter prints it, and the names of the authors who have it, at least one."""

    text: str
    authors: tuple[str, ...]
    page: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fulltext:
    """Whether the paper's full text is in the catalog; ``code`` is one of the stable codes in ``kb.errors``."""

    state: Literal["full", "partial", "none"] = "none"
    code: str | None = None
    reason: str | None = None

    @property
    def is_recognised(self) -> bool:
        """Whether a text recogniser read it from pictures of the pages."""
        return self.code == RECOGNISED


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What one source says of one paper, read into the words of this house. ``None``: the source does not say.

    ``ids`` are canonical ids (``arxiv:2402.19481``, ``doi:10.1/x``, ``file:<sha256 prefix>``), strongest first;
    they never carry a version. ``proposed`` are ids that only a file's name suggests. ``names`` are the authors in
    their parts, as many as ``authors`` and in the same order, where the source tells the parts; ``et_al`` says that
    the source names more authors than it lists. ``published`` is the first moment of what is stated, and
    ``precision`` how much of it was: None for a whole time.
    """

    source: SourceName
    ids: tuple[str, ...]
    proposed: tuple[str, ...] = ()
    version: int | None = None
    title: str | None = None
    authors: tuple[str, ...] | None = None
    names: tuple[Name, ...] | None = None
    et_al: bool | None = None
    abstract: str | None = None
    categories: tuple[str, ...] | None = None
    comment: str | None = None
    published: datetime | None = None
    precision: Precision | None = None
    updated: datetime | None = None
    announced: tuple[date, ...] | None = None
    announced_from: Literal["feed", "record", "computed"] | None = None
    license: str | None = None
    venue: str | None = None
    url: str | None = None
    withdrawn: bool | None = None
    links: tuple[Link, ...] | None = None
    affiliation: Affiliation | None = None
    affiliations: tuple[AuthorAffiliation, ...] | None = None
    keywords: tuple[str, ...] | None = None
    private: bool | None = None  # stated by the user only


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """What a source said of a paper, as it said it. Stored for ever, never changed; a paper is a view over these.

    ``key`` and ``type`` are the source's own (citation key and entry type; item key and type; arXiv id; hash of the
    file). ``fields`` are its fields in its order, names as it writes them, values as it writes them without the
    signs that delimit them; a value that is no text is JSON. ``text`` is the whole entry as it stood there, kept
    where the fields alone would not give it back (BibTeX, RIS, nbib); ``parent`` the text of an entry that this one
    inherits from. ``origin`` names the file it came from. ``metadata`` is what kb reads out of it.
    """

    source: SourceName
    metadata: Metadata
    key: str = ""
    type: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    text: str = ""
    parent: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """The metadata record that people see: one paper, every field with its provenance, none from a model."""

    id: str
    title: str
    aliases: tuple[str, ...] = ()
    version: int | None = None
    authors: tuple[str, ...] = ()
    names: tuple[Name, ...] = ()
    et_al: bool = False
    abstract: str = ""
    categories: tuple[str, ...] = ()
    comment: str | None = None
    published: datetime | None = None
    precision: Precision | None = None
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
    affiliations: tuple[AuthorAffiliation, ...] = ()
    keywords: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    fulltext: Fulltext = field(default_factory=Fulltext)
    sources: tuple[SourceRecord, ...] = ()  # filled in where they are asked for: exports, kb list, kb show

    @property
    def byline(self) -> str:
        """First author and year, as people name papers."""
        day = self.announced[0] if self.announced else self.published
        first = self.authors[0] if self.authors else "unknown author"
        return f"{first}{' et al.' if len(self.authors) > 1 else ''}" + (f", {day.year}" if day else "")

    @property
    def stated_date(self) -> str:
        """When it was published, as precisely as its source says: a year, a month, a day, or a time; "" if unknown."""
        if self.published is None:
            return ""
        return self.published.isoformat()[: {"year": 4, "month": 7, "day": 10}.get(self.precision or "")]


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
