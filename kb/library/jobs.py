"""Long work of the app as ``kb`` processes, followed through the catalog; measuring retrieval on a BEIR folder."""

from __future__ import annotations

import builtins
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, get_args

from kb.errors import HomeError, KbError, ParseError, UsageError
from kb.home import Home, sha256_of, writing_error
from kb.index.catalog.unfinished import Job, JobState, JobTable
from kb.index.evaluation import BeirDocument, evaluate, read_beir, run_lines
from kb.library.adding import add_items
from kb.library.indexing import Progress
from kb.library.intake import lies_in, may_be_path
from kb.library.pages import write_pages
from kb.library.parts import Models, Store
from kb.records import Item, Metadata, Mode, RetrievalFigures, SourceRecord
from kb.settings import Settings
from kb.sources.files import readable_endings
from kb.text import is_text

if TYPE_CHECKING:
    from kb.index.catalog import Catalog
    from kb.library import Library

_DEPTH = 100
_SCHEME = "beir:"
AnyLibrary = TypeVar("AnyLibrary", bound="Library")
VERBS = ("add", "demo", "digest", "doctor", "note", "reindex", "remove", "update")
_LEASE_SECONDS = 60.0
_BEAT_SECONDS = 5.0
_WRITE_SECONDS = 0.5
_KEPT_DAYS = 7
_NAME_BYTES = 240  # file systems take 255
_children: list[subprocess.Popen[bytes]] = []
_children_lock = threading.Lock()


