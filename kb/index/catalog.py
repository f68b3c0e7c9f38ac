"""The catalog: the truth from which every index can be made again.

Its methods take and return records; no SQL, row or cursor leaves it. Its test suite is what another catalog (say,
on PostgreSQL) would have to pass.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kb.index.authors import AuthorTable
from kb.index.collections import CollectionTable
from kb.index.database import Database
from kb.index.failures import FailureTable
from kb.index.jobs import JobTable
from kb.index.ledger import Ledger
from kb.index.papers import PaperTable
from kb.index.passages import PassageTable
from kb.index.records import RecordTable
from kb.protocols import Keys
from kb.records import NO_FILTERS, Filters

_KEPT_FILTERS = 32  # people ask several things under one filter; keys of half a million chunks are 4 MB


class Catalog:
    """Papers, passages, failures, the ledger and the jobs of one home.

    Args:
        path: the SQLite file.
        create: make or upgrade it when needed (a writer does).

    Raises:
        HomeTooNew, HomeUnwritable: see ``kb.index.database.Database``.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self._db = Database(path, create=create)
        self.records = RecordTable(self._db)
        self.authors = AuthorTable(self._db)
        self.papers = PaperTable(self._db, self.records, self.authors)
        self.collections = CollectionTable(self._db, self.papers)
        self.passages = PassageTable(self._db)
        self.failures = FailureTable(self._db)
        self.ledger = Ledger(self._db)
        self.jobs = JobTable(self._db)
        self._within: dict[tuple[tuple[int, ...], Filters], Keys] = {}

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        with self._db.transaction():
            yield

    def keys_within(self, filters: Filters) -> Keys | None:
        """Sorted keys of the chunks whose paper passes; None when nothing is filtered."""
        if filters == NO_FILTERS:
            return None
        asked = (self._db.state(), filters)
        if (known := self._within.get(asked)) is not None:
            return known
        numbers = self.papers.numbers(filters)
        keys = self.passages.keys_of(numbers) if numbers else np.empty(0, dtype=np.int64)
        if len(self._within) >= _KEPT_FILTERS:
            self._within.clear()
        self._within[asked] = keys
        return keys

    def generation(self) -> int:
        """Grows whenever the indexes have changed: readers that see it grow reopen theirs."""
        return int(self.fact("generation") or 0)

    def next_generation(self) -> None:
        """Say that the indexes have changed."""
        self.set_fact("generation", str(self.generation() + 1))

    def fact(self, key: str) -> str | None:
        """A fact about the whole home, e.g. the fingerprint of the encoder its vectors were made with."""
        row = self._db.first("SELECT value FROM meta WHERE key = ?", (key,))
        return row[0] if row else None

    def set_fact(self, key: str, value: str) -> None:
        """Set a fact about the whole home."""
        self._db.run("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def scrub(self) -> None:
        """Make sure that what was deleted is nowhere on disk."""
        self._db.scrub()

    def faults(self) -> list[str]:
        """What the store's own check finds wrong."""
        return self._db.faults()

    def close(self) -> None:
        """Close all connections."""
        self._db.close()
