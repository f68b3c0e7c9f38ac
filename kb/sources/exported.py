"""What the records that other programs export say, whatever their format: text, names, dates, ids, venues."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from kb.bibliographic import month_number
from kb.errors import BadIdentifier, BadRecord
from kb.ids import doi_key, parse_arxiv_id, record_key
from kb.links import is_web_address
from kb.names import is_suffix, means_others
from kb.records import Link, Metadata, Name, Precision, SourceName
from kb.sources.markup import plain
from kb.sources.stated import address_of_id, every_link, is_of_preprints

_NUMBERS = re.compile(r"(\d{4})(?:[-/.](\d{1,2})?(?:[-/.](\d{1,2})?)?)?(?:[T ]\d.*|/.*)?", re.S)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)")
_WORDS = (
    re.compile(r"(?P<y>\d{4})[\s,/-]+(?P<m>[a-z]{3,9})\.?(?:[\s,/-]+(?P<d>\d{1,2}))?", re.I),
    re.compile(r"(?P<m>[a-z]{3,9})\.?(?:\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?)?[\s,]+(?P<y>\d{4})", re.I),
    re.compile(r"(?P<d>\d{1,2})(?:st|nd|rd|th)?\.?[\s-]+(?P<m>[a-z]{3,9})\.?[\s,-]+(?P<y>\d{4})", re.I),
)
_YEAR = re.compile(r"(?<!\d)(1\d{3}|20\d\d)(?!\d)")
_OF_ARXIV = re.compile(r"(?:\barxiv\s*:|\babs/)\s*([^\s,;)\]]+)", re.I)
_STAMP = re.compile(r"arxiv\s*:\s*(\S+)(?:\s*\[[\w.-]+\])?", re.I)
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")  # not at the other ends of lines that Unicode knows
LONGEST_RECORD = 8_000_000  # characters
MOST_LINES = 200_000  # of one record: four times those of the longest list of authors
MOST_NAMES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The first moment of a stated date in UTC, and how much of it was stated: None for a whole time."""

    at: datetime
    precision: Precision | None