class Jobs(Generic[AnyLibrary]):
    """Long work of the app, each in a process of its own, and the files that come through the browser for it."""

    def __init__(self, store: Store, settings: Settings, *, open_library: Callable[[Settings], AnyLibrary]) -> None:
        self._store, self._settings, self._open_library = store, settings, open_library

    def start(self, arguments: Sequence[str]) -> int:
        """Run ``kb ARGUMENTS`` on this home in a process of its own; returns the job's number.

        Raises:
            UsageError: for a verb that is no long work, and for a path of this machine where ``browser_paths`` is off.
        """
        home = self._store.home
        if not arguments or arguments[0] not in VERBS:
            raise UsageError(f"{' '.join(arguments)!r} is no long work: choose one of {', '.join(VERBS)}")
        if wrong := next((one for one in arguments if "\0" in one or not is_text(one)), None):
            said = wrong.encode(errors="replace").decode()
            raise UsageError(f"{said!r} is no text that a command takes: write it anew")
        if not self._settings.browser_paths:
            _refuse_paths(arguments, uploads=home.uploads_path)
        number = self._store.catalog(create=True).jobs.start(arguments)
        # Isolated: a module that lies in the working folder is not run in place of ours.
        command = [sys.executable, "-I", "-m", "kb", arguments[0], "--home", str(home.path), "--job", str(number)]
        try:
            with _log_path(home, number).open("wb") as log:
                # A session of its own: the work goes on when the app ends, and does not get the terminal's Ctrl-C.
                child = subprocess.Popen(
                    [*command, *arguments[1:]], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
                )
        except OSError as err:
            error = writing_error(err, Path(err.filename or home.path))
            report = {"error": str(error), "code": error.code}
            self._store.catalog().jobs.finish(number, "failed", report=report, message=str(error))
            raise error from err
        with _children_lock:
            _children[:] = [one for one in _children if one.poll() is None] + [child]
        return number

    def list(self) -> builtins.list[Job]:
        """The latest jobs, the newest first; one whose process ended without a word is "lost"."""
        if not self._store.home.exists:
            return []
        with _children_lock:
            for child in _children:
                child.poll()  # an ended child is let go, so that its number no longer counts as alive
        table = self._store.catalog().jobs
        for job in table.list():
            if job.is_open and not _is_alive(job):
                message = _last_line(self._store.home, job.number)
                table.finish(job.number, "lost", report={"error": message, "code": "lost"}, message=message)
        return table.list()

    def stop(self, number: int) -> None:
        """Ask a job's process to end; what it did is kept."""
        job = self._store.catalog().jobs.get(number)
        if job is not None and job.is_open and job.pid is not None and _is_alive(job):
            with suppress(ProcessLookupError):  # it has ended just now
                os.kill(job.pid, signal.SIGTERM)

    def forget(self, number: int) -> None:
        """Take an ended job off the list."""
        self._store.catalog().jobs.forget(number)

    def record(self, number: int) -> JobRecorder:
        """What the process of a job writes its progress and its report with; it is told what the store waits for."""
        recorder = JobRecorder(self._store.catalog(create=True).jobs, number)
        self._store.on_wait = recorder.notice
        return recorder

    def visit(self, file: Path, *, progress: Progress | None = None) -> AnyLibrary:
        """A library of its own that holds this file only, inside the home but no part of it; kept for some days.

        Raises:
            ParseError: when the file cannot be read.
        """
        _forget_old(self._settings.home / "visits")
        guest = self.visited(sha256_of(file)[:16])
        report = guest.add([str(file)], progress=progress)
        if report.failed:
            failure = report.failed[0]
            raise ParseError(f"{file.name}: {failure.reason}", code=failure.code)
        return guest

    def visited(self, key: str) -> AnyLibrary:
        """The library of a file that was visited, by the first 16 digits of its hash.

        Raises:
            UsageError: when the key is none.
        """
        if len(key) != 16 or set(key) - set("0123456789abcdef"):
            raise UsageError(f"{key!r} is no visited file: drop the PDF again")
        return self._open_library(self._settings.model_copy(update={"home": self._settings.home / "visits" / key}))

    def evaluate(
        self,
        folder: Path,
        *,
        split: str | None = None,
        run_folder: Path | None = None,
        progress: Progress | None = None,
    ) -> RetrievalFigures:
        """nDCG@10, Recall@100 and MRR@10 of every mode over a BEIR folder, in a home of its own that is thrown away.

        Documents are ranked as papers; a query's missing results count as zero. With ``run_folder`` also TREC runs.

        Raises:
            UsageError: for a folder in another layout, or a split that it has not.
        """
        dataset = read_beir(folder, split=split)
        modes: dict[str, Mapping[str, float]] = {}
        with tempfile.TemporaryDirectory(prefix="kb-eval-") as name:
            home = Home(Path(name))
            models = Models(self._settings, home)
            with closing(Store(home, models)) as store:
                add_items(store, models, self._settings, _items(dataset.corpus()), progress=progress)
                for mode in get_args(Mode):
                    ranking = {}
                    for number, (query_id, text) in enumerate(dataset.queries.items(), start=1):
                        hits = store.corpus().search(text, k=_DEPTH, mode=mode, by="paper")
                        ranking[query_id] = [(hit.paper.id.removeprefix(_SCHEME), hit.score) for hit in hits]
                        if progress is not None:
                            progress(f"searching ({mode})", number, len(dataset.queries))
                    modes[mode] = evaluate(ranking, dataset.qrels)
                    if run_folder is not None:
                        write_pages([(f"{mode}.run", run_lines(ranking, mode).encode())], run_folder)
        return RetrievalFigures(dataset=dataset.name, queries=len(dataset.queries), modes=modes)

    def readable_endings(self) -> tuple[str, ...]:
        """The endings of the files that can be added, with their dot."""
        return readable_endings()

    def keep_upload(self, name: str, data: bytes) -> Path:
        """Store a file that came through the browser where a job can read it; it is parsed by the guarded child only.

        Raises:
            UsageError: for a type that is not read, or one that is too large.
            HomeUnwritable: when it cannot be stored.
        """
        clean = "".join(ch for ch in Path(name.replace("\\", "/")).name if ch.isprintable() and ch != "/")
        clean = clean.lstrip(".-").encode()[-_NAME_BYTES:].decode(errors="ignore")  # its ending stays
        if not clean.lower().endswith(readable_endings()):
            raise UsageError(f"{name!r} is not a file that can be read: give {', '.join(readable_endings())}")
        most = self._settings.max_file_bytes
        if len(data) > most:
            raise UsageError(f"{clean} has {len(data):,} bytes: raise max_file_bytes ({most:,}) to read it")
        self._store.catalog(create=True)
        root = self._store.home.uploads_path
        _forget_old(root)
        path = root / f"{time.time_ns():x}" / clean
        try:
            root.mkdir(mode=0o700, exist_ok=True)
            path.parent.mkdir(mode=0o700)
            path.write_bytes(data)
        except OSError as err:
            raise writing_error(err, path) from err
        return path


