"""Headings by the PDF's own table of contents: it knows the titles and pages, the page knows the lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kb.ids import plain_words
from kb.parsing.layout import PageLayout
from kb.parsing.page import OutlineEntry
from kb.structure import FLOAT_TITLE, bare_title

MAX_HEADING_LINES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading: ``level`` from 0; ``lines`` are places in its page's reading order."""

    page: int
    lines: tuple[int, ...]
    level: int
    title: str


def locate_outline(pages: Sequence[PageLayout], outline: Sequence[OutlineEntry]) -> list[Heading]:
    """The headings that the PDF's own table of contents names, where they are found on their page."""
    entries = [entry for entry in outline if entry.title and not FLOAT_TITLE.match(entry.title)]
    roots = [entry for entry in entries if entry.level == 0]
    if len(roots) == 1 and sum(entry.level == 1 for entry in entries) >= 2:
        lift, entries = 1, [entry for entry in entries if entry.level > 0]  # the root is the paper's title
    else:
        lift = 0
    found: list[Heading] = []
    taken: set[tuple[int, int]] = set()
    for entry in entries:
        lines = None
        for number in _near(entry.page, count=len(pages)):
            lines = _locate(pages[number - 1], entry, taken=taken)
            if lines:
                taken.update((number, line) for line in lines)
                title = " ".join(pages[number - 1].placed[line].line.text for line in lines)
                found.append(Heading(page=number, lines=tuple(lines), level=max(0, entry.level - lift), title=title))
                break
    return found


def _near(page: int | None, *, count: int) -> list[int]:
    if page is None:
        return []
    return [number for number in (page, page + 1, page - 1) if 1 <= number <= count]


def _locate(page: PageLayout, entry: OutlineEntry, *, taken: set[tuple[int, int]]) -> list[int] | None:
    wanted = _squeeze(bare_title(entry.title))
    if len(wanted) < 3:
        return None
    choices: list[tuple[float, list[int]]] = []
    for at, placed in enumerate(page.placed):
        if (page.number, at) in taken or placed.role in ("furniture", "front"):
            continue
        lines = _spelling(page, at, wanted)
        if lines:
            away = abs(placed.line.y0 - entry.y) if entry.y is not None and entry.page == page.number else 0.0
            choices.append((away - 40 * placed.line.bold - 4 * placed.line.size, lines))
    return min(choices)[1] if choices else None


def _spelling(page: PageLayout, at: int, wanted: str) -> list[int] | None:
    """Lines from ``at`` on that together spell the wanted title (with or without a number before it)."""
    so_far = ""
    for count in range(MAX_HEADING_LINES):
        index = at + count
        if index >= len(page.placed) or page.placed[index].column != page.placed[at].column:
            return None
        text = page.placed[index].line.text
        so_far += _squeeze(bare_title(text) if count == 0 else text)
        raw = _squeeze(text) if count == 0 else so_far
        if wanted in (so_far, raw):
            return list(range(at, index + 1))
        if not wanted.startswith(so_far) or not so_far:
            return None
    return None


def _squeeze(text: str) -> str:
    return plain_words(text).replace(" ", "")
