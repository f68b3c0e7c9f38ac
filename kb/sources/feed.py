"""arXiv's daily feeds: what was announced under a date, as new, cross-listed or replaced, and under which licence."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal, cast, get_args

from kb.calendar import EASTERN
from kb.errors import BadIdentifier, SourceError, UsageError
from kb.ids import arxiv_key, doi_key, parse_arxiv_id
from kb.records import Item, Metadata, SourceRecord
from kb.settings import Settings
from kb.sources.stated import every_link, listed_authors, says_withdrawn, venue_of

if TYPE_CHECKING:
    from kb.sources.http import PoliteClient

AnnounceType = Literal["new", "cross", "replace", "replace-cross"]
MAX_FEED_ENTRIES = 2000
"""arXiv cuts a feed of several categories here (https://info.arxiv.org/help/rss.html)."""
_FRESH_SECONDS = 900.0  # feeds change once a day, at midnight Eastern: a longer cache would hide the change
_MAX_FEED_BYTES = 20_000_000  # three times the fullest; of elements without end it makes half a gigabyte

_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_CATEGORY = re.compile(r"[a-z]+(?:-[a-z]+)*(?:\.[A-Za-z]{2}|\.[a-z]+(?:-[a-z]+)*)?", re.ASCII)
_SUMMARY = re.compile(
    r"\s*arXiv:(?P<id>\S+)\s+Announce Type:\s*(?P<type>[a-z-]+)\s*(?:Abstract:)?\s*(?P<abstract>.*)", re.S
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """One announcement. ``metadata`` has source "arxiv" and ``announced_from`` "feed"; the feed knows no comment."""

    id: str
    version: int | None
    type: AnnounceType
    announced: date
    metadata: Metadata

    @property
    def item(self) -> Item:
        """The announced paper as something to add."""
        said = self.metadata
        fields = {
            "id": self.id.removeprefix("arxiv:") + (f"v{self.version}" if self.version else ""),
            "announce_type": self.type,
            "title": said.title or "",
            "authors": json.dumps(list(said.authors or ()), ensure_ascii=False),
            "summary": said.abstract or "",
            "categories": " ".join(said.categories or ()),
            "rights": said.license or "",
            "announced": self.announced.isoformat(),
        }
        record = SourceRecord(
            source="arxiv",
            key=self.id.removeprefix("arxiv:"),
            fields=tuple((name, value) for name, value in fields.items() if value),
            metadata=said,
        )
        return Item(what=self.id, record=record)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """A feed as it was read. ``day`` is the date it carries; it has no entries at weekends and on holidays.

    ``broken`` says what is wrong with entries that could not be read; ``is_cut`` that arXiv may have left some out.
    """

    day: date | None
    entries: tuple[FeedEntry, ...] = ()
    broken: tuple[str, ...] = ()
    is_cut: bool = False


class ArxivFeed:
    """Asks arXiv what was announced in categories.

    Args:
        client: how servers are talked to.
        settings: where the feeds are.
    """

    def __init__(self, client: PoliteClient, settings: Settings) -> None:
        self._client = client
        self._base = settings.arxiv_feed_url.rstrip("/")

    def announced(self, categories: Sequence[str]) -> FeedPage:
        """The newest announcement in the categories, each paper once, in the order of the feed.

        One request serves all categories unless the answer reaches arXiv's limit; then each is asked for by itself.
        A paper that is new in one of the categories and cross-listed in another counts as new.

        Raises:
            UsageError: when there is no category or one that cannot be.
            SourceError: when arXiv says no or sends something else than a feed.
        """
        wanted = list(dict.fromkeys(category.strip() for category in categories))
        if not wanted:
            raise UsageError("no category to ask for: name one like cs.CV")
        for category in wanted:
            if not _CATEGORY.fullmatch(category):
                raise UsageError(f"{category!r} is not an arXiv category: write it like cs.CV or hep-th")
        page = self._read(wanted)
        if len(page.entries) + len(page.broken) < MAX_FEED_ENTRIES or len(wanted) == 1:
            return page
        return _joined([self._read([category]) for category in wanted])

    def _read(self, categories: Sequence[str]) -> FeedPage:
        data = self._client.get_bytes(
            f"{self._base}/{'+'.join(categories)}",
            accept="application/atom+xml, application/rss+xml",
            max_bytes=_MAX_FEED_BYTES,
            max_age_seconds=_FRESH_SECONDS,
            complaint=_complaint,
        )
        return read_feed(data)


def read_feed(data: bytes) -> FeedPage:
    """Read a feed of rss.arxiv.org, Atom or RSS 2.0. An entry that makes no sense is named in ``broken``.

    Raises:
        SourceError: when it is not a feed, or declares entities (no feed of arXiv does).
    """
    root = _parse(data)
    if root.tag == f"{_ATOM}feed":
        elements = root.findall(f"{_ATOM}entry")
        day = _day(root.findtext(f"{_ATOM}updated"))
    elif root.tag == "rss" and (channel := root.find("channel")) is not None:
        elements = channel.findall("item")
        day = _day(channel.findtext("pubDate") or channel.findtext("lastBuildDate"))
    else:
        raise SourceError(f"not a feed of arXiv but <{root.tag[:40]}>: check arxiv_feed_url")
    entries: dict[str, FeedEntry] = {}
    broken: list[str] = []
    for number, element in enumerate(elements, start=1):
        try:
            _keep(entries, _entry(element, day))
        except (BadIdentifier, ValueError) as err:
            broken.append(f"entry {number}: {err}")
    dated = max((entry.announced for entry in entries.values()), default=day)
    is_cut = len(elements) >= MAX_FEED_ENTRIES
    return FeedPage(day=dated, entries=tuple(entries.values()), broken=tuple(broken), is_cut=is_cut)


# ---------------------------------------------------------------------------------------------- XML


class _Tree(ElementTree.TreeBuilder):
    """A tree without document types: entities are declared there, and expanding them can fill the memory."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise SourceError("the feed declares a document type, which arXiv's never do: check arxiv_feed_url")


def _parse(data: bytes) -> ElementTree.Element:
    parser = ElementTree.XMLParser(target=_Tree())  # noqa: S314
    try:
        parser.feed(data)
        return parser.close()
    except (ElementTree.ParseError, ValueError, LookupError, RuntimeError) as err:
        raise SourceError(f"the feed is not whole ({err}): try again later", retry=True) from err


def _complaint(data: bytes) -> str | None:
    try:
        _parse(data)
    except SourceError as err:
        return str(err) if err.retry else None
    return None


def _text(element: ElementTree.Element, *names: str) -> str:
    for name in names:
        if text := element.findtext(name):
            return text.strip()
    return ""


def _day(text: str | None) -> date | None:
    """The date in Eastern time, in which arXiv dates its listings."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            moment = parsedate_to_datetime(text.strip())
        except ValueError:
            return None
    return moment.astimezone(EASTERN).date() if moment.tzinfo else moment.date()


# ------------------------------------------------------------------------------------------ entries


def _entry(element: ElementTree.Element, day: date | None) -> FeedEntry:
    summary = _SUMMARY.fullmatch(_text(element, f"{_ATOM}summary", "description"))
    named = re.sub(r"^oai:arXiv\.org:", "", _text(element, f"{_ATOM}id", "guid"), flags=re.IGNORECASE)
    identifier, version = parse_arxiv_id(named or (summary["id"] if summary else ""))
    kind = _text(element, f"{_ARXIV}announce_type") or (summary["type"] if summary else "")
    if kind not in get_args(AnnounceType):
        raise ValueError(f"{identifier} has the announce type {kind!r}")
    announced = _day(_text(element, f"{_ATOM}published", "pubDate")) or day
    if announced is None:
        raise ValueError(f"{identifier} has no date")
    title = " ".join(_text(element, f"{_ATOM}title", "title").split())
    authors = listed_authors(_text(element, f"{_DC}creator"))
    if not title or not authors:
        raise ValueError(f"{identifier} has no title or no authors")
    abstract = " ".join(summary["abstract"].split()) if summary else ""
    journal = " ".join(_text(element, f"{_ARXIV}journal_reference").split())
    doi = doi_key(_text(element, f"{_ARXIV}DOI"))
    is_withdrawn = says_withdrawn(abstract=abstract)
    ids = tuple(dict.fromkeys([arxiv_key(identifier), *([doi] if doi else [])]))
    metadata = Metadata(
        source="arxiv",
        ids=ids,
        version=version,
        title=title,
        authors=authors,
        abstract=abstract or None,
        categories=_categories(element) or None,
        announced=(announced,),
        announced_from="feed",
        license=_text(element, f"{_DC}rights") or None,
        venue=venue_of(None, journal) if journal else None,
        url=f"https://arxiv.org/abs/{identifier}",
        withdrawn=is_withdrawn or None,
        links=every_link(ids[1:] if is_withdrawn else ids, texts=(abstract,), version=version, source="arxiv") or (),
    )
    return FeedEntry(
        id=arxiv_key(identifier),
        version=version,
        type=cast(AnnounceType, kind),
        announced=announced,
        metadata=metadata,
    )


def _categories(element: ElementTree.Element) -> tuple[str, ...]:
    terms = [category.get("term", "") for category in element.findall(f"{_ATOM}category")]
    terms += [(category.text or "").strip() for category in element.findall("category")]
    return tuple(dict.fromkeys(term for term in terms if term))


def _keep(entries: dict[str, FeedEntry], entry: FeedEntry) -> None:
    """One entry a paper: the newest version, and of one version the type that says most."""
    order = list(get_args(AnnounceType))
    known = entries.get(entry.id)
    if known is None or (entry.version or 0, -order.index(entry.type)) > (known.version or 0, -order.index(known.type)):
        entries[entry.id] = entry


def _joined(pages: Iterable[FeedPage]) -> FeedPage:
    entries: dict[str, FeedEntry] = {}
    broken: list[str] = []
    is_cut = False
    days: list[date] = []
    for page in pages:
        for entry in page.entries:
            _keep(entries, entry)
        broken.extend(page.broken)
        is_cut = is_cut or page.is_cut
        days.extend([page.day] if page.day else [])
    return FeedPage(day=max(days, default=None), entries=tuple(entries.values()), broken=tuple(broken), is_cut=is_cut)
