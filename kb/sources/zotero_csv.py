"""Papers from the table that Zotero exports as CSV: one item a row, the columns named in the first line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from kb.bibliographic import WHOLES, kind_of
from kb.errors import BadRecord
from kb.records import Failure, Found, PassedOver, SourceRecord
from kb.sources.attachments import stated_paths, with_files
from kb.sources.exported import (
    LONGEST_RECORD,
    date_of,
    finer,
    ids_of,
    is_stamp,
    metadata_of,
    names_of,
    storable,
)

COLUMNS = ("Item Type", "Title")
"""The columns without which a table is no export of Zotero."""
_NO_PAPERS = frozenset({"attachment", "note", "annotation"})
_PLACES = ("Publication Title", "Proceedings Title", "Conference Name", "Book Title", "Encyclopedia Title")
_ROW = re.compile(r'"?[A-Z0-9]{3,12}"?,')  # how a row of Zotero begins: with the item's key
_REREADINGS = 4  # times the file may be gone over again behind broken rows


def read(text: str, *, path: Path) -> Iterator[Found]:
    """Yield the papers of a table in its order, and a Failure with its line for each row that is broken."""
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_RECORD))  # notes may be long
    lines = list(io.StringIO(text, newline=""))
    header, start = _header(lines)
    if absent := [name for name in COLUMNS if name not in header]:
        reason = f"it is no table of Zotero, without the columns {', '.join(absent)}: export the items as CSV there"
        yield Failure(what=str(path), code="bad-record", reason=reason)
        return
    found = False
    for number, row in _rows(lines, start, width=len(header)):
        found = True
        where = f"{path.name}:{number}"
        try:
            if isinstance(row, str):
                raise BadRecord(row)
            record = _record(header, row)
        except BadRecord as err:
            yield Failure(what=where, code=err.code, reason=str(err))
            continue
        said = dict(record.fields)
        if record.type in _NO_PAPERS:
            yield PassedOver(what=where, reason=f"Zotero says {record.type}, which is no paper: nothing to be done")
            continue
        stated = stated_paths(re.split(r";\s*", said.get("File Attachments", "")))
        yield from with_files(record, what=record.key or where, stated=stated, folder=path.parent)
    if not found:
        yield Failure(what=str(path), code="bad-record", reason="it has no rows below its columns: export it again")


def _header(lines: Sequence[str]) -> tuple[list[str], int]:
    reader = csv.reader(iter(lines))
    try:
        return [name.strip() for name in next(reader, [])], reader.line_num
    except csv.Error:
        return [], 0


def _rows(lines: Sequence[str], start: int, *, width: int) -> Iterator[tuple[int, list[str] | str]]:
    """(line number, row), or what is wrong with the row there; after a broken one the next that begins like a row."""
    budget = _REREADINGS * len(lines)
    while start < len(lines):
        reader = csv.reader((lines[at] for at in range(start, len(lines))), strict=True)
        here = start
        try:
            for row in reader:
                if row and len(row) != width:
                    break
                if row:
                    yield here + 1, row
                here = start + reader.line_num
            else:
                return
            fault = f"it has {len(row)} fields and the table {width} columns: correct its commas and quotes"
        except csv.Error as err:
            fault = f"its quotes are broken ({err}): correct the row"
        yield here + 1, fault
        behind = start + reader.line_num
        start = here + 1
        while start < behind and not _ROW.match(lines[start]):
            start += 1
        budget -= behind - start
        if budget < 0:
            yield start + 1, "too much of the table is broken to read on from here: export it again"
            return


def _record(header: Sequence[str], row: Sequence[str]) -> SourceRecord:
    """A row as a source record; columns that are empty in it say nothing.

    Raises:
        BadRecord: when it has no title.
    """
    fields = tuple((name, storable(value)) for name, value in zip(header, row, strict=True) if value.strip())
    said = dict(reversed(fields))
    type_ = said.get("Item Type", "")
    kind = kind_of(type_, of="zotero")

    def first(*names: str) -> str:
        return next((said[name] for name in names if name in said), "")

    names, et_al = names_of([first("Author") or (first("Editor") if kind in WHOLES else "")])
    extra = first("Extra").splitlines()
    found = ids_of(
        dois=[first("DOI"), *(line[4:] for line in extra if line.upper().startswith("DOI:"))],
        addresses=[first("Url")],
        traces=[f"{first('Archive')}:{first('Archive Location')}", first("Number"), *filter(is_stamp, extra)],
    )
    metadata = metadata_of(
        "zotero",
        title=first("Title") or (type_ if type_ in _NO_PAPERS else ""),
        ids=found.ids,
        version=found.version,
        names=names,
        et_al=et_al,
        date=finer(date_of(first("Publication Year")), date_of(first("Date"))),
        url=found.url,
        abstract=first("Abstract Note"),
        comment=first("Extra"),
        venue="" if kind in WHOLES else first("Publisher") if kind == "thesis" else first(*_PLACES),
        keywords=[word for name in ("Manual Tags", "Automatic Tags") for word in first(name).split(";")],
    )
    return SourceRecord(source="zotero", key=first("Key"), type=type_, fields=fields, metadata=metadata)
