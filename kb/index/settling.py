"""From clusters of records to papers: which catalog number a paper keeps, what it is called, and its view."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from kb import wire
from kb.index.authors import AuthorTable
from kb.index.blocking import RecordBlock
from kb.index.database import Database
from kb.index.identity import Cluster
from kb.index.merging import decided, merge
from kb.index.owned import hand_out, owned_rows
from kb.index.passages import document_of, drop_chunks_of
from kb.index.records import RecordTable, witnesses
from kb.names import fold
from kb.records import Fulltext, Joined, Metadata, Paper

Change = Literal["added", "updated", "unchanged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What came of new or changed records: by catalog number what became of each paper, one record of each paper that
    changed, the joins and doubts that are new."""

    changes: Mapping[int, Change]
    touched: tuple[str, ...] = ()
    joined: tuple[Joined, ...] = ()
    doubted: tuple[tuple[str, ...], ...] = ()


class PaperViews:
    """Keeps papers equal to what their records and the user say. Every write is part of the caller's transaction."""

    def __init__(self, database: Database, records: RecordTable, authors: AuthorTable) -> None:
        self._db = database
        self._records, self._authors = records, authors
        self._fresh = 0

    def settle(self, seeds: Collection[str]) -> Settled:
        """Cluster again all that hangs together with these records, and make the papers what the clusters say."""
        block = self._records.block(seeds)
        numbers, emptied = self._assign(block)
        passed = self._passed(block, numbers)
        moved = {number for both in passed for number in both}
        old = {n for stored in block.stored.values() if (n := stored.paper) is not None}
        before = {n: self._record(n) for n in old}
        owned = owned_rows(self._db, moved)
        changed = self._changed(block, numbers, before=before, seeds=set(seeds))
        rewritten = len(changed) > 1 or bool(emptied)
        if rewritten:  # an id may move from one to another: none is in the way of the others
            for number in old.intersection(changed) | set(emptied):
                self._db.run("DELETE FROM aliases WHERE paper = ?", (number,))
                self._db.run("UPDATE papers SET id = ? WHERE number = ?", (f"settling:{number}", number))
        for number, group in numbers.items():
            self._records.place([one.id for one in block.with_earlier(group) if one.paper != number], number)
        for number in moved:  # whose text it is may be another's now: all of it is cut anew
            drop_chunks_of(self._db, number)
        if moved:
            places = {one.id: n for n, group in numbers.items() if n in moved for one in block.with_earlier(group)}
            hand_out(self._db, owned, places, passed=passed)
        new_joins, new_doubts = self._records.keep_evidence(block)
        touched: list[str] = []
        changes: dict[int, Change] = {}
        for number in changed:
            group, was = numbers[number], before.get(number)
            paper = self.refresh(number, group=group, rewritten=rewritten)
            is_same = paper == was and number not in moved
            changes[number] = "unchanged" if is_same else "added" if was is None else "updated"
            if not is_same:
                touched.append(group.records[0])
        for number in emptied:
            self._db.run(
                "DELETE FROM papers WHERE number = ? AND NOT EXISTS (SELECT 1 FROM records WHERE paper = ?)",
                (number, number),
            )
        return Settled(
            changes=changes,
            touched=tuple(touched),
            joined=tuple(Joined(id="", records=(join.one, join.other), why=join.why) for join in new_joins),
            doubted=tuple(doubt.records for doubt in new_doubts),
        )

    def _assign(self, block: RecordBlock) -> tuple[dict[int, Cluster], list[int]]:
        """Which catalog number each cluster has now, and the numbers that none has any more."""
        held: dict[int, list[int]] = {}
        for place, group in enumerate(block.clusters):
            for one in block.with_earlier(group):
                if one.paper is not None:
                    held.setdefault(one.paper, []).append(place)
        winners = {number: max(set(places), key=lambda p: (places.count(p), -p)) for number, places in held.items()}
        numbers: dict[int, Cluster] = {}
        emptied = []
        taken: set[int] = set()
        for number in sorted(winners):
            place = winners[number]
            if place in taken:
                emptied.append(number)
            else:
                taken.add(place)
                numbers[number] = block.clusters[place]
        new = [group for place, group in enumerate(block.clusters) if place not in taken]
        for group in sorted(new, key=lambda one: min(block.stored[key].number for key in one.records)):
            added = min((self._added(block.stored[key].paper) for key in group.records), default=_now())
            numbers[self._new(added)] = group
        return numbers, emptied

    @staticmethod
    def _changed(
        block: RecordBlock, numbers: dict[int, Cluster], *, before: dict[int, Paper], seeds: set[str]
    ) -> list[int]:
        """The papers whose records or ids are others than before; the rest of a block is as it was."""
        found = []
        for number, group in numbers.items():
            records, was = block.with_earlier(group), before.get(number)
            is_same = was is not None and all(one.paper == number and one.id not in seeds for one in records)
            if is_same and was is not None:
                had = {was.id, *was.aliases}
                earlier = {key for one in records if one.superseded is not None for key in one.known.own_keys}
                is_same = set(group.keys) <= had <= {*group.keys, *earlier}
            if not is_same:
                found.append(number)
        return found

    @staticmethod
    def _passed(block: RecordBlock, numbers: dict[int, Cluster]) -> set[tuple[int, int]]:
        """From which papers records went to which others."""
        return {
            (one.paper, number)
            for number, group in numbers.items()
            for one in block.with_earlier(group)
            if one.paper is not None and one.paper != number
        }

    def _added(self, number: int | None) -> str:
        row = self._db.first("SELECT added FROM papers WHERE number = ?", (number,)) if number is not None else None
        return row[0] if row else _now()

    def _new(self, added: str) -> int:
        self._fresh += 1
        return self._db.run(
            "INSERT INTO papers (id, record, title, private, added, changed) VALUES (?, ?, '', 0, ?, ?)",
            (f"new:{id(self)}:{self._fresh}", b"", added, _now()),
        )

    def _record(self, number: int) -> Paper:
        return wire.unpack(self._db.one("SELECT record FROM papers WHERE number = ?", (number,))[0], Paper)

    def refresh(
        self,
        number: int,
        *,
        group: Cluster | None = None,
        rewritten: bool = False,
        without_text: Fulltext | None = None,
    ) -> Paper:
        """Make the view of a paper (its catalog number) again, and write what is derived from it.

        Args:
            number: the paper's.
            group: its cluster, where that was made anew; else it keeps the ids that it has.
            rewritten: write all that is derived, whether or not the view is the same.
            without_text: why it has no full text, should it have none.
        """
        blob = self._db.one("SELECT record FROM papers WHERE number = ?", (number,))[0]
        before = wire.unpack(blob, Paper) if blob else None
        stored = [one for one in self._records.of_paper(number) if one.superseded is None]
        user = self._decided(number)
        private = user.private if user.private is not None else all(one.private for one in stored)
        text = document_of(self._db, number)
        had = before.fulltext if before is not None and before.fulltext.state == "none" else Fulltext()
        paper = merge(
            [*witnesses(stored), decided(user)],
            keys=self._keys(number, group) if group is not None else [before.id, *before.aliases] if before else [],
            tags=[row[0] for row in self._db.rows("SELECT tag FROM tags WHERE paper = ?", (number,))],
            collections=[row[0] for row in self._db.rows("SELECT name FROM collections WHERE paper = ?", (number,))],
            private=private,
            fulltext=text or without_text or had,
        )
        if paper != before or rewritten:
            self._write(number, paper, before, whole=rewritten)
        return paper

    def _keys(self, number: int, group: Cluster) -> list[str]:
        """The cluster's ids, and those that only earlier states of its records had, as far as nobody has them."""
        earlier = {
            key for one in self._records.of_paper(number) if one.superseded is not None for key in one.known.own_keys
        }
        keys = [*group.keys, *(earlier - set(group.keys))]
        taken = self._db.rows_for("SELECT alias, paper FROM aliases WHERE alias IN (?)", keys)
        others = {alias for alias, paper in taken if paper != number}
        free = [key for key in keys if key not in others]
        return free or [f"record:{group.records[0][:16]}"]

    def _write(self, number: int, paper: Paper, before: Paper | None, *, whole: bool) -> None:
        self._db.run(
            "UPDATE papers SET id=?, record=?, title=?, published=?, private=?, fulltext=?, changed=? WHERE number=?",
            (
                paper.id,
                wire.pack(paper),
                paper.title,
                paper.published.isoformat() if paper.published else None,
                int(paper.private),
                paper.fulltext.state,
                _now(),
                number,
            ),
        )
        for table, name, values in (
            ("aliases (alias, paper)", "aliases", {paper.id, *paper.aliases}),
            ("categories (category, paper)", "categories", set(paper.categories)),
            ("days (day, paper)", "announced", {day.isoformat() for day in paper.announced}),
        ):
            if whole or before is None or getattr(before, name) != getattr(paper, name) or before.id != paper.id:
                self._db.run(f"DELETE FROM {table.split()[0]} WHERE paper = ?", (number,))
                self._db.run_many(f"INSERT INTO {table} VALUES (?, ?)", [(v, number) for v in sorted(values)])
        if whole or before is None or (before.title, before.authors) != (paper.title, paper.authors):
            self._authors.put(number, title=paper.title, authors=paper.authors)
        if whole or before is None or before.venue != paper.venue:
            self._db.run("DELETE FROM venues WHERE paper = ?", (number,))
            if paper.venue:
                self._db.run("INSERT INTO venues VALUES (?, ?)", (number, fold(paper.venue)))

    def _decided(self, number: int) -> Metadata:
        """What the user decided of a paper; of two decisions of one field (two papers became one) the later one."""
        together = Metadata(source="user", ids=())
        for name, said in self._db.rows(
            "SELECT field, value FROM decided WHERE paper = ? ORDER BY at, anchor", (number,)
        ):
            together = replace(together, **{name: getattr(wire.unpack(said, Metadata), name)})
        return together


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
