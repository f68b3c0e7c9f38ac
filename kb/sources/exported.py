"""What the records that other programs export say, whatever their format: text without the markup (HTML, JATS, MathML,
entities) that sources leave in it, names, dates, ids, venues.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html.entities import html5
from typing import Any, NamedTuple

from kb.bibliographic import month_number
from kb.errors import BadIdentifier, BadRecord
from kb.ids import doi_key, parse_arxiv_id, record_key
from kb.links import is_web_address
from kb.names import is_suffix, means_others
from kb.records import Link, Metadata, Name, Precision, SourceName
from kb.sources.stated import address_of_id, every_link, is_of_preprints
from kb.text import BREAK_HINTS, CONTROL, NO_TEXT

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
LONGEST_RECORD = 8_000_000  # characters
MOST_NAMES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The first moment of a stated date in UTC, and how much of it was stated: None for a whole time."""

    at: datetime
    precision: Precision | None


def storable(text: str) -> str:
    """The text with halves of a character, which cannot be stored, replaced."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def tidy(text: str | None) -> str:
    """The text of a field as people read it: on one line, markup and entities undone."""
    return plain(storable(text)) if text else ""


_ENTITY = re.compile(r"&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_MOST_ESCAPES = 8  # "&amp;amp;amp;…": as often as a text may be escaped
_TAG = re.compile(
    r"<(?P<close>/?)(?P<name>[A-Za-z][\w:.-]{0,40})"
    r"(?P<attributes>(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'))*)\s*(?P<empty>/?)>"
)
_CDATA = re.compile(r"<!\[CDATA\[([^\[\]]*)\]\]>")
_INLINE = frozenset(
    "i b u s em strong sub sup sc scp scriptsize tt span small big font a code ital italic bold inf sansserif monospace"
    " underline roman smallcaps overline inline-formula tex-math math mi mn mo mrow mtext mfrac msub msup msubsup mover"
    " munder munderover msqrt mroot mstyle mspace mtable mtr mtd mfenced mpadded semantics alternatives".split()
)
_BLOCKS = frozenset(
    "title p sec abstract list list-item def-list disp-quote disp-formula label break br div li ul ol caption".split()
)
_PREFIXES = ("jats:", "mml:", "m:")
_PREFIXED_ONLY = frozenset("title sec abstract label caption list".split())  # words that a text may have in brackets


def plain(text: str) -> str:
    """``H<sub>2</sub>O &amp;amp; p &lt; 0.05`` -> ``H2O & p < 0.05``; runs of white space become one blank.

    Entities are undone until nothing changes, known tags go and what they hold stays. A tag goes only with its
    partner (``<s>`` alone is somebody's average), and what is no known tag stays as it is: text in angle brackets is
    never lost. Control characters become blanks. Linear in the text.
    """
    for _ in range(_MOST_ESCAPES):
        if "&" not in text or (undone := _ENTITY.sub(_character, text)) == text:
            break
        text = undone
    if "<" in text:
        text = _without_tags(_CDATA.sub(r"\1", text))
    if not text.isprintable():
        text = re.sub(f"[{BREAK_HINTS}]", "", re.sub(f"[{CONTROL}{NO_TEXT}]", " ", text))
    return " ".join(text.split())


def _character(match: re.Match[str]) -> str:
    name = match[1]
    return html.unescape(match[0]) if name[0] == "#" or f"{name};" in html5 else match[0]


def _without_tags(text: str) -> str:
    """The text without the tags that are known and have their partner."""
    known = [tag for tag in _TAG.finditer(text) if _is_known(tag)]
    dropped: set[int] = set()
    opened: dict[str, list[int]] = {}
    for number, tag in enumerate(known):
        name = tag["name"].lower()
        if tag["empty"] or _bare(name) in ("br", "break"):
            dropped.add(number)
        elif not tag["close"]:
            opened.setdefault(name, []).append(number)
        elif opened.get(name):
            dropped.update((opened[name].pop(), number))
        elif name.startswith(_PREFIXES):
            dropped.add(number)  # an abstract that was cut: no text has these
    dropped.update(n for name, numbers in opened.items() if name.startswith(_PREFIXES) or name == "p" for n in numbers)
    parts, position = [], 0
    for number, tag in enumerate(known):
        if number in dropped:
            parts += [text[position : tag.start()], " " if _bare(tag["name"].lower()) in _BLOCKS else ""]
            position = tag.end()
    return "".join([*parts, text[position:]])


def _is_known(tag: re.Match[str]) -> bool:
    name = tag["name"].lower()
    if name.startswith(_PREFIXES):
        return True
    return name in _INLINE or (name in _BLOCKS and name not in _PREFIXED_ONLY)


def _bare(name: str) -> str:
    return name.partition(":")[2] or name


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


def ids_of(*, dois: Iterable[str], addresses: Iterable[str], traces: Iterable[str]) -> Ids:
    """The ids that the fields of a record carry.

    Args:
        dois: where the DOI stands; the first that is one counts.
        addresses: web addresses of the paper; the first is its page.
        traces: other fields in which an arXiv id may stand behind its name ("arXiv:2402.19481 [cs]").
    """
    pages = [page for page in map(str.strip, addresses) if is_web_address(page)]
    dois = [*dois, *(page for page in pages if re.match(r"https?://(?:dx\.)?doi\.org/", page, re.I))]
    keys = [key for text in dois if (key := doi_key(text.strip()))][:1]
    arxiv: dict[str, int | None] = {}
    for text in (*pages, *dois, *(found[1] for trace in traces for found in _OF_ARXIV.finditer(trace[:2000]))):
        try:
            identifier, version = parse_arxiv_id(text)
        except BadIdentifier:
            continue
        arxiv[identifier] = arxiv.get(identifier) or version
    page = next(iter(pages), None)
    if len(arxiv) != 1:  # none, or several, of which nobody knows which is its own
        return Ids(keys, None, page)
    ((identifier, version),) = arxiv.items()
    return Ids([f"arxiv:{identifier}", *keys], version, page)


def is_stamp(line: str) -> bool:
    """Whether a line of a note is an arXiv id and nothing else: "arXiv:2402.19481 [cs]"."""
    return _STAMP.fullmatch(line.strip()) is not None
