"""The digests that were made, as they lie in the home, and the days that papers are of."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from kb import wire
from kb.errors import BadRecord
from kb.library.publishing import read_digest
from kb.records import Digest, Language

if TYPE_CHECKING:
    from kb.library import Library

_KEPT = 16_384  # ten topics for some years
_HEAD_CHARACTERS = 8_192
_ENTRIES = re.compile(r',\s*"entries"\s*:')  # inside a string its quotation marks would be escaped


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDigest:
    """A digest on disk: for which topic (None: all papers), period and language."""

    path: Path
    topic: str | None
    since: date
    until: date
    language: Language


@dataclass(frozen=True, slots=True, kw_only=True)
class _DigestHead:
    """What a ``digest.json`` says of itself before its entries."""

    topic: str | None
    since: date
    until: date
    language: Language


def kept_digests(library: Library) -> list[KeptDigest]:
    """The digests under ``digests/`` in the home, the newest day first; a file that is none is passed over."""
    found = []
    for path in sorted(library.home.digests_path.rglob("digest.json")):
        try:
            found.append(_kept(path, path.stat().st_mtime_ns))
        except (OSError, BadRecord):
            continue  # it went away, or is something else
    return sorted(found, key=lambda kept: (kept.until, kept.topic or "", str(kept.path)), reverse=True)


@lru_cache(maxsize=_KEPT)
def _kept(path: Path, changed_ns: int) -> KeptDigest:
    """What stands before the entries, so that a thousand digests cost no more than a few; else the whole file."""
    with path.open(encoding="utf-8", errors="replace") as file:
        head = file.read(_HEAD_CHARACTERS)
    said: _DigestHead | Digest | None = None
    if (entries := _ENTRIES.search(head)) is not None:
        with suppress(BadRecord):  # not as kb writes it: reading it whole says what it is
            said = wire.from_json(head[: entries.start()] + "}", _DigestHead)
    said = said or read_digest(path)
    return KeptDigest(path=path, topic=said.topic, since=said.since, until=said.until, language=said.language)


def kept_digest(library: Library, topic: str | None, day: date) -> Digest | None:
    """The digest of a topic (None: of all papers) for a day, preferably in the library's language.

    A file that is damaged behind its head is passed over.
    """
    fitting = [kept for kept in kept_digests(library) if kept.topic == topic and kept.since <= day <= kept.until]
    fitting.sort(
        key=lambda kept: (kept.language != library.settings.language, kept.until.toordinal() - kept.since.toordinal())
    )
    for kept in fitting:
        try:
            return read_digest(kept.path)
        except BadRecord:
            continue
    return None


def digest_folder(library: Library, topic: str | None, day: date) -> Path:
    """Where the app keeps the digest of a topic for a day."""
    from kb.library.delivering import slug

    name = slug(topic) if topic is not None else "all-papers"
    return library.home.digests_path / name / day.isoformat() / library.settings.language
