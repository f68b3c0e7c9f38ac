"""Papers from RIS files. The only module that imports rispy, which knows the form of a line.

A record begins at ``TY`` and ends at ``ER``, at the next ``TY`` or with the file. A line without a tag continues the
one before it. Every line is kept as it stood, so that the record goes out as it came in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kb.bibliographic import PARTS, WHOLES, kind_of
from kb.errors import BadRecord, foreign_errors
from kb.records import Failure, Found, SourceRecord
from kb.sources.attachments import stated_paths, with_files
from kb.sources.exported import (
    Moment,
    TaggedEntry,
    date_of,
    finer,
    ids_of,
    is_stamp,
    metadata_of,
    names_of,
    numbered_lines,
)

_SPARSE = re.compile(r"[ \t]*([A-Z][A-Z0-9])[ \t]{1,3}-[ \t]?(.*)", re.S)  # "TY - JOUR", as some programs write it


def read(text: str, *, path: Path) -> Iterator[Found]:
    """Yield the papers of a RIS file in its order, and a Failure with its line for each broken record."""
    found = False
    for entry in _entries(text):
        found = True
        where = f"{path.name}:{entry.line}"
        if isinstance(entry, _Stray):
            reason = "fields stand there without a record: begin it with a line 'TY  - JOUR'"
            yield Failure(what=where, code="bad-record", reason=reason)
            continue
        try:
            record = _record(entry)
        except BadRecord as err:
            yield Failure(what=where, code=err.code, reason=str(err))
            continue
        stated = stated_paths(value for tag, value in record.fields if tag in ("L1", "L2"))
        yield from with_files(record, what=record.key or where, stated=stated, folder=path.parent)
    if not found:
        yield Failure(what=str(path), code="bad-record", reason="it has no records: expected lines like 'TY  - JOUR'")


@dataclass(frozen=True, slots=True)
class _Stray:
    """Fields outside of any record: the first one's line."""

    line: int


def _entries(text: str) -> Iterator[TaggedEntry | _Stray]:
    read_line = _line_reader(text)
    entry: TaggedEntry | None = None
    astray = False
    for number, line in numbered_lines(text):
        tag, content = read_line(line)
        if tag == "TY":
            if entry is not None:
                yield entry
            entry, astray = TaggedEntry(number), False
        if entry is None:
            if tag and tag != "ER" and not astray:
                astray = True
                yield _Stray(number)
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


# ------------------------------------------------------------------------------------------ record


def _record(entry: TaggedEntry) -> SourceRecord:
    """The entry as a source record.

    Raises:
        BadRecord: when it has no title.
    """
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
