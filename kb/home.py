"""The home: one folder that holds everything, and its locks: that of the indexes, of jobs, of conversations.

``catalog.sqlite`` is the truth; ``index/`` and ``cache/`` are derived and can be deleted without loss; ``files/``
keeps the PDFs and figures by content hash. Copying the folder copies the knowledge base.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from kb.errors import BadRecord, HomeBusy, HomeUnwritable, ParseError
from kb.ids import is_content_key
from kb.input_files import open_file

PATIENCE_SECONDS = 600.0
"""How long is waited for a lock that somebody else holds."""
_CHUNK_BYTES = 1 << 20
_MOVE = "move the home to a local disk, or choose another --home"
_ABANDONED_SECONDS = 60  # a file is written in one go


def writing_error(err: OSError, path: Path) -> HomeUnwritable:
    """The error of ours for a write that the system refused."""
    if err.errno in (errno.ENOSPC, errno.EDQUOT):
        return HomeUnwritable(f"the disk of {path} is full: free some space and run the same again", code="disk-full")
    if err.errno in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
        return HomeUnwritable(f"{path} lies on a file system that cannot lock files ({err.strerror}): {_MOVE}")
    if err.errno in (errno.EISDIR, errno.ENOTDIR, errno.EEXIST):
        named = [*(Path(name) for name in (err.filename2, err.filename) if isinstance(name, str)), path]
        is_folder = err.errno == errno.EISDIR
        places = named if is_folder else [place for one in named for place in (one, *one.parents)]
        for place in places:
            if (os.path.isdir if is_folder else os.path.isfile)(place):
                return misplaced(place)
    return HomeUnwritable(f"{path} cannot be written ({err.strerror}): check its permissions or choose another --home")


def misplaced(place: Path) -> HomeUnwritable:
    """The error for a folder that stands where a home has a file, or the other way round."""
    is_kind, was_kind = ("folder", "file") if place.is_dir() else ("file", "folder")
    return HomeUnwritable(f"{place} is a {is_kind} where kb has a {was_kind}: move it away, then run the same again")


def below(root: Path, target: Path) -> Path:
    """The target, which a name made of data led to, if it lies below a folder; one that is a link is not followed.

    Raises:
        HomeUnwritable: when the name, or a link on its way, leads out of the folder.
    """
    try:
        is_name = target.name != ".." and b"\0" not in os.fsencode(target)
        folder = target.parent.resolve()
        # Links in a circle are left as they are from Python 3.13 on; before, they are a RuntimeError.
        is_whole = not any(part.is_symlink() for part in (folder, *folder.parents))
        is_below = is_name and is_whole and folder.is_relative_to(root.resolve())
    except OSError as err:
        raise writing_error(err, target) from err
    except (RuntimeError, ValueError):  # links in a circle, what cannot be written as UTF-8
        is_below = False
    if not is_below:
        shown = str(target).encode(errors="replace").decode()[:200]
        raise HomeUnwritable(f"{shown!r} does not lie in {root}: take links away, or choose another --out")
    return target


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
        self.index_path = path / "index"
        # Where the first indexes are; those that are made again have folders beside these (kb.library.indexing).
        self.lexical_path = self.index_path / "lexical"
        self.dense_path = self.index_path / "dense"
        self.vectors_path = self.index_path / "vectors"
        self.cache_path = path / "cache"
        self.screens_path = self.cache_path / "screens"
        self.conversations_path = self.cache_path / "conversations"
        self.claims_path = self.cache_path / "reading"
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
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.path.stat().st_uid == os.geteuid() and not any(self.path.iterdir()):
                self.path.chmod(0o700)  # it was made for us, with whatever mask
            # Each by itself: a parent that mkdir makes on the way has the process's mask for its mode.
            for folder in (
                self.index_path, self.lexical_path, self.dense_path, self.vectors_path, self.cache_path,
                self.digests_path, self.files.path,
            ):  # fmt: skip
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as err:
            raise writing_error(err, self.path) from err
        if not os.access(self.path, os.W_OK):
            raise HomeUnwritable(f"{self.path} cannot be written: check its permissions or choose another --home")

    def size_bytes(self) -> int:
        """What the home takes on disk."""
        total = 0
        for folder, _, names in os.walk(self.path):  # which passes over a folder that goes away meanwhile
            for name in names:
                with contextlib.suppress(FileNotFoundError):  # somebody indexes
                    total += Path(folder, name).stat().st_size
        return total

    def forget_caches(self) -> None:
        """Empty the cache: answers of servers and of models may hold a removed paper's text.

        Which lines a model has screened is kept, and the locks of conversations: of them there are hashes alone.

        Raises:
            HomeUnwritable: when a file cannot be removed: what it holds would outlive the paper.
        """
        kept = (self.screens_path, self.conversations_path, self.claims_path)

        def refused(err: OSError) -> None:
            if not isinstance(err, FileNotFoundError):  # somebody else empties it, too
                raise err

        try:
            self.cache_path.mkdir(mode=0o700, exist_ok=True)
            # Files go and folders stay: whoever writes a reply meanwhile finds its folder, and nobody's text is left.
            for folder, inner, names in os.walk(self.cache_path, onerror=refused):
                inner[:] = [name for name in inner if Path(folder, name) not in kept]
                for path in (Path(folder, name) for name in names):
                    if path not in kept:
                        path.unlink(missing_ok=True)
        except OSError as err:
            raise writing_error(err, self.cache_path) from err

    def writing(
        self, purpose: str, *, wait_seconds: float = PATIENCE_SECONDS, on_wait: Callable[[str], None] | None = None
    ) -> AbstractContextManager[None]:
        """Hold the writer lock. Waiters are told once who holds it; it is freed when its process ends.

        Raises:
            HomeBusy: when the lock is not free within ``wait_seconds``.
        """
        return self._held(
            "writer",
            purpose,
            wait_seconds=wait_seconds,
            on_wait=on_wait,
            busy=lambda who: f"{self.path} is in use by {who}",
        )

    def conversation(self, name: str, *, on_wait: Callable[[str], None] | None = None) -> AbstractContextManager[None]:
        """Hold a conversation while a question of it is answered: the next one waits, for it may speak of the answer.

        Raises:
            HomeBusy: when it is not free within ten minutes.
            HomeUnwritable: when the home cannot be written.
        """
        try:
            self.conversations_path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as err:
            raise writing_error(err, self.conversations_path) from err
        digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:16]
        return self._held(
            str(self.conversations_path.relative_to(self.path) / digest),
            "ask",
            wait_seconds=PATIENCE_SECONDS,
            on_wait=on_wait,
            busy=lambda who: f"a question of the same conversation is being answered by {who}",
        )

    def job(self, name: str) -> AbstractContextManager[None]:
        """Run a job that must not run twice at once; others may write meanwhile. Freed when its process ends.

        Raises:
            HomeBusy: when it is running already.
        """
        return self._held(
            name, name, wait_seconds=0.0, on_wait=None, busy=lambda who: f"kb {name} is running already ({who})"
        )

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
            about = {"pid": os.getpid(), "host": socket.gethostname(), "purpose": purpose, "since": int(time.time())}
            holder_path.write_text(json.dumps(about), encoding="utf-8")
        except (NotImplementedError, RuntimeError, ValueError) as err:
            lock.release()
            raise HomeUnwritable(f"{self.path} lies on a file system that cannot lock files ({err}): {_MOVE}") from err
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
        except (OSError, ValueError, KeyError, TypeError, RecursionError):  # it may hold anything, or nothing yet
            return "another process"


class Claims:
    """What this process is reading, told to the others, which meanwhile read something else.

    A claim is a lock on one byte of a file, at a place that the name is hashed to: it costs no file, and ends with its
    process. Where the file system cannot lock, everything can be claimed: work may be done twice, nothing is lost.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._held: set[str] = set()
        self._guard = threading.Lock()

    def take(self, name: str) -> bool:
        """Claim it; False while another process has. A claim of this process's own is as good as none."""
        with self._guard:
            try:
                if self._file is None:
                    self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _place_of(name))
            except OSError as err:
                return err.errno not in (errno.EACCES, errno.EAGAIN) or self._file is None
            self._held.add(name)
            return True

    def give_back(self, name: str) -> None:
        """Claim it no longer; what is not claimed is no error."""
        with self._guard:
            if name in self._held and self._file is not None:
                self._held.discard(name)
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _place_of(name))

    def close(self) -> None:
        """Give everything back."""
        with self._guard:
            self._held.clear()
            if self._file is not None:
                os.close(self._file)
            self._file = None


