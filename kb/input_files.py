"""The one entrance for files to read: whatever a person, a setting or data names is a regular file of a bounded size.

Links are followed. A pipe, a device or a socket is never waited for: it is opened without blocking, and what was
opened is looked at, so that nothing can take its place in between.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import IO

from kb.errors import FileUnreadable

MAX_DOCUMENT_BYTES = 100_000_000
"""Of one file that is read into memory whole: a page, a digest, a ledger, a bibliography."""

_KINDS = (
    (stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"),
)  # fmt: skip


def open_file(path: Path, *, max_bytes: int | None = None, setting: str = "") -> IO[bytes]:
    """A regular file, open for reading bytes.

    Args:
        path: the file.
        max_bytes: of its size now; None: any.
        setting: the name of the setting that raises ``max_bytes``, for the message.

    Raises:
        FileUnreadable: when there is none, it may not be read, is no regular file (``unsupported-file``), or is
            larger (``too-large``).
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))
    except (OSError, ValueError) as err:
        raise unreadable(path, err) from err
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        kind = next((name for is_one, name in _KINDS if is_one(found.st_mode)), "something else")
        reason = f"it is {kind}, not a regular file: give the path of a file"
        raise FileUnreadable(path, reason, code="unsupported-file")
    if max_bytes is not None and found.st_size > max_bytes:
        os.close(descriptor)
        raise _too_large(path, found.st_size, max_bytes=max_bytes, setting=setting)
    return os.fdopen(descriptor, "rb")


def read_file(path: Path, *, max_bytes: int = MAX_DOCUMENT_BYTES, setting: str = "") -> bytes:
    """The bytes of a regular file; arguments and errors are those of ``open_file``."""
    with open_file(path, max_bytes=max_bytes, setting=setting) as file:
        try:
            data = file.read(max_bytes + 1)
        except OSError as err:
            raise unreadable(path, err) from err
    if len(data) > max_bytes:  # it grows, or has no size of its own
        raise _too_large(path, len(data), max_bytes=max_bytes, setting=setting)
    return data


def read_utf8(path: Path, *, max_bytes: int = MAX_DOCUMENT_BYTES) -> str:
    """The text of a regular file in UTF-8, with or without a byte order mark.

    Raises:
        FileUnreadable: as ``open_file``, and when it is in another encoding.
    """
    try:
        return read_file(path, max_bytes=max_bytes).decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise FileUnreadable(path, f"byte {err.start} is not UTF-8: save it as UTF-8") from err


def unreadable(path: Path, err: Exception) -> FileUnreadable:
    """The error of ours for a file that the system did not open, or stopped giving."""
    if isinstance(err, FileUnreadable):
        return err
    if isinstance(err, FileNotFoundError):
        return FileUnreadable(path, "there is no such file: check the path")
    if isinstance(err, ValueError):  # a sign that no path can have
        return FileUnreadable(ascii(f"{path}"), "it is no path: check the name")
    cause = getattr(err, "strerror", None) or err
    return FileUnreadable(path, f"{cause}: check that it exists and that you may read it")


def _too_large(path: Path, size: int, *, max_bytes: int, setting: str) -> FileUnreadable:
    most = f"{setting} ({max_bytes:,}): raise it, or split the file" if setting else f"{max_bytes:,}: split the file"
    return FileUnreadable(path, f"it has {size:,} bytes, more than {most}", code="too-large")
