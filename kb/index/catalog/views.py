"""Papers as views over their records: which catalog number each keeps, what it is called, and what the user made of it.

What the user made of papers (tags, opinions, collections, fields) follows when papers join and part. Each such row
carries its anchor: the records (ids, joined by blanks) that the paper had when it was made. A row goes wherever these
go, however papers are joined and parted, so that a split gives back what each part brought along. Two rows of one
thing (two papers in one collection that became one) both stay; whoever reads takes one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from kb import wire
from kb.errors import KbError, UsageError
from kb.index.catalog.database import Database, now
from kb.index.catalog.filters import AuthorTable
from kb.index.catalog.identity import Cluster
from kb.index.catalog.matching import Known, merge
from kb.index.catalog.passages import document_of, drop_chunks_of
from kb.index.catalog.records import RecordBlock, RecordTable, Stored
from kb.names import fold
from kb.records import Fulltext, Joined, Metadata, Paper, SourceRecord

Change = Literal["added", "updated", "unchanged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledViews:
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

    def settle(self, seeds: Collection[str]) -> SettledViews:
        """Cluster again all that hangs together with these records, and make the papers what the clusters say."""
        block = self._records.block(seeds)
        numbers, emptied = self._assign(block)
        passed = self._passed(block, numbers)
        moved = {number for both in passed for number in both}
        old = {n for stored in block.stored.values() if (n := stored.paper) is not None}
        before = {n: paper for n in old if (paper := self._record(n)) is not None}
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
        return SettledViews(
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
            added = min((self._added(block.stored[key].paper) for key in group.records), default=now())
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
        return row[0] if row else now()

    def _new(self, added: str) -> int:
        self._fresh += 1
        return self._db.run(
            "INSERT INTO papers (id, record, title, private, added, changed) VALUES (?, ?, '', 0, ?, ?)",
            (f"new:{id(self)}:{self._fresh}", b"", added, now()),
        )

    def _record(self, number: int) -> Paper | None:
        blob = self._db.one("SELECT record FROM papers WHERE number = ?", (number,))[0]
        return wire.unpack(blob, Paper) if blob else None

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
        before, every = self._record(number), self._records.of_paper(number)
        stored = [one for one in every if one.superseded is None]
        user = decisions_of(self._db, number)
        private = user.private if user.private is not None else all(one.private for one in stored)
        text = document_of(self._db, number)
        had = before.fulltext if before is not None and before.fulltext.state == "none" else Fulltext()
        paper = merge(
            [*(one.known for one in stored), Known("", SourceRecord(source="user", metadata=user))],
            keys=self._keys(number, group, every)
            if group is not None
            else [before.id, *before.aliases]
            if before
            else [],
            tags=[row[0] for row in self._db.rows("SELECT tag FROM tags WHERE paper = ?", (number,))],
            collections=[row[0] for row in self._db.rows("SELECT name FROM collections WHERE paper = ?", (number,))],
            private=private,
            fulltext=text or without_text or had,
        )
        if paper != before or rewritten:
            self._write(number, paper, before, whole=rewritten)
        return paper

    def _keys(self, number: int, group: Cluster, records: Sequence[Stored]) -> list[str]:
        """The cluster's ids, and those that only earlier states of its records had, as far as nobody has them."""
        earlier = {key for one in records if one.superseded is not None for key in one.known.own_keys}
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
                paper.stated_date or None,
                int(paper.private),
                paper.fulltext.state,
                now(),
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


# ------------------------------------------------------------------------------------- the user's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """A kind of rows: its table, the columns beside paper and anchor, and what a person calls it ("" for none)."""

    table: str
    columns: tuple[str, ...]
    named: str


OWNED = (
    Owned(table="tags", columns=("tag",), named="tag {tag}"),
    Owned(table="opinions", columns=("topic", "liking", "at"), named="your opinion"),
    Owned(table="versions", columns=("version", "record"), named=""),
    Owned(table="collections", columns=("name", "position"), named="collection {name}"),
    Owned(table="decided", columns=("field", "value", "at"), named="your {field}"),
)

OwnedRow = tuple[Owned, int, tuple[Any, ...]]
"""A kind, the number of the paper, and the values of the columns with the anchor last."""


