"""``kb`` and ``python -m kb``: the command, which ends without a word when it is stopped before it has begun."""

from __future__ import annotations

import os
import signal


def run() -> int:
    """Run the command of this process; returns its exit status.

    Ctrl-C and SIGTERM while the command line is still being imported end the process at once: nothing was begun. From
    then on ``kb.cli.main`` hears them.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        # That of ``kb.errors``: nothing of ours is imported before a signal is heard.
        signal.signal(number, lambda *_: os._exit(130))
    from kb.cli import main

    return main()


if __name__ == "__main__":
    raise SystemExit(run())