@dataclass(slots=True)
class TaggedEntry:
    """A record of tagged lines while it is read: its first line's number, its fields in order, its lines.

    It holds as much as a record may; ``is_full`` says that there was more.
    """

    line: int
    fields: list[tuple[str, list[str]]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    is_full: bool = False
    size: int = 0

    def take(self, line: str, *, tag: str | None, content: str) -> None:
        """One more line of the record, with its tag or as what continues the one before."""
        self.size += len(line)
        self.is_full = self.is_full or self.size > LONGEST_RECORD or len(self.lines) >= MOST_LINES
        if self.is_full:
            self.fields, self.lines = self.fields[:1], []
            return
        self.lines.append(line)
        if tag:
            self.fields.append((tag, [content]))
        elif content:
            self.fields[-1][1].append(content)

    @property
    def stated(self) -> tuple[tuple[str, str], ...]:
        """Tag and value of each field, lines that continue it joined by a blank.

        Raises:
            BadRecord: when it has more than a record may have.
        """
        if self.is_full:
            most = f"{MOST_LINES:,} lines or {LONGEST_RECORD:,} characters"
            raise BadRecord(f"the record has more than {most}: give it its end, or shorten it")
        return tuple((tag, storable(" ".join(lines))) for tag, lines in self.fields)

    @property
    def text(self) -> str:
        """The lines as they stood."""
        return storable("".join(self.lines))


def numbered_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines with the signs that end them, counted from 1."""
    for number, match in enumerate(_LINES.finditer(text), 1):
        if match[0]:
            yield number, match[0]


def storable(text: str) -> str:
    """The text with halves of a character, which cannot be stored, replaced."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def tidy(text: str | None) -> str:
    """The text of a field as people read it: on one line, markup and entities undone."""
    return plain(storable(text)) if text else ""


# -------------------------------------------------------------------------------------------- names


def name_of(text: str) -> Name | None:
    """``"van der Berg, A, Jr."`` (family, given, suffix); a name without a comma tells no parts and stays whole."""
    family, *rest = (part.strip() for part in tidy(text).split(","))
    rest = [part for part in rest if part]
    if not rest:
        return Name(literal=family) if family else None
    suffix = ""
    if len(rest) > 1 or is_suffix(rest[-1]):
        suffix = rest.pop(0 if is_suffix(rest[0]) else -1)
    if not family or len(rest) > 1:  # more parts than a name has
        return Name(literal=tidy(text))
    return Name(family=family, given=rest[0] if rest else "", suffix=suffix)


def names_of(texts: Iterable[str]) -> tuple[tuple[Name, ...], bool]:
    """The names in their order, and whether the list says that there are more ("et al.").

    A text may list several, separated by semicolons; a "Jr." alone belongs to the name before it.

    Raises:
        BadRecord: for more than ``MOST_NAMES``.
    """
    stated: list[str] = []
    for part in (part.strip() for text in texts for part in tidy(text).split(";", MOST_NAMES)):
        if stated and is_suffix(part):
            stated[-1] = f"{stated[-1]}, {part}"
        elif part:
            stated.append(part)
        if len(stated) > MOST_NAMES:
            raise BadRecord(f"it has more than {MOST_NAMES:,} authors: check that they are names")
    names = tuple(name for text in stated if not means_others(text) and (name := name_of(text)))
    return names, any(map(means_others, stated))


# -------------------------------------------------------------------------------------------- dates


def date_of(text: str | None) -> Moment | None:
    """What a text states of a date: ``2017/09/03/``, ``2017 Sep 3``, ``September 2017``; else the year in it, and the
    month where it names one alone (``March 12-15, 2017``)."""
    text = " ".join((text or "")[:200].split())
    if found := _COMPACT.fullmatch(text) or _NUMBERS.fullmatch(text):
        return moment_of(*(int(part) if part else None for part in found.groups()))
    for form in _WORDS:
        if (found := form.fullmatch(text)) and (month := month_number(found["m"])):
            return moment_of(int(found["y"]), month, int(found["d"]) if found["d"] else None)
    if (year := _YEAR.search(text)) is None:
        return None
    months = {month for word in re.findall(r"[^\W\d_]+", text) if len(word) > 2 and (month := month_number(word))}
    return moment_of(int(year[1]), months.pop() if len(months) == 1 else None)


def moment_of(year: int | None, month: int | None = None, day: int | None = None) -> Moment | None:
    """The date as far as there is such a day; None without a year."""
    try:
        start = datetime(year or 0, 1, 1, tzinfo=UTC)
    except ValueError:
        return None
    if month is None or not 1 <= month <= 12:
        return Moment(at=start, precision="year")
    try:
        return Moment(at=start.replace(month=month, day=day or 0), precision="day")
    except ValueError:
        return Moment(at=start.replace(month=month), precision="month")


def finer(stated: Moment | None, other: Moment | None) -> Moment | None:
    """Of two statements of one date the one that says more; the first where they contradict each other."""
    if stated is None or other is None:
        return stated or other
    same_year = stated.at.year == other.at.year
    within = {"year": same_year, "month": same_year and stated.at.month == other.at.month, "day": False}
    return other if within.get(stated.precision or "day") and other.precision != "year" else stated


# ----------------------------------------------------------------------------------------- metadata


def metadata_of(
    source: SourceName,
    *,
    title: str,
    ids: Sequence[str] = (),
    version: int | None = None,
    names: Sequence[Name] = (),
    authors: Sequence[str] = (),
    et_al: bool = False,
    date: Moment | None = None,
    url: str | None = None,
    links: Iterable[Link] = (),
    abstract: str = "",
    comment: str = "",
    venue: str = "",
    keywords: Iterable[str] = (),
    **said: Any,
) -> Metadata:
    """What a record says, out of its fields, which may still have the markup of their source.

    Args:
        ids: canonical ids and the version, as ``ids_of`` finds them; without any, title and authors make one.
        authors: where the names' parts are not told; else they are the names.
        url: the paper's own page; without one it is the page of its first id.
        links: beside those that its ids, its page, abstract and comment lead to.
        said: what else the record says, by the names of ``Metadata``.

    Raises:
        BadRecord: when there is no title.
    """
    title = tidy(title)
    if not any(sign.isalnum() for sign in title):
        raise BadRecord("it has no title: give it one")
    authors = tuple(authors) or tuple(map(str, names))
    abstract, comment = tidy(abstract), tidy(comment)
    ids = tuple(dict.fromkeys(ids)) or (record_key(title, authors),)
    url = url or address_of_id(ids[0], version=version)
    return Metadata(
        source=source,
        ids=ids,
        version=version,
        title=title,
        authors=authors or None,
        names=tuple(names) or None,
        et_al=et_al or None,
        abstract=abstract or None,
        comment=comment or None,
        published=date.at if date else None,
        precision=date.precision if date else None,
        venue=None if is_of_preprints(venue := tidy(venue)) else venue or None,
        url=url,
        links=every_link(ids, stated=links, texts=(url, abstract, comment), version=version, source=source),
        keywords=tuple(dict.fromkeys(word for word in map(tidy, keywords) if word)) or None,
        **said,
    )


class Ids(NamedTuple):
    """Canonical ids, strongest first, the version that they state, and the paper's page."""

    ids: list[str]
    version: int | None
    url: str | None


def ids_of(*, dois: Iterable[str] = (), addresses: Iterable[str] = (), traces: Iterable[str] = ()) -> Ids:
    """The ids that the fields of a record carry.

    Args:
        dois: where the DOI stands; the first that is one counts.
        addresses: web addresses of the paper; the first is its page.
        traces: other fields in which an arXiv id may stand behind its name ("arXiv:2402.19481 [cs]").
    """
    pages = [page for page in map(str.strip, addresses) if is_web_address(page)]
    dois = [*dois, *(page for page in pages if re.match(r"https?://(?:dx\.)?doi\.org/", page, re.I))]
    keys = [key for text in dois if (key := doi_key(text.strip()))][:1]
    arxiv, version = _arxiv_of([*pages, *dois], traces)
    return Ids([f"arxiv:{arxiv}", *keys] if arxiv else keys, version, next(iter(pages), None))


def is_stamp(line: str) -> bool:
    """Whether a line of a note is an arXiv id and nothing else: "arXiv:2402.19481 [cs]"."""
    return _STAMP.fullmatch(line.strip()) is not None


def _arxiv_of(addresses: Iterable[str], traces: Iterable[str]) -> tuple[str | None, int | None]:
    """The one arXiv id that the record names, and its version; (None, None) when there is none or more than one."""
    stated = [*addresses, *(found[1] for text in traces for found in _OF_ARXIV.finditer(text[:2000]))]
    found: dict[str, int | None] = {}
    for text in stated:
        try:
            identifier, version = parse_arxiv_id(text)
        except BadIdentifier:
            continue
        found[identifier] = found.get(identifier) or version
    return next(iter(found.items())) if len(found) == 1 else (None, None)
