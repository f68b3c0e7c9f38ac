"""The command line: a thin twin of ``Library``. ``main`` turns errors into one line and an exit status."""

from __future__ import annotations

from collections.abc import Sequence

from kb import __version__
from kb.cli.parser import build_parser
from kb.cli.stopping import Stop
from kb.cli.streams import flush_stdout, open_streams, say, silence_stdout
from kb.errors import DONE, KbError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status (0 done, 1 not done, 2 wrong usage, 3 in part, 4 faults, 130)."""
    open_streams()
    stop = Stop(ends_process=arguments is None)
    try:
        stop.listen()
        status = _run(arguments, stop)
        stop.end()
        return status
    except KeyboardInterrupt:
        return stop.stopped()
    except BrokenPipeError:
        # The reader of our output went away (kb list | head): nothing is wrong and nobody is there to be told.
        silence_stdout()
        return DONE
    except Exception as err:
        if stop.is_asked:
            return stop.stopped()
        if not isinstance(err, KbError):
            raise
        say(f"kb: {err}")
        return err.exit_status
    finally:
        stop.end()


def _run(arguments: Sequence[str] | None, stop: Stop) -> int:
    try:
        options = build_parser(__version__).parse_args(arguments)
    finally:
        flush_stdout()  # a help that nobody gets is no success either
    from kb.cli.commands import run

    return run(options, stop=stop)
