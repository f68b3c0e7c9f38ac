"""What is whole of a damaged catalog, copied row by row into a new one; what is derived there is made again.

A row counts as whole when SQLite can read it and its checksum agrees. A table that breaks off is read from both ends,
and around each place that cannot be read.
"""

from __future__ import annotations

import contextlib
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from kb import wire
from kb.errors import CatalogDamaged, HomeUnwritable
from kb.index.catalog.cited import CitedTable
from kb.index.catalog.database import Database, Row, left_alone
from kb.index.catalog.filters import AuthorTable
from kb.index.catalog.records import RecordTable
from kb.index.catalog.schema import CHECKED, MIGRATIONS, intact
from kb.index.catalog.views import PaperViews
from kb.records import Metadata, Paper, SourceRecord

_WITH_RECORDS = 3  # the schema since which papers are views
_DERIVED = frozenset(
    "aliases categories days authors names name_forms titles venues record_keys cited cited_keys".split()
)
_NOT_TAKEN = frozenset({"dropped", "jobs", "sqlite_sequence"})
_SAME_IN_ALL = ((0, 24), (44, 48), (52, 68))  # bytes of a SQLite file's head: form, page size, encoding, schema
_AT_ONCE = 200  # rows; a document may have megabytes
_MOST_PROBES = 20_000  # of one table, around places that cannot be read
_LARGEST_KEY = 1 << 40
_Damage = (CatalogDamaged, HomeUnwritable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvaged:
    """How many rows of each table were copied, and what was not: by table, and the papers (ids) that it was of."""

    kept: Mapping[str, int]
    lost: Mapping[str, int]
    papers: Mapping[str, tuple[str, ...]]


def copy_catalog(path: Path, to: Path) -> None:
    """Copy a catalog and its log, as they are between two changes of whoever writes.

    Raises:
        OSError: when they cannot be read, or the copy cannot be written.
    """
    with left_alone(path), contextlib.ExitStack() as opened:
        # The file first: what is written back into it meanwhile is still in the log. Both stay open to the end, for
        # closing a file lets go of every lock that this process has on it.
        for ending in ("", "-wal"):
            with contextlib.ExitStack() as made, contextlib.suppress(FileNotFoundError):
                source = opened.enter_context(path.with_name(path.name + ending).open("rb"))
                shutil.copyfileobj(source, made.enter_context(to.with_name(to.name + ending).open("wb")), 1 << 20)


def salvage(damaged: Path, whole: Path) -> Salvaged:
    """Copy what is whole of one catalog into another, which is made; what is known of the first one's head and schema
    is written into it, so give a copy.

    Raises:
        CatalogDamaged: when not even the list of its tables can be read.
    """
    with damaged.open("rb") as file:
        stated = int.from_bytes(file.read(64)[60:64], "big")
    schema = stated if 1 <= stated <= len(MIGRATIONS) else len(MIGRATIONS)
    target = Database(whole, create=True, schema=schema)
    target.scrub()
    _mend_head(damaged, whole.read_bytes()[:100])
    source = Database(damaged, create=False, schema=0)
    _mend_schema(source, target)
    source.close()
    copying = _Copying(source, target)
    derived = _DERIVED if schema >= _WITH_RECORDS else frozenset()
    target.run("PRAGMA foreign_keys = OFF")
    for (table,) in target.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"):
        if table not in _NOT_TAKEN | derived:
            with target.transaction():
                copying.table(table)
    target.close()
    target = Database(whole, create=True)
    target.run("PRAGMA foreign_keys = OFF")
    with target.transaction():
        _drop_incomplete(source, target, copying.lost)
        _make_again(target)
    target.scrub()
    named = {table: _named(target, table, numbers) for table, numbers in copying.papers.items()}
    kept = {table: count for table, count in copying.kept.items() if count}
    source.close()
    target.close()
    return Salvaged(kept=kept, lost=dict(copying.lost), papers=named)


def _mend_head(damaged: Path, head: bytes) -> None:
    """Write what is the same in every catalog of a schema into the first hundred bytes, and how long the file is."""
    pages = damaged.stat().st_size // int.from_bytes(head[16:18], "big")
    with damaged.open("r+b") as file:
        for at, until in _SAME_IN_ALL:
            file.seek(at)
            file.write(head[at:until])
        file.seek(28)
        file.write(pages.to_bytes(4, "big"))


def _mend_schema(source: Database, target: Database) -> None:
    """Write the known definitions of all tables and indexes where they belong; only their places are the file's own."""
    for number, *known in target.rows("SELECT rowid, type, name, tbl_name, sql FROM sqlite_master"):
        with contextlib.suppress(*_Damage):
            there = source.first("SELECT rowid FROM sqlite_master WHERE name = ?", (known[1],)) or (number,)
            source.run(
                "UPDATE sqlite_master SET type = ?, name = ?, tbl_name = ?, sql = ? WHERE rowid = ?"
                " AND (type, name, tbl_name, sql) IS NOT (?, ?, ?, ?)",
                (*known, *there, *known),
            )


class _Copying:
    """Copies tables, and keeps count."""

    def __init__(self, source: Database, target: Database) -> None:
        self._source, self._target = source, target
        self.kept: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.papers: dict[str, list[int]] = {}  # the numbers of papers (of documents: of records) that lost a row
        self._probes = 0

    def table(self, table: str) -> None:
        """Copy the rows of a table that are whole."""
        described = self._target.rows(f"PRAGMA table_info({table})")
        columns = [row[1] for row in described]
        key = tuple(row[1] for row in sorted(described, key=lambda row: row[5]) if row[5])
        kind = "SELECT 1 FROM sqlite_master WHERE name = ? AND sql LIKE '%WITHOUT ROWID%'"
        is_numbered = self._target.first(kind, (table,)) is None
        by = ("rowid",) if is_numbered else key
        is_whole = intact(table, "t", key=by, there=columns) if table in CHECKED else "1"
        if not self._knows(f"SELECT {is_whole} FROM {table} t LIMIT 0"):
            is_whole = "1"  # a catalog of an earlier schema, or one whose list of indexes is damaged
        if not self._knows(f"SELECT 1 FROM {table} LIMIT 0"):
            self.lost[table] += 1
            return
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        owner = {"papers": "number", "documents": "record"}.get(table, "paper" if "paper" in columns else "")
        self._probes = 0
        read = self._by_number if is_numbered else self._by_key
        for *row, whole in read(table, f"SELECT {names}, {is_whole}", key):
            if whole:
                self._target.run(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", row)
                continue
            self.lost[table] += 1
            if owner and isinstance(number := row[columns.index(owner)], int):
                self.papers.setdefault(table, []).append(number)
        self.kept[table] = self._target.one(f"SELECT COUNT(*) FROM {table}")[0]

    def _knows(self, statement: str) -> bool:
        """Whether the tables and indexes that a statement names are there; nothing of them is read."""
        try:
            self._source.rows(statement)
        except _Damage:
            return False
        return True

    def _by_number(self, table: str, select: str, _: tuple[str, ...]) -> Iterator[Row]:
        """The rows of a table with an integer key, around what cannot be read."""
        at, last = self._span(table)
        while at <= last and self._probes <= _MOST_PROBES:
            found = self._between(table, select, at, last)
            if found is None:
                high = min(last, at + _AT_ONCE - 1)
                yield from self._around(table, select, at, high)
                at = high + 1
                continue
            yield from (row[:-1] for row in found)
            at = found[-1][-1] + 1 if found else last + 1

    def _around(self, table: str, select: str, low: int, high: int) -> Iterator[Row]:
        """The rows of a range in which something cannot be read."""
        found = self._between(table, select, low, high)
        if found is not None:
            yield from (row[:-1] for row in found)
        elif low == high or self._probes > _MOST_PROBES:
            self.lost[table] += 1
        else:
            middle = (low + high) // 2
            yield from self._around(table, select, low, middle)
            yield from self._around(table, select, middle + 1, high)

    def _between(self, table: str, select: str, low: int, high: int) -> list[Row] | None:
        """The first rows of a range of keys, with the key last; None where they cannot be read."""
        self._probes += 1
        try:
            return self._source.rows(
                f"{select}, rowid FROM {table} t NOT INDEXED WHERE rowid BETWEEN ? AND ? ORDER BY rowid LIMIT ?",
                (low, high, _AT_ONCE),
            )
        except _Damage:
            return None

    def _by_key(self, table: str, select: str, key: tuple[str, ...]) -> Iterator[Row]:
        """The rows of another table, from either end as far as it goes: some may come twice."""
        for direction in ("ASC", "DESC"):
            order = ", ".join(f"{name} {direction}" for name in key)
            offset, size = 0, _AT_ONCE
            while size:
                try:
                    found = self._source.rows(
                        f"{select} FROM {table} t ORDER BY {order} LIMIT ? OFFSET ?", (size, offset)
                    )
                except _Damage:
                    size //= 2
                    continue
                yield from found
                offset += len(found)
                if len(found) < size:
                    return
            self.lost[table] += direction == "ASC"

    def _span(self, table: str) -> tuple[int, int]:
        """The least and the greatest key, as far as they can be told."""
        keys = []
        for statement in (f"SELECT MIN(rowid) FROM {table}", f"SELECT MAX(rowid) FROM {table}",
                          f"SELECT seq FROM sqlite_sequence WHERE name = '{table}'"):  # fmt: skip
            try:
                keys += [row[0] for row in self._source.rows(statement) if isinstance(row[0], int)]
            except _Damage:
                keys += [1, 1 << 20]
        known = [key for key in keys if 0 < key < _LARGEST_KEY]
        return (min(known), max(known)) if known else (1, 0)


def _drop_incomplete(source: Database, target: Database, lost: Mapping[str, int]) -> None:
    """Take out the passages of papers that lack some, where the paper's text is there to be cut anew."""
    if not lost.get("chunks"):
        return
    texts = "SELECT r.paper FROM documents d JOIN records r ON r.number = d.record"
    here: dict[int, int] = dict(target.rows("SELECT paper, COUNT(*) FROM chunks GROUP BY paper"))
    try:
        counts = source.rows("SELECT paper, COUNT(*) FROM chunks INDEXED BY chunks_paper GROUP BY paper")
    except _Damage:
        counts = []
    there: dict[int, int] = dict(counts)
    for number in sorted(here):
        if here[number] != there.get(number):
            target.run(f"DELETE FROM chunks WHERE paper = ? AND paper IN ({texts})", (number,))


def _make_again(database: Database) -> None:
    """Let go of what belongs to nothing, and write all that is derived from records and decisions."""
    records = RecordTable(database)
    views = PaperViews(database, records, AuthorTable(database))
    records.index_again()
    known = {row[0] for row in database.rows("SELECT number FROM papers")}
    held = {row[0] for row in database.rows("SELECT DISTINCT paper FROM records WHERE paper IS NOT NULL")}
    for number in sorted(known - held):  # its records are lost: what was seen of it is a record from now on
        paper = wire.unpack(database.one("SELECT record FROM papers WHERE number = ?", (number,))[0], Paper)
        stored, _ = records.store(_as_record(paper), private=paper.private, run="")
        if stored.paper is None:
            records.place([stored.id], number)
    for number in sorted(known):
        views.refresh(number, rewritten=True)
    lost = sorted(held - known)
    for number in lost:  # the view is lost, its records are not
        database.run(
            "INSERT INTO papers (number, id, record, title, added, changed)"
            " VALUES (?, ?, ?, '', strftime('%Y-%m-%dT%H:%M:%S+00:00'), strftime('%Y-%m-%dT%H:%M:%S+00:00'))",
            (number, f"restored:{number}", b""),
        )
    again = [row[0] for row in database.rows_for("SELECT id FROM records WHERE paper IN (?)", lost)]
    again += [row[0] for row in database.rows("SELECT id FROM records WHERE paper IS NULL")]
    if again:
        views.settle(again)
    for (table,) in database.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"):
        for _, _, parent, column, *_ in database.rows(f"PRAGMA foreign_key_list({table})"):
            key = {"papers": "number", "records": "number", "doubts": "number", "names": "number"}[parent]
            database.run(
                f"DELETE FROM {table} WHERE {column} IS NOT NULL AND {column} NOT IN (SELECT {key} FROM {parent})"
            )
    CitedTable(database).index_again()
    database.run("UPDATE chunks SET indexed = 0")
    database.run("DELETE FROM meta WHERE key = 'generation'")


def _as_record(paper: Paper) -> SourceRecord:
    names = [one.name for one in fields(Metadata) if one.name not in ("source", "ids", "proposed", "private")]
    said: dict[str, Any] = {name: getattr(paper, name) or None for name in names}
    metadata = Metadata(source="jsonl", ids=(paper.id, *paper.aliases), **said)
    return SourceRecord(source="jsonl", type="kb", key=paper.id, metadata=metadata)


def _named(database: Database, table: str, numbers: list[int]) -> tuple[str, ...]:
    """Ids of the papers that lost a row of a table."""
    number = "(SELECT paper FROM records WHERE number = ?)" if table == "documents" else "?"
    rows = [database.first(f"SELECT id FROM papers WHERE number = {number}", (one,)) for one in numbers]
    return tuple(dict.fromkeys(row[0] for row in rows if row))
