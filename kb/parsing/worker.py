"""Files to documents, pictures and figures, each in a child process of its own with limits.

A paper is a stranger's program for a complicated machine: the child that runs it has a cap on memory, processor
time, open files and written bytes, sees nothing of the environment, and may die; the parent turns its end into a
``ParseError`` with a stable code. Nothing is imported here that reads PDFs.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from kb.errors import HomeUnwritable, ParseError
from kb.records import Document, FigureImage, FileKind
from kb.wire import unpack

# What the child sees of the environment: where libraries and temporary files are, nothing else.
_PASSED_ON = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")
_MEMORY_SIGNALS = {"SIGABRT", "SIGKILL", "SIGTRAP", "SIGILL"}  # pdfium aborts or traps when memory runs out
_GRACE_SECONDS = 2.0
_POLL_SECONDS = 0.05
_SIGNATURE = b"%PDF-"
_SIGNATURE_WITHIN = 1024
# The reading of an address-space limit works on Linux only; elsewhere the parent watches the resident memory.
_ENFORCES_ADDRESS_SPACE = sys.platform.startswith("linux")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one file may cost. ``max_pages``: of a longer PDF only so many pages are read."""

    seconds: float = 60.0
    memory_bytes: int = 1_500_000_000
    max_file_bytes: int = 60_000_000
    max_pages: int = 400


def parse_file(path: Path, *, kind: FileKind, limits: Limits) -> Document:
    """Read a file into a document.

    ``front.ids`` ends with the ``file:`` id of the bytes that were read. A PDF that is longer than
    ``limits.max_pages``, or that takes nearly all of ``limits.seconds``, is read in part: ``fulltext`` says so.

    Raises:
        ParseError: with code ``file-unreadable``, ``file-changed``, ``too-large``, ``not-a-pdf``,
            ``pdf-encrypted``, ``pdf-scanned``, ``pdf-empty``, ``pdf-broken``, ``html-broken``, ``no-text``,
            ``parse-timeout``, ``parse-memory`` or ``parse-crashed``.
        HomeUnwritable: when there is no room for temporary files.
    """
    return unpack(_run(path, task="parse", limits=limits, options={"kind": kind}), Document)


def render_page(path: Path, *, page: int, scale: float, limits: Limits) -> bytes:
    """PNG of page ``page`` (1-based) at ``scale`` pixels per point (lowered for huge pages).

    Raises:
        ParseError: as ``parse_file``; ``pdf-broken`` too when there is no such page.
    """
    return _run(path, task="render", limits=limits, options={"kind": "pdf", "page": page, "scale": scale})


def cut_figures(path: Path, *, limits: Limits, max_figures: int) -> list[FigureImage]:
    """Figures and tables of a PDF in reading order, at most ``max_figures`` of them.

    Raises:
        ParseError: as ``parse_file``.
    """
    options = {"kind": "pdf", "max_figures": max_figures}
    return unpack(_run(path, task="figures", limits=limits, options=options), list[FigureImage])


def _run(path: Path, *, task: str, limits: Limits, options: dict[str, Any]) -> bytes:
    request = json.dumps({"task": task, "path": str(path), **options, **asdict(limits)})
    try:
        with path.open("rb", buffering=0) as source:
            _check(source, kind=options["kind"], limits=limits)
            return _ask_child(source, request=request, limits=limits)
    except OSError as err:
        message = f"cannot be read ({err.strerror or err}): check that the file exists and may be read"
        raise ParseError(message, code="file-unreadable") from err


def _check(source: IO[bytes], *, kind: FileKind, limits: Limits) -> None:
    found = os.fstat(source.fileno())
    if not stat.S_ISREG(found.st_mode):
        raise ParseError("not a regular file: give the path of a file", code="file-unreadable")
    if found.st_size > limits.max_file_bytes:
        message = f"{found.st_size:,} bytes are more than {limits.max_file_bytes:,}: raise max_file_bytes to read it"
        raise ParseError(message, code="too-large")
    if kind == "pdf" and _SIGNATURE not in os.pread(source.fileno(), _SIGNATURE_WITHIN, 0):
        raise ParseError("not a PDF (no %PDF- at its start): get the file again", code="not-a-pdf")


def _ask_child(source: IO[bytes], *, request: str, limits: Limits) -> bytes:
    command = [sys.executable, "-I", "-X", "utf8", "-m", "kb.parsing.child", request]
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    # One thread: the child must not reserve address space for threads that it never starts.
    environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "VECLIB_MAXIMUM_THREADS": "1"}
    with _temporary() as answer, _temporary() as complaints:
        child = subprocess.Popen(command, stdin=source, stdout=answer, stderr=complaints, env=environment)
        try:
            code = _wait(child, limits=limits)
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        answer.seek(0)
        complaints.seek(max(0, complaints.seek(0, os.SEEK_END) - 2_000))
        return _read_reply(answer.read(), code=code, complaints=complaints.read())


def _temporary() -> IO[bytes]:
    try:
        return tempfile.TemporaryFile()
    except OSError as err:
        raise HomeUnwritable(f"no temporary file ({err.strerror}): make room on the disk", code="disk-full") from err


def _wait(child: subprocess.Popen[bytes], *, limits: Limits) -> int:
    """The child's exit status; kills it when it is out of time or (where no limit is enforced) of memory."""
    deadline = time.monotonic() + limits.seconds + _GRACE_SECONDS
    if _ENFORCES_ADDRESS_SPACE:
        try:
            return child.wait(timeout=deadline - time.monotonic())
        except subprocess.TimeoutExpired as err:
            raise _out_of_time() from err
    while time.monotonic() < deadline:
        try:
            return child.wait(timeout=_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if _resident_bytes(child.pid) > limits.memory_bytes:
                raise _out_of_memory() from None
    raise _out_of_time()


def _resident_bytes(pid: int) -> int:
    import psutil  # type: ignore[import-untyped]

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0  # it has just ended


def _read_reply(reply: bytes, *, code: int, complaints: bytes) -> bytes:
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        if name == "SIGXCPU":
            raise _out_of_time()
        if name in _MEMORY_SIGNALS:
            raise _out_of_memory()
        raise ParseError(f"reading it crashed ({name}): get the file again or add the abstract", code="parse-crashed")
    head, found, body = reply.partition(b"\n")
    try:
        verdict = json.loads(head) if found else None
    except ValueError:
        verdict = None
    if code == 0 and verdict == {}:
        return body
    if verdict:
        raise ParseError(verdict["message"], code=verdict["code"])
    last = complaints.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"exit status {code}"]
    raise ParseError(f"reading it failed ({last[0][:200]}): please report this file", code="parse-crashed")


def _out_of_time() -> ParseError:
    return ParseError("reading it took too long: raise parse_timeout_seconds to try again", code="parse-timeout")


def _out_of_memory() -> ParseError:
    message = "reading it needs more memory than is allowed: raise parse_memory_bytes to try again"
    return ParseError(message, code="parse-memory")
