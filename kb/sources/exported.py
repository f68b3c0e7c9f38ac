"""What the records that other programs export say, whatever their format: text, names, dates, ids, venues."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from kb.errors import BadIdentifier, BadRecord
from kb.ids import doi_key, parse_arxiv_id, record_key
from kb.records import Failure, Metadata, Name, Precision, SourceName
from kb.sources.links import address_of_id, links_of, links_of_ids
from kb.sources.markup import plain

_MONTHS = "january february march april may june july august september october november december".split()
_NUMBERS = re.compile(r"(\d{4})(?:[-/.](\d{1,2})?(?:[-/.](\d{1,2})?)?)?(?:[T ]\d.*|/.*)?", re.S)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)")
_WORDS = (
    re.compile(r"(?P<y>\d{4})[\s,/-]+(?P<m>[a-z]{3,9})\.?(?:[\s,/-]+(?P<d>\d{1,2}))?", re.I),
    re.compile(r"(?P<m>[a-z]{3,9})\.?(?:\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?)?[\s,]+(?P<y>\d{4})", re.I),
    re.compile(r"(?P<d>\d{1,2})(?:st|nd|rd|th)?\.?[\s-]+(?P<m>[a-z]{3,9})\.?[\s,-]+(?P<y>\d{4})", re.I),
)
_YEAR = re.compile(r"(?<!\d)(1\d{3}|20\d\d)(?!\d)")
_SUFFIX = re.compile(r"(?:jr|sr|i{2,3}|iv|2nd|3rd|4th)\.?", re.I)
_OTHERS = re.compile(r"(?:and\s+)?(?:others|et\.?\s+al\.?)", re.I)
_OF_ARXIV = re.compile(r"(?:\barxiv\s*:|\babs/)\s*([^\s,;)\]]+)", re.I)
_STAMP = re.compile(r"arxiv\s*:\s*(\S+)(?:\s*\[[\w.-]+\])?", re.I)
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")  # not at the other ends of lines that Unicode knows
_PREPRINT = re.compile(r"^(?:arxiv\b.*|corr|abs/\S+)$", re.I)  # where a preprint lies is no venue


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The first moment of a stated date in UTC, and how much of it was stated."""

    at: datetime
    precision: Precision


@dataclass(slots=True)
class TaggedEntry:
    """A record of tagged lines while it is read: its first line's number, its fields in order, its lines."""

    line: int
    fields: list[tuple[str, list[str]]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def stated(self) -> tuple[tuple[str, str], ...]:
        """Tag and value of each field, lines that continue it joined by a blank."""
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


def read_text(path: Path, *, max_bytes: int) -> str | Failure:
    """The text of a file: UTF-8 or UTF-16 by its mark, else each line UTF-8 or Windows' Western code page."""
    try:
        if not path.is_file():
            raise OSError("it is not a regular file")
        if (size := path.stat().st_size) > max_bytes:
            reason = f"it has {size:,} bytes, more than max_file_bytes ({max_bytes:,}): raise it, or split the file"
            return Failure(what=str(path), code="too-large", reason=reason)
        data = path.read_bytes()
    except OSError as err:
        reason = f"it cannot be read ({err.strerror or err}): check that it exists and that you may read it"
        return Failure(what=str(path), code="file-unreadable", reason=reason)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return data.decode()
    except UnicodeDecodeError:  # a file put together from several programs' exports has lines in either code
        return "".join(_line(line) for line in data.splitlines(keepends=True))


def _line(line: bytes) -> str:
    for code in ("utf-8", "cp1252"):
        try:
            return line.decode(code)
        except UnicodeDecodeError:
            continue
    return line.decode("latin-1")


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


def is_suffix(text: str) -> bool:
    """Whether it is what stands after a name: "Jr.", "III"."""
    return _SUFFIX.fullmatch(text.strip()) is not None


def names_of(texts: Iterable[str]) -> tuple[tuple[Name, ...], bool]:
    """The names in their order, and whether the list says that there are more ("et al.").

    A text may list several, separated by semicolons; a "Jr." alone belongs to the name before it.
    """
    stated: list[str] = []
    for part in (part.strip() for text in texts for part in tidy(text).split(";")):
        if stated and is_suffix(part):
            stated[-1] = f"{stated[-1]}, {part}"
        elif part:
            stated.append(part)
    names = tuple(name for text in stated if not _OTHERS.fullmatch(text) and (name := name_of(text)))
    return names, any(_OTHERS.fullmatch(text) for text in stated)


# -------------------------------------------------------------------------------------------- dates


def date_of(text: str | None) -> Moment | None:
    """What a text states of a date: ``2017/09/03/``, ``2017 Sep 3``, ``September 2017``; else the year in it."""
    text = " ".join((text or "")[:200].split())
    if found := _COMPACT.fullmatch(text) or _NUMBERS.fullmatch(text):
        return moment_of(*(int(part) if part else None for part in found.groups()))
    for form in _WORDS:
        if (found := form.fullmatch(text)) and (month := _month(found["m"])):
            return moment_of(int(found["y"]), month, int(found["d"]) if found["d"] else None)
    year = _YEAR.search(text)
    return moment_of(int(year[1])) if year else None


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
    return other if within[stated.precision] and other.precision != "year" else stated


def _month(word: str) -> int | None:
    word = word.lower()
    return next((number for number, name in enumerate(_MONTHS, 1) if name.startswith(word)), None)


# ----------------------------------------------------------------------------------------- metadata


def metadata_of(
    source: SourceName,
    *,
    title: str,
    names: Sequence[Name] = (),
    et_al: bool = False,
    date: Moment | None = None,
    dois: Iterable[str] = (),
    addresses: Sequence[str] = (),
    traces: Iterable[str] = (),
    abstract: str = "",
    comment: str = "",
    venue: str = "",
    keywords: Iterable[str] = (),
) -> Metadata:
    """What a record says, out of its fields.

    Args:
        dois: where the DOI stands; the first that is one counts.
        addresses: web addresses of the paper; the first is its ``url``.
        traces: other fields in which an arXiv id may stand behind its name ("arXiv:2402.19481 [cs]").

    Raises:
        BadRecord: when there is no title.
    """
    title = tidy(title)
    if not any(sign.isalnum() for sign in title):
        raise BadRecord("it has no title: give it one")
    pages = [page for page in map(str.strip, addresses) if re.fullmatch(r"https?://\S+", page)]
    dois = [*dois, *(page for page in pages if re.match(r"https?://(?:dx\.)?doi\.org/", page, re.I))]
    keys = [key for text in dois if (key := doi_key(text.strip()))][:1]
    arxiv, version = _arxiv_of([*pages, *dois], traces)
    if arxiv:
        keys = [f"arxiv:{arxiv}", *keys]
    authors = tuple(str(name) for name in names)
    abstract, comment = tidy(abstract), tidy(comment)
    url = pages[0] if pages else address_of_id(keys[0], version=version) if keys else None
    links = links_of_ids(keys, version=version, source=source)
    links += links_of((url, abstract, comment), source=source)
    return Metadata(
        source=source,
        ids=tuple(dict.fromkeys(keys)) or (record_key(title, authors),),
        version=version,
        title=title,
        authors=authors or None,
        names=tuple(names) or None,
        et_al=et_al or None,
        abstract=abstract or None,
        comment=comment or None,
        published=date.at if date else None,
        precision=date.precision if date else None,
        venue=None if _PREPRINT.match(venue := tidy(venue)) else venue or None,
        url=url,
        links=tuple(dict.fromkeys(links)) or None,
        keywords=tuple(dict.fromkeys(word for word in map(tidy, keywords) if word)) or None,
    )


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
