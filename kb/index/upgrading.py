"""Homes of earlier schemas: what a migration cannot say in SQL. Part of the migration's transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kb import wire
from kb.index.matching import FILES
from kb.index.merging import FACTS
from kb.names import fold
from kb.records import Metadata, Paper, Precision, SourceRecord

if TYPE_CHECKING:
    from kb.index.database import Database


def fill_records(database: Database) -> None:
    """From one merged contribution a source, as homes before schema 3 keep it, to source records.

    Papers stay as they were joined, and ``kb split`` can undo it. A document becomes
    that of the record of its file; where the file's page had no say of its own, one is made that says nothing.
    """
    from kb.index.authors import AuthorTable
    from kb.index.records import RecordTable

    table, authors = RecordTable(database), AuthorTable(database)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    for number, blob, private in database.rows("SELECT number, record, private FROM papers ORDER BY number"):
        paper = wire.unpack(blob, Paper)
        document = database.first("SELECT file, sha256 FROM documents_of_papers WHERE paper = ?", (number,))
        records: list[tuple[str, SourceRecord]] = []
        for source, metadata in _contributions(database, number):
            if source == "user":
                _keep_decisions(database, number, metadata, now)
                continue
            record = _record(source, metadata, document)
            stored, _ = table.store(record, private=bool(private), run=now)
            records.append((stored.id, record))
        if document is not None:
            records = _with_file(table, records, document, private=bool(private), run=now)
            key = next(key for key, record in records if record.key == document[1])
            database.run(
                "INSERT INTO documents SELECT (SELECT number FROM records WHERE id = ?), version, file, sha256, parser,"
                " state, code, reason, document FROM documents_of_papers WHERE paper = ?",
                (key, number),
            )
        table.place([key for key, _ in records], number)
        if len(records) > 1:
            table.tie([records[0][0]], [key for key, _ in records[1:]], kind="before")
        anchor = " ".join(sorted(key for key, _ in records))
        for owned in ("tags", "opinions", "versions", "decided"):
            database.run(f"UPDATE {owned} SET anchor = ? WHERE paper = ?", (anchor, number))
        paper = replace(paper, aliases=tuple(key for key in paper.aliases if not key.startswith("title:")))
        if paper.published is not None and paper.provenance.get("published") == "bibtex":
            paper = replace(paper, precision=_precision(paper.published))
        database.run("UPDATE papers SET record = ? WHERE number = ?", (wire.pack(paper), number))
        authors.put(number, title=paper.title, authors=paper.authors)
        if paper.venue:
            database.run("INSERT INTO venues VALUES (?, ?)", (number, fold(paper.venue)))


def _contributions(database: Database, number: int) -> Iterator[tuple[str, Metadata]]:
    """What an earlier home kept of each source: what was read out of its record, not the record."""
    for source, blob in database.rows(
        "SELECT source, metadata FROM contributions WHERE paper = ? ORDER BY source", (number,)
    ):
        yield source, wire.unpack(blob, Metadata)


def _record(source: str, metadata: Metadata, document: Any) -> SourceRecord:
    if source == "bibtex" and metadata.published is not None:
        metadata = replace(metadata, precision=_precision(metadata.published))
    key = document[1] if source in FILES and document is not None else metadata.ids[0] if metadata.ids else ""
    return SourceRecord(source=source, key=key, metadata=metadata)  # type: ignore[arg-type]


def _precision(moment: datetime) -> Precision:
    """How much of a date a bibliography had stated: earlier homes filled it up to the first day."""
    return "year" if (moment.month, moment.day) == (1, 1) else "month" if moment.day == 1 else "day"


def _with_file(
    table: Any, records: list[tuple[str, SourceRecord]], document: Any, *, private: bool, run: str
) -> list[tuple[str, SourceRecord]]:
    file, sha256 = document
    if any(record.key == sha256 for _, record in records):
        return records
    source = "pdf" if file.endswith(".pdf") else "html" if file.endswith(".html") else "text"
    metadata = Metadata(source=source, ids=(f"file:{sha256[:16]}",))  # type: ignore[arg-type]
    record = SourceRecord(source=source, key=sha256, metadata=metadata)  # type: ignore[arg-type]
    stored, _ = table.store(record, private=private, run=run)
    return [*records, (stored.id, record)]


def _keep_decisions(database: Database, number: int, decided: Metadata, now: str) -> None:
    for name in sorted(FACTS):
        value = getattr(decided, name)
        if value is not None and value != ():
            one = wire.pack(Metadata(source="user", ids=(), **{name: value}))
            database.run("INSERT INTO decided VALUES (?, ?, '', ?, ?)", (number, name, one, now))
