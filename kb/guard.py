"""Child processes with limits: whatever a stranger wrote is read in one.

A paper or a bibliography is a stranger's program for a complicated machine: the child that reads it has a cap on
memory, processor time, open files and written bytes, sees nothing of the environment, and may die; its end becomes a
``ParseError`` with a stable code. What the children do: ``kb.parsing.worker`` and ``kb.sources.guarded``.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from kb.errors import HomeUnwritable, ParseError

# What the child sees of the environment: where libraries and temporary files are, nothing else.
_PASSED_ON = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")
_MEMORY_SIGNALS = {"SIGABRT", "SIGKILL", "SIGTRAP", "SIGILL"}  # pdfium aborts or traps when memory runs out
_MAX_WRITTEN_BYTES = 200_000_000
_MAX_OPEN_FILES = 64
# The reading of an address-space limit works on Linux only; elsewhere the parent watches the resident memory.
ENFORCES_ADDRESS_SPACE = sys.platform.startswith("linux")
GRACE_SECONDS = 2.0
POLL_SECONDS = 0.05


_running: set[subprocess.Popen[bytes]] = set()
_starting = threading.Lock()
_stopped = threading.Event()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one file may cost. ``max_pages``, ``max_characters``: of a longer paper only so much is read.

    ``ocr_seconds``: what reading a scan by machine may take; 0: no scan is read.
    """

    seconds: float = 60.0
    memory_bytes: int = 1_500_000_000
    max_file_bytes: int = 60_000_000
    max_pages: int = 400
    max_characters: int = 2_000_000
    ocr_seconds: float = 0.0


def start_child(
    module: str,
    request: Mapping[str, Any],
    *,
    stdin: IO[bytes] | int,
    stdout: IO[bytes] | int,
    stderr: IO[bytes] | int,
) -> subprocess.Popen[bytes]:
    """Start ``python -I -m MODULE REQUEST`` (the request as JSON), whose first deed is ``limit_resources``.

    Raises:
        ParseError: ``parse-crashed`` when the system starts none.
        KeyboardInterrupt: after ``stop_children``.
    """
    command = [sys.executable, "-I", "-X", "utf8", "-m", module, json.dumps(request)]
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    # One thread: the child must not reserve address space for threads that it never starts.
    environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "VECLIB_MAXIMUM_THREADS": "1"}
    with _starting:
        if _stopped.is_set():
            raise KeyboardInterrupt
        try:
            # A group of its own: Ctrl-C in a terminal is the parent's to hear, which then ends its children.
            child = subprocess.Popen(
                command, stdin=stdin, stdout=stdout, stderr=stderr, env=environment, process_group=0
            )  # fmt: skip
        except OSError as err:
            message = f"no process to read it in could be started ({err.strerror}): end other programs and try again"
            raise ParseError(message, code="parse-crashed") from err
        _running.add(child)
        return child


def end_child(child: subprocess.Popen[bytes]) -> None:
    """End it now, if it has not ended by itself."""
    if child.poll() is None:
        _kill(child)
        child.wait()
    _running.discard(child)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """The child and what it has forked: they are a group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def stop_children() -> None:
    """End all children, and start no more: the process is about to end. Whoever waits for one is interrupted, so that
    nobody takes its end for a fault of the file."""
    _stopped.set()
    with _starting:
        children = list(_running)
    for child in children:
        if child.poll() is None:
            _kill(child)


def temporary_file() -> IO[bytes]:
    """A file without a name.

    Raises:
        HomeUnwritable: when there is no room for one.
    """
    try:
        return tempfile.TemporaryFile()
    except OSError as err:
        raise HomeUnwritable(f"no temporary file ({err.strerror}): make room on the disk", code="disk-full") from err


def limit_resources(*, memory_bytes: int, seconds: float | None) -> None:
    """Cap this process; where the system does not know a limit, the parent's watch remains."""
    import resource

    wanted = {
        resource.RLIMIT_AS: (memory_bytes, memory_bytes),
        resource.RLIMIT_FSIZE: (_MAX_WRITTEN_BYTES, _MAX_WRITTEN_BYTES),
        resource.RLIMIT_NOFILE: (_MAX_OPEN_FILES, _MAX_OPEN_FILES),
        resource.RLIMIT_CORE: (0, 0),
    }
    if seconds is not None:
        wanted[resource.RLIMIT_CPU] = (int(seconds) + 1, int(seconds) + 3)
    for limit, (soft, hard) in wanted.items():
        _, highest = resource.getrlimit(limit)
        if highest != resource.RLIM_INFINITY:
            soft, hard = min(soft, highest), min(hard, highest)
        try:
            resource.setrlimit(limit, (soft, hard))
        except (OSError, ValueError):
            if sys.platform.startswith("linux"):
                raise


def end_with_parent() -> None:
    """Let this process, which was forked, be ended with the one that forked it (Linux; elsewhere its limits end it)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Forked:
    """What a process that was forked writes to us."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe

    def read(self, count: int, *, until: float) -> bytes | None:
        """The next ``count`` bytes; None where they do not come ``until`` then (``time.monotonic()``) or at all."""
        parts, missing = [], count
        while missing:
            if not select.select([self._pipe], [], [], max(0.0, until - time.monotonic()))[0]:
                return None
            if not (part := self._pipe.read(missing)):
                return None
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)


@contextlib.contextmanager
def forked(work: Callable[[IO[bytes]], None]) -> Iterator[Forked]:
    """A process forked from this one that does ``work``, with a pipe to write to; it ends where the block does."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            end_with_parent()
            with os.fdopen(writing, "wb") as answers:
                work(answers)
        finally:
            os._exit(0)
    os.close(writing)
    try:
        with os.fdopen(reading, "rb", buffering=0) as answers:
            yield Forked(answers)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def allow_seconds(seconds: float) -> None:
    """Let this process use so many seconds of the processor from now on, and no more."""
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    _, highest = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + seconds) + 1, highest))


def resident_bytes(pid: int) -> int:
    """The memory of a process; 0 when it has just ended."""
    import psutil  # type: ignore[import-untyped]

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except (psutil.Error, OSError, RuntimeError, ValueError):
        return 0


def failure_of(code: int, complaints: IO[bytes]) -> ParseError:
    """Why a child ended with this exit status and without an answer; ``complaints`` is what it wrote to stderr.

    Raises:
        KeyboardInterrupt: when ``stop_children`` ended it.
    """
    if _stopped.is_set():
        raise KeyboardInterrupt
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        if name == "SIGXCPU":
            return out_of_time()
        if name in _MEMORY_SIGNALS:
            return out_of_memory()
        return ParseError(f"reading it crashed ({name}): get the file again or add the abstract", code="parse-crashed")
    complaints.seek(max(0, complaints.seek(0, os.SEEK_END) - 2_000))
    said = complaints.read().decode("utf-8", "replace").strip().splitlines()[-1:] or [f"exit status {code}"]
    return ParseError(f"reading it failed ({said[0][:200]}): please report this file", code="parse-crashed")


def out_of_time() -> ParseError:
    """The error for a child that takes too long."""
    return ParseError("reading it took too long: raise parse_timeout_seconds to try again", code="parse-timeout")


def out_of_memory() -> ParseError:
    """The error for a child that takes too much."""
    message = "reading it needs more memory than is allowed: raise parse_memory_bytes to try again"
    return ParseError(message, code="parse-memory")
