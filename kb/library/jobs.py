"""Long work of the app as ``kb`` processes: started here, followed through the catalog, alive across pages and tabs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from kb.errors import KbError, UsageError
from kb.home import sha256_of
from kb.index.jobs import Job as Job
from kb.index.jobs import JobState
from kb.library.intake import readable_endings

if TYPE_CHECKING:
    from kb.library import Library

AnyLibrary = TypeVar("AnyLibrary", bound="Library")
VERBS = ("add", "demo", "digest", "doctor", "note", "reindex", "remove", "update")
_LEASE_SECONDS = 60.0
_BEAT_SECONDS = 5.0
_WRITE_SECONDS = 0.5
_KEPT_DAYS = 7
_children: list[subprocess.Popen[bytes]] = []


def start_job(library: Library, arguments: Sequence[str]) -> int:
    """Run ``kb ARGUMENTS`` on this home in a process of its own; returns the job's number.

    Raises:
        UsageError: for a verb that is no long work.
    """
    if not arguments or arguments[0] not in VERBS:
        raise UsageError(f"{' '.join(arguments)!r} is no long work: choose one of {', '.join(VERBS)}")
    number = library.catalog(create=True).jobs.start(arguments)
    command = [sys.executable, "-m", "kb", arguments[0], "--home", str(library.home.path), "--job", str(number)]
    with _log_path(library, number).open("wb") as log:
        # A session of its own: the work goes on when the app ends, and does not get the terminal's Ctrl-C.
        child = subprocess.Popen(
            [*command, *arguments[1:]], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    _children[:] = [one for one in _children if one.poll() is None] + [child]
    return number


def jobs(library: Library) -> list[Job]:
    """The latest jobs, the newest first; one whose process ended without a word is "lost"."""
    if not library.home.exists:
        return []
    for child in _children:
        child.poll()  # an ended child is let go, so that its number no longer counts as alive
    table = library.catalog().jobs
    for job in table.list():
        if job.is_open and not _is_alive(job):
            message = _last_line(library, job.number)
            table.finish(job.number, "lost", report={"error": message, "code": "lost"}, message=message)
    return table.list()


def stop_job(library: Library, number: int) -> None:
    """Ask a job's process to end; what it did is kept."""
    job = library.catalog().jobs.get(number)
    if job is not None and job.is_open and job.pid is not None and _is_alive(job):
        os.kill(job.pid, signal.SIGTERM)


def keep_upload(library: Library, name: str, data: bytes) -> Path:
    """Store a file that came through the browser where a job can read it; it is parsed by the guarded child only.

    Raises:
        UsageError: for a type that is not read, or one that is too large.
    """
    clean = "".join(ch for ch in Path(name.replace("\\", "/")).name if ch.isprintable() and ch != "/").lstrip(".-")[
        -120:
    ]
    if not clean.lower().endswith(readable_endings()):
        raise UsageError(f"{name!r} is not a file that can be read: give {', '.join(readable_endings())}")
    if len(data) > library.settings.max_file_bytes:
        raise UsageError(
            f"{clean} has {len(data):,} bytes: raise max_file_bytes ({library.settings.max_file_bytes:,}) to read it"
        )
    library.catalog(create=True)
    root = library.home.uploads_path
    _forget_old(root)
    root.mkdir(mode=0o700, exist_ok=True)
    folder = root / f"{time.time_ns():x}"
    folder.mkdir(mode=0o700)
    path = folder / clean
    path.write_bytes(data)
    return path


def visit(library: AnyLibrary, path: Path) -> AnyLibrary:
    """A library of its own for one file, inside the home but no part of it; kept for some days."""
    key = sha256_of(path)[:16]
    root = library.home.path / "visits"
    _forget_old(root)
    return visited(library, key)


def visited(library: AnyLibrary, key: str) -> AnyLibrary:
    """The library of a file that was visited, by the first 16 digits of its hash.

    Raises:
        UsageError: when the key is none.
    """
    if len(key) != 16 or set(key) - set("0123456789abcdef"):
        raise UsageError(f"{key!r} is no visited file: drop the PDF again")
    settings = library.settings.model_copy(update={"home": library.home.path / "visits" / key})
    return type(library)(settings)


def forget_traces(library: Library, hashes: Collection[str]) -> None:
    """Drop what the app keeps of files that are to leave no trace: uploads, visits, reports and logs of ended work."""
    for path in library.home.uploads_path.glob("*/*"):
        if path.is_file() and sha256_of(path) in hashes:
            shutil.rmtree(path.parent, ignore_errors=True)
    for digest in hashes:
        shutil.rmtree(library.home.path / "visits" / digest[:16], ignore_errors=True)
    for job in library.catalog().jobs.list():
        if not job.is_open:
            library.catalog().jobs.forget(job.number)
            _log_path(library, job.number).unlink(missing_ok=True)


def _forget_old(root: Path) -> None:
    oldest = time.time() - timedelta(days=_KEPT_DAYS).total_seconds()
    for folder in root.glob("*"):
        if folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(job: Job) -> bool:
    """Whether the job's process is there, or its lease has not run out yet."""
    if (datetime.now(UTC) - job.beat).total_seconds() > _LEASE_SECONDS:
        return False
    if job.pid is None:
        return True
    try:
        os.kill(job.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _log_path(library: Library, number: int) -> Path:
    folder = library.home.path / "jobs"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{number}.log"


def _last_line(library: Library, number: int) -> str:
    try:
        lines = _log_path(library, number).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:300] if lines else ""


class JobRecorder:
    """What a job's process writes into the catalog: signs of life, progress, and at the end the report.

    A context manager: whatever ends the work is recorded, and goes on its way.
    """

    def __init__(self, library: Library, number: int) -> None:
        self._table = library.catalog(create=True).jobs
        self._number = number
        self._now: tuple[int, int | None, str] = (0, None, "")
        self._written_at = 0.0
        self._ended = threading.Event()
        self._ended_with: tuple[JobState, dict[str, Any]] | None = None

    def __enter__(self) -> Self:
        try:
            self._table.take(self._number, pid=os.getpid())
            threading.Thread(target=self._beat, daemon=True).start()
        except KeyboardInterrupt as err:  # who stops it may see it running before this function returns
            self.__exit__(type(err), err, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if error is None and self._ended_with is not None:
            state, report = self._ended_with
            self._table.finish(self._number, state, report=report)
            return
        stopped = isinstance(error, KeyboardInterrupt)
        message = "stopped" if stopped else str(error or "ended without a result")
        code = "stopped" if stopped else error.code if isinstance(error, KbError) else "error"
        self._table.finish(self._number, "failed", report={"error": message, "code": code}, message=message)

    def progress(self, doing: str, done: int, total: int | None) -> None:
        """How far the work is; calls may come often."""
        self._now = (done, total, doing)
        if time.monotonic() - self._written_at >= _WRITE_SECONDS:
            self._write()

    def notice(self, text: str) -> None:
        """What the work waits for."""
        done, total, _ = self._now
        self._now = (done, total, text)
        self._write()

    def end(self, report: dict[str, Any], *, status: int) -> None:
        """What the verb gave back, and its exit status."""
        self._ended_with = ({1: "failed", 3: "partial"}.get(status, "done"), report)  # type: ignore[assignment]

    def _write(self) -> None:
        self._written_at = time.monotonic()
        done, total, message = self._now
        self._table.beat(self._number, done=done, total=total, message=message)

    def _beat(self) -> None:
        while not self._ended.wait(_BEAT_SECONDS):
            self._write()
