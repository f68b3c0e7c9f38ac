"""What is not finished, kept where every process sees it: long work, what could not be added, removals under way."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from kb import wire
from kb.index.catalog.database import Database, now
from kb.records import Failure

JobState = Literal["waiting", "running", "done", "partial", "failed", "lost"]

_COLUMNS = "number, command, state, done, total, message, pid, started, beat, report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of long work. ``done`` of ``total`` (None: not known) units of what ``message`` names.

    ``beat`` is its last sign of life; ``report`` the result of its verb, or ``{"error", "code"}``.
    """

    number: int
    command: tuple[str, ...]
    state: JobState
    done: int
    total: int | None
    message: str
    pid: int | None
    started: datetime
    beat: datetime
    report: dict[str, Any] | None = None

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.state in ("waiting", "running")


class JobTable:
    """The jobs of a home. Each write is a transaction of its own: others see it at once."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def start(self, command: Sequence[str]) -> int:
        """Enter a job that waits for its process; returns its number, which is never used twice."""
        at = now("milliseconds")
        statement = "INSERT INTO jobs (command, state, started, beat) VALUES (?, 'waiting', ?, ?)"
        with self._db.transaction():
            return self._db.run(statement, (json.dumps(list(command)), at, at))

    def take(self, number: int, *, pid: int) -> None:
        """The process that does the job says that it is there."""
        self._write("state = 'running', pid = ?, beat = ?", (pid, now("milliseconds")), number)

    def beat(self, number: int, *, done: int, total: int | None, message: str) -> None:
        """A sign of life, with how far the job is."""
        self._write("done = ?, total = ?, message = ?, beat = ?", (done, total, message, now("milliseconds")), number)

    def finish(self, number: int, state: JobState, *, report: dict[str, Any], message: str = "") -> None:
        """The job has ended; one that has ended before stays as it is."""
        values = (state, json.dumps(report, ensure_ascii=False), message, now("milliseconds"))
        changes = "state = ?, report = ?, message = ?, beat = ?"
        self._write(changes, values, number, also=" AND state IN ('waiting', 'running')")

    def forget(self, number: int) -> None:
        """Take a job off the list; an unknown one is no error."""
        with self._db.transaction():
            self._db.run("DELETE FROM jobs WHERE number = ?", (number,))

    def get(self, number: int) -> Job | None:
        """The job of that number."""
        row = self._db.first(f"SELECT {_COLUMNS} FROM jobs WHERE number = ?", (number,))
        return _job(row) if row else None

    def list(self, *, limit: int | None = 50) -> list[Job]:
        """The latest jobs, the newest first; all of them where ``limit`` is None."""
        rows = self._db.rows(
            f"SELECT {_COLUMNS} FROM jobs ORDER BY number DESC LIMIT ?", (-1 if limit is None else limit,)
        )
        return [_job(row) for row in rows]

    def _write(self, changes: str, values: Sequence[Any], number: int, *, also: str = "") -> None:
        with self._db.transaction():
            self._db.run(f"UPDATE jobs SET {changes} WHERE number = ?{also}", (*values, number))


def _job(row: tuple[Any, ...]) -> Job:
    number, command, state, done, total, message, pid, started, beat, report = row
    return Job(
        number=number,
        command=tuple(json.loads(command)),
        state=state,
        done=done,
        total=total,
        message=message,
        pid=pid,
        started=datetime.fromisoformat(started),
        beat=datetime.fromisoformat(beat),
        report=json.loads(report) if report else None,
    )


class FailureTable:
    """The failures of a home. Every write is part of the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def record(self, failure: Failure) -> None:
        """Keep a failure; an earlier one of the same thing gives way."""
        self._db.run(
            "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?)",
            (failure.what, failure.code, failure.reason, int(failure.retry), now()),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Papers that were taken out together, as far as it takes to find what is left of them in files, indexes, pages
    and caches.

    ``ids`` has for each paper its id, then its aliases and citation keys; ``titles`` are all that its records had;
    ``hashes`` (SHA-256) and ``files`` (keys of the file store) are those of its texts, ``figures`` of its pictures.
    """

    ids: tuple[tuple[str, ...], ...]
    titles: tuple[str, ...]
    hashes: tuple[str, ...]
    files: tuple[str, ...]
    figures: tuple[str, ...]

    def named(self, name: str) -> str | None:
        """The id of the paper that had this id, alias or citation key; None where none of these had it."""
        return next((some[0] for some in self.ids if name in some), None)


class RemovalTable:
    """The removals that are not finished. Every write is part of the caller's transaction.

    The row is written in the transaction that takes the papers out, and goes when nothing of them is left, so that a
    removal that was stopped is finished by whoever writes next.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def begin(self, removal: Removal) -> None:
        """Remember what is to be taken away."""
        self._db.run("INSERT INTO removals (record) VALUES (?)", (wire.pack(removal),))

    def pending(self) -> dict[int, Removal | None]:
        """The removals that are not finished, by number; None: all is gone, but for what the store's file keeps of
        the row itself."""
        rows = self._db.rows("SELECT number, record FROM removals ORDER BY number")
        return {number: wire.unpack(record, Removal) if record else None for number, record in rows}

    def forget_names(self, numbers: Iterable[int]) -> None:
        """Everything of these removals is gone: forget what they were of, too."""
        self._db.run_many("UPDATE removals SET record = NULL WHERE number = ?", [(number,) for number in numbers])

    def finish(self, numbers: Iterable[int]) -> None:
        """These removals are finished."""
        self._db.run_many("DELETE FROM removals WHERE number = ?", [(number,) for number in numbers])
