"""The papers of the catalog: views over their source records, aliases, versions, tags, what the user decided."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Literal

from kb import wire
from kb.errors import BadIdentifier, UnknownPaper, UsageError
from kb.ids import OWN_SCHEMES, is_arxiv_id, paper_key
from kb.index.authors import AuthorTable
from kb.index.database import Database
from kb.index.filtering import passing
from kb.index.identity import Cluster, Forest
from kb.index.merging import Witness, decided, merge
from kb.index.owned import hand_out, of_several, owned_rows
from kb.index.passages import document_of, drop_chunks_of
from kb.index.records import RecordBlock, RecordTable, Stored, witnesses
from kb.names import fold
from kb.records import Filters, Fulltext, Joined, Metadata, Paper, SourceRecord, Version

Change = Literal["added", "updated", "unchanged"]
Order = Literal["new", "old", "title", "added"]

_DAY = "COALESCE((SELECT MAX(day) FROM days WHERE paper = p.number), SUBSTR(p.published, 1, 10), '')"
_ORDERS: dict[Order, str] = {
    "new": f"{_DAY} DESC",
    "old": f"{_DAY}",
    "title": "p.title COLLATE NOCASE",
    "added": "p.added DESC",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What taking in a record did: the paper it is of, the record's id, and one record of each paper that changed."""

    paper: str
    record: str
    change: Change
    touched: tuple[str, ...] = ()
    joined: tuple[Joined, ...] = ()
    doubted: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """What a split gave: the papers, and what could not be told to be of one of them and is with both now.

    ``touched`` is one record of each paper whose text has to be cut anew.
    """

    papers: tuple[str, ...]
    with_both: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()


