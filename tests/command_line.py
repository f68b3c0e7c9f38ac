"""The command line in this process: what it prints, what it says, how it ends.

A process of its own costs seconds of imports and is for what only a process shows: start, streams, signals, an end.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from kb.cli import main


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def run(words: Sequence[str]) -> Done:
    """Run ``kb`` with these words, in the environment as it is."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status = main(words)
        except SystemExit as ended:  # argparse: help, and words that are wrong
            status = int(ended.code or 0)
    return Done(status, out.getvalue(), err.getvalue())


def kb(*arguments: str, home: Path | None = None, **environment: str) -> Done:
    """Run ``kb`` with these words, and no ``KB_*`` in the environment but those given."""
    words = [*arguments, *(["--home", str(home)] if home else [])]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
    with mock.patch.dict(os.environ, clean | environment, clear=True):
        return run(words)
