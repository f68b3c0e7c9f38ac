"""What could not be added and why, kept until it goes in or is gone from where it came."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from kb.index.database import Database
from kb.records import Failure


class FailureTable:
    """The failures of a home. Every write is part of the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def record(self, failure: Failure) -> None:
        """Keep a failure; an earlier one of the same thing gives way."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._db.run(
            "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?)",
            (failure.what, failure.code, failure.reason, int(failure.retry), now),
        )

    def forget(self, what: str) -> None:
        """The thing went in after all."""
        if self._db.first("SELECT 1 FROM failures WHERE what = ?", (what,)):
            self._db.run("DELETE FROM failures WHERE what = ?", (what,))

    def forget_lines(self, file: str, *, but: Collection[str]) -> None:
        """A file of records was read to its end: of its lines (``file:number``) only those in ``but`` still fail."""
        for failure in self.list():
            name, _, line = failure.what.rpartition(":")
            if name == file and line.isdecimal() and failure.what not in but:
                self.forget(failure.what)

    def list(self) -> list[Failure]:
        """What could not be added, by name."""
        rows = self._db.rows("SELECT what, code, reason, retry FROM failures ORDER BY what")
        return [Failure(what=w, code=c, reason=r, retry=bool(t)) for w, c, r, t in rows]
