"""Papers from files and folders of this machine."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from kb.errors import BadIdentifier
from kb.ids import arxiv_key
from kb.records import Failure, FileKind, Item

Reader = Callable[[str], Iterator[Item | Failure]]

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
FILE_ENDINGS = tuple(_KINDS)
# In a folder these are papers in a form that is not read, and are reported; other files (pictures, code,
# archives) are no papers and are passed over.
_UNREAD = frozenset(".bbl .djvu .doc .docx .epub .nb .odt .pages .ppt .pptx .ps .ris .rtf .tex .xml".split())
_READABLE = "PDF, HTML, Markdown, text, .bib, .jsonl and .jsonl.gz"


class FilesSource:
    """A path to a PDF, HTML, Markdown or text file, or a folder of them.

    ``readers`` maps other endings (".bib", ".jsonl", ".jsonl.gz") to what reads them; the library puts in the
    sources of bibliographies and records. Files of the user are private unless ``private`` says otherwise.
    """

    def __init__(
        self,
        *,
        readers: Mapping[str, Reader] | None = None,
        private: bool = True,
        max_file_bytes: int = 60_000_000,
    ) -> None:
        self._readers = dict(readers or {})
        self._private = private
        self._max_file_bytes = max_file_bytes

    def find(self, what: str) -> Iterator[Item | Failure]:
        """Yield the file ``what``, or the papers in the folder ``what`` and below, sorted by path.

        Hidden files and folders are passed over, a folder that links lead back to is entered once. What cannot
        be taken in is a Failure: ``not-found`` (no such path, or a folder without papers), ``unsupported-file``,
        ``file-unreadable``, ``too-large``.
        """
        path = Path(what).expanduser()
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            yield Failure(what=what, code="not-found", reason="there is no such file: check the path")
            return
        except (OSError, ValueError) as err:
            yield _unreadable(what, err)
            return
        if stat.S_ISDIR(mode):
            yield from self._folder(path, what)
        else:
            yield from self._file(path, what)

    def _folder(self, folder: Path, what: str) -> Iterator[Item | Failure]:
        found = False
        for entry in _walk(folder, seen=set()):
            if isinstance(entry, Failure):
                found = True
                yield entry
            elif self._kind(entry) or self._ending(entry) or entry.suffix.lower() in _UNREAD:
                found = True
                yield from self._file(entry, os.fspath(entry))
        if not found:
            reason = f"no papers in this folder: kb reads {_READABLE}"
            yield Failure(what=what, code="not-found", reason=reason)

    def _file(self, path: Path, what: str) -> Iterator[Item | Failure]:
        try:
            name = os.fspath(path.absolute())
            name.encode()
            found = path.stat()
            if not stat.S_ISREG(found.st_mode):
                reason = "it is not a regular file: give a file or a folder"
                yield Failure(what=what, code="unsupported-file", reason=reason)
                return
            with path.open("rb"):
                pass
            kind, ending = self._kind(path), self._ending(path)
        except UnicodeEncodeError:
            shown = os.fspath(path).encode("utf-8", "replace").decode()
            reason = "its name is not valid UTF-8: rename the file"
            yield Failure(what=shown, code="file-unreadable", reason=reason)
            return
        except OSError as err:
            yield _unreadable(what, err)
            return
        if ending:
            yield from self._readers[ending](name)
        elif kind is None:
            reason = f"it is of a kind that is not read: kb reads {_READABLE}"
            yield Failure(what=what, code="unsupported-file", reason=reason)
        elif found.st_size > self._max_file_bytes:
            reason = f"it has {found.st_size:,} bytes: raise max_file_bytes ({self._max_file_bytes:,}) to read it"
            yield Failure(what=what, code="too-large", reason=reason)
        else:
            yield Item(what=what, file=name, file_kind=kind, private=self._private)

    def _ending(self, path: Path) -> str | None:
        """The longest ending that a reader is there for."""
        name = path.name.lower()
        return max((ending for ending in self._readers if name.endswith(ending)), key=len, default=None)

    def _kind(self, path: Path) -> FileKind | None:
        """By its ending, else (no known ending) by its first bytes."""
        suffix = path.suffix.lower()
        if suffix in _KINDS:
            return _KINDS[suffix]
        if suffix in _UNREAD or self._ending(path):
            return None
        try:
            if not path.is_file():
                return None
            with path.open("rb") as stream:
                head = stream.read(1024)
        except OSError:
            return None
        if b"%PDF-" in head:
            return "pdf"
        start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        return "html" if start.startswith((b"<!doctype html", b"<html")) else None


def proposed_ids(path: Path) -> tuple[str, ...]:
    """The arXiv id that a file's name suggests; its title has to confirm it."""
    try:
        return (arxiv_key(path.stem),)
    except BadIdentifier:
        return ()


def _walk(folder: Path, *, seen: set[tuple[int, int]]) -> Iterator[Path | Failure]:
    """Files below a folder, sorted by path; a folder seen before (a loop of links) is not entered again.

    Nor is one above the folder, to which a link leads back: it holds what nobody asked to be added.
    """
    pending, above = [folder], set(folder.resolve().parents)
    while pending:
        here = pending.pop()
        try:
            if here.is_dir():
                found = here.stat()
                if (found.st_dev, found.st_ino) in seen or (here.is_symlink() and here.resolve() in above):
                    continue
                seen.add((found.st_dev, found.st_ino))
                inside = sorted(entry for entry in here.iterdir() if not entry.name.startswith("."))
                pending.extend(reversed(inside))
            else:
                yield here  # a link that leads nowhere, too: what it is named for is not there
        except OSError as err:
            yield _unreadable(os.fspath(here).encode("utf-8", "replace").decode(), err)


def _unreadable(what: str, err: Exception) -> Failure:
    cause = err.strerror if isinstance(err, OSError) and err.strerror else str(err)
    reason = f"it cannot be read ({cause}): check that it exists and that you may read it"
    return Failure(what=what, code="file-unreadable", reason=reason)
