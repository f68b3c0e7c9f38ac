"""The command line: a thin twin of ``Library``. ``main`` turns errors into one line and an exit status."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from kb import __version__
from kb.cli.parser import build_parser
from kb.cli.streams import flush_stdout, open_streams, say, silence_stdout, tell
from kb.errors import DONE, INTERRUPTED, KbError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status (0 done, 1 not done, 2 wrong usage, 3 in part, 4 faults, 130)."""
    open_streams()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        try:
            options = build_parser(__version__).parse_args(arguments)
        finally:
            flush_stdout()  # a help that nobody gets is no success either
        from kb.cli.commands import run

        return run(options)
    except KbError as err:
        say(f"kb: {err}")
        return err.exit_status
    except KeyboardInterrupt:
        tell("kb: stopped; what was done is kept, run the same again to go on")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (kb list | head): nothing is wrong and nobody is there to be told.
        silence_stdout()
        return DONE


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
