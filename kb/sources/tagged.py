"""Papers from files of tagged lines: RIS, and PubMed's own format (``.nbib``, and the text that its "Save" gives).

A line without a tag continues the one before it. Every line is kept as it stood, so that the record goes out as it came
in. The only module that imports rispy, which knows the form of a line of RIS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from kb.bibliographic import PARTS, WHOLES, kind_of
from kb.errors import BadRecord, foreign_errors
from kb.names import is_suffix, means_others
from kb.records import Failure, Found, Name, SourceRecord
from kb.sources.attachments import stated_paths, with_files
from kb.sources.exported import (
    LONGEST_RECORD,
    Moment,
    date_of,
    finer,
    ids_of,
    is_stamp,
    metadata_of,
    name_of,
    names_of,
    storable,
    tidy,
)

_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")  # not at the other ends of lines that Unicode knows
_MOST_LINES = 200_000  # of one record: four times those of the longest list of authors


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
        self.is_full = self.is_full or self.size > LONGEST_RECORD or len(self.lines) >= _MOST_LINES
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
            most = f"{_MOST_LINES:,} lines or {LONGEST_RECORD:,} characters"
            raise BadRecord(f"the record has more than {most}: give it its end, or shorten it")
        return tuple((tag, storable(" ".join(lines))) for tag, lines in self.fields)

    @property
    def text(self) -> str:
        """The lines as they stood."""
        return storable("".join(self.lines))


def _numbered_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines with the signs that end them, counted from 1."""
    for number, match in enumerate(_LINES.finditer(text), 1):
        if match[0]:
            yield number, match[0]


class _Fields:
    """The fields of a record by their tags."""

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for tag, value in fields:
            if value:
                self._values.setdefault(tag, []).append(value)

    def all(self, *tags: str) -> list[str]:
        """The values of the tags, tag by tag."""
        return [value for tag in tags for value in self._values.get(tag, ())]

    def first(self, *tags: str) -> str:
        """The first of them, "" where there is none."""
        return next(iter(self.all(*tags)), "")


def _items(
    entries: Iterable[TaggedEntry], record_of: Callable[[TaggedEntry], SourceRecord], *, path: Path, expected: str
) -> Iterator[Found]:
    """The papers of entries in their order, and a Failure with its line for each broken one."""
    found = False
    for entry in entries:
        found = True
        where = f"{path.name}:{entry.line}"
        try:
            record = record_of(entry)
        except BadRecord as err:
            yield Failure(what=where, code=err.code, reason=str(err))
            continue
        files = (value for tag, value in record.fields if record.source == "ris" and tag in ("L1", "L2"))
        yield from with_files(record, what=record.key or where, stated=stated_paths(files), folder=path.parent)
    if not found:
        yield Failure(what=str(path), code="bad-record", reason=f"it has no records: expected lines like {expected!r}")


# --------------------------------------------------------------------------------------------------- RIS

_SPARSE = re.compile(r"[ \t]*([A-Z][A-Z0-9])[ \t]{1,3}-[ \t]?(.*)", re.S)  # "TY - JOUR", as some programs write it


def read_ris(text: str, *, path: Path) -> Iterator[Found]:
    """Yield the papers of a RIS file in its order, and a Failure with its line for each broken record.

    A record begins at ``TY`` and ends at ``ER``, at the next ``TY`` or with the file.
    """
    return _items(_ris_entries(text), _of_ris, path=path, expected="TY  - JOUR")


def _ris_entries(text: str) -> Iterator[TaggedEntry]:
    """The entries; one without a field stands for fields outside of any, at the first one's line."""
    read_line = _line_reader(text)
    entry: TaggedEntry | None = None
    astray = False
    for number, line in _numbered_lines(text):
        tag, content = read_line(line)
        if tag == "TY":
            if entry is not None:
                yield entry
            entry, astray = TaggedEntry(number), False
        if entry is None:
            if tag and tag != "ER" and not astray:
                astray = True
                yield TaggedEntry(number)
            continue
        entry.take(line, tag=tag if tag != "ER" else None, content=content if tag != "ER" else "")
        if tag == "ER":
            yield entry
            entry = None
    if entry is not None:
        yield entry


def _line_reader(text: str) -> Callable[[str], tuple[str | None, str]]:
    """How the file writes its tags: by the standard, or with one blank as its first record does."""
    if not re.search(r"^TY  -", text, re.M) and re.search(r"^[ \t]*TY[ \t]{1,3}-", text, re.M):
        return _sparse_line
    return _standard_line


@cache
def _parser() -> Any:
    from rispy import RisParser  # type: ignore[import-untyped]

    return RisParser()


def _standard_line(line: str) -> tuple[str | None, str]:
    with foreign_errors(lambda said: BadRecord(f"it is no RIS that can be read ({said}): correct {line[:40]!r}")):
        tag, content = _parser().parse_line(line)
    return (tag, line[5:].strip()) if tag else (None, content)  # some programs write no blank behind the sign


def _sparse_line(line: str) -> tuple[str | None, str]:
    found = _SPARSE.fullmatch(line)
    return (found[1], found[2].strip()) if found else (None, line.strip())


