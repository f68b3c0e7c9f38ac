"""The source records of the catalog, the keys they are found by, and which of them are of one paper."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

from kb import wire
from kb.index.blocking import RecordBlock, block_of
from kb.index.database import Database, Row
from kb.index.identity import Doubt, Join, Pair, pair
from kb.index.matching import MOST_SHARING, Known, may_be_one, record_id
from kb.index.merging import Witness
from kb.records import Metadata, Reason, SourceRecord

_SMALL = 400  # bytes; shorter records are stored as they are


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A stored record: its number and id, the paper it is of, and what was said of it when it was taken in."""

    number: int
    id: str
    paper: int | None
    private: bool
    superseded: str | None
    known: Known

    @property
    def record(self) -> SourceRecord:
        """What was said."""
        return self.known.record


class RecordTable:
    """What the sources said. Every write is part of the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # ------------------------------------------------------------------------------------- one record

    def get(self, record_id: str) -> Stored | None:
        """The record of that id."""
        found = self._stored("id = ?", (record_id,))
        return found[0] if found else None

    def of_file(self, sha256: str) -> Stored | None:
        """The record of the file with this content, however it was read."""
        row = self._db.first(
            "SELECT r.id FROM documents d JOIN records r ON r.number = d.record WHERE d.sha256 = ?", (sha256,)
        )
        return self.get(row[0]) if row else None

    def of_paper(self, number: int) -> list[Stored]:
        """All records of a paper (its catalog number) in the order of their ids, superseded ones among them."""
        return self._stored("paper = ? ORDER BY id", (number,))

    def of_papers(self, numbers: Sequence[int]) -> dict[int, list[SourceRecord]]:
        """The live records of papers, by paper, in the order in which they came."""
        found: dict[int, list[SourceRecord]] = {number: [] for number in numbers}
        for paper, blob in self._db.rows_for(
            "SELECT paper, record FROM records WHERE superseded IS NULL AND paper IN (?) ORDER BY number", numbers
        ):
            found[paper].append(_unpacked(blob))
        return found

    def store(self, record: SourceRecord, *, private: bool, run: str) -> tuple[Stored, bool]:
        """Take a record in; returns it and whether anything changed.

        What is there already is only read anew: a better reader may understand it better; how private it is stays. A
        record of the same place (file and key) with other content, not met in this ``run``, that agrees with this one
        in an id, the title or the authors, is an earlier state of it: it is kept, but out of the view.
        """
        key = record_id(record)
        known = self.get(key)
        if known is None:
            number = self._db.run(
                "INSERT INTO records (id, source, key, origin, private, run, record) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (key, record.source, record.key, record.origin, int(private), run, _packed(record)),
            )
            stored = Stored(
                number=number, id=key, paper=None, private=private, superseded=None, known=Known(key, record)
            )
            self._index(stored)
            self._supersede(stored, run)
            return stored, True
        said = replace(record, metadata=_with_days(known.record.metadata, record.metadata))
        if known.record.fields and not record.fields:  # the same file, not read again
            said = replace(said, fields=known.record.fields)
        stored = replace(known, known=Known(key, said), superseded=None)
        if stored == known:
            self._db.run("UPDATE records SET run = ? WHERE number = ? AND run != ?", (run, known.number, run))
            return known, False
        self._db.run(
            "UPDATE records SET record = ?, private = ?, run = ?, origin = ?, superseded = NULL WHERE number = ?",
            (_packed(said), int(stored.private), run, record.origin, known.number),
        )
        self._index(stored)
        if known.superseded is not None:
            self._supersede(stored, run)
        return stored, True

    def attach(self, one: str, other: str) -> bool:
        """Say that a file is the one that a record names; returns whether that is news."""
        return self._decide("attached", one, other)

    def _index(self, stored: Stored) -> None:
        self._db.run("DELETE FROM record_keys WHERE record = ?", (stored.number,))
        keys = stored.known.found_by
        self._db.run_many("INSERT INTO record_keys VALUES (?, ?)", [(key, stored.number) for key in sorted(keys)])

    def _supersede(self, stored: Stored, run: str) -> None:
        record = stored.record
        if not record.origin or not record.key:
            return
        rows = self._db.rows(
            "SELECT id, record FROM records WHERE key = ? AND origin = ? AND source = ? AND id != ? AND run != ?"
            " AND superseded IS NULL",
            (record.key, record.origin, record.source, stored.id, run),
        )
        for earlier, blob in rows:
            if not may_be_one(stored.known, _known_of(earlier, blob)):
                continue
            self._db.run("UPDATE records SET superseded = ? WHERE id = ?", (stored.id, earlier))
            # What was decided of the earlier state holds for this one.
            for kind, one, other, at in self._db.rows(
                "SELECT kind, one, other, at FROM decisions WHERE one = ? OR other = ?", (earlier, earlier)
            ):
                link = pair(*(stored.id if key == earlier else key for key in (one, other)))
                if link[0] != link[1]:
                    self._db.run("INSERT OR IGNORE INTO decisions VALUES (?, ?, ?, ?)", (kind, *link, at))

    # ------------------------------------------------------------------------------------- blocks

    def block(self, seeds: Iterable[str], *, without: frozenset[Pair] = frozenset()) -> RecordBlock:
        """All records that hang together with these (ids), clustered (see ``kb.index.blocking``).

        ``without`` are the user's ties that are left out of account.
        """
        return block_of(self._db, self._some, seeds, without=without)

    def papers_sharing(self, known: Known) -> list[int]:
        """The papers (catalog numbers) with a live record that shares a telling key with this one."""
        found: set[int] = set()
        for key in known.found_by:
            rows = self._db.rows(
                "SELECT DISTINCT r.paper FROM record_keys k JOIN records r ON r.number = k.record"
                " WHERE k.key = ? AND r.superseded IS NULL AND r.paper IS NOT NULL LIMIT ?",
                (key, MOST_SHARING + 1),
            )
            if len(rows) <= MOST_SHARING:
                found.update(row[0] for row in rows)
        return sorted(found)

    def place(self, records: Iterable[str], paper: int) -> None:
        """Say which paper these records are of."""
        self._db.run_many("UPDATE records SET paper = ? WHERE id = ?", [(paper, key) for key in records])

    def keep_evidence(self, block: RecordBlock) -> tuple[list[Join], list[Doubt]]:
        """Store what the clusters were built on and what is in doubt; returns the joins and doubts that are new."""
        ids = list(block.stored)
        joins = [join for one in block.clusters for join in one.joins]
        if len(ids) == 1:
            return [], []
        known_joins = {
            (one, other): (level, why)
            for one, other, level, why in self._db.rows_for("SELECT * FROM joins WHERE one IN (?)", ids)
        }
        links = {(join.one, join.other) for join in joins}
        self._db.run_many("DELETE FROM joins WHERE one = ? AND other = ?", sorted(known_joins.keys() - links))
        rows = [(join.one, join.other, join.level, wire.pack(join.why)) for join in joins]
        self._db.run_many(
            "INSERT OR REPLACE INTO joins VALUES (?, ?, ?, ?)",
            [row for row in rows if known_joins.get(row[:2]) != row[2:]],
        )
        numbers = [row[0] for row in self._db.rows_for("SELECT DISTINCT doubt FROM doubted WHERE record IN (?)", ids)]
        known_doubts = {
            records: (number, why)
            for number, records, why in self._db.rows_for("SELECT number, records, why FROM doubts WHERE number IN (?)",
                                                          numbers)
            if block.stored.keys() >= set(records.split())  # a doubt with records beyond the block is not its own
        }  # fmt: skip
        found = {" ".join(doubt.records): (doubt, wire.pack(doubt.why)) for doubt in block.doubts}
        self._db.run_many(
            "DELETE FROM doubts WHERE number = ?",
            [(n,) for records, (n, why) in known_doubts.items() if records not in found or found[records][1] != why],
        )
        for records, (doubt, why) in found.items():
            if records in known_doubts and known_doubts[records][1] == why:
                continue
            number = self._db.run("INSERT INTO doubts (records, why) VALUES (?, ?)", (records, why))
            self._db.run_many("INSERT INTO doubted VALUES (?, ?)", [(key, number) for key in doubt.records])
        return (
            [join for join in joins if (join.one, join.other) not in known_joins],
            [doubt for doubt in block.doubts if " ".join(doubt.records) not in known_doubts],
        )

    def joins_of(self, ids: Sequence[str]) -> list[Join]:
        """What joined these records, the strongest evidence first."""
        rows = self._db.rows_for("SELECT one, other, level, why FROM joins WHERE one IN (?)", ids)
        joins = [Join(one=a, other=b, level=level, why=wire.unpack(why, Reason)) for a, b, level, why in rows]
        return sorted(joins, key=lambda join: (join.level, join.one, join.other))

    def doubts(self) -> list[tuple[list[str], Reason]]:
        """All that is in doubt: the ids of the papers, and why."""
        rows = self._db.rows(
            "SELECT DISTINCT d.doubt, p.id FROM doubted d JOIN records r ON r.id = d.record JOIN papers p"
            " ON p.number = r.paper ORDER BY d.doubt, p.id"
        )
        papers: dict[int, list[str]] = {}
        for number, paper_id in rows:
            papers.setdefault(number, []).append(paper_id)
        reasons = self._db.rows("SELECT number, why FROM doubts ORDER BY number")
        return [(papers[number], wire.unpack(why, Reason)) for number, why in reasons if number in papers]

    def parted(self) -> frozenset[frozenset[str]]:
        """The pairs of papers (ids) that the user has said to be two."""
        rows = self._db.rows(
            "SELECT DISTINCT p.id, q.id FROM decisions d"
            " JOIN records a ON a.id = d.one JOIN records b ON b.id = d.other"
            " JOIN papers p ON p.number = a.paper JOIN papers q ON q.number = b.paper WHERE d.kind = 'different'"
        )
        return frozenset(frozenset(row) for row in rows)

    # ------------------------------------------------------------------------------------- decisions

    def tie(self, one: Sequence[str], other: Sequence[str], *, kind: Literal["same", "before"] = "same") -> None:
        """The user says that all these records are of one paper, or an earlier version had joined them ("before")."""
        for first in one:
            for second in other:
                self._db.run("DELETE FROM decisions WHERE kind = 'different' AND one = ? AND other = ?",
                             pair(first, second))  # fmt: skip
        now = datetime.now(UTC).isoformat()
        for key in (*one[1:], *other):
            self._decide(kind, one[0], key, at=now)

    def untied(self, ids: Sequence[str]) -> list[list[str]]:
        """The papers that these records would be of without the user's last word that they are one; [] if there is
        none."""
        rows = self._db.rows_for(
            "SELECT one, other, at FROM decisions WHERE kind IN ('same', 'before') AND one IN (?)", list(ids)
        )
        if not rows:
            return []
        last = max(at for _, _, at in rows)
        block = self.block(ids, without=frozenset((one, other) for one, other, at in rows if at == last))
        parts = [[key for key in cluster.records if key in ids] for cluster in block.clusters]
        return [part for part in parts if part]

    def part(self, one: Collection[str], other: Collection[str]) -> None:
        """The user says that these records are of two papers."""
        for first in one:
            for second in other:
                for kind in ("same", "before", "attached"):
                    self._db.run("DELETE FROM decisions WHERE kind = ? AND one = ? AND other = ?",
                                 (kind, *pair(first, second)))  # fmt: skip
                self._decide("different", first, second)

    def forget(self, ids: Sequence[str]) -> list[str]:
        """Forget what was decided and found of records that are taken out; returns the ids of their neighbours."""
        neighbours = set()
        for key in ids:
            for one in self._db.rows(
                "SELECT DISTINCT r.id FROM record_keys k JOIN record_keys s ON s.key = k.key JOIN records r"
                " ON r.number = s.record WHERE k.record = (SELECT number FROM records WHERE id = ?) LIMIT 200",
                (key,),
            ):
                neighbours.add(one[0])
            for link in self._links_of(key):
                neighbours.update(link)
            self._db.run("DELETE FROM decisions WHERE one = ? OR other = ?", (key, key))
            self._db.run("DELETE FROM joins WHERE one = ? OR other = ?", (key, key))
            self._db.run("DELETE FROM doubts WHERE number IN (SELECT doubt FROM doubted WHERE record = ?)", (key,))
        return sorted(neighbours - set(ids))

    def _decide(self, kind: str, one: str, other: str, *, at: str = "") -> bool:
        link = pair(one, other)
        if self._db.first("SELECT 1 FROM decisions WHERE kind = ? AND one = ? AND other = ?", (kind, *link)):
            return False
        self._db.run("INSERT INTO decisions VALUES (?, ?, ?, ?)", (kind, *link, at or datetime.now(UTC).isoformat()))
        return True

    def _links_of(self, key: str) -> list[Row]:
        return self._db.rows(
            "SELECT one, other FROM decisions WHERE one = ? UNION SELECT one, other FROM decisions WHERE other = ?",
            (key, key),
        )

    # ------------------------------------------------------------------------------------- rows

    def _some(self, ids: Collection[str]) -> list[Stored]:
        rows = self._db.rows_for(f"SELECT {_COLUMNS} FROM records WHERE id IN (?)", sorted(ids))
        return [_row(row) for row in rows]

    def _stored(self, where: str, values: Sequence[object]) -> list[Stored]:
        return [_row(row) for row in self._db.rows(f"SELECT {_COLUMNS} FROM records WHERE {where}", values)]


_COLUMNS = "number, id, paper, private, superseded, record"


def witnesses(stored: Iterable[Stored]) -> list[Witness]:
    """The live ones among stored records, as merging takes them."""
    return [Witness(one.id, one.record) for one in stored if one.superseded is None]


def _row(row: Row) -> Stored:
    number, key, paper, private, superseded, blob = row
    known = _known_of(key, blob)
    return Stored(number=number, id=key, paper=paper, private=bool(private), superseded=superseded, known=known)


def _packed(record: SourceRecord) -> bytes:
    plain = wire.pack(record)
    return plain if len(plain) < _SMALL else b"z" + zlib.compress(plain, 3)


@lru_cache(maxsize=1024)  # a block is looked at again for each record that joins it
def _known_of(key: str, blob: bytes) -> Known:
    return Known(key, _unpacked(blob))


def _unpacked(blob: bytes) -> SourceRecord:
    # A packed record is a map: its first byte is never "z" (a small positive number in MessagePack).
    return wire.unpack(zlib.decompress(blob[1:]) if blob[:1] == b"z" else blob, SourceRecord)


def _with_days(known: Metadata, given: Metadata) -> Metadata:
    """What a record says, read anew; days of announcement that were told of it before still count."""
    if known.announced and given.announced and known.announced_from == given.announced_from:
        return replace(given, announced=tuple(sorted({*known.announced, *given.announced})))
    if known.announced and (given.announced is None or given.announced_from == "computed"):
        return replace(given, announced=known.announced, announced_from=known.announced_from)
    return given
