"""The command line: a thin twin of ``Library``. ``main`` turns errors into one line and an exit status.

Ctrl-C and SIGTERM: the work unwinds, and where it cannot within two seconds the process ends all the same. What is
written is safe against a kill at any moment, so that ending without unwinding loses nothing; but a person who stops a
work does not wait for a server's reply or for a call into a library that hears no signal.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Any

from kb import __version__
from kb.cli.parser import build_parser
from kb.cli.streams import flush_stdout, open_streams, say, silence_stdout, tell
from kb.errors import DONE, INTERRUPTED, KbError

GRACE_SECONDS = 2.0
STOPPED = "kb: stopped; what was done is kept, run the same again to go on"


class Stop:
    """Whether the process was asked to stop; from then on ``KeyboardInterrupt`` is on its way.

    ``ends_process``: end the process where it has not ended by itself in ``GRACE_SECONDS``. Not for a program that
    calls the command line as a function.
    """

    def __init__(self, *, ends_process: bool) -> None:
        self.is_asked = False
        """Whether somebody asked: then an error may be what became of the interruption in a library's hands."""
        self._is_raised = False
        self._is_told = threading.Lock()
        self._before: dict[signal.Signals, Any] = {}
        self._ends_process = ends_process

    def listen(self) -> None:
        """Hear both signals from now on."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._hear)
        if self._ends_process:
            # Python hears a signal between two of its own steps; a call into C may be long. The system writes the
            # signal's number into this pipe at once, and another thread reads it there.
            reading, writing = os.pipe()
            os.set_blocking(writing, False)
            signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
            threading.Thread(target=self._watch, args=(reading,), name="kb-stop", daemon=True).start()

    def check(self) -> None:
        """Raise the interruption again where a library took it for a failure of its own: that has no result.

        Raises:
            KeyboardInterrupt: when somebody asked.
        """
        if self.is_asked:
            raise KeyboardInterrupt

    def end(self) -> None:
        """The work is over: a process that is about to end hears nothing any more, a program's signals are its own."""
        self._is_raised = True
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_IGN if self._ends_process else handler)

    def stopped(self) -> int:
        """Say once that the work has stopped and how to go on; returns the exit status, or ends the process with it:
        libraries that were interrupted in a call of theirs may not survive being taken down."""
        if self._is_told.acquire(blocking=False):
            tell(STOPPED)
        if self._ends_process:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
            os._exit(INTERRUPTED)
        return INTERRUPTED

    def _hear(self, number: int, frame: object) -> None:
        self.is_asked = True
        if not self._is_raised:  # asked again while it unwinds: it does what it can already
            self._is_raised = True
            raise KeyboardInterrupt

    def _watch(self, reading: int) -> None:
        while os.read(reading, 1) not in (bytes([signal.SIGINT]), bytes([signal.SIGTERM])):
            continue
        from kb.guard import stop_children

        self.is_asked = True
        stop_children()
        threading.Event().wait(GRACE_SECONDS)
        self.stopped()


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
