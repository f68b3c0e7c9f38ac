"""The source records of the catalog, the keys they are found by, and which of them are of one paper.

Which stored records have to be looked at together when some have come or changed: two hang together where something
may join them, that is a decision, the paper that they are of, or a shared key with titles or authors that agree. What
hangs together (a block) is clustered whole, however much it is, so the outcome does not depend on the order of
arrival. Records that share a key and can never be one are not followed further: they are only asked whose that key is.
So a chain of such records costs no more than its length.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Literal

from kb import wire
from kb.errors import BadRecord
from kb.index.catalog.database import Database, Row, now
from kb.index.catalog.identity import Cluster, Decisions, Doubt, Join, Pair, cluster, pair
from kb.index.catalog.matching import MOST_SHARING, Known, days_of, may_be_one, may_join, record_id, titles_agree
from kb.index.catalog.schema import intact
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


@dataclass(frozen=True, kw_only=True)
class RecordBlock:
    """Records that hang together, clustered: the stored records by id, the clusters, and what is in doubt.

    Earlier states of a record are among those stored, and in no cluster.
    """

    stored: dict[str, Stored]
    clusters: list[Cluster]
    doubts: list[Doubt]

    @cached_property
    def _states(self) -> dict[str, list[Stored]]:
        states: dict[str, list[Stored]] = {}
        for one in self.stored.values():
            states.setdefault(self._state_now(one), []).append(one)
        return states

    def with_earlier(self, cluster: Cluster) -> list[Stored]:
        """The records of a cluster and their earlier states."""
        return [one for key in cluster.records for one in self._states.get(key, ())]

    def _state_now(self, stored: Stored) -> str:
        while stored.superseded is not None and stored.superseded in self.stored:
            stored = self.stored[stored.superseded]
        return stored.id


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

    def holding(self, keys: Collection[str]) -> list[Stored]:
        """The live records that are known by any of these keys."""
        rows = self._db.rows_for(
            "SELECT DISTINCT r.id FROM record_keys k JOIN records r ON r.number = k.record"
            " WHERE r.superseded IS NULL AND k.key IN (?)",
            sorted(keys),
        )
        return self._some({row[0] for row in rows})

    def of_papers(self, numbers: Sequence[int]) -> dict[int, list[SourceRecord]]:
        """The live records of papers, by paper, in the order in which they came."""
        found: dict[int, list[SourceRecord]] = {number: [] for number in numbers}
        rows = self._db.rows_for(
            f"SELECT paper, id, record, {_INTACT} FROM records r WHERE superseded IS NULL AND paper IN (?)"
            " ORDER BY number",
            numbers,
        )
        for paper, _, blob, _ in self._db.whole(rows, called="the source record {1:.16}"):
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

    def index_again(self) -> None:
        """Write the keys that all records are found by."""
        for (key,) in self._db.rows("SELECT id FROM records ORDER BY number"):
            if (stored := self.get(key)) is not None:
                self._index(stored)

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
        """The block of these records (ids), which are new or have changed.

        It has all whose paper may be another now, and all that share a key with those, for the key may be theirs now.
        ``without`` are the user's ties that are left out of account.
        """
        walk = _Walk(self._db, self._some, frozenset(seeds))
        core = walk.closed(walk.origin())
        around = walk.closed(core | walk.sharing(core), known=core)
        known = [walk.stored[key].known for key in around | walk.sharing(around) if walk.is_live(key)]
        clusters, doubts = cluster(known, walk.decisions(without), crowded=frozenset(walk.crowded))
        return RecordBlock(
            stored={key: walk.stored[key] for key in sorted(around)},
            clusters=[one for one in clusters if one.records[0] in around],
            doubts=[doubt for doubt in doubts if around.issuperset(doubt.records)],
        )

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
        at = now("microseconds")
        for key in (*one[1:], *other):
            self._decide(kind, one[0], key, at=at)

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
        self._db.run("INSERT INTO decisions VALUES (?, ?, ?, ?)", (kind, *link, at or now("microseconds")))
        return True

    def _links_of(self, key: str) -> list[Row]:
        return self._db.rows(
            "SELECT one, other FROM decisions WHERE one = ? UNION SELECT one, other FROM decisions WHERE other = ?",
            (key, key),
        )

    # ------------------------------------------------------------------------------------- rows

    def _some(self, ids: Collection[str]) -> list[Stored]:
        return self._whole(self._db.rows_for(f"SELECT {_COLUMNS} FROM records r WHERE id IN (?)", sorted(ids)))

    def _stored(self, where: str, values: Sequence[object]) -> list[Stored]:
        return self._whole(self._db.rows(f"SELECT {_COLUMNS} FROM records r WHERE {where}", values))

    def _whole(self, rows: Iterable[Row]) -> list[Stored]:
        """The records of rows. One that is damaged must not be decided about, nor written again."""
        found = []
        for *row, is_intact in rows:
            if not is_intact:
                raise self._db.refused(f"the source record {row[1][:16]}")
            found.append(_row(tuple(row)))
        return found


_INTACT = intact("records", "r")
_COLUMNS = f"number, id, paper, private, superseded, record, {_INTACT}"


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
    try:
        plain = zlib.decompress(blob[1:]) if blob[:1] == b"z" else blob
    except zlib.error as err:
        raise BadRecord(f"a stored source record is damaged ({err}): kb doctor names it") from err
    return wire.unpack(plain, SourceRecord)


def _with_days(known: Metadata, given: Metadata) -> Metadata:
    """What a record says, read anew; days of announcement that were told of it before still count."""
    if not known.announced:
        return given
    days, come_from = days_of([known, given] if given.announced else [known])
    return replace(given, announced=days, announced_from=come_from)


# ------------------------------------------------------------------------------------- blocks


class _Walk:
    """Follows stored records to those that they hang together with, or share a key with."""

    def __init__(
        self, database: Database, load: Callable[[Collection[str]], list[Stored]], seeds: frozenset[str]
    ) -> None:
        self._db, self._load, self._seeds = database, load, seeds
        self.stored: dict[str, Stored] = {}
        self.crowded: set[str] = set()
        self._bearing: dict[str, list[str]] = {}
        self._links: dict[str, list[tuple[str, str]]] = {}
        self._papers: set[int] = set()

    def origin(self) -> set[str]:
        """The seeds, their earlier states, and all that share a key with these or were in doubt with them."""
        found, waiting = set(self._seeds), set(self._seeds)
        while waiting:
            self._fetch(waiting)
            rows = self._db.rows_for("SELECT id FROM records WHERE superseded IN (?)", sorted(waiting))
            later = {now for key in waiting if (now := self.stored[key].superseded) is not None}
            waiting = {row[0] for row in rows} | later
            waiting -= found
            found |= waiting
        doubted = self._db.rows_for(
            "SELECT DISTINCT b.record FROM doubted a JOIN doubted b ON b.doubt = a.doubt WHERE a.record IN (?)",
            sorted(found),
        )
        return found | self._live(row[0] for row in doubted) | self._sharing(found, crossed=True)

    def sharing(self, ids: Iterable[str]) -> set[str]:
        """The live records that share a key with these."""
        return self._sharing([key for key in ids if self.is_live(key)])

    def closed(self, start: Collection[str], *, known: Collection[str] = ()) -> set[str]:
        """These records and all that hang together with them; of ``known`` that is there already."""
        found = set(known)
        waiting = set(start) - found
        while waiting:
            self._fetch(waiting)
            found |= waiting
            waiting = self._beside(waiting) - found
        return found

    def is_live(self, key: str) -> bool:
        """Whether a record that was met is the state of now."""
        return self.stored[key].superseded is None

    def decisions(self, without: frozenset[Pair]) -> Decisions:
        """What was decided of the records that were met."""
        links: dict[str, set[Pair]] = {"same": set(), "before": set(), "different": set(), "attached": set()}
        for one, found in self._links.items():
            for kind, other in found:
                if (link := pair(one, other)) not in without or kind not in ("same", "before"):
                    links[kind].add(link)
        return Decisions(**{kind: frozenset(some) for kind, some in links.items()})

    # ------------------------------------------------------------------------------------- inside

    def _fetch(self, ids: Iterable[str]) -> None:
        missing = sorted({key for key in ids if key not in self.stored})
        if not missing:
            return
        self.stored |= {one.id: one for one in self._load(missing)}
        self._links |= {key: [] for key in missing}
        for here, there in (("one", "other"), ("other", "one")):
            statement = f"SELECT kind, {here}, {there} FROM decisions WHERE {here} IN (?)"
            for kind, mine, other in self._db.rows_for(statement, missing):
                self._links[mine].append((kind, other))

    def _live(self, ids: Iterable[str]) -> set[str]:
        wanted = set(ids)
        self._fetch(wanted)
        return {key for key in wanted if key in self.stored and self.is_live(key)}

    def _of_key(self, key: str) -> list[str]:
        """The live records that have a key; of more than the seeds can have made too many, only so many."""
        if (found := self._bearing.get(key)) is None:
            rows = self._db.rows(
                "SELECT r.id FROM record_keys k JOIN records r ON r.number = k.record"
                " WHERE k.key = ? AND r.superseded IS NULL LIMIT ?",
                (key, MOST_SHARING + len(self._seeds) + 1),
            )
            found = self._bearing[key] = [row[0] for row in rows]
            if len(found) > MOST_SHARING:
                self.crowded.add(key)
        return found

    def _sharing(self, ids: Iterable[str], *, crossed: bool = False) -> set[str]:
        found: set[str] = set()
        for key in {key for one in ids for key in self.stored[one].known.found_by}:
            bearing = self._of_key(key)
            # When a key becomes one too many share, what it had joined falls apart.
            is_crossed = crossed and len(bearing) - len(self._seeds.intersection(bearing)) <= MOST_SHARING
            if key not in self.crowded or is_crossed:
                found.update(bearing)
        self._fetch(found)
        return found

    def _beside(self, ids: Collection[str]) -> set[str]:
        """What hangs together with these records directly."""
        papers = {number for key in ids if (number := self.stored[key].paper) is not None} - self._papers
        self._papers |= papers
        # Whatever is with it now: what had joined them may be gone.
        found = {row[0] for row in self._db.rows_for("SELECT id FROM records WHERE paper IN (?)", sorted(papers))}
        for key in ids:
            found.update(other for kind, other in self._links[key] if kind != "different")
        self._sharing([key for key in ids if self.is_live(key)])
        for key in ids:
            if self.is_live(key):
                found.update(self._joinable(key))
        self._fetch(found)
        return {key for key in found if key in self.stored}

    def _joinable(self, key: str) -> Iterator[str]:
        known = self.stored[key].known
        shared: dict[str, set[str]] = {}
        for bearing in known.found_by:
            if bearing not in self.crowded:
                for other in self._of_key(bearing):
                    if other != key:
                        shared.setdefault(other, set()).add(bearing)
        for other, keys in shared.items():
            if may_join(known, self.stored[other].known, keys) or self._is_open(key) or self._is_open(other):
                yield other

    def _is_open(self, key: str) -> bool:
        """Whether it is, or names, a file of which all that share its keys decide whether its page has a say."""
        attached = [other for kind, other in self._links[key] if kind == "attached"]
        if not attached:
            return False
        self._fetch(attached)
        files = [one for one in (key, *attached) if one in self.stored and self.stored[one].known.is_file]
        return any(self._is_unlike(file) for file in files)

    def _is_unlike(self, file: str) -> bool:
        """Whether a file has another title than all the entries that name it."""
        owners = [other for kind, other in self._links[file] if kind == "attached"]
        self._fetch(owners)
        known: Known = self.stored[file].known
        return not any(titles_agree(known, self.stored[one].known) for one in owners if one in self.stored)
