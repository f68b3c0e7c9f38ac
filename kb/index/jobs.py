"""Long work, kept where every process sees it: what runs, how far it is, when it last gave a sign of life."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from kb.index.database import Database

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
        now = _now()
        statement = "INSERT INTO jobs (command, state, started, beat) VALUES (?, 'waiting', ?, ?)"
        with self._db.transaction():
            return self._db.run(statement, (json.dumps(list(command)), now, now))

    def take(self, number: int, *, pid: int) -> None:
        """The process that does the job says that it is there."""
        self._write("state = 'running', pid = ?, beat = ?", (pid, _now()), number)

    def beat(self, number: int, *, done: int, total: int | None, message: str) -> None:
        """A sign of life, with how far the job is."""
        self._write("done = ?, total = ?, message = ?, beat = ?", (done, total, message, _now()), number)

    def finish(self, number: int, state: JobState, *, report: dict[str, Any], message: str = "") -> None:
        """The job has ended; one that has ended before stays as it is."""
        text = json.dumps(report, ensure_ascii=False)
        changes = "state = ?, report = ?, message = ?, beat = ?"
        self._write(changes, (state, text, message, _now()), number, also=" AND state IN ('waiting', 'running')")

    def forget(self, number: int) -> None:
        """Take a job off the list; an unknown one is no error."""
        with self._db.transaction():
            self._db.run("DELETE FROM jobs WHERE number = ?", (number,))

    def get(self, number: int) -> Job | None:
        """The job of that number."""
        row = self._db.first(f"SELECT {_COLUMNS} FROM jobs WHERE number = ?", (number,))
        return _job(row) if row else None

    def list(self, *, limit: int = 50) -> list[Job]:
        """The latest jobs, the newest first."""
        rows = self._db.rows(f"SELECT {_COLUMNS} FROM jobs ORDER BY number DESC LIMIT ?", (limit,))
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


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
