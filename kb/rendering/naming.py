"""How pages and their headings are called."""

from __future__ import annotations

import re
from datetime import date

from kb.records import Digest, Figure
from kb.rendering.labels import label
from kb.structure import float_label

_NAME_BYTES = 200  # file systems take 255


def slug(text: str) -> str:
    """A file or folder name: letters and digits of any script, joined by hyphens, never empty or hidden, and short
    enough for a day before it and an ending behind it."""
    words = "-".join(re.findall(r"\w+", text.casefold()))[:80]
    return words.encode()[:_NAME_BYTES].decode(errors="ignore") or "digest"


def page_name(digest: Digest) -> str:
    """The page's file name without suffix: the day (or period) and the topic."""
    return page_name_of(digest.topic, since=digest.since, until=digest.until)


def page_name_of(topic: str | None, *, since: date, until: date) -> str:
    """The same for a page that is not at hand."""
    days = until.isoformat() if since == until else f"{since}-{until}"
    return f"{days}-{slug(topic)}" if topic else days


def feed_name(digest: Digest) -> str:
    """The feed's file name without suffix: the same for all days of a topic."""
    return slug(digest.topic) if digest.topic else "all-papers"


def page_title(digest: Digest) -> str:
    """The topic, or what stands for all papers."""
    return digest.topic or label(digest.language, "untitled")


def update_title(digest: Digest) -> str:
    """«2024-03-04 更新» / «Update of 2024-03-04»."""
    if digest.since == digest.until:
        return label(digest.language, "update", day=digest.until)
    return label(digest.language, "period", since=digest.since, until=digest.until)


def without_label(caption: str, label: str) -> str:
    """A caption without the label that it begins with."""
    found = float_label(caption.strip())
    return found.rest.strip() if found is not None and found.text == label else caption


def picture_text(figure: Figure) -> str:
    """What stands for a picture where it is not seen: label and caption."""
    return f"{figure.label}: {without_label(figure.caption, figure.label)}"