class PaperTable:
    """What is known of each paper. Every write is part of the caller's transaction."""

    def __init__(self, database: Database, records: RecordTable, authors: AuthorTable) -> None:
        self._db = database
        self._records, self._authors = records, authors
        self._fresh = 0

    # ------------------------------------------------------------------------------------- writing

    def put(self, record: SourceRecord, *, private: bool = False, run: str = "", file_of: str | None = None) -> Placed:
        """Take in what one source says of a paper, and find out which paper that is (see ``kb.index.identity``).

        Args:
            record: the source record.
            private: whether the paper is private as far as this source goes.
            run: names the batch; within one, records of one place do not replace each other.
            file_of: id of the record that names this one as its file.
        """
        with self._db.transaction():
            stored, is_news = self._records.store(_with_one_eprint(record), private=private, run=run)
            if file_of is not None:
                is_news |= self._records.attach(file_of, stored.id)
            if stored.paper is not None and not is_news:
                return Placed(paper=self._id(stored.paper), record=stored.id, change="unchanged")
            placed = self._settle([stored.id], focus=stored)
            self._keep_version(stored)
            return placed

    def merge(self, one: str, other: str) -> Placed:
        """Make one paper of two (ids) by the user's word.

        Raises:
            UsageError: when both have an arXiv id, which is never one paper.
        """
        with self._db.transaction():
            numbers = [self._number(name) for name in (one, other)]
            if numbers[0] == numbers[1]:
                return Placed(paper=self._id(numbers[0]), record="", change="unchanged")
            records = [[stored for stored in self._records.of_paper(n) if not stored.superseded] for n in numbers]
            ids = {key for some in records for stored in some if (key := stored.known.arxiv)}
            if len(ids) > 1:
                named = " and ".join(sorted(ids))
                raise UsageError(f"{named} are two papers, each arXiv id is one: put them in one collection instead")
            self._records.tie(*[[stored.id for stored in some] for some in records])
            placed = self._settle([records[0][0].id])
            return replace(placed, paper=self._id(self._record_paper(records[0][0].id)))

    def distinguish(self, one: str, other: str) -> Parted:
        """The user says that two papers (ids) are two, whatever speaks for one: they are no question any more."""
        with self._db.transaction():
            records = [
                [stored.id for stored in self._records.of_paper(self._number(name)) if not stored.superseded]
                for name in (one, other)
            ]
            self._records.part(*records)
            placed = self._settle([some[0] for some in records])
            papers = self.of_records([some[0] for some in records])
            return Parted(papers=tuple(papers), touched=placed.touched)

    def split(self, name: str, records: Sequence[str] = ()) -> Parted:
        """Part a paper: the records named (ids or keys) from the rest, or what was joined by the weakest evidence.

        The user's own join is undone before any other. Each part gets back what came with its records.

        Raises:
            UsageError: when the paper has one record, or a name is none of its records.
        """
        with self._db.transaction():
            number = self._number(name)
            stored = [one for one in self._records.of_paper(number) if not one.superseded]
            parts = self._parts(stored, records, name)
            for i, part in enumerate(parts):
                for other in parts[i + 1 :]:
                    self._records.part(part, other)
            both = of_several(owned_rows(self._db, [number]), parts)
            placed = self._settle([part[0] for part in parts])
            papers = self.of_records([part[0] for part in parts])
            return Parted(papers=tuple(papers), with_both=both, touched=placed.touched)

    def _parts(self, stored: Sequence[Stored], named: Sequence[str], name: str) -> list[list[str]]:
        ids = [one.id for one in stored]
        if len(ids) < 2:
            raise UsageError(f"{name} has one source record, there is nothing to part: kb show {name} lists them")
        if named:
            wanted = []
            for text in named:
                found = [one.id for one in stored if text in (one.id, one.record.key)]
                if not found:
                    keys = ", ".join(one.record.key or one.id for one in stored)
                    raise UsageError(f"{text!r} is no record of {name}: choose of {keys}")
                wanted += found
            rest = [key for key in ids if key not in wanted]
            if not rest:
                raise UsageError(f"these are all records of {name}: name those that are to leave it")
            return [rest, wanted]
        if len(parts := self._records.untied(ids)) > 1:
            return parts
        joins = [join for join in self._records.joins_of(ids) if join.other in ids]
        weakest = max(join.level for join in joins)
        forest: Forest[str] = Forest()
        for join in joins:
            if join.level != weakest:
                forest.tie(join.one, join.other)
        together: dict[str, list[str]] = {}
        for key in ids:
            together.setdefault(forest.root(key), []).append(key)
        return list(together.values())

    def set_fields(self, paper_id: str, values: dict[str, Any]) -> Paper:
        """Let the user decide fields; None takes the decision back. They survive every later ``put``."""
        with self._db.transaction():
            number = self._number(paper_id)
            self._decide(number, **values)
            return self._refresh(number)

    def set_private(self, paper_id: str, private: bool) -> Paper:
        """Decide whether a paper is private; this survives every later ``put``."""
        with self._db.transaction():
            number = self._number(paper_id)
            self._decide(number, private=private)
            return self._refresh(number)

    def tag(self, paper_id: str, *, add: Iterable[str] = (), drop: Iterable[str] = ()) -> Paper:
        """Add and drop tags; a tag that is there or is not is no error."""
        with self._db.transaction():
            number = self._number(paper_id)
            anchor = self._anchor(number)
            for tag in add:
                if not self._db.first("SELECT 1 FROM tags WHERE tag = ? AND paper = ?", (tag, number)):
                    self._db.run("INSERT INTO tags (tag, paper, anchor) VALUES (?, ?, ?)", (tag, number, anchor))
            self._db.run_many("DELETE FROM tags WHERE tag = ? AND paper = ?", [(tag, number) for tag in drop])
            return self._refresh(number)

    def collect(self, name: str, paper_id: str, *, position: int | None) -> Paper:
        """Put a paper into a collection at a place (it stays where it is if it is in), or take it out (None)."""
        with self._db.transaction():
            number = self._number(paper_id)
            if position is None:
                self._db.run("DELETE FROM collections WHERE name = ? AND paper = ?", (name, number))
            elif not self._db.first("SELECT 1 FROM collections WHERE name = ? AND paper = ?", (name, number)):
                self._db.run(
                    "INSERT INTO collections (name, paper, position, anchor) VALUES (?, ?, ?, ?)",
                    (name, number, position, self._anchor(number)),
                )
            return self._refresh(number)

    def opine(self, paper_id: str, liking: int, *, topic: str = "") -> None:
        """Like (1), dislike (-1) or neither (0), for a topic or for all."""
        with self._db.transaction():
            number = self._number(paper_id)
            self._db.run("DELETE FROM opinions WHERE paper = ? AND topic = ?", (number, topic))
            if liking:
                self._db.run(
                    "INSERT INTO opinions (paper, topic, liking, at, anchor) VALUES (?, ?, ?, ?, ?)",
                    (number, topic, liking, _now(), self._anchor(number)),
                )

    def refresh(self, paper_id: str) -> Paper:
        """Make the view again after the paper's text has changed."""
        with self._db.transaction():
            return self._refresh(self._number(paper_id))

    def refresh_all(self, paper_ids: Iterable[str]) -> None:
        """Make the views of these papers again."""
        for paper_id in paper_ids:
            self._refresh(self._number(paper_id))

    def of_records(self, records: Iterable[str]) -> list[str]:
        """The ids of the papers that these records (ids) are of now, each once, in order; records that are gone are
        left out."""
        wanted = list(dict.fromkeys(records))
        rows = self._db.rows_for(
            "SELECT r.id, p.id FROM records r JOIN papers p ON p.number = r.paper WHERE r.id IN (?)", wanted
        )
        found: dict[str, str] = dict(rows)
        return list(dict.fromkeys(found[key] for key in wanted if key in found))

    def set_fulltext(self, paper_id: str, fulltext: Fulltext) -> Paper:
        """Say why a paper has no full text; one that has stays as it is."""
        with self._db.transaction():
            return self._refresh(self._number(paper_id), without_text=fulltext)

    def remove(self, paper_id: str) -> tuple[str, ...]:
        """Take the paper and all that hangs on it out of the catalog (chunks must have been dropped before).

        Returns a record of each other paper whose text has to be cut anew: an id that the paper claimed may be
        another's alone now.
        """
        with self._db.transaction():
            number = self._number(paper_id)
            aliases = [row[0] for row in self._db.rows("SELECT alias FROM aliases WHERE paper = ?", (number,))]
            records = [stored.id for stored in self._records.of_paper(number)]
            neighbours = self._records.forget(records)
            self._db.run("DELETE FROM papers WHERE number = ?", (number,))
            self._db.run_many("DELETE FROM shown WHERE paper_id = ?", [(alias,) for alias in aliases])
            return self._settle(neighbours).touched if neighbours else ()

    # ------------------------------------------------------------------------------------- reading

    def resolve(self, text: str) -> str:
        """The id of the paper that a user's text names: its id, an alias, an address, a citation key.

        Raises:
            UnknownPaper: when there is none, or several (an id that several papers claim);
                BadIdentifier when the text is no id at all.
        """
        named = text.strip()
        number = self._numbered(named)
        if number is None and not named.startswith(OWN_SCHEMES):
            try:
                key = paper_key(named)
            except BadIdentifier as err:
                if (number := self._with_citation_key(named)) is None:
                    raise BadIdentifier(
                        f"{err}; or name it by its citation key, as kb list and kb show have it"
                    ) from err
            else:
                number = self._numbered(key)
                named = key if number is not None or self._with_citation_key(named) is None else named
        if number is None:
            number = self._with_citation_key(text.strip())
        if number is None:
            self._refuse_contested(named)
            cure = (
                f"kb add {named.removeprefix('arxiv:')} puts it in" if is_arxiv_id(named) else "kb list shows what is"
            )
            raise UnknownPaper(f"{text.strip()!r} is not in the library: {cure}")
        return self._id(number)

    def get(self, paper_id: str) -> Paper:
        """The record of one paper, by its id or an alias."""
        return self._record(self._number(paper_id))

    def many(self, paper_ids: Collection[str], *, sources: bool = False) -> dict[str, Paper]:
        """Records by id, with their source records where asked for; ids that are not there are left out."""
        rows = self._db.rows_for("SELECT id, record, number FROM papers WHERE id IN (?)", list(paper_ids))
        found = {row[0]: wire.unpack(row[1], Paper) for row in rows}
        if not sources:
            return found
        numbers = {row[0]: row[2] for row in rows}
        said = self._records.of_papers(list(numbers.values()))
        return {key: replace(paper, sources=tuple(said[numbers[key]])) for key, paper in found.items()}

    def ids(self, filters: Filters, *, limit: int | None = None, order: Order = "new") -> list[str]:
        """Ids of the papers that pass: newest or oldest first (announced, else published), by title, or last added
        first; then by id."""
        inside, values = passing(filters)
        ordering = _ORDERS[order]
        if len(filters.collections) == 1 and order == "new":  # a collection has the user's order
            ordering = "(SELECT MIN(position) FROM collections c WHERE c.paper = p.number AND c.name = ?)"
            values = [*values, filters.collections[0]]
        statement = f"SELECT p.id FROM papers p WHERE p.number IN ({inside}) ORDER BY {ordering}, p.id"
        if limit is not None:
            statement += f" LIMIT {int(limit)}"
        return [row[0] for row in self._db.rows(statement, values)]

    def numbers(self, filters: Filters) -> list[int]:
        """Catalog numbers of the papers that pass."""
        return [row[0] for row in self._db.rows(*passing(filters))]

    def newest_day(self) -> date | None:
        """The newest day on which a stored paper was announced, else published."""
        row = self._db.one(
            "SELECT COALESCE((SELECT MAX(day) FROM days), (SELECT MAX(SUBSTR(published, 1, 10)) FROM papers))"
        )
        return date.fromisoformat(row[0]) if row[0] else None

    def count(self) -> int:
        """How many papers there are."""
        return int(self._db.one("SELECT COUNT(*) FROM papers")[0])

    def days(self, *, limit: int) -> list[tuple[date, int]]:
        """The newest days that papers are of (announced, else published), with how many of them."""
        rows = self._db.rows(
            """SELECT day, COUNT(*) FROM (
                SELECT day FROM days UNION ALL
                SELECT SUBSTR(published, 1, 10) FROM papers p WHERE published IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM days WHERE paper = p.number)
            ) GROUP BY day ORDER BY day DESC LIMIT ?""",
            (limit,),
        )
        return [(date.fromisoformat(day), count) for day, count in rows]

    def facets(self) -> dict[str, list[str]]:
        """The categories, tags and collections that papers have, the most frequent first."""
        return {
            table: [row[0] for row in self._db.rows(f"SELECT {name} FROM {table} GROUP BY 1 ORDER BY COUNT(*) DESC, 1")]
            for table, name in (("categories", "category"), ("tags", "tag"), ("collections", "name"))
        }

    def state_counts(self) -> dict[str, int]:
        """How many papers have their full text, a part of it, or none."""
        counts: dict[str, int] = dict(self._db.rows("SELECT fulltext, COUNT(*) FROM papers GROUP BY fulltext"))
        return {state: counts.get(state, 0) for state in ("full", "partial", "none")}

    def joins(self, paper_id: str) -> list[Joined]:
        """What joined the source records of a paper: keys of two records (ids where they have none), and why."""
        stored = {one.id: one for one in self._records.of_paper(self._number(paper_id)) if one.superseded is None}
        return [
            Joined(
                id=paper_id,
                records=tuple(stored[key].record.key or key for key in (join.one, join.other)),
                why=join.why,
            )
            for join in self._records.joins_of(list(stored))
            if join.one in stored and join.other in stored
        ]

    def versions(self, paper_id: str) -> list[Version]:
        """The versions that were seen, oldest first."""
        rows = self._db.rows(
            "SELECT version, record FROM versions WHERE paper = ? ORDER BY version, anchor",
            (self._number(paper_id),),
        )
        latest: dict[int, bytes] = dict(rows)
        return [wire.unpack(blob, Version) for blob in latest.values()]

    def opinions(self, *, topic: str = "") -> dict[str, int]:
        """Paper id to 1 (liked) or -1 (disliked): for a topic, those given for all included."""
        rows = self._db.rows(
            "SELECT p.id, o.liking FROM opinions o JOIN papers p ON p.number = o.paper WHERE o.topic IN ('', ?)"
            " ORDER BY o.topic, p.id, o.at",  # of two papers that became one the later opinion counts
            (topic,),
        )
        return dict(rows)

    # ------------------------------------------------------------------------------------- inside

    def _numbered(self, key: str) -> int | None:
        row = self._db.first("SELECT paper FROM aliases WHERE alias = ?", (key,))
        return row[0] if row else None

    def _number(self, paper_id: str) -> int:
        number = self._numbered(paper_id)
        if number is None:
            raise UnknownPaper(f"{paper_id!r} is not in the library: kb list shows what is")
        return number

    def _id(self, number: int) -> str:
        return str(self._db.one("SELECT id FROM papers WHERE number = ?", (number,))[0])

    def _record_paper(self, record: str) -> int:
        return int(self._db.one("SELECT paper FROM records WHERE id = ?", (record,))[0])

    def _with_citation_key(self, key: str) -> int | None:
        """The one paper whose bibliography entry has this key."""
        rows = self._db.rows(
            "SELECT DISTINCT paper FROM records WHERE key = ? AND superseded IS NULL"
            " AND source IN ('bibtex', 'ris', 'csl', 'zotero') LIMIT 2",
            (key,),
        )
        return rows[0][0] if len(rows) == 1 else None

    def _refuse_contested(self, key: str) -> None:
        rows = self._db.rows(
            "SELECT DISTINCT p.id FROM record_keys k JOIN records r ON r.number = k.record JOIN papers p"
            " ON p.number = r.paper WHERE k.key = ? AND r.superseded IS NULL ORDER BY p.id LIMIT 4",
            (key,),
        )
        if rows and not key.startswith("title:"):
            named = ", ".join(row[0] for row in rows)
            raise UnknownPaper(f"{key} stands on papers that are not one: name one by its own id ({named})")

    def _anchor(self, number: int) -> str:
        """The records that a paper has now: what the user does to it goes wherever they go."""
        rows = self._db.rows("SELECT id FROM records WHERE paper = ? AND superseded IS NULL ORDER BY id", (number,))
        return " ".join(row[0] for row in rows)

    def _decide(self, number: int, **values: Any) -> None:
        anchor = self._anchor(number)
        for name, value in values.items():
            self._db.run("DELETE FROM decided WHERE paper = ? AND field = ?", (number, name))
            if value is not None:
                said = wire.pack(Metadata(source="user", ids=(), **{name: value}))
                at = datetime.now(UTC).isoformat()  # to the microsecond: the later of two decisions counts
                self._db.run("INSERT INTO decided VALUES (?, ?, ?, ?, ?)", (number, name, anchor, said, at))

    def _decided(self, number: int) -> Metadata:
        """What the user decided of a paper; of two decisions of one field (two papers became one) the later one."""
        together = Metadata(source="user", ids=())
        for name, said in self._db.rows(
            "SELECT field, value FROM decided WHERE paper = ? ORDER BY at, anchor", (number,)
        ):
            together = replace(together, **{name: getattr(wire.unpack(said, Metadata), name)})
        return together

    def _keep_version(self, stored: Stored) -> None:
        """Keep the state of the paper that a registry's record tells of; the first of a number stays."""
        said = stored.record.metadata
        if said.source not in ("arxiv", "jsonl") or said.version is None or said.title is None or not said.ids:
            return
        version = Version(
            paper_id=said.ids[0],
            version=said.version,
            title=said.title,
            authors=said.authors or (),
            abstract=said.abstract or "",
            comment=said.comment,
            seen=datetime.now(UTC).replace(microsecond=0),
            withdrawn=bool(said.withdrawn),
        )
        number = self._record_paper(stored.id)
        if not self._db.first("SELECT 1 FROM versions WHERE paper = ? AND version = ?", (number, version.version)):
            self._db.run(
                "INSERT INTO versions (paper, version, record, anchor) VALUES (?, ?, ?, ?)",
                (number, version.version, wire.pack(version), stored.id),
            )

    # ------------------------------------------------------------------------------------- settling

    def _settle(self, seeds: Sequence[str], *, focus: Stored | None = None) -> Placed:
        """Cluster again all that hangs together with these records, and make the papers what the clusters say."""
        block = self._records.block(seeds)
        numbers, emptied = self._assign(block)
        moved = self._moved(block, numbers)
        old = {n for stored in block.stored.values() if (n := stored.paper) is not None}
        before = {n: self._record(n) for n in old}
        owned = owned_rows(self._db, old) if moved else []
        changed = self._changed(block, numbers, before=before, seeds=set(seeds))
        rewritten = len(changed) > 1 or bool(emptied)
        if rewritten:  # an id may move from one to another: none is in the way of the others
            for number in {*changed, *emptied}:
                self._db.run("DELETE FROM aliases WHERE paper = ?", (number,))
                self._db.run("UPDATE papers SET id = ? WHERE number = ?", (f"settling:{number}", number))
        for number, group in numbers.items():
            self._records.place([one.id for one in block.with_earlier(group)], number)
        for number in moved:  # whose text it is may be another's now: all of it is cut anew
            drop_chunks_of(self._db, number)
        if moved:
            places = {one.id: number for number, group in numbers.items() for one in block.with_earlier(group)}
            hand_out(self._db, owned, places)
        new_joins, new_doubts = self._records.keep_evidence(block)
        touched: list[str] = []
        changes: dict[int, Change] = {}
        for number in changed:
            group, was = numbers[number], before.get(number)
            paper = self._refresh(number, group=group, block=block, rewritten=rewritten)
            is_same = paper == was and number not in moved
            changes[number] = "unchanged" if is_same else "added" if was is None else "updated"
            if not is_same:
                touched.append(group.records[0])
        for number in emptied:
            self._db.run(
                "DELETE FROM papers WHERE number = ? AND NOT EXISTS (SELECT 1 FROM records WHERE paper = ?)",
                (number, number),
            )
        if focus is None:
            return Placed(paper="", record="", change="updated", touched=tuple(touched))
        mine = self._record_paper(focus.id)
        change = changes.get(mine, "updated")
        if change == "unchanged" or (change == "added" and focus.paper is not None):
            change = "updated"  # a record more, or one that has left the paper it was of
        return Placed(
            paper=self._id(mine),
            record=focus.id,
            change=change,
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
        for place, group in enumerate(block.clusters):
            if place not in taken:
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
    def _moved(block: RecordBlock, numbers: dict[int, Cluster]) -> set[int]:
        """Papers that got records of other papers, or gave some away."""
        moved: set[int] = set()
        for number, group in numbers.items():
            for one in block.with_earlier(group):
                if one.paper is not None and one.paper != number:
                    moved |= {one.paper, number}
        return moved

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

    def _refresh(
        self,
        number: int,
        *,
        group: Cluster | None = None,
        block: RecordBlock | None = None,
        rewritten: bool = False,
        without_text: Fulltext | None = None,
    ) -> Paper:
        """Make the view again from what the sources and the user say, and write what is derived from it."""
        blob = self._db.one("SELECT record FROM papers WHERE number = ?", (number,))[0]
        before = wire.unpack(blob, Paper) if blob else None
        stored = (
            [block.stored[key] for key in group.records]
            if group is not None and block is not None
            else [one for one in self._records.of_paper(number) if one.superseded is None]
        )
        user = self._decided(number)
        private = user.private if user.private is not None else all(one.private for one in stored)
        text = document_of(self._db, number)
        had = before.fulltext if before is not None and before.fulltext.state == "none" else Fulltext()
        said: list[Witness] = witnesses(stored)
        paper = merge(
            [*said, decided(user)],
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
        free = [key for key in keys if self._numbered(key) in (None, number)]
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


def _with_one_eprint(record: SourceRecord) -> SourceRecord:
    """The record with the first of its arXiv ids only: a paper has one, a second one is somebody's mistake."""
    ids = record.metadata.ids
    first = next((key for key in ids if key.startswith("arxiv:")), None)
    kept = tuple(key for key in ids if key == first or not key.startswith("arxiv:"))
    return record if kept == ids else replace(record, metadata=replace(record.metadata, ids=kept))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
