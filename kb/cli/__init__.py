"""The command line: a thin twin of ``Library``. ``main`` turns errors into one line and an exit status."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from kb import __version__
from kb.cli.parser import build_parser
from kb.cli.streams import open_streams, silence_stdout, tell
from kb.errors import KbError

DONE, NOT_DONE, IN_PART, FAULTS, INTERRUPTED = 0, 1, 3, 4, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status (0 done, 1 not done, 2 wrong usage, 3 in part, 4 faults, 130)."""
    open_streams()
    options = build_parser(__version__).parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        from kb.cli.commands import run

        return run(options)
    except KbError as err:
        tell(f"kb: {err}")
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
