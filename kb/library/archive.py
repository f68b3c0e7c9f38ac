"""The digests that were made, as they lie in the home, and the days that papers are of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from kb.errors import BadRecord
from kb.library.publishing import read_digest
from kb.records import Digest, Language

if TYPE_CHECKING:
    from kb.library import Library

_ENTRIES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDigest:
    """A digest on disk: for which topic (None: all papers), period and language, and how many papers it has."""

    path: Path
    topic: str | None
    since: date
    until: date
    language: Language
    entries: int


def kept_digests(library: Library) -> list[KeptDigest]:
    """The digests under ``digests/`` in the home, the newest day first; a file that is none is passed over."""
    found = []
    for path in sorted(library.home.digests_path.rglob("digest.json")):
        try:
            found.append(_kept(path, path.stat().st_mtime_ns))
        except (OSError, BadRecord):
            continue  # it went away, or is something else: the list shows what can be opened
    return sorted(found, key=lambda kept: (kept.until, kept.topic or "", str(kept.path)), reverse=True)


@lru_cache(maxsize=_ENTRIES)
def _kept(path: Path, changed_ns: int) -> KeptDigest:
    digest = read_digest(path)
    return KeptDigest(
        path=path, topic=digest.topic, since=digest.since, until=digest.until, language=digest.language,
        entries=len(digest.entries),
    )  # fmt: skip


def kept_digest(library: Library, topic: str | None, day: date) -> Digest | None:
    """The digest of a topic (None: of all papers) for a day, preferably in the library's language."""
    fitting = [kept for kept in kept_digests(library) if kept.topic == topic and kept.since <= day <= kept.until]
    fitting.sort(
        key=lambda kept: (kept.language != library.settings.language, kept.until.toordinal() - kept.since.toordinal())
    )
    return read_digest(fitting[0].path) if fitting else None


def digest_folder(library: Library, topic: str | None, day: date) -> Path:
    """Where the app keeps the digest of a topic for a day."""
    from kb.library.delivering import slug

    name = slug(topic) if topic is not None else "all-papers"
    return library.home.digests_path / name / day.isoformat() / library.settings.language