def _place_of(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode(errors="surrogatepass")).digest()[:7])


class FileStore:
    """Files by content: the key is ``<sha256><suffix>``, so a thing stored twice is stored once.

    Nothing but such a key is ever joined to a path, and what is handed out has the content that its key says.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def key_of(self, data: bytes, *, suffix: str) -> str:
        """The key under which these bytes are stored."""
        return hashlib.sha256(data).hexdigest() + suffix

    def put(self, data: bytes, *, suffix: str) -> str:
        """Store bytes and return their key. Atomic: a key that exists has its whole content.

        Raises:
            HomeUnwritable: when the file cannot be written.
        """
        key = self.key_of(data, suffix=suffix)
        target = self._place(key)
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
        """The file of a key; its content is looked at.

        Raises:
            BadRecord: when the text is no key.
            ParseError: ``file-unreadable`` when it is not there, ``file-changed`` when it is another.
        """
        path = self._place(key)
        try:
            is_whole = path.is_file() and key.startswith(sha256_of(path))
        except OSError as err:
            message = f"file {key} cannot be read ({err.strerror}): check the permissions of {self.path}"
            raise ParseError(message, code="file-unreadable") from err
        if is_whole:
            return path
        if path.exists():
            raise ParseError(f"file {key} has changed: add the original again with kb add FILE", code="file-changed")
        raise ParseError(f"file {key} is missing: add the file again with kb add FILE", code="file-unreadable")

    def _place(self, key: str) -> Path:
        """Where the file of a key is, or would be."""
        if not is_content_key(key):
            raise BadRecord(f"{key[:80]!r} is no key of a stored file: make what names it again with kb")
        return self.path / key[:2] / key

    def drop(self, keys: Iterable[str]) -> None:
        """Remove files; unknown keys are no error."""
        for key in keys:
            self._place(key).unlink(missing_ok=True)

    def abandoned(self, *, all_ages: bool = False) -> list[Path]:
        """What a writer that was killed left half-written, and what is no file of the store where it stands.

        ``all_ages`` counts what was begun just now, too: somebody may still be writing it, who is told that it failed.
        """
        latest = time.time() - (0 if all_ages else _ABANDONED_SECONDS)
        half = [path for path in self.path.glob("??/.new-*") if path.stat().st_mtime < latest]
        return half + [path for path in self.path.glob("*/[!.]*") if path.is_file() and not self._is_own(path)]

    def sweep(self, *, all_ages: bool = False) -> int:
        """Remove what is abandoned; returns how many files that were."""
        left = self.abandoned(all_ages=all_ages)
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def keys(self) -> Iterator[str]:
        """All keys, and no half-written or misplaced file."""
        yield from (path.name for path in sorted(self.path.glob("??/*")) if self._is_own(path))

    def _is_own(self, path: Path) -> bool:
        return is_content_key(path.name) and path == self._place(path.name)


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file's content, read in pieces.

    Raises:
        FileUnreadable: when it is no regular file that may be read.
    """
    digest = hashlib.sha256()
    with open_file(path) as handle:
        while block := handle.read(_CHUNK_BYTES):
            digest.update(block)
    return digest.hexdigest()
