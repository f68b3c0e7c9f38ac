"""Whose turn it is: at most one request at a time, and not too soon after the last, over all processes of a home."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from kb.errors import SourceUnavailable
from kb.home import writing_error

LONGEST_WAIT_SECONDS = 600.0
"""A server that asks for more patience than this is left alone, and the user is told when to come back."""
_BELIEVABLE_SECONDS = 86_400.0  # a later turn than this comes from a clock that was set back, not from a server


class Pace:
    """A file that says when the next request may go out, and a lock that one request at a time holds.

    The file is shared by every process that uses the same folder, so two commands at once keep arXiv's rule
    together. A process that dies gives its turn back: the lock is the kernel's, the time is written beforehand.

    Args:
        folder: where the file lies; it is made when it is not there.
        interval_seconds: least time between two requests.
        clock: seconds since the epoch.
        sleep: waits; tests hand in one that only notes the time.
    """

    def __init__(
        self,
        folder: Path,
        *,
        interval_seconds: float,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._path = folder / "pace"
        self._interval_seconds = interval_seconds
        self._clock = clock
        self._sleep = sleep

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Wait for the next turn and hold it; the interval counts from ``Turn.reached``, else from its end.

        Raises:
            SourceUnavailable: when a server asked to be left alone for longer than ``LONGEST_WAIT_SECONDS``.
            HomeUnwritable: when the file cannot be written.
        """
        with self._open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            wait_seconds = self._read(file) - self._clock()
            if LONGEST_WAIT_SECONDS < wait_seconds < _BELIEVABLE_SECONDS:
                raise left_alone(self._clock() + wait_seconds)
            if 0 < wait_seconds < _BELIEVABLE_SECONDS:
                self._sleep(wait_seconds)
            turn = Turn(lambda not_before: self._write(file, not_before), self._clock, self._interval_seconds)
            try:
                yield turn
            finally:
                turn.end()

    def _open(self) -> IO[str]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            return self._path.open("a+", encoding="ascii")
        except OSError as err:
            raise writing_error(err, self._path) from err

    @staticmethod
    def _read(file: IO[str]) -> float:
        file.seek(0)
        try:
            return float(file.read(40))
        except ValueError:
            return 0.0

    def _write(self, file: IO[str], not_before: float) -> None:
        try:
            file.seek(0)
            file.truncate()
            file.write(f"{not_before:.6f}\n")
            file.flush()
        except OSError as err:
            raise writing_error(err, self._path) from err


class Turn:
    """One request's turn. It is taken when it is made: a process that is killed has had its turn."""

    def __init__(self, write: Callable[[float], None], clock: Callable[[], float], interval_seconds: float) -> None:
        self._write = write
        self._clock = clock
        self._interval_seconds = interval_seconds
        self._is_settled = False
        self.asked_to_wait(0.0)
        self._is_settled = False

    def reached(self) -> None:
        """The server has the request: the next one may follow an interval from now, however long the body takes."""
        self.asked_to_wait(0.0)

    def asked_to_wait(self, seconds: float) -> None:
        """The server named a time: no process asks again before it."""
        self._is_settled = True
        self._write(self._clock() + max(seconds, self._interval_seconds))

    def end(self) -> None:
        """The turn is over; without any sign of the server the interval counts from here."""
        if not self._is_settled:
            self.asked_to_wait(0.0)


def left_alone(until: float) -> SourceUnavailable:
    """The error that says when a server wants to be asked again (``until`` in seconds since the epoch)."""
    moment = datetime.fromtimestamp(until, tz=UTC)
    return SourceUnavailable(
        f"the server asked for a pause until {moment:%Y-%m-%d %H:%M} UTC: run the same command again after that",
        retry=True,
    )
