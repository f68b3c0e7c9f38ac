"""Standard streams as they come: closed, full, gone, or of an encoding that knows few characters."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TextIO

from kb.errors import KbError


class OutputLost(KbError):
    """Standard output cannot be written."""

    code = "output-lost"


def open_streams() -> None:
    """Make all three streams usable.

    A closed one leads nowhere; its number must not go to the next file that is opened, or what a library prints
    would land in the catalog. A character that the terminal's encoding lacks is shown as "?".
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number: this one
    if sys.stdout is None:
        sys.stdout = _nowhere()
    if sys.stderr is None:
        sys.stderr = _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def write_text(text: str) -> None:
    """Write lines for people to stdout.

    Raises:
        OutputLost: when stdout cannot be written. A reader that went away is a ``BrokenPipeError``.
    """
    try:
        print(text, flush=True)  # noqa: T201
    except BrokenPipeError:
        raise
    except OSError as err:
        silence_stdout()
        raise OutputLost(f"the output cannot be written ({err.strerror}): send it somewhere else") from err


def write_document(text: str) -> None:
    """Write a JSON document to stdout: in UTF-8, whatever the terminal's encoding is."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    write_text(text)


def silence_stdout() -> None:
    """What is still to be written goes nowhere, so that the interpreter's last flush does not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def tell(text: str, *, end: str = "\n") -> None:
    """Write to stderr; when nobody can be told, the work goes on."""
    try:
        print(text, end=end, file=sys.stderr, flush=True)  # noqa: T201
    except OSError:
        sys.stderr = _nowhere()


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")
