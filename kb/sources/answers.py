"""What servers answer: looked at before it is believed, saved whole or not at all, and kept on disk for a while."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

from kb.errors import DownloadRefused
from kb.home import writing_error

Expected = Literal["pdf", "html"]
_HEAD_BYTES = 1024  # readers look for %PDF- in the first kilobyte
_PAGE_BYTES = 65_536
_STALE_SECONDS = 3600.0
# arXiv answers with a page, and status 200, while it makes a PDF or when it takes us for a robot.
_PASSING = re.compile(
    r"captcha|being (?:generated|processed|prepared)|not (?:yet )?available|try again|too many requests|rate.?limit"
    r"|unusual traffic|temporarily|automated access|http-equiv=[\"']?refresh",
    re.IGNORECASE,
)


def save(chunks: Iterator[bytes], to: Path, *, expect: Expected, what: str) -> None:
    """Write the body beside ``to`` and give it its name when it is whole: nobody ever sees a part of it.

    Raises:
        DownloadRefused: ``not-a-pdf`` or ``html-broken``; then nothing is left on the disk.
        HomeUnwritable: when the folder cannot be written or the disk is full.
    """
    try:
        _sweep(to.parent)
        with _beside(to) as file:
            for piece in _checked(chunks, expect=expect, what=what):
                file.write(piece)
    except OSError as err:
        raise writing_error(err, to) from err


@contextmanager
def _beside(path: Path) -> Iterator[IO[bytes]]:
    """A file beside ``path`` that gets its name when it is whole, and is removed when it is not."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _checked(chunks: Iterator[bytes], *, expect: Expected, what: str) -> Iterator[bytes]:
    """The pieces of a body, the first of them so long that it shows whether the body is what is expected."""
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= _HEAD_BYTES:
            break
    is_expected = b"%PDF-" in head[:_HEAD_BYTES] if expect == "pdf" else _is_page(head)
    if not is_expected:
        for chunk in chunks:
            if len(head) >= _PAGE_BYTES:
                break
            head += chunk
        raise _other_kind(head[:_PAGE_BYTES], expect=expect, what=what)
    yield head
    yield from chunks


def _is_page(head: bytes) -> bool:
    start = head[:_HEAD_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html")) or (start.startswith(b"<") and b"<html" in start)


def _other_kind(body: bytes, *, expect: Expected, what: str) -> DownloadRefused:
    wanted = "a PDF" if expect == "pdf" else "a web page"
    code = "not-a-pdf" if expect == "pdf" else "html-broken"
    if not body.strip():
        return DownloadRefused(f"{what} is empty, not {wanted}: try again later", code=code, retry=True)
    if not _is_page(body):
        return DownloadRefused(f"{what} is not {wanted}: look at it in a browser", code=code)
    text = body.decode("utf-8", errors="replace")
    title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    named = f' ("{" ".join(title[1].split())[:80]}")' if title and title[1].strip() else ""
    if _PASSING.search(text):
        return DownloadRefused(
            f"{what} is for now a web page{named} instead of {wanted}: try again later", code=code, retry=True
        )
    return DownloadRefused(f"{what} is a web page{named} instead of {wanted}: look at it in a browser", code=code)


def _sweep(folder: Path) -> None:
    """Remove what a killed process left."""
    for part in folder.glob(".*.part"):
        try:
            if time.time() - part.stat().st_mtime > _STALE_SECONDS:
                part.unlink(missing_ok=True)
        except FileNotFoundError:
            continue


# ------------------------------------------------------------------------------------- kept on disk


class AnswerCache:
    """Bodies by address. Losing it loses nothing: a broken, old or foreign entry is as good as none.

    Args:
        folder: where the entries lie, one file each.
        max_age_seconds: how long an answer is reused; 0 keeps none.
        max_bytes: the oldest entries go when all together are larger.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_age_seconds: float,
        max_bytes: int = 200_000_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._max_age_seconds = max_age_seconds
        self._max_bytes = max_bytes
        self._clock = clock

    def get(self, url: str, *, max_age_seconds: float | None = None) -> bytes | None:
        """The kept answer, or None when there is none that is whole and young enough."""
        age = self._max_age_seconds if max_age_seconds is None else min(max_age_seconds, self._max_age_seconds)
        path = self._path(url)
        try:
            head, _, body = path.read_bytes().partition(b"\n")
            entry = json.loads(head)
            whole = entry["url"] == url and entry["sha256"] == hashlib.sha256(body).hexdigest()
            stored = float(entry["stored"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not whole or not 0 <= self._clock() - stored < age:
            return None
        return body

    def put(self, url: str, body: bytes) -> None:
        """Keep an answer. A disk that will not take it is no error: the answer is there, only not kept."""
        if self._max_age_seconds <= 0 or len(body) > self._max_bytes:
            return
        head = json.dumps({"url": url, "stored": self._clock(), "sha256": hashlib.sha256(body).hexdigest()})
        path = self._path(url)
        try:
            with _beside(path) as file:
                file.write(head.encode() + b"\n" + body)
            self._shrink(keep=path)
        except OSError:
            return

    def _shrink(self, *, keep: Path) -> None:
        entries = sorted(
            ((entry.stat().st_mtime, entry.stat().st_size, entry) for entry in self._folder.iterdir()),
            key=lambda item: (item[2] != keep, item[0], item[2].name),
        )
        total = sum(size for _, size, _ in entries)
        for _, size, entry in [item for item in entries if item[2] != keep]:
            if total <= self._max_bytes:
                return
            entry.unlink(missing_ok=True)
            total -= size

    def _path(self, url: str) -> Path:
        return self._folder / hashlib.sha256(url.encode()).hexdigest()
