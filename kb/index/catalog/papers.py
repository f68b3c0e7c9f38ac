"""The papers of the catalog: views over their source records, aliases, versions, tags, what the user decided."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Literal

from kb import wire
from kb.errors import BadIdentifier, UnknownPaper, UsageError
from kb.ids import OWN_SCHEMES, is_arxiv_id, paper_key
from kb.index.catalog.database import Database, now
from kb.index.catalog.filters import passing
from kb.index.catalog.identity import DisjointSets, cluster
from kb.index.catalog.matching import Known, record_id
from kb.index.catalog.records import RecordTable, Stored
from kb.index.catalog.schema import intact
from kb.index.catalog.views import Change, PaperViews, SettledViews, anchor, decide, of_several, owned_rows
from kb.index.chunking import MOST_CHUNKS
from kb.records import Filters, Fulltext, Joined, Paper, Parted, SourceRecord, Version

Order = Literal["new", "old", "title", "added"]

_INTACT = intact("papers", "p")
_DAY = "COALESCE((SELECT MAX(day) FROM days WHERE paper = p.number), SUBSTR(p.published, 1, 10), '')"
_ORDERS: dict[Order, str] = {
    "new": f"{_DAY} DESC",
    "old": f"{_DAY}",
    "title": "p.title COLLATE NOCASE",
    "added": "p.added DESC",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What comes in of one thing: the record of a source, its file's, or both; and whether it is private."""

    record: SourceRecord | None = None
    file: SourceRecord | None = None
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedRecord:
    """Where a record that came in is: the paper's id and its own, and what it changed."""

    paper: str
    record: str
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """What became of arrivals: of each its records in their places, and what it did to the papers.

    ``touched`` is one record of each paper whose text has to be cut anew; ``joined`` and ``doubted`` are new.
    """

    placed: tuple[tuple[PlacedRecord, ...], ...]
    touched: tuple[str, ...]
    joined: tuple[Joined, ...]
    doubted: tuple[tuple[str, ...], ...]


