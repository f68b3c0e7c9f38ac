"""The papers of the catalog: metadata by source, aliases, versions, tags, and which papers pass a filter."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Literal

from kb import wire
from kb.errors import UnknownPaper
from kb.ids import OWN_SCHEMES, fold, is_arxiv_id, paper_key
from kb.index.database import Database
from kb.index.filtering import passing
from kb.index.identity import aliases_of, find_number, matching_numbers
from kb.index.merging import derived_keys, merge, newer, one_eprint, overlaid, strength
from kb.index.passages import drop_chunks_of
from kb.records import Filters, Fulltext, Metadata, Paper, Version

Change = Literal["added", "updated", "unchanged"]
Order = Literal["new", "old", "title", "added"]

_DAY = "COALESCE((SELECT MAX(day) FROM days WHERE paper = p.number), SUBSTR(p.published, 1, 10), '')"
_ORDERS: dict[Order, str] = {
    "new": f"{_DAY} DESC",
    "old": f"{_DAY}",
    "title": "p.title COLLATE NOCASE",
    "added": "p.added DESC",
}


class PaperTable:
    """What is known of each paper. Every write is part of the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # ------------------------------------------------------------------------------------- writing

    def put(self, metadata: Metadata, *, private: bool = False) -> tuple[str, Change]:
        """Take in what one source says; returns the paper's id and what that changed.

        Ids that turn out to name one paper join their papers; the strongest becomes its id (see
        ``kb.index.identity``). The weaker of two ids that would tie two arXiv ids together is left out.
        """
        with self._db.transaction():
            metadata = one_eprint(metadata)
            numbers = matching_numbers(self._db, metadata)
            if not numbers:
                return self._insert(metadata, private), "added"
            keep = numbers[0]
            metadata = replace(
                metadata, ids=tuple(k for k in metadata.ids if find_number(self._db, k) in (None, *numbers))
            )
            for other in numbers[1:]:
                self._join(keep, other)
            before = self._record(keep)
            self._contribute(keep, metadata)
            after = self._refresh(keep, private=before.private and private)
            return after.id, "unchanged" if after == before and len(numbers) == 1 else "updated"

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
            self._db.run_many("INSERT OR IGNORE INTO tags VALUES (?, ?)", [(tag, number) for tag in add])
            self._db.run_many("DELETE FROM tags WHERE tag = ? AND paper = ?", [(tag, number) for tag in drop])
            return self._refresh(number)

    def opine(self, paper_id: str, liking: int, *, topic: str = "") -> None:
        """Like (1), dislike (-1) or neither (0), for a topic or for all."""
        with self._db.transaction():
            number = self._number(paper_id)
            self._db.run("DELETE FROM opinions WHERE paper = ? AND topic = ?", (number, topic))
            if liking:
                self._db.run("INSERT INTO opinions VALUES (?, ?, ?, ?)", (number, topic, liking, _now()))

    def set_fulltext(self, paper_id: str, fulltext: Fulltext) -> Paper:
        """Say whether the full text is in."""
        with self._db.transaction():
            return self._refresh(self._number(paper_id), fulltext=fulltext)

    def remove(self, paper_id: str) -> None:
        """Take the paper and all that hangs on it out of the catalog (chunks must have been dropped before)."""
        with self._db.transaction():
            number = self._number(paper_id)
            aliases = [row[0] for row in self._db.rows("SELECT alias FROM aliases WHERE paper = ?", (number,))]
            self._db.run("DELETE FROM papers WHERE number = ?", (number,))
            self._db.run_many("DELETE FROM shown WHERE paper_id = ?", [(alias,) for alias in aliases])

    # ------------------------------------------------------------------------------------- reading

    def resolve(self, text: str) -> str:
        """The id of the paper that a user's text names: its id, an alias, an address.

        Raises:
            UnknownPaper: when there is none; BadIdentifier when the text is no id at all.
        """
        named = text.strip()
        number = find_number(self._db, named)
        if number is None and not named.startswith(OWN_SCHEMES):
            number = find_number(self._db, paper_key(named))
        if number is None:
            cure = f"kb add {named} puts it in" if is_arxiv_id(named) else "kb list shows what is"
            raise UnknownPaper(f"{named!r} is not in the library: {cure}")
        return str(self._db.one("SELECT id FROM papers WHERE number = ?", (number,))[0])

    def get(self, paper_id: str) -> Paper:
        """The record of one paper, by its id or an alias."""
        return self._record(self._number(paper_id))

    def many(self, paper_ids: Collection[str]) -> dict[str, Paper]:
        """Records by id; ids that are not there are left out."""
        rows = self._db.rows_for("SELECT id, record FROM papers WHERE id IN (?)", list(paper_ids))
        return {row[0]: wire.unpack(row[1], Paper) for row in rows}

    def ids(self, filters: Filters, *, limit: int | None = None, order: Order = "new") -> list[str]:
        """Ids of the papers that pass: newest or oldest first (announced, else published), by title, or last added
        first; then by id."""
        inside, values = passing(filters)
        statement = f"SELECT p.id FROM papers p WHERE p.number IN ({inside}) ORDER BY {_ORDERS[order]}, p.id"
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
        """The categories and tags that papers have, the most frequent first."""
        return {
            table: [row[0] for row in self._db.rows(f"SELECT {name} FROM {table} GROUP BY 1 ORDER BY COUNT(*) DESC, 1")]
            for table, name in (("categories", "category"), ("tags", "tag"))
        }

    def state_counts(self) -> dict[str, int]:
        """How many papers have their full text, a part of it, or none."""
        counts: dict[str, int] = dict(self._db.rows("SELECT fulltext, COUNT(*) FROM papers GROUP BY fulltext"))
        return {state: counts.get(state, 0) for state in ("full", "partial", "none")}

    def versions(self, paper_id: str) -> list[Version]:
        """The versions that were seen, oldest first."""
        rows = self._db.rows("SELECT record FROM versions WHERE paper = ? ORDER BY version", (self._number(paper_id),))
        return [wire.unpack(row[0], Version) for row in rows]

    def opinions(self, *, topic: str = "") -> dict[str, int]:
        """Paper id to 1 (liked) or -1 (disliked): for a topic, those given for all included."""
        rows = self._db.rows(
            "SELECT p.id, o.liking FROM opinions o JOIN papers p ON p.number = o.paper WHERE o.topic IN ('', ?)"
            " ORDER BY o.topic, p.id",
            (topic,),
        )
        return dict(rows)

    # ------------------------------------------------------------------------------------- inside

    def _number(self, paper_id: str) -> int:
        number = find_number(self._db, paper_id)
        if number is None:
            raise UnknownPaper(f"{paper_id!r} is not in the library: kb list shows what is")
        return number

    def _insert(self, metadata: Metadata, private: bool) -> str:
        key = min([*metadata.ids, *derived_keys(metadata)], key=lambda k: (strength(k), k))
        number = self._db.run(
            "INSERT INTO papers (id, record, title, private, added, changed) VALUES (?, ?, '', ?, ?, ?)",
            (key, b"", int(private), _now(), _now()),
        )
        self._contribute(number, metadata)
        return self._refresh(number, private=private).id

    def _contribute(self, number: int, metadata: Metadata) -> None:
        self._note_version(number, metadata)
        known = self._contributions(number).get(metadata.source)
        together = newer(known, metadata) if known is not None else metadata
        if known != together:
            self._keep(number, together)

    def _decide(self, number: int, **values: Any) -> None:
        decided = self._contributions(number).get("user", Metadata(source="user", ids=()))
        self._keep(number, replace(decided, **values))

    def _keep(self, number: int, metadata: Metadata) -> None:
        self._db.run(
            "INSERT OR REPLACE INTO contributions VALUES (?, ?, ?)", (number, metadata.source, wire.pack(metadata))
        )

    def _note_version(self, number: int, metadata: Metadata) -> None:
        if metadata.source not in ("arxiv", "jsonl") or metadata.version is None or metadata.title is None:
            return
        version = Version(
            paper_id=metadata.ids[0],
            version=metadata.version,
            title=metadata.title,
            authors=metadata.authors or (),
            abstract=metadata.abstract or "",
            comment=metadata.comment,
            seen=datetime.now(UTC).replace(microsecond=0),
            withdrawn=bool(metadata.withdrawn),
        )
        self._db.run("INSERT OR IGNORE INTO versions VALUES (?, ?, ?)", (number, metadata.version, wire.pack(version)))

    def _join(self, keep: int, other: int) -> None:
        """Fold one paper into another; its chunks and document move along unless the kept paper has its own."""
        mine = self._contributions(keep)
        private = all(self._record(number).private for number in (keep, other))
        for source, metadata in self._contributions(other).items():
            both = source in mine
            together = overlaid if source == "user" else newer
            self._keep(keep, together(metadata, mine[source]) if both else metadata)
        self._db.run("UPDATE aliases SET paper = ? WHERE paper = ?", (keep, other))
        if self._db.first("SELECT 1 FROM documents WHERE paper = ?", (keep,)) is None:
            self._db.run("UPDATE documents SET paper = ? WHERE paper = ?", (keep, other))
            drop_chunks_of(self._db, keep)
            self._db.run("UPDATE chunks SET paper = ? WHERE paper = ?", (keep, other))
            self._refresh(keep, private=private, fulltext=self._record(other).fulltext)
        else:
            drop_chunks_of(self._db, other)
            self._refresh(keep, private=private)
        for table in ("tags", "opinions", "versions"):
            self._db.run(f"UPDATE OR IGNORE {table} SET paper = ? WHERE paper = ?", (keep, other))
        self._db.run("DELETE FROM papers WHERE number = ?", (other,))

    def _contributions(self, number: int) -> dict[str, Metadata]:
        rows = self._db.rows("SELECT source, metadata FROM contributions WHERE paper = ?", (number,))
        return {source: wire.unpack(blob, Metadata) for source, blob in rows}

    def _record(self, number: int) -> Paper:
        return wire.unpack(self._db.one("SELECT record FROM papers WHERE number = ?", (number,))[0], Paper)

    def _refresh(self, number: int, *, private: bool | None = None, fulltext: Fulltext | None = None) -> Paper:
        """Merge again what the sources say, and write what is derived from it (aliases, filter tables)."""
        contributions = self._contributions(number)
        blob = self._db.one("SELECT record FROM papers WHERE number = ?", (number,))[0]
        before = wire.unpack(blob, Paper) if blob else None
        keys = {key for m in contributions.values() for key in m.ids} | set(aliases_of(self._db, number))
        keys |= {key for m in contributions.values() for key in derived_keys(m) if self._is_free(key, number)}
        if "user" in contributions and (decided := contributions["user"].private) is not None:
            private = decided
        if private is None:
            private = before.private if before else False
        paper = merge(
            list(contributions.values()),
            aliases=keys,
            tags=[row[0] for row in self._db.rows("SELECT tag FROM tags WHERE paper = ?", (number,))],
            private=private,
            fulltext=fulltext or (before.fulltext if before else Fulltext()),
        )
        if paper != before:
            self._write(number, paper, before)
        return paper

    def _is_free(self, alias: str, number: int) -> bool:
        return find_number(self._db, alias) in (None, number)

    def _write(self, number: int, paper: Paper, before: Paper | None) -> None:
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
        if before is not None and before.id != paper.id:
            self._db.run("UPDATE OR IGNORE shown SET paper_id = ? WHERE paper_id = ?", (paper.id, before.id))
        for table, name, values in (
            ("aliases (alias, paper)", "aliases", {paper.id, *paper.aliases}),
            ("authors (folded, paper)", "authors", {fold(author) for author in paper.authors}),
            ("categories (category, paper)", "categories", set(paper.categories)),
            ("days (day, paper)", "announced", {day.isoformat() for day in paper.announced}),
        ):
            if before is None or getattr(before, name) != getattr(paper, name) or before.id != paper.id:
                self._db.run(f"DELETE FROM {table.split()[0]} WHERE paper = ?", (number,))
                self._db.run_many(f"INSERT INTO {table} VALUES (?, ?)", [(v, number) for v in sorted(values)])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
