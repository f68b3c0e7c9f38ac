"""Standard streams as they come: closed, full, gone, or of an encoding that knows few characters.

And what is told on stderr while a command works: one bar at a time, plain lines where there is no terminal.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from kb.errors import OutputLost

_REDRAW_SECONDS = 0.2
_PLAIN_SECONDS = 15.0
_BAR_WIDTH = 24
# What a terminal takes for orders (move, erase, recolour, set the title), and what turns the direction of writing.
_STEERING = dict.fromkeys(
    (*range(9), *range(11, 32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A)), "?"
)


def open_streams() -> None:
    """Make all three streams usable.

    The number of a closed one must not go to the next file that is opened, or what a library prints would land in
    the catalog: it leads nowhere, and writing a result to a closed stdout fails as it does for other programs. A
    character that the terminal's encoding lacks is shown as "?".
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if number == 1 else os.O_RDWR)  # the lowest free number: this one
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    if sys.stderr is None:
        sys.stderr = _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def write_text(text: str) -> None:
    """Write lines for people to stdout. Signs that steer a terminal, which a title may hold, are shown as "?".

    Raises:
        OutputLost: when stdout cannot be written. A reader that went away is a ``BrokenPipeError``.
    """
    _write(_shown(text))


def write_document(text: str) -> None:
    """Write a JSON document to stdout: in UTF-8, whatever the terminal's encoding is."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    _write(text)


def _write(text: str) -> None:
    with _losing_nothing():
        print(text, flush=True)  # noqa: T201


def flush_stdout() -> None:
    """Write what waits to be written.

    Raises:
        OutputLost: when stdout cannot be written.
    """
    with _losing_nothing():
        sys.stdout.flush()


@contextlib.contextmanager
def _losing_nothing() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as err:
        silence_stdout()
        raise OutputLost(f"the output cannot be written ({err.strerror}): send it somewhere else") from err


def silence_stdout() -> None:
    """What is still to be written goes nowhere, so that the interpreter's last flush does not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def say(text: str) -> None:
    """One line on stderr, whatever names and titles it quotes."""
    tell(_shown(" ".join(text.split("\n"))))


def tell(text: str, *, end: str = "\n") -> None:
    """Write to stderr as it is; when nobody can be told, the work goes on."""
    try:
        print(text, end=end, file=sys.stderr, flush=True)  # noqa: T201
    except OSError:
        sys.stderr = _nowhere()


def _shown(text: str) -> str:
    return text.translate(_STEERING)


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


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