def _of_ris(entry: TaggedEntry) -> SourceRecord:
    """The entry as a source record.

    Raises:
        BadRecord: when it has no title, or is none.
    """
    if not entry.fields:
        raise BadRecord("fields stand there without a record: begin it with a line 'TY  - JOUR'")
    fields = entry.stated
    kind = kind_of(fields[0][1], of="ris")
    said = _Fields(fields)
    names, et_al = names_of(said.all("AU", "A1") or (said.all("A2", "ED", "A3") if kind in WHOLES else []))
    places = said.all("AN", "M1", "M3", "VL", "JO", "JF", "JA", "T2", "PB", "C1", "C7")
    found = ids_of(
        dois=said.all("DO", "L3", "M3"),
        addresses=[page for text in said.all("UR", "LK", "L2", "L1") for page in re.split(r"[;\s]+", text)],
        traces=[*places, *filter(is_stamp, said.all("N1"))],
    )
    metadata = metadata_of(
        "ris",
        title=said.first("TI", "T1", "CT", *(("BT", "T2") if kind in WHOLES else ())),
        ids=found.ids,
        version=found.version,
        names=names,
        et_al=et_al,
        date=_date(said),
        url=found.url,
        abstract=said.first("AB", "N2"),
        comment=said.first("N1"),
        venue=_venue(kind, said),
        keywords=[word for text in said.all("KW") for word in text.split(";")],
    )
    return SourceRecord(
        source="ris", key=said.first("ID"), type=fields[0][1], fields=fields, text=entry.text, metadata=metadata
    )


def _date(said: _Fields) -> Moment | None:
    """The year's field, made finer by the date's, which may be without a year ("Sep 3")."""
    year = date_of(said.first("PY", "Y1"))
    day = said.first("DA")
    if year and day and not re.search(r"\d{4}", day):
        day = f"{year.at.year} {day}"
    return finer(year, date_of(day))


def _venue(kind: str | None, said: _Fields) -> str:
    """The journal or the book that it stands in; a thesis' school. A book stands in nothing, a series is no venue."""
    if kind in WHOLES:
        return ""
    if kind == "thesis":
        return said.first("PB")
    if kind in PARTS:
        return said.first("T2", "BT", "C3", "JF", "JO", "T3")
    return said.first("JF", "JO", "T2", "JA", "J2")


# ------------------------------------------------------------------------------------------------ PubMed

_TAGGED = re.compile(r"([A-Z][A-Z0-9]{1,3}) {0,2}- ?(.*)", re.S)
_INITIALS = re.compile(r"[^\W\d_a-z]{1,4}")


def read_nbib(text: str, *, path: Path) -> Iterator[Found]:
    """Yield the papers of a file of PubMed in its order, and a Failure with its line for each broken record.

    https://www.nlm.nih.gov/bsd/mms/medlineelements.html. A record begins at ``PMID`` or behind a blank line.
    """
    return _items(_nbib_entries(text), _of_nbib, path=path, expected="PMID- 28865123")


def _nbib_entries(text: str) -> Iterator[TaggedEntry]:
    entry: TaggedEntry | None = None
    after_blank = False
    for number, line in _numbered_lines(text):
        tagged = _TAGGED.match(line)
        if tagged and (tagged[1] == "PMID" or entry is None or after_blank):
            if entry is not None:
                yield entry
            entry = TaggedEntry(number)
        if entry is None:
            continue
        after_blank = not line.strip()
        entry.take(line, tag=tagged[1] if tagged else None, content=(tagged[2] if tagged else line).strip())
    if entry is not None:
        yield entry


def _of_nbib(entry: TaggedEntry) -> SourceRecord:
    """The entry as a source record.

    Raises:
        BadRecord: when it has no title.
    """
    fields = entry.stated
    said = _Fields(fields)
    title = said.first("TI", "BTI", "TT")
    names, et_al = _names(fields)
    numbers = said.all("LID", "AID")
    found = ids_of(
        dois=[value.removesuffix("[doi]").strip() for value in numbers if "[doi]" in value],
        addresses=said.all("URL"),
        traces=numbers,
    )
    metadata = metadata_of(
        "nbib",
        # PubMed sets a full stop after every title, and brackets around those that it translated.
        title=title[:-1] if title.endswith(".") and not title.endswith("..") else title,
        ids=found.ids,
        version=found.version,
        names=names,
        et_al=et_al,
        date=finer(date_of(said.first("DP")), date_of(said.first("DEP"))),
        url=found.url,
        abstract=said.first("AB", "OAB"),
        venue=said.first("JT", "TA") if said.first("TI") else "",
        keywords=said.all("OT"),
    )
    return SourceRecord(
        source="nbib", key=said.first("PMID"), type=said.first("PT"), fields=fields, text=entry.text, metadata=metadata
    )


def _names(fields: tuple[tuple[str, str], ...]) -> tuple[tuple[Name, ...], bool]:
    """Authors in their order: full names before short ones, groups (``CN``) where they stand."""
    full = any(tag == "FAU" for tag, _ in fields)
    names: list[Name] = []
    et_al = False
    for tag, value in fields:
        if tag in ("AU", "FAU") and means_others(value):
            et_al = True
        elif tag == "CN" and (group := tidy(value)):
            names.append(Name(literal=group))
        elif tag == ("FAU" if full else "AU") and (name := _full(value) if full else _short(value)):
            names.append(name)
    return tuple(names), et_al


def _full(text: str) -> Name | None:
    """``"Dorn, Tobias X Jr"``: PubMed writes the suffix behind the given names."""
    name = name_of(text)
    if name is None or not name.given:
        return name
    *given, last = name.given.split()
    return Name(family=name.family, given=" ".join(given), suffix=last) if given and is_suffix(last) else name


def _short(text: str) -> Name | None:
    """``"van der Berg AX Jr"``: family name, initials, suffix."""
    words = tidy(text).split()
    suffix = words.pop() if len(words) > 2 and is_suffix(words[-1]) else ""
    if len(words) < 2 or not _INITIALS.fullmatch(words[-1]):
        return Name(literal=" ".join(words)) if words else None
    return Name(family=" ".join(words[:-1]), given=words[-1], suffix=suffix)
