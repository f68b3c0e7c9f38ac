"""What is no paragraph and still no float: running heads, headings, last lines, equations, footnotes, the front.

The crop of a float is what is drawn between running text and these; only lines that stay ``free`` can be part of one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.parsing.floats.page import FloatLine, FloatPage, is_alone_in_row, is_in_drawing
from kb.parsing.floats.prose import is_code_font
from kb.parsing.floats.rectangles import Rect
from kb.parsing.layout import BodyStyle
from kb.structure import KNOWN, NUMBERED

_ABSTRACT = re.compile(r"^\W*(?:a\s?b\s?s\s?t\s?r\s?a\s?c\s?t|summary)\b", re.IGNORECASE)
_EQUATION_NUMBER = re.compile(r"^\(\s*[A-Z]?\.?\d+(?:[.\-]\d+)*[a-z]?\s*\)$")
_STAMP = re.compile(r"arxiv:", re.IGNORECASE)


def mark_margins(page: FloatPage) -> None:
    """Stamps in the margin are no part of a float; other rotated text (axis labels) may be."""
    for item in page.items:
        in_margin = item.box.x1 < 0.09 * page.width or item.box.x0 > 0.95 * page.width
        if not item.line.upright and (_STAMP.search(item.text) or (in_margin and item.box.height > 60)):
            item.role = "furniture"


def mark_running_heads(pages: Sequence[FloatPage]) -> None:
    """Topmost and lowest rows that come again, digits aside, at the same height on other pages."""
    edges: dict[tuple[str, int], list[list[FloatLine]]] = {}
    for page in pages:
        upright = [item for item in page.items if item.line.upright and item.role in ("free", "furniture")]
        if not upright or page.turned:
            continue
        top, low = min(item.box.y0 for item in upright), max(item.box.y1 for item in upright)
        rows = []
        if top < 0.16 * page.height:
            rows.append([i for i in upright if i.box.y0 - top < 0.5 * i.box.height])
        if low > 0.86 * page.height:
            rows.append([i for i in upright if low - i.box.y1 < 0.5 * i.box.height])
        for row in rows:
            for item in row:
                key = (re.sub(r"\d+", "#", item.text.casefold()), round(item.line.baseline / 4))
                if len(key[0]) > 3:
                    edges.setdefault(key, []).append(row)
    for rows in edges.values():
        if len(rows) >= 3:
            for item in (item for row in rows for item in row):
                item.role = "furniture"


def keep_table_heads(page: FloatPage) -> None:
    """A cell like "F1" at the top of two pages is no running head: something else stands on its row."""
    for item in page.items:
        if item.role == "furniture" and item.line.upright:
            mates = [i for i in page.items if i is not item and i.box.shared_y(item.box) > 0.5 * item.box.height]
            words = any(i.role != "furniture" and i.line.upright and re.search(r"[^\W\d_]{3}", i.text) for i in mates)
            near = any(0 < i.box.y0 - item.box.y1 < 2 * item.line.size for i in page.items)
            if words and near:
                item.role = "free"


def mark_obstacles(page: FloatPage, *, body: BodyStyle) -> None:
    """Mark what paragraphs leave over and is still no float: headings, last lines, equations, footnotes, titles."""
    free = [item for item in page.items if item.role == "free" and not is_in_drawing(page, item)]
    for item in free:
        if _is_heading(page, item, body=body):
            item.role = "heading"
    for item in sorted(free, key=lambda item: item.box.y0):
        if item.role == "free" and _is_lone_line(page, item, body=body):
            item.role = "body"
    for item in sorted(free, key=lambda item: -item.box.y0):
        if item.role == "free" and _is_lone_line(page, item, body=body):
            item.role = "body"
    _mark_equations(page, body=body)
    _mark_footnotes(page, body=body)
    if page.number == 1:
        _mark_front(page, body=body)


def _is_heading(page: FloatPage, item: FloatLine, *, body: BodyStyle) -> bool:
    line = item.line
    if not line.upright or line.size < body.size - 0.5 or sum(char.isalpha() for char in line.text) < 4:
        return False
    set_apart = line.bold or line.size > body.size + 0.8 or line.font not in body.fonts or line.text.isupper()
    x0, x1 = page.span_of(item.column)
    at_left = abs(item.box.x0 - x0) < 6
    centred = abs((item.box.x0 + item.box.x1) - (x0 + x1)) < 8
    if not set_apart or not (at_left or centred) or not is_alone_in_row(page, item):
        return False
    return bool(NUMBERED.match(line.text) or KNOWN.match(line.text)) or (
        at_left and line.bold and line.size > body.size + 0.4
    )


def _is_lone_line(page: FloatPage, item: FloatLine, *, body: BodyStyle) -> bool:
    """A line of running text that is no paragraph: it begins where lines of the column begin."""
    line = item.line
    if not line.upright or line.font not in body.fonts or abs(line.size - body.size) > 0.3:
        return False
    starts = any(-2 < item.box.x0 - x0 < 26 for x0, _ in page.columns)
    words = re.findall(r"[^\W\d_]{3,}", line.text)
    if not starts or not words or item.letters <= 0.5 or not is_alone_in_row(page, item):
        return False
    x0, x1 = page.span_of(item.column)
    if item.box.width > 0.5 * (x1 - x0) and len(words) >= 5 and not is_code_font(line.font):
        return True
    return any(
        other.role in ("body", "heading")
        and other.column in (item.column, -1)
        and 0 < abs(other.line.baseline - item.line.baseline) < 1.4 * body.leading
        for other in page.items
    )


def _mark_equations(page: FloatPage, *, body: BodyStyle) -> None:
    """Rows that end in an equation number; and rows of mathematics within a line of running text."""
    numbers = [
        item
        for item in page.items
        if item.role == "free"
        and _EQUATION_NUMBER.match(item.text)
        and any(abs(item.box.x1 - x1) < 4 for _, x1 in page.columns)
    ]
    for number in numbers:
        x0, x1 = page.span_of(page.column_of(number.box))
        row = Rect(x0 - 2, number.box.y0 - 0.6 * body.size, x1 + 2, number.box.y1 + 0.6 * body.size)
        for item in page.items:
            if item.role == "free" and item.box.shared_y(row) > 0 and item.box.x0 >= row.x0 and item.box.x1 <= row.x1:
                item.role = "body"


def _mark_footnotes(page: FloatPage, *, body: BodyStyle) -> None:
    """Small text at the foot of a column, down to where the column ends, led by a mark or a short rule."""
    foot = max((item.box.y1 for item in page.items if item.role == "body"), default=0.0)
    for at, (left, _) in enumerate(page.columns):
        own = [item for item in page.items if item.column == at and item.role == "free" and item.line.upright]
        low = [i for i in own if i.line.size < body.size - 0.4 and i.box.y0 > 0.55 * page.height]
        for item in sorted(low, key=lambda item: item.box.y0):
            if not _starts_footnote(page, item, left=left):
                continue
            below = [i for i in low if i.box.y0 >= item.box.y0 - 1]
            reach = max(i.box.y1 for i in below)
            alike = all(abs(i.line.size - item.line.size) < 1.2 for i in below)
            if alike and (reach >= foot - 4 or reach > 0.85 * page.height):
                for noted in below:
                    noted.role = "note"
                break


def _starts_footnote(page: FloatPage, item: FloatLine, *, left: float) -> bool:
    if item.box.x0 - left > 24 or item.box.x0 < left - 3:
        return False
    marked = bool(item.line.runs and item.line.runs[0].raised) or bool(re.match(r"^[*†‡§¶∗]", item.text))
    ruled = any(
        0 <= item.box.y1 - rule.y0 < 26 and abs(rule.x0 - left) < 4 and rule.width < 0.7 * 250 for rule in page.rules
    )
    return marked or ruled


def _mark_front(page: FloatPage, *, body: BodyStyle) -> None:
    """Title and authors: lines that follow each other down from the title, outside of drawn things."""
    upper = [
        i
        for i in page.items
        if i.role in ("free", "body", "heading") and i.line.upright and i.box.y1 < 0.5 * page.height
    ]
    titles = [i for i in upper if i.line.size > 1.15 * body.size and i.box.width > 60 and not is_in_drawing(page, i)]
    if not titles:
        return
    largest = max(item.line.size for item in titles)
    title = min((i for i in titles if i.line.size > largest - 0.5), key=lambda item: item.box.y0)
    reach = title.box.y1
    abstract = min((i.box.y0 for i in page.items if _ABSTRACT.match(i.text)), default=page.height)
    for item in sorted(upper, key=lambda item: item.box.y0):
        if item.box.y0 < title.box.y0 - 40 or is_in_drawing(page, item):
            continue
        if item.box.y1 > abstract + 2:
            break
        if item.box.y0 - reach > 3 * body.size:
            break
        item.role = "heading" if item.role == "free" else item.role
        reach = max(reach, item.box.y1)