def owned_rows(database: Database, papers: Iterable[int]) -> list[OwnedRow]:
    """All rows of these papers (catalog numbers)."""
    return [
        (owned, number, row)
        for owned in OWNED
        for number in sorted(papers)
        for row in database.rows(
            f"SELECT {', '.join(owned.columns)}, anchor FROM {owned.table} WHERE paper = ?", (number,)
        )
    ]


def hand_out(
    database: Database, rows: Iterable[OwnedRow], places: Mapping[str, int], *, passed: Collection[tuple[int, int]]
) -> None:
    """Give each row to the papers that its records are in now; if they are in none, to its paper or what became of it.

    Args:
        database: the catalog's.
        rows: what ``owned_rows`` gave before the papers were joined or parted.
        places: record id to the number of its paper now.
        passed: numbers of papers that records were of, each with one that such records are of now.
    """
    numbers = set(places.values())
    given: dict[tuple[Owned, int, tuple[Any, ...]], set[str]] = {}
    for owned, number, row in rows:
        database.run(f"DELETE FROM {owned.table} WHERE paper = ?", (number,))
        anchor = row[-1].split()
        homes = {places[key] for key in anchor if key in places}
        homes = homes or {number if number in numbers else min(heir for was, heir in passed if was == number)}
        for home in homes:
            given.setdefault((owned, home, row), set()).update(anchor)
    for (owned, home, row), anchor in given.items():
        names = ", ".join(("paper", *owned.columns, "anchor"))
        marks = ", ".join("?" * (len(owned.columns) + 2))
        database.run(
            f"INSERT OR IGNORE INTO {owned.table} ({names}) VALUES ({marks})",
            (home, *row[:-1], " ".join(sorted(anchor))),
        )
    # Notes are found by what they were made from, whichever paper has them.
    database.run_many(
        "INSERT OR IGNORE INTO notes SELECT ?, recipe, record FROM notes WHERE paper = ?",
        [(heir, was) for was, heir in sorted(passed)],
    )


