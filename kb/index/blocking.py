"""Which stored records have to be looked at together when some of them have come or changed.

Two records hang together where something may join them: a decision, the paper that they are of, or a shared key with
titles or authors that agree. What hangs together is clustered whole, however much it is, so the outcome does not
depend on the order of arrival. Records that share a key and can never be one are not followed further: they are only
asked whose that key is. So a chain of such records costs no more than its length.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from kb.index.database import Database
from kb.index.identity import Cluster, Decisions, Doubt, Pair, cluster, pair
from kb.index.matching import MOST_SHARING, Known, may_join, titles_agree

if TYPE_CHECKING:
    from kb.index.records import Stored

Load = Callable[[Collection[str]], "list[Stored]"]
"""Gives the stored records of these ids."""


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


def block_of(database: Database, load: Load, seeds: Iterable[str], *, without: frozenset[Pair]) -> RecordBlock:
    """The block of these records (ids), which are new or have changed.

    It has all whose paper may be another now, and all that share a key with those, for the key may be theirs now.

    Args:
        database: the catalog's.
        load: gives stored records.
        seeds: ids of records.
        without: ties of the user's that are left out of account.
    """
    walk = _Walk(database, load, frozenset(seeds))
    core = walk.closed(walk.origin())
    around = walk.closed(core | walk.sharing(core), known=core)
    known = [walk.stored[key].known for key in around | walk.sharing(around) if walk.is_live(key)]
    clusters, doubts = cluster(known, walk.decisions(without), crowded=frozenset(walk.crowded))
    return RecordBlock(
        stored={key: walk.stored[key] for key in sorted(around)},
        clusters=[one for one in clusters if one.records[0] in around],
        doubts=[doubt for doubt in doubts if around.issuperset(doubt.records)],
    )


class _Walk:
    """Follows stored records to those that they hang together with, or share a key with."""

    def __init__(self, database: Database, load: Load, seeds: frozenset[str]) -> None:
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
