"""The files that a record names as its own: found beside it, missing, or no papers."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote

from kb.records import Item, PassedOver, SourceRecord

_WEB = re.compile(r"(?:https?|ftp)://", re.I)
_SCHEME = re.compile(r"(?:file:(?://(?:localhost(?=/))?)?|internal-pdf://|attachments:)", re.I)
_DRIVE = re.compile(r"/?([a-z]:/)", re.I)
_LONGEST_PATH = 4096
_TAIL = 4  # folders of another machine that may stand above the file here: storage/ABCD1234/paper.pdf


def with_files(
    record: SourceRecord, *, what: str, stated: Sequence[str], roots: Sequence[Path]
) -> Iterator[Item | PassedOver]:
    """The record as items: one for each PDF that it names and that is there, else one without a file.

    Args:
        stated: paths and addresses as the record writes them; web addresses are not looked at.
        roots: where relative paths begin; see ``roots_of``.

    Yields:
        Files that are missing stand in the first item; those that are no PDF are passed over by name.
    """
    papers: list[Path] = []
    missing: list[str] = []
    for name in dict.fromkeys(text.strip() for text in stated):
        if not name or _WEB.match(name):
            continue
        path = _find(name, roots)
        if path is None:
            missing.append(name)
        elif is_pdf(path):
            papers.append(path.absolute())
        else:
            page = path.suffix.lower() in (".html", ".htm", ".xhtml", ".mhtml")
            kind = "a saved web page" if page else "no PDF"
            yield PassedOver(
                what=str(path), reason=f"{kind} that {what} names as its file: add it by its own name to read it"
            )
    yield from items_of(record, what=what, papers=tuple(dict.fromkeys(papers)), missing=tuple(missing))


def items_of(
    record: SourceRecord, *, what: str, papers: Sequence[Path], missing: tuple[str, ...] = ()
) -> Iterator[Item]:
    """The record as items: one for each PDF, else one without a file; what is missing stands in the first."""
    if not papers:
        yield Item(what=what, record=record, missing=missing)
    for number, path in enumerate(papers):
        yield Item(
            what=what,
            record=record,
            file=str(path),
            file_kind="pdf",
            private=True,
            missing=missing if number == 0 else (),
        )


def roots_of(folder: Path) -> tuple[Path, ...]:
    """Where the paths of records in a folder may begin: there, or in the files of an EndNote library there."""
    try:
        return (folder, *sorted(folder.glob("*.[dD]ata/PDF")))
    except OSError:
        return (folder,)


def _find(name: str, roots: Sequence[Path]) -> Path | None:
    """The regular file that a path names: as it stands, from a root, or by its last parts (another machine's path)."""
    if len(name) > _LONGEST_PATH:
        return None
    bare = _SCHEME.sub("", name, count=1) if _SCHEME.match(name) else name
    for text in dict.fromkeys((bare, unquote(bare))):
        slashed = text.replace("\\", "/")
        elsewhere = slashed != text or _DRIVE.match(slashed) is not None
        parts = [part for part in _DRIVE.sub("", slashed, count=1).split("/") if part not in ("", ".")]
        own = text if Path(text).is_absolute() or not elsewhere else slashed
        tails = ["/".join(parts[-count:]) for count in range(min(_TAIL, len(parts)), 0, -1)]
        for root in roots:
            for candidate in dict.fromkeys((own, *(tail for tail in tails if ".." not in tail.split("/")))):
                try:
                    if (path := root / candidate).is_file():
                        return path
                except (OSError, ValueError):
                    continue
    return None


def is_pdf(path: Path) -> bool:
    """Whether it is a regular file that begins as a PDF does; a pipe is not waited for."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            return stat.S_ISREG(os.fstat(handle).st_mode) and b"%PDF-" in file.read(1024)
    except OSError:
        return False
