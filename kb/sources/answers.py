"""Answers of servers kept on disk: each with its address and checksum, for a while, and within a size."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path


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
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor, name = tempfile.mkstemp(dir=self._folder, prefix=".", suffix=".part")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(head.encode() + b"\n" + body)
                Path(name).replace(path)
            finally:
                Path(name).unlink(missing_ok=True)
            self._shrink(keep=path)
        except OSError:
            return

    def drop(self, text: str) -> None:
        """Remove the answers whose address or body holds ``text``."""
        wanted = text.encode()
        for path in self._folder.glob("*") if self._folder.is_dir() else ():
            with contextlib.suppress(FileNotFoundError):
                if wanted in path.read_bytes():
                    path.unlink()

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
