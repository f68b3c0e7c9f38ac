"""The home: one folder that holds everything, and the lock that keeps it to one writer at a time.

``catalog.sqlite`` is the truth; ``index/`` and ``cache/`` are derived and can be deleted without loss; ``files/``
keeps the PDFs and figures by content hash. Copying the folder copies the knowledge base.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from kb.errors import HomeBusy, HomeError, HomeUnwritable

_CHUNK_BYTES = 1 << 20
_ABANDONED_SECONDS = 60  # a file is written in one go


def writing_error(err: OSError, path: Path) -> HomeError:
    """The error of ours for a write that the system refused."""
    if err.errno in (errno.ENOSPC, errno.EDQUOT):
        return HomeUnwritable(f"the disk of {path} is full: free some space and run the same again", code="disk-full")
    return HomeUnwritable(f"{path} cannot be written ({err.strerror}): check its permissions or choose another --home")


class Home:
    """Paths of one home, its file store and its writer lock.

    Args:
        path: the folder; it is made with mode 0700 by ``create``.

    Raises:
        HomeUnwritable: by ``create`` when the folder cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.catalog_path = path / "catalog.sqlite"
        self.lexical_path = path / "index" / "lexical"
        self.dense_path = path / "index" / "dense"
        self.vectors_path = path / "index" / "vectors"
        self.cache_path = path / "cache"
        self.digests_path = path / "digests"
        self.uploads_path = path / "uploads"
        self.files = FileStore(path / "files")

    @property
    def exists(self) -> bool:
        """Whether a knowledge base has been started here.

        Raises:
            HomeUnwritable: when the folder may not be looked into.
        """
        try:
            return self.catalog_path.exists()
        except OSError as err:
            message = f"{self.path} cannot be read ({err.strerror}): check its permissions or choose another --home"
            raise HomeUnwritable(message) from err

    def create(self) -> None:
        """Make the folders that are missing; nothing else is touched."""
        index_path = self.lexical_path.parent
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.path.stat().st_uid == os.geteuid() and not any(self.path.iterdir()):
                self.path.chmod(0o700)  # it was made for us, with whatever mask
            # Each by itself: a parent that mkdir makes on the way has the process's mask for its mode.
            for folder in (
                index_path, self.lexical_path, self.dense_path, self.vectors_path, self.cache_path, self.digests_path,
                self.files.path,
            ):  # fmt: skip
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as err:
            raise writing_error(err, self.path) from err
        if not os.access(self.path, os.W_OK):
            raise HomeUnwritable(f"{self.path} cannot be written: check its permissions or choose another --home")

    def size_bytes(self) -> int:
        """What the home takes on disk."""
        return sum(path.stat().st_size for path in self.path.rglob("*") if path.is_file())

    def forget_caches(self) -> None:
        """Empty the cache: answers of servers and of models may hold a removed paper's text."""
        shutil.rmtree(self.cache_path, ignore_errors=True)
        self.cache_path.mkdir(mode=0o700, exist_ok=True)

    @contextlib.contextmanager
    def writing(
        self, purpose: str, *, wait_seconds: float = 600.0, on_wait: Callable[[str], None] | None = None
    ) -> Iterator[None]:
        """Hold the writer lock. Waiters are told once who holds it; it is freed when its process ends.

        Raises:
            HomeBusy: when the lock is not free within ``wait_seconds``.
        """
        with self._held(
            "writer",
            purpose,
            wait_seconds=wait_seconds,
            on_wait=on_wait,
            busy=lambda who: f"{self.path} is in use by {who}",
        ):
            yield

    @contextlib.contextmanager
    def job(self, name: str) -> Iterator[None]:
        """Run a job that must not run twice at once; others may write meanwhile. Freed when its process ends.

        Raises:
            HomeBusy: when it is running already.
        """
        with self._held(
            name, name, wait_seconds=0.0, on_wait=None, busy=lambda who: f"kb {name} is running already ({who})"
        ):
            yield

    @contextlib.contextmanager
    def _held(
        self,
        name: str,
        purpose: str,
        *,
        wait_seconds: float,
        on_wait: Callable[[str], None] | None,
        busy: Callable[[str], str],
    ) -> Iterator[None]:
        """Hold the lock of a name, with a note beside it that says who does."""
        from filelock import FileLock, Timeout  # brings asyncio, which a search would pay for and not use

        lock = FileLock(self.path / f"{name}.lock", mode=0o600)
        holder_path = self.path / f"{name}.json"
        try:
            try:
                lock.acquire(timeout=0)
            except Timeout:
                if on_wait is not None:
                    on_wait(f"waiting for {self.holder(name)}")
                try:
                    lock.acquire(timeout=wait_seconds, poll_interval=0.05)
                except Timeout as err:
                    message = f"{busy(self.holder(name))}: wait until it ends, then run the same again"
                    raise HomeBusy(message) from err
            holder_path.write_text(json.dumps(_self_description(purpose)), encoding="utf-8")
        except OSError as err:
            lock.release()
            raise writing_error(err, self.path) from err
        try:
            yield
        finally:
            holder_path.unlink(missing_ok=True)
            lock.release()

    def holder(self, lock: str = "writer") -> str:
        """Who holds a lock (the writer lock, or that of a job), in words."""
        try:
            about = json.loads((self.path / f"{lock}.json").read_text(encoding="utf-8"))
            return f"'kb {about['purpose']}' (process {about['pid']} on {about['host']})"
        except (OSError, ValueError, KeyError):
            return "another process"


def _self_description(purpose: str) -> dict[str, str | int]:
    return {"pid": os.getpid(), "host": socket.gethostname(), "purpose": purpose, "since": int(time.time())}


class FileStore:
    """Files by content: the key is ``<sha256><suffix>``, so a thing stored twice is stored once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, data: bytes, *, suffix: str) -> str:
        """Store bytes and return their key. Atomic: a key that exists has its whole content.

        Raises:
            HomeUnwritable: when the file cannot be written.
        """
        key = hashlib.sha256(data).hexdigest() + suffix
        target = self.get(key)
        if target.exists():
            return key
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".new-", delete=False) as handle:
                handle.write(data)
                handle.flush()
                os.fsync(handle.fileno())
            Path(handle.name).replace(target)
        except OSError as err:
            raise writing_error(err, target) from err
        return key

    def get(self, key: str) -> Path:
        """Where the file of a key is (or would be)."""
        return self.path / key[:2] / key

    def drop(self, key: str) -> None:
        """Remove a file; an unknown key is no error."""
        self.get(key).unlink(missing_ok=True)

    def drop_all(self, keys: Iterable[str]) -> None:
        """Remove files; unknown keys are no error."""
        for key in keys:
            self.drop(key)

    def abandoned(self) -> list[Path]:
        """What a writer that was killed left half-written, and what stands in a folder that is not its own."""
        latest = time.time() - _ABANDONED_SECONDS
        half = [path for path in self.path.glob("??/.new-*") if path.stat().st_mtime < latest]
        return half + [path for path in self.path.glob("*/[!.]*") if path.is_file() and path != self.get(path.name)]

    def sweep(self) -> int:
        """Remove what is abandoned; returns how many files that were."""
        left = self.abandoned()
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def keys(self) -> Iterator[str]:
        """All keys, and no half-written or misplaced file."""
        for path in sorted(self.path.glob("??/*")):
            if not path.name.startswith(".") and path == self.get(path.name):
                yield path.name


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file's content, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(_CHUNK_BYTES):
            digest.update(block)
    return digest.hexdigest()
