"""Papers from files and folders of this machine."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from kb.errors import FileUnreadable
from kb.guard import Limits
from kb.ids import find_arxiv_ids
from kb.input_files import open_file
from kb.records import Failure, FileKind, Found, Item, Notice, PassedOver
from kb.sources.formats import FORMATS, is_expected, record_endings
from kb.sources.guarded import RecordReader

_KINDS: Mapping[str, FileKind] = {
    ".pdf": "pdf",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".text": "text",
}
_READABLE = "PDF, HTML, Markdown, text, .bib, .ris, .nbib, CSL-JSON, Zotero's CSV, .jsonl and .jsonl.gz"


def readable_endings() -> tuple[str, ...]:
    """The endings of the files that can be added, with their dot."""
    return tuple(dict.fromkeys((*_KINDS, *record_endings())))


class FilesSource:
    """A path to a file of papers or of records of papers, or to a folder of such files.

    Files of the user are private. ``leave_out`` is a folder that is never entered.
    ``reader`` reads the files of records, and ``limits`` are those of the files.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        reader: RecordReader | None = None,
        leave_out: Path | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._reader = reader or RecordReader(self._limits)
        self._leave_out = leave_out.resolve() if leave_out is not None else None

    def find(self, what: str) -> Iterator[Found]:
        """Yield the file ``what``, or what is in the folder ``what`` and below, sorted by path.

        In a folder hidden files are left alone, and whatever else is not read is passed over by name: no link is
        followed out of it, and a folder is entered once. What cannot be taken in is a Failure: ``not-found`` (no
        such path, or a folder without papers), ``unsupported-file``, ``file-unreadable``, ``too-large``.
        """
        try:
            path = Path(what).expanduser()
            mode = path.stat().st_mode
            inside = self._leave_out is not None and path.resolve().is_relative_to(self._leave_out)
        except FileNotFoundError:
            yield Failure(what=_shown(what), code="not-found", reason="there is no such file: check the path")
            return
        except (OSError, ValueError, RuntimeError) as err:
            yield _unreadable(_shown(what), err)
            return
        if inside:
            yield _left_out(path)
        elif stat.S_ISDIR(mode):
            yield from self._folder(path, what)
        else:
            yield from self._file(path, what, named=True)

    def _folder(self, folder: Path, what: str) -> Iterator[Found]:
        found = False
        for entry in self._walk(folder):
            if isinstance(entry, Path):
                for thing in self._file(entry, os.fspath(entry), named=False):
                    found = found or not isinstance(thing, PassedOver | Notice)
                    yield thing
            else:
                found = found or isinstance(entry, Failure)
                yield entry
        if not found:
            yield Failure(what=what, code="not-found", reason=f"no papers in this folder: kb reads {_READABLE}")

    def _walk(self, folder: Path) -> Iterator[Path | Failure | PassedOver]:
        """The files below a folder, sorted by path, and what is not entered."""
        root, pending = folder.resolve(), [folder]
        seen: set[tuple[int, int]] = set()
        while pending:
            here = pending.pop()
            try:
                if here != folder and here.is_symlink() and not _target(here).is_relative_to(root):
                    reason = f"a link that leads out of the folder: add {_shown(_target(here))} by its own name"
                    yield PassedOver(what=_shown(here), reason=reason)
                elif not here.is_dir():
                    yield here  # a link that leads nowhere, too: what it is named for is not there
                elif self._leave_out is not None and here.resolve() == self._leave_out:
                    yield _left_out(here)
                else:
                    found = here.stat()
                    if (found.st_dev, found.st_ino) not in seen:
                        seen.add((found.st_dev, found.st_ino))
                        inside = sorted(entry for entry in here.iterdir() if not entry.name.startswith("."))
                        pending.extend(reversed(inside))
            except (OSError, RuntimeError) as err:
                yield _unreadable(_shown(here), err)

    def _file(self, path: Path, what: str, *, named: bool) -> Iterator[Found]:
        wanted = named or path.suffix.lower() in _KINDS or is_expected(path)

        def refused(code: str, reason: str) -> Failure | PassedOver:
            """What was named, or bears the name of a paper, has failed; anything else is passed over."""
            if wanted:
                return Failure(what=_shown(what), code=code, reason=reason)
            return PassedOver(what=_shown(what), reason=reason)

        try:
            name = os.fspath(path.absolute())
            name.encode()
            with open_file(path) as file:
                size = os.fstat(file.fileno()).st_size
        except UnicodeEncodeError:
            yield refused("file-unreadable", "its name is not valid UTF-8: rename the file")
            return
        except FileUnreadable as err:
            yield refused(err.code, err.reason)
            return
        kind = self._kind(path)
        may_hold_records = any(one.is_named(path) for one in FORMATS)
        if may_hold_records and (records := self._reader.read(Path(name), named=named and kind is None)) is not None:
            yield from records
        elif kind is None:
            reason = f"it is of a kind that is not read: kb reads {_READABLE}"
            yield refused("unsupported-file", reason)
        elif size > self._limits.max_file_bytes:
            reason = f"it has {size:,} bytes: raise max_file_bytes ({self._limits.max_file_bytes:,}) to read it"
            yield Failure(what=what, code="too-large", reason=reason)
        else:
            yield Item(what=what, file=name, file_kind=kind, private=True)

    def _kind(self, path: Path) -> FileKind | None:
        """By its ending, else by its first bytes."""
        suffix = path.suffix.lower()
        if suffix in _KINDS or is_expected(path):
            return _KINDS.get(suffix)
        try:
            with open_file(path) as file:
                head = file.read(1024)
        except (FileUnreadable, OSError):
            return None
        if b"%PDF-" in head:
            return "pdf"
        start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        return "html" if start.startswith((b"<!doctype html", b"<html")) else None


def proposed_ids(path: Path) -> tuple[str, ...]:
    """The arXiv id that a file's name suggests, where it carries one; its title has to confirm it."""
    found = {identifier for identifier, _ in find_arxiv_ids(path.name)}
    return (f"arxiv:{found.pop()}",) if len(found) == 1 else ()


def _target(link: Path) -> Path:
    """Where a link leads.

    Raises:
        OSError: when it leads back to itself.
    """
    try:
        return link.resolve()
    except RuntimeError as err:
        raise OSError("the link leads back to itself") from err


def _left_out(path: Path) -> PassedOver:
    return PassedOver(what=_shown(path), reason="it belongs to the knowledge base itself: nothing to be done")


def _unreadable(what: str, err: Exception) -> Failure:
    cause = err.strerror if isinstance(err, OSError) and err.strerror else str(err)
    reason = f"it cannot be read ({cause}): check that it exists and that you may read it"
    return Failure(what=what, code="file-unreadable", reason=reason)


def _shown(path: str | Path) -> str:
    """A path as text that can be stored."""
    return os.fspath(path).encode("utf-8", "replace").decode()
