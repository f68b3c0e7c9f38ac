"""The page that leads to all daily pages: topics, and under each its days, the latest first."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from urllib.parse import quote

from kb.records import DigestCounts, Language
from kb.rendering.entries import PageSettings
from kb.rendering.html import index_html
from kb.rendering.labels import label

_SAFE_PATH = re.compile(r"^[^/\\:?#][^\\:?#]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """A digest that was written: what it is about and where its files are, relative to the index."""

    topic: str | None
    since: date
    until: date
    counts: DigestCounts
    files: tuple[str, ...]


def render_index(
    entries: Sequence[IndexEntry], *, language: Language = "en", settings: PageSettings | None = None
) -> list[tuple[str, bytes]]:
    """``index.html`` over digests in any order; same digests, same bytes."""
    by_topic: defaultdict[str, list[IndexEntry]] = defaultdict(list)
    for entry in entries:
        by_topic[entry.topic or label(language, "untitled")].append(entry)
    topics = [
        {"name": name, "days": [_day(entry, language) for entry in _latest_first(by_topic[name])]}
        for name in sorted(by_topic, key=str.casefold)
    ]
    return [("index.html", index_html(topics, language=language, settings=settings or PageSettings()).encode())]


def _latest_first(entries: Sequence[IndexEntry]) -> list[IndexEntry]:
    return sorted(entries, key=lambda entry: (entry.until, entry.since, entry.files), reverse=True)


def _day(entry: IndexEntry, language: Language) -> dict[str, object]:
    when = entry.until.isoformat() if entry.since == entry.until else f"{entry.since} – {entry.until}"
    return {
        "when": when,
        "counts": label(language, "counts", **asdict(entry.counts)),
        "links": [(_suffix(file), quote(file)) for file in sorted(entry.files) if _SAFE_PATH.match(file)],
    }


def _suffix(file: str) -> str:
    """What the form is called: what follows the first full stop of the file's name."""
    name = file.rsplit("/", 1)[-1]
    return name.split(".", 1)[1].upper().replace(".", " ") if "." in name else name
