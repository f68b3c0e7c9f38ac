"""Tables of contents and lists of figures: they say what stands where, and are no text of the paper."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.parsing.layout import PageLayout, Placed

_TITLE = re.compile(
    r"^(?:(?:table of )?contents|list of (?:figures|tables|algorithms|symbols|abbreviations|listings|publications))$",
    re.IGNORECASE,
)
_LEADERS = re.compile(r"(?:\.\s?){4,}\s*(?:\d{1,4}|[ivxlc]{1,7})?\s*$|…{2,}")
_ENTRY = re.compile(r"\D(?:\s|\.)(?:\d{1,4}|[ivxlc]{1,7})$")
_MIN_ENTRIES = 3
_MAX_BETWEEN = 3  # rows of an entry that is set in several, or a title between two parts


def mark_contents(pages: Sequence[PageLayout]) -> None:
    """Give the role "contents" to titles like "Contents", the entries below them, and those on the next pages."""
    goes_on = False
    for page in pages:
        rows = _rows(page)
        first = 0 if goes_on else next((at for at, row in enumerate(rows) if _TITLE.match(_text(row))), None)
        if first is None:
            continue
        last, entries = _last_entry(rows, first, is_open=goes_on)
        goes_on = entries >= _MIN_ENTRIES and len(rows) - 1 - last <= _MAX_BETWEEN
        if entries < _MIN_ENTRIES and not (_only_titles(rows[first:]) and entries):
            goes_on = False
            continue
        for row in rows[first : (last + 1) if not goes_on else len(rows)]:
            for placed in row:
                placed.role = "contents"


def _rows(page: PageLayout) -> list[list[Placed]]:
    """The lines of running text by printed row, from top to bottom, in reading order."""
    rows: list[list[Placed]] = []
    for placed in page.placed:
        if placed.role != "body":
            continue
        same = rows and placed.column == rows[-1][0].column
        if same and abs(placed.line.baseline - rows[-1][0].line.baseline) < 0.3 * placed.line.size:
            rows[-1].append(placed)
        else:
            rows.append([placed])
    return rows


def _text(row: Sequence[Placed]) -> str:
    return " ".join(placed.line.text for placed in row).strip()


def _is_entry(row: Sequence[Placed]) -> bool:
    text = _text(row)
    wide_gap = len(row) > 1 and row[-1].line.x0 - row[-2].line.x1 > 2 * row[-1].line.size
    return bool(_LEADERS.search(text)) or (bool(_ENTRY.search(text)) and (wide_gap or len(text.split()) <= 12))


def _last_entry(rows: Sequence[Sequence[Placed]], first: int, *, is_open: bool) -> tuple[int, int]:
    """Place of the last row that belongs to the list that begins at ``first``, and how many entries it has."""
    last, entries = first, 0
    for at in range(first if is_open else first + 1, len(rows)):
        if _is_entry(rows[at]):
            last, entries = at, entries + 1
        elif _TITLE.match(_text(rows[at])):
            last = at
        elif at - last > _MAX_BETWEEN:
            break
    return last, entries


def _only_titles(rows: Sequence[Sequence[Placed]]) -> bool:
    """A list with one or two entries fills the rest of its page."""
    return len(rows) <= _MAX_BETWEEN * 3
