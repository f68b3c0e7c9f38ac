"""Progress, notices and errors on stderr: one bar at a time, plain lines where there is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from kb.cli.streams import say, tell

_REDRAW_SECONDS = 0.2
_PLAIN_SECONDS = 15.0
_BAR_WIDTH = 24


class Reporter:
    """Writes to stderr what a person waiting wants to know; ``quiet`` leaves errors only."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._drawn_at = 0.0
        self._started: dict[str, float] = {}
        self._open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear()

    def progress(self, doing: str, done: int, total: int | None) -> None:
        """Show how far a long work is; calls may come often."""
        now = time.monotonic()
        started = self._started.setdefault(doing, now)
        finished = total is not None and done >= total
        if self._quiet or (now - self._drawn_at < (_REDRAW_SECONDS if self._terminal else _PLAIN_SECONDS)):
            return
        self._drawn_at = now
        rate = done / (now - started) if now - started > 1 else 0.0
        line = f"{doing} {done}" + (f"/{total}" if total else "") + (f", {rate:.0f}/s" if rate >= 1 else "")
        if total and not finished and rate:
            line += f", {(total - done) / rate:.0f} s left"
        if not self._terminal:
            tell(f"kb: {line}")
            return
        bar = ""
        if total:
            full = min(_BAR_WIDTH, _BAR_WIDTH * done // total)
            bar = f" [{'#' * full}{'.' * (_BAR_WIDTH - full)}]"
        tell(f"\r\x1b[K{line}{bar}", end="")
        self._open = True

    def notice(self, text: str) -> None:
        """Tell something that changes nothing."""
        if not self._quiet:
            self._clear()
            say(f"kb: {text}")

    def error(self, text: str) -> None:
        """Tell why something could not be done."""
        self._clear()
        say(f"kb: {text}")

    def _clear(self) -> None:
        if self._open:
            tell("\r\x1b[K", end="")
            self._open = False


class JobReporter(Reporter):
    """Tells the catalog, for those who follow the work in the app."""

    def __init__(self, *, progress: Callable[[str, int, int | None], None], notice: Callable[[str], None]) -> None:
        super().__init__(quiet=False)
        self._tell_progress, self._tell = progress, notice

    def progress(self, doing: str, done: int, total: int | None) -> None:
        """How far the work is."""
        self._tell_progress(doing, done, total)

    def notice(self, text: str) -> None:
        """Something that changes nothing."""
        self._tell(text)
