"""Writes that fail: the Nth write of a command is not done, by a kill (SIGKILL) of its process or an exception.

``python -m tests.failpoints N [WORDS…]`` runs ``kb WORDS`` with an encoder that knows words only, killed right before
its Nth write (never for 0), and says on stderr how many writes there were. A write is whatever may be the last one that
is done: of a file outside SQLite, a commit of the word index, an insert of Chroma, or a transaction of the catalog.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from kb.index.catalog.database import Database
from kb.index.dense import ChromaIndex
from kb.index.lexical import TantivyIndex
from tests.fakes import WordEncoder, WordReader

_CATALOG = ("COMMIT", "VACUUM", "PRAGMA wal_checkpoint")
_OUTSIDE: tuple[tuple[Any, str], ...] = (
    (os, "unlink"), (os, "rmdir"), (os, "rename"), (os, "replace"), (os, "pwrite"),
    (TantivyIndex, "put"), (TantivyIndex, "drop"), (ChromaIndex, "_insert"),
)  # fmt: skip
assert shutil  # removes with the functions of os


class Killed(BaseException):
    """The process would have ended here."""


@contextmanager
def failing(number: int, *, fail: Callable[[], None]) -> Iterator[list[str]]:
    """Call ``fail`` right before write ``number`` (from 1), and again before each later one; yields the writes."""
    done: list[str] = []

    def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            if name not in ("run", "rows") or str(args[1]).startswith(_CATALOG):
                done.append(name if name not in ("run", "rows") else str(args[1]))
                if 0 < number <= len(done):
                    fail()
            return function(*args, **options)

        return call

    with ExitStack() as stack:
        for owner, name in (*_OUTSIDE, (Database, "run"), (Database, "rows")):
            stack.enter_context(mock.patch.object(owner, name, counted(name, getattr(owner, name))))
        yield done


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(number: int, words: list[str]) -> int:
    """Run the command line."""
    from kb.cli import main as kb

    light = mock.patch("kb.encoders.load_encoder", return_value=WordEncoder())
    with light, mock.patch("kb.encoders.load_reader", return_value=WordReader()):
        with failing(number, fail=_kill) as done:
            status = kb(words)
        print(f"writes: {len(done)}", file=sys.stderr)
        return status


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