def of_several(rows: Iterable[OwnedRow], parts: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """What cannot be told to be of one of these parts (lists of record ids), as a person calls it."""
    found = []
    for owned, _, row in rows:
        anchor = set(row[-1].split())
        if owned.named and sum(bool(anchor.intersection(part)) for part in parts) > 1:
            found.append(owned.named.format(**dict(zip(owned.columns, row, strict=False))))
    return tuple(dict.fromkeys(found))


def anchor(database: Database, number: int) -> str:
    """The records that a paper (its catalog number) has now: what the user does to it goes wherever they go."""
    rows = database.rows("SELECT id FROM records WHERE paper = ? AND superseded IS NULL ORDER BY id", (number,))
    return " ".join(row[0] for row in rows)


def decide(database: Database, number: int, values: Mapping[str, Any]) -> None:
    """Let the user decide fields of a paper; None takes a decision back."""
    for name, value in values.items():
        database.run("DELETE FROM decided WHERE paper = ? AND field = ?", (number, name))
        if value is not None:
            said = wire.pack(Metadata(source="user", ids=(), **{name: value}))
            at = now("microseconds")  # the later of two decisions counts
            database.run(
                "INSERT INTO decided VALUES (?, ?, ?, ?, ?)", (number, name, anchor(database, number), said, at)
            )


def decisions_of(database: Database, number: int) -> Metadata:
    """What the user decided of a paper; of two decisions of one field (two papers became one) the later one."""
    together = Metadata(source="user", ids=())
    for name, said in database.rows("SELECT field, value FROM decided WHERE paper = ? ORDER BY at, anchor", (number,)):
        together = replace(together, **{name: getattr(wire.unpack(said, Metadata), name)})
    return together


# ------------------------------------------------------------------------------------- collections

_LONGEST_NAME = 200


class CollectionTable:
    """The collections of a home. Upper and lower case of a name are the same. Writes are part of the caller's
    transaction."""

    def __init__(self, database: Database, views: PaperViews) -> None:
        self._db, self._views = database, views

    def all(self) -> dict[str, int]:
        """Names of all collections in order, with how many papers each holds."""
        return dict(
            self._db.rows(
                "SELECT n.name, COUNT(DISTINCT c.paper) FROM collection_names n"
                " LEFT JOIN collections c ON c.name = n.name GROUP BY n.name ORDER BY n.name COLLATE NOCASE"
            )
        )

    def name(self, text: str) -> str:
        """The name as it is kept.

        Raises:
            KbError: when there is no such collection; the message names those that there are.
        """
        if (kept := self._known(text)) is None:
            known = ", ".join(repr(name) for name in self.all()) or "none yet"
            raise KbError(
                f"no collection {text!r} (there are: {known}): kb collection add makes one", code="unknown-collection"
            )
        return kept

    def papers(self, name: str) -> list[str]:
        """Ids of the papers of a collection, in the user's order."""
        rows = self._db.rows(
            "SELECT p.id FROM collections c JOIN papers p ON p.number = c.paper WHERE c.name = ?"
            " GROUP BY p.id ORDER BY MIN(c.position), p.id",
            (self.name(name),),
        )
        return [row[0] for row in rows]

    def add(self, text: str, paper_ids: Iterable[str]) -> str:
        """Put papers at the end of a collection, which is made where there is none; returns its name.

        Raises:
            UsageError: for a name that is empty, too long or of more than one line.
        """
        name = self._known(text) or self._make(text)
        last = self._db.one("SELECT COALESCE(MAX(position), 0) FROM collections WHERE name = ?", (name,))[0]
        for position, paper_id in enumerate(paper_ids, start=last + 1):
            number = self._db.paper_number(paper_id)
            if not self._db.first("SELECT 1 FROM collections WHERE name = ? AND paper = ?", (name, number)):
                self._db.run(
                    "INSERT INTO collections (name, paper, position, anchor) VALUES (?, ?, ?, ?)",
                    (name, number, position, anchor(self._db, number)),
                )
                self._views.refresh(number)
        return name

    def drop(self, text: str, paper_ids: Iterable[str]) -> str:
        """Take papers out of a collection; the papers stay in the library."""
        name = self.name(text)
        for number in map(self._db.paper_number, paper_ids):
            self._db.run("DELETE FROM collections WHERE name = ? AND paper = ?", (name, number))
            self._views.refresh(number)
        return name

    def arrange(self, text: str, paper_ids: Iterable[str]) -> str:
        """Let these papers of the collection come first, in this order; the others follow as they were."""
        name = self.name(text)
        held = self.papers(name)
        first = [key for key in dict.fromkeys(paper_ids) if key in held]
        for position, paper_id in enumerate([*first, *(key for key in held if key not in first)], start=1):
            self._db.run(
                "UPDATE collections SET position = ? WHERE name = ? AND paper ="
                " (SELECT number FROM papers WHERE id = ?)",
                (position, name, paper_id),
            )
        return name

    def rename(self, text: str, new: str) -> str:
        """Give a collection another name.

        Raises:
            UsageError: when another collection has that name already.
        """
        name = self.name(text)
        taken = self._known(new)
        if taken is not None and taken != name:
            raise UsageError(f"there is a collection {taken!r} already: choose another name")
        kept = collection_name(new)
        for table in ("collection_names", "collections"):
            self._db.run(f"UPDATE {table} SET name = ? WHERE name = ?", (kept, name))
        for number in map(self._db.paper_number, self.papers(kept)):
            self._views.refresh(number)
        return kept

    def remove(self, text: str) -> str:
        """Forget a collection; its papers stay in the library."""
        name = self.name(text)
        self.drop(name, self.papers(name))
        self._db.run("DELETE FROM collection_names WHERE name = ?", (name,))
        return name

    def _known(self, text: str) -> str | None:
        wanted = text.strip().casefold()
        names = (row[0] for row in self._db.rows("SELECT name FROM collection_names"))
        return next((name for name in names if name.casefold() == wanted), None)

    def _make(self, text: str) -> str:
        name = collection_name(text)
        self._db.run("INSERT INTO collection_names VALUES (?, ?)", (name, now()))
        return name


def collection_name(text: str) -> str:
    """A name for a collection, as it is kept.

    Raises:
        UsageError: for one that is empty, too long or of more than one line.
    """
    name = text.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise UsageError(f"{text[:60]!r} is no name of a collection: give one line of up to {_LONGEST_NAME} letters")
    return name