class JobRecorder:
    """What a job's process writes into the catalog: signs of life, progress, and at the end the report.

    A context manager: whatever ends the work is recorded, and goes on its way.
    """

    def __init__(self, table: JobTable, number: int) -> None:
        self._table, self._number = table, number
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
        with suppress(HomeError):  # the home is busy or full now: the work goes on, and the next beat may get through
            self._table.beat(self._number, done=done, total=total, message=message)

    def _beat(self) -> None:
        while not self._ended.wait(_BEAT_SECONDS):
            self._write()


def _items(documents: Iterable[BeirDocument]) -> Iterator[Item]:
    for document in documents:
        key = f"{_SCHEME}{document.id}"
        # No authors: documents are told apart by their ids alone.
        metadata = Metadata(source="jsonl", ids=(key,), title=document.title or key, abstract=document.text)
        yield Item(what=key, record=SourceRecord(source="jsonl", type="beir", key=key, metadata=metadata))


def _refuse_paths(arguments: Sequence[str], *, uploads: Path) -> None:
    """Who reaches the app from elsewhere names papers by their ids, and no file but those that were uploaded."""
    verb, *others = arguments
    for before, name in zip(arguments, others, strict=False) if verb in ("add", "note") else ():
        if before != "--query" and may_be_path(name) and not lies_in(uploads, name):
            raise UsageError(f"{name!r} is a path of the server: give ids or addresses, or upload the file")


def forget_traces(home: Home, catalog: Catalog, hashes: Collection[str], *, speaks: Callable[[Path], bool]) -> None:
    """Drop what the app keeps of papers that are to leave no trace: uploads (files with these hashes, bibliographies
    that speak of them), visits, reports and logs of ended work. What open work still reads stays."""
    table = catalog.jobs
    jobs = table.list(limit=None)
    reading = {word for job in jobs if job.is_open for word in job.command}
    for path in home.uploads_path.glob("*/*"):
        if path.is_file() and str(path) not in reading and (sha256_of(path) in hashes or speaks(path)):
            shutil.rmtree(path.parent, ignore_errors=True)
    for digest in hashes:
        shutil.rmtree(home.path / "visits" / digest[:16], ignore_errors=True)
    for job in jobs:
        if not job.is_open:
            table.forget(job.number)
            _log_path(home, job.number).unlink(missing_ok=True)


def _forget_old(root: Path) -> None:
    oldest = time.time() - timedelta(days=_KEPT_DAYS).total_seconds()
    for folder in root.glob("*"):
        with suppress(FileNotFoundError):  # another takes it away, too
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)


def _is_alive(job: Job) -> bool:
    """Whether the job's process is there; before it has said its number, whether its lease has not run out yet."""
    is_late = (datetime.now(UTC) - job.beat).total_seconds() > _LEASE_SECONDS
    if job.pid is None:
        return not is_late
    try:
        os.kill(job.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return not is_late
    return not is_late or _is_of(job, job.pid)


def _is_of(job: Job, pid: int) -> bool:
    """Whether a process is the job's: after a restart of the machine another one may have its number."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return True  # where the system does not tell, the number is believed
    return (b"--job", str(job.number).encode()) in pairwise(words)


def _log_path(home: Home, number: int) -> Path:
    folder = home.path / "jobs"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{number}.log"


def _last_line(home: Home, number: int) -> str:
    try:
        lines = _log_path(home, number).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:300] if lines else ""
