"""The catalog: the truth from which every index can be made again.

Its methods take and return records; no SQL, row or cursor leaves it. Its test suite is what another catalog (say,
on PostgreSQL) would have to pass.

What sources said comes in as ``records``. ``matching`` says whether two of them agree, ``identity`` which are of one
paper, ``views`` makes papers of these, and ``papers`` is what others ask of them; ``filters`` says which papers pass.
``passages`` are their texts and chunks, ``cited`` what these cite, ``ledger`` is what was shown and kept,
``unfinished`` what is still to be done. Below all of them lie ``database`` and ``schema``; ``salvage`` copies what is
whole of a damaged one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from kb.index.catalog.cited import CitedTable
from kb.index.catalog.database import Database
from kb.index.catalog.filters import AuthorTable
from kb.index.catalog.ledger import Ledger
from kb.index.catalog.papers import PaperTable
from kb.index.catalog.passages import PassageTable
from kb.index.catalog.records import RecordTable
from kb.index.catalog.unfinished import FailureTable, JobTable, RemovalTable
from kb.index.catalog.views import CollectionTable, PaperViews
from kb.protocols import Keys
from kb.records import NO_FILTERS, Filters

_KEPT_FILTERS = 32  # people ask several things under one filter; keys of half a million chunks are 4 MB
_LOOKED_UP = 100  # papers of which the first chunk is looked up at once, as far as somebody reads on


class Catalog:
    """Everything that is known in one home, by the tables that hold it.

    Args:
        path: the SQLite file.
        create: make or upgrade it when needed (a writer does).

    Raises:
        HomeTooNew, HomeUnwritable: see ``kb.index.catalog.database.Database``.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self._db = Database(path, create=create)
        self.records = RecordTable(self._db)
        self.authors = AuthorTable(self._db)
        views = PaperViews(self._db, self.records, self.authors)
        self.papers = PaperTable(self._db, self.records, views)
        self.collections = CollectionTable(self._db, views)
        self.passages = PassageTable(self._db)
        self.cited = CitedTable(self._db)
        self.failures = FailureTable(self._db)
        self.ledger = Ledger(self._db)
        self.jobs = JobTable(self._db)
        self.removals = RemovalTable(self._db)
        self._within: dict[tuple[tuple[int, ...], Filters], Keys] = {}

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing."""
        return self._db.transaction()

    def keys_within(self, filters: Filters) -> Keys | None:
        """Sorted keys of the chunks whose paper passes; None when nothing is filtered."""
        if filters == NO_FILTERS:
            return None
        state = self._db.state()
        if state is not None and (known := self._within.get((state, filters))) is not None:
            return known
        numbers = self.papers.numbers(filters)
        keys = self.passages.keys_of(numbers) if numbers else np.empty(0, dtype=np.int64)
        if state is not None:
            if len(self._within) >= _KEPT_FILTERS:
                self._within.clear()
            self._within[state, filters] = keys
        return keys

    def newest(self, filters: Sequence[Filters]) -> Iterator[int]:
        """Key of the first chunk of each paper that all filters leave (at least one is given), the newest first."""
        first, *others = [self.papers.ids(each) for each in filters]
        wanted = set(first).intersection(*others)
        ids = [key for key in first if key in wanted]
        for start in range(0, len(ids), _LOOKED_UP):
            yield from self.passages.first_keys(ids[start : start + _LOOKED_UP]).values()

    def files(self) -> set[str]:
        """Keys of the files that are stored for a paper: its texts and its pictures."""
        return self.passages.files().union(*self.ledger.figure_files().values())

    def generation(self) -> int:
        """Grows whenever the indexes have changed: readers that see it grow reopen theirs."""
        return int(self.fact("generation") or 0)

    def revision(self) -> tuple[int, ...] | None:
        """Another one after every change by anybody; None within a transaction, which may be taken back."""
        return self._db.state()

    def fact(self, key: str) -> str | None:
        """A fact about the whole home, e.g. the fingerprint of the encoder its vectors were made with."""
        return self.facts(key).get(key)

    def facts(self, *keys: str) -> dict[str, str]:
        """Facts about the whole home as they are at one moment; those that were never set are left out."""
        return dict(self._db.rows_for("SELECT key, value FROM meta WHERE key IN (?)", keys))

    def set_fact(self, key: str, value: str) -> None:
        """Set a fact about the whole home."""
        self.set_facts({key: value})

    def set_facts(self, facts: Mapping[str, str]) -> None:
        """Set facts about the whole home."""
        self._db.run_many("INSERT OR REPLACE INTO meta VALUES (?, ?)", facts.items())

    def pause(self) -> None:
        """Between the transactions of a long writer: leave others room to write."""
        self._db.pause()

    def scrub(self) -> None:
        """Make sure that what was deleted is nowhere on disk; see ``kb.index.catalog.database.Database.scrub``."""
        self._db.scrub()

    def damaged(self) -> list[str]:
        """What was left out of results so far because it is not as it was written."""
        return list(self._db.damaged)

    def faults(self) -> list[str]:
        """What the store's own check finds wrong."""
        return self._db.faults()

    def close(self) -> None:
        """Close all connections."""
        self._db.close()