class PaperTable:
    """What is known of each paper. Every write is part of the caller's transaction."""

    def __init__(self, database: Database, records: RecordTable, views: PaperViews) -> None:
        self._db, self._records, self._views = database, records, views

    # ------------------------------------------------------------------------------------- writing

    def take_in(self, arrivals: Iterable[Arrival], *, run: str = "") -> TakenIn:
        """Take in what sources say of papers, and find out which papers these are (see ``kb.index.catalog.identity``).

        What comes together is settled at once: that is much less work than one by one, and gives the same papers.

        Args:
            arrivals: the records.
            run: names the batch; within one, records of one place do not replace each other.
        """
        with self._db.transaction():
            stored = [self._store(arrival, run) for arrival in arrivals]
            news = list(dict.fromkeys(one.id for some in stored for one, is_news in some if is_news))
            settled = self._views.settle(news) if news else SettledViews(changes={})
            for one in (one for some in stored for one, is_news in some if is_news):
                self._keep_version(one)
            return TakenIn(
                placed=tuple(tuple(self._placed(one, is_news, settled) for one, is_news in some) for some in stored),
                touched=settled.touched,
                joined=settled.joined,
                doubted=settled.doubted,
            )

    def _store(self, arrival: Arrival, run: str) -> list[tuple[Stored, bool]]:
        """The records of an arrival as they are stored, and whether each is news."""
        stored = [
            self._records.store(_with_one_eprint(record), private=arrival.private, run=run)
            for record in (arrival.record, arrival.file)
            if record is not None
        ]
        if len(stored) == 2:
            file, is_news = stored[1]
            stored[1] = (file, self._records.attach(stored[0][0].id, file.id) or is_news)
        return stored

    def _placed(self, stored: Stored, is_news: bool, settled: SettledViews) -> PlacedRecord:
        number, paper = self._paper_of(stored.id)
        change: Change = "unchanged"
        if is_news:  # a record more, or one that has left the paper it was of, changes a paper whatever is seen of it
            is_new = settled.changes.get(number) == "added" and stored.paper is None
            change = "added" if is_new else "updated"
        return PlacedRecord(paper=paper, record=stored.id, change=change)

    def merge(self, one: str, other: str) -> Parted:
        """Make one paper of two (ids) by the user's word.

        Raises:
            UsageError: when both have an arXiv id, which is never one paper.
        """
        with self._db.transaction():
            numbers = [self._db.paper_number(name) for name in (one, other)]
            if numbers[0] == numbers[1]:
                return Parted(papers=(self._db.paper_id(numbers[0]),))
            records = [[stored for stored in self._records.of_paper(n) if not stored.superseded] for n in numbers]
            ids = {key for some in records for stored in some if (key := stored.known.arxiv)}
            if len(ids) > 1:
                named = " and ".join(sorted(ids))
                raise UsageError(f"{named} are two papers, each arXiv id is one: put them in one collection instead")
            self._records.tie(*[[stored.id for stored in some] for some in records])
            settled = self._views.settle([stored.id for some in records for stored in some])
            return Parted(papers=(self._paper_of(records[0][0].id)[1],), touched=settled.touched)

    def distinguish(self, one: str, other: str) -> Parted:
        """The user says that two papers (ids) are two, whatever speaks for one: they are no question any more."""
        with self._db.transaction():
            records = [
                [stored.id for stored in self._records.of_paper(self._db.paper_number(name)) if not stored.superseded]
                for name in (one, other)
            ]
            self._records.part(*records)
            settled = self._views.settle([key for some in records for key in some])
            papers = self.of_records([some[0] for some in records])
            return Parted(papers=tuple(papers), touched=settled.touched)

    def split(self, name: str, records: Sequence[str] = ()) -> Parted:
        """Part a paper: the records named (ids or keys) from the rest, or what was joined by the weakest evidence.

        The user's own join is undone before any other. Each part gets back what came with its records.

        Raises:
            UsageError: when the paper has one record, or a name is none of its records.
        """
        with self._db.transaction():
            number = self._db.paper_number(name)
            stored = [one for one in self._records.of_paper(number) if not one.superseded]
            parts = self._parts(stored, records, name)
            for i, part in enumerate(parts):
                for other in parts[i + 1 :]:
                    self._records.part(part, other)
            both = of_several(owned_rows(self._db, [number]), parts)
            settled = self._views.settle([key for part in parts for key in part])
            papers = self.of_records([key for part in parts for key in part])
            return Parted(papers=tuple(papers), with_both=both, touched=settled.touched)

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
        sets: DisjointSets[str] = DisjointSets()
        for join in joins:
            if join.level != weakest:
                sets.tie(join.one, join.other)
        together: dict[str, list[str]] = {}
        for key in ids:
            together.setdefault(sets.root(key), []).append(key)
        return list(together.values())

    def set_fields(self, paper_id: str, values: dict[str, Any]) -> Paper:
        """Let the user decide fields ("private" among them), whatever sources say; None takes the decision back."""
        with self._db.transaction():
            number = self._db.paper_number(paper_id)
            decide(self._db, number, values)
            return self._views.refresh(number)

    def tag(self, paper_id: str, *, add: Iterable[str] = (), drop: Iterable[str] = ()) -> Paper:
        """Add and drop tags; a tag that is there or is not is no error."""
        with self._db.transaction():
            number = self._db.paper_number(paper_id)
            with_records = anchor(self._db, number)
            for tag in add:
                if not self._db.first("SELECT 1 FROM tags WHERE tag = ? AND paper = ?", (tag, number)):
                    self._db.run("INSERT INTO tags (tag, paper, anchor) VALUES (?, ?, ?)", (tag, number, with_records))
            self._db.run_many("DELETE FROM tags WHERE tag = ? AND paper = ?", [(tag, number) for tag in drop])
            return self._views.refresh(number)

    def opine(self, paper_id: str, liking: int, *, topic: str = "") -> None:
        """Like (1), dislike (-1) or neither (0), for a topic or for all."""
        with self._db.transaction():
            number = self._db.paper_number(paper_id)
            self._db.run("DELETE FROM opinions WHERE paper = ? AND topic = ?", (number, topic))
            if liking:
                self._db.run(
                    "INSERT INTO opinions (paper, topic, liking, at, anchor) VALUES (?, ?, ?, ?, ?)",
                    (number, topic, liking, now(), anchor(self._db, number)),
                )

    def refresh(self, paper_id: str, *, without_text: Fulltext | None = None) -> Paper:
        """Make the view again after the paper's text has changed; ``without_text`` says why it has none, should it have
        none."""
        with self._db.transaction():
            return self._views.refresh(self._db.paper_number(paper_id), without_text=without_text)

    def refresh_cut(self) -> None:
        """Make the views again of papers that have as many chunks as are taken in of one, or had, after all were cut
        anew."""
        cut = "SELECT paper FROM chunks GROUP BY paper HAVING COUNT(*) >= ?"
        partial = "SELECT number FROM papers WHERE fulltext = 'partial'"
        with self._db.transaction():
            for (number,) in self._db.rows(f"{cut} UNION {partial}", (MOST_CHUNKS,)):
                self._views.refresh(number)

    def of_records(self, records: Iterable[str]) -> list[str]:
        """The ids of the papers that these records (ids) are of now, each once, in order; records that are gone are
        left out."""
        wanted = list(dict.fromkeys(records))
        rows = self._db.rows_for(
            "SELECT r.id, p.id FROM records r JOIN papers p ON p.number = r.paper WHERE r.id IN (?)", wanted
        )
        found: dict[str, str] = dict(rows)
        return list(dict.fromkeys(found[key] for key in wanted if key in found))

    def remove(self, paper_id: str) -> tuple[str, ...]:
        """Take the paper and all that hangs on it out of the catalog (chunks must have been dropped before).

        Returns a record of each other paper whose text has to be cut anew: an id that the paper claimed may be
        another's alone now.
        """
        with self._db.transaction():
            number = self._db.paper_number(paper_id)
            aliases = [row[0] for row in self._db.rows("SELECT alias FROM aliases WHERE paper = ?", (number,))]
            records = [stored.id for stored in self._records.of_paper(number)]
            neighbours = self._records.forget(records)
            self._db.run("DELETE FROM papers WHERE number = ?", (number,))
            self._db.run_many("DELETE FROM shown WHERE paper_id = ?", [(alias,) for alias in aliases])
            return self._views.settle(neighbours).touched if neighbours else ()

    # ------------------------------------------------------------------------------------- reading

    def resolve(self, text: str) -> str:
        """The id of the paper that a user's text names: its id, an alias, an address, a citation key.

        Raises:
            UnknownPaper: when there is none, or several (an id that several papers claim);
                BadIdentifier when the text is no id at all.
        """
        named = text.strip()
        found = self._with_alias(named)
        if found is None and not named.startswith(OWN_SCHEMES):
            try:
                key = paper_key(named)
            except BadIdentifier as err:
                if (found := self._with_citation_key(named)) is None:
                    raise BadIdentifier(
                        f"{err}; or name it by its citation key, as kb list and kb show have it"
                    ) from err
            else:
                found = self._with_alias(key)
                named = key if found is not None or self._with_citation_key(named) is None else named
        if found is None:
            found = self._with_citation_key(text.strip())
        if found is None:
            self._refuse_contested(named)
            cure = (
                f"kb add {named.removeprefix('arxiv:')} puts it in" if is_arxiv_id(named) else "kb list shows what is"
            )
            raise UnknownPaper(f"{text.strip()!r} is not in the library: {cure}")
        return found

    def matching(self, record: SourceRecord) -> str | None:
        """The id of the paper that a source record would be of, were it taken in; None where that is not here.

        Nothing is stored. The evidence is that of ``take_in``; of two papers that it fits the stronger counts.
        """
        said = _with_one_eprint(record)
        known = Known(record_id(said), said)
        if here := self.of_records([known.id]):
            return here[0]
        found: list[tuple[int, str]] = []
        for number in self._records.papers_sharing(known):
            mates = [one.known for one in self._records.of_paper(number) if one.superseded is None]
            clusters, _ = cluster([*mates, known])
            joins = [join for one in clusters for join in one.joins if known.id in (join.one, join.other)]
            papers = self.of_records([mate.id for mate in mates])[:1]  # none where it was removed meanwhile
            found += [(join.level, paper) for join in joins for paper in papers]
        return min(found)[1] if found else None

    def get(self, paper_id: str) -> Paper:
        """The record of one paper, by its id or an alias."""
        row = self._db.first(
            f"SELECT p.record, {_INTACT} FROM aliases a JOIN papers p ON p.number = a.paper WHERE a.alias = ?",
            (paper_id,),
        )
        if row is None:
            raise self._db.unknown(paper_id)
        if not row[1]:
            raise self._db.refused(f"the record of {paper_id}")
        return wire.unpack(row[0], Paper)

    def many(self, paper_ids: Collection[str], *, sources: bool = False) -> dict[str, Paper]:
        """Records by id, with their source records where asked for; what is not there or damaged is left out."""
        rows = self._db.rows_for(f"SELECT id, record, number, {_INTACT} FROM papers p WHERE id IN (?)", list(paper_ids))
        rows = self._db.whole(rows, called="the record of {0}")
        papers = wire.unpack_all([row[1] for row in rows], Paper)
        found = {row[0]: paper for row, paper in zip(rows, papers, strict=True)}
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
            "SELECT COALESCE((SELECT MAX(day) FROM days), (SELECT MAX(SUBSTR(published, 1, 10)) FROM papers"
            " WHERE LENGTH(published) >= 10))"
        )
        return date.fromisoformat(row[0]) if row[0] else None

    def count(self) -> int:
        """How many papers there are."""
        return int(self._db.one("SELECT COUNT(*) FROM papers")[0])

    def days(self, *, limit: int) -> list[tuple[date, int]]:
        """The newest days that papers are of (announced, else published), with how many of them; a year is no day."""
        rows = self._db.rows(
            """SELECT day, COUNT(*) FROM (
                SELECT day FROM days UNION ALL
                SELECT SUBSTR(published, 1, 10) FROM papers p WHERE LENGTH(published) >= 10
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
        records = self._records.of_paper(self._db.paper_number(paper_id))
        stored = {one.id: one for one in records if one.superseded is None}
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
            (self._db.paper_number(paper_id),),
        )
        latest: dict[int, bytes] = dict(rows)
        return wire.unpack_all(latest.values(), Version)

    def opinions(self, *, topic: str = "") -> dict[str, int]:
        """Paper id to 1 (liked) or -1 (disliked): for a topic, those given for all included."""
        rows = self._db.rows(
            "SELECT p.id, o.liking FROM opinions o JOIN papers p ON p.number = o.paper WHERE o.topic IN ('', ?)"
            " ORDER BY o.topic, p.id, o.at",  # of two papers that became one the later opinion counts
            (topic,),
        )
        return dict(rows)

    def liking(self, paper_id: str, *, topic: str = "") -> int:
        """What was said of a paper for just this topic, or for all: 1 (liked), -1 (disliked) or 0."""
        row = self._db.first(
            "SELECT liking FROM opinions WHERE paper = ? AND topic = ? ORDER BY at DESC LIMIT 1",
            (self._db.paper_number(paper_id), topic),
        )
        return int(row[0]) if row else 0

    # ------------------------------------------------------------------------------------- inside

    def _with_alias(self, key: str) -> str | None:
        row = self._db.first("SELECT p.id FROM aliases a JOIN papers p ON p.number = a.paper WHERE a.alias = ?", (key,))
        return row[0] if row else None

    def _paper_of(self, record: str) -> tuple[int, str]:
        """Catalog number and id of the paper that a record (its id) is of."""
        number, paper = self._db.one(
            "SELECT p.number, p.id FROM records r JOIN papers p ON p.number = r.paper WHERE r.id = ?", (record,)
        )
        return number, paper

    def _with_citation_key(self, key: str) -> str | None:
        """The one paper whose bibliography entry has this key."""
        rows = self._db.rows(
            "SELECT DISTINCT p.id FROM records r JOIN papers p ON p.number = r.paper WHERE r.key = ?"
            " AND r.superseded IS NULL AND r.source IN ('bibtex', 'ris', 'csl', 'zotero') LIMIT 2",
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
        number, _ = self._paper_of(stored.id)
        if not self._db.first("SELECT 1 FROM versions WHERE paper = ? AND version = ?", (number, version.version)):
            self._db.run(
                "INSERT INTO versions (paper, version, record, anchor) VALUES (?, ?, ?, ?)",
                (number, version.version, wire.pack(version), stored.id),
            )


def _with_one_eprint(record: SourceRecord) -> SourceRecord:
    """The record with the first of its arXiv ids only: a paper has one, a second one is somebody's mistake."""
    ids = record.metadata.ids
    first = next((key for key in ids if key.startswith("arxiv:")), None)
    kept = tuple(key for key in ids if key == first or not key.startswith("arxiv:"))
    return record if kept == ids else replace(record, metadata=replace(record.metadata, ids=kept))
