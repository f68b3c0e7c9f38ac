"""What was read from a page: the same things, whatever form the page has. Texts are as a reader sees them."""

from __future__ import annotations

from dataclasses import dataclass, field

from kb.records import Language


@dataclass(slots=True, kw_only=True)
class ReadSentence:
    """A sentence with the markers that stand after it; ``where`` is the part of the page.

    ``torn`` has, by the marker that is shown, where the mark leads instead: the marker of another line ("" for none).
    """

    where: str
    text: str
    marks: list[str] = field(default_factory=list)
    torn: dict[str, str] = field(default_factory=dict)
    doubt: str = ""
    """The verdict that the page itself marks it with: "" for none, else partly, unsupported or contradicted."""
    verbatim: bool = False
    """Whether it says of itself that it is a quotation (only data do)."""


@dataclass(slots=True, kw_only=True)
class ReadQuote:
    """A line of the list of evidence. ``place`` is as printed ("p. 3"); ``text`` is empty when it was withheld;
    ``anchor`` is the marker whose marks lead here ("" for the shown one)."""

    marker: str
    place: str
    text: str
    anchor: str = ""


@dataclass(slots=True, kw_only=True)
class ReadFigure:
    """A picture: its address, its label and page as printed, and its alternative text."""

    file: str
    alt: str
    label: str = ""
    page: str = ""
    caption: str = ""


@dataclass(slots=True, kw_only=True)
class ReadEntry:
    """A paper's part of a page. ``texts`` are a page's own words about the paper that carry no evidence."""

    title: str
    ids: list[str] = field(default_factory=list)
    named: str = ""
    """The id that an element of the page carries for programs."""
    titles: list[tuple[str, str]] = field(default_factory=list)
    translated: str = ""
    authors: list[tuple[str, str]] = field(default_factory=list)
    abstract: str = ""
    source_line: str | None = None
    links: list[tuple[str, str]] = field(default_factory=list)
    affiliation: str = ""
    keywords: str = ""
    attribution: str = ""
    item: str = ""
    """The name that a feed gives the entry."""
    pages: list[str] = field(default_factory=list)
    """Addresses of our own site where the entry is said to stand."""
    days: list[tuple[str, str]] = field(default_factory=list)
    moments: list[tuple[str, str]] = field(default_factory=list)
    """(where, day of announcement) and (where, time of publication), as ISO 8601 writes them."""
    categories: list[str] = field(default_factory=list)
    why: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    sentences: list[ReadSentence] = field(default_factory=list)
    quotes: list[ReadQuote] = field(default_factory=list)
    pictures: list[ReadFigure] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    missing_links: list[tuple[str, str]] = field(default_factory=list)
    anchors: list[tuple[str, str]] = field(default_factory=list)
    """(where, place on the page that is said to be this paper's)."""
    withdrawn: list[tuple[str, bool]] = field(default_factory=list)
    """(where, whether it is marked as withdrawn there), once for each telling of the entry."""
    faults: list[tuple[str, str, str, str]] = field(default_factory=list)
    """(field, found, expected, where) of what is wrong whatever the catalog says."""


@dataclass(slots=True, kw_only=True)
class ReadPage:
    """A page. ``own`` says whether it is of our making, else of the old kind; ``days`` are (where, first, last).

    An ``excerpt`` (feed, e-mail) has neither abstracts nor marks nor quotations: its sentences must stand somewhere in
    the paper. ``up`` is how many folders a feed lies below the root of its ``site``.
    """

    own: bool
    language: Language = "en"
    entries: list[ReadEntry] = field(default_factory=list)
    days: list[tuple[str, str, str]] = field(default_factory=list)
    counts: list[list[int]] = field(default_factory=list)
    heads: list[tuple[str, str]] = field(default_factory=list)
    """(where, title) of places of the page's head that name a paper, by position: the first, or all in order."""
    cover: str = ""
    extractive: bool = True
    loose: list[str] = field(default_factory=list)
    """Lines outside every paper."""
    faults: list[tuple[str, str, str, str]] = field(default_factory=list)
    excerpt: bool = False
    site: str = ""
    up: int = 0
