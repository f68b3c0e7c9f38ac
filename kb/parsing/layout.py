"""Where lines stand: the body's style, running heads, columns, and the order in which a page is read.

Reading order is geometric, not the order of painting: lines that cross the gutter cut a page into bands; in each
band the left column comes before the right one.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Literal

from kb.parsing.lines import TextLine
from kb.parsing.page import Graphic

Role = Literal["body", "heading", "caption", "float", "equation", "code", "footnote", "furniture", "front", "reference"]
Span = tuple[float, float]

_HEAD_BAND = 0.10  # running heads stand in this share of the page's height, running feet in the next
_FOOT_BAND = 0.09
_PAGE_NUMBER = re.compile(
    r"^[\s\-–—|]*(?:page\s*)?(?:\d{1,4}|[ivxl]{1,6}|\d{1,4}\s*(?:/|of)\s*\d{1,4})[\s\-–—|]*$", re.IGNORECASE
)
_FIRST_PAGE_FOOT = re.compile(
    r"^(?:Proceedings of|Preprint|Under review|Published as|Accepted|.*\bConference on\b|.*©|Copyright|arXiv:"
    r"|(?:January|February|March|April|May|June|July|August|September|October|November|December)\b.*\d{4})",
    re.IGNORECASE,
)
_MIN_COLUMN_LINES = 6
_COLUMN_LINE_CHARS = 22


@dataclass(slots=True)
class Placed:
    """A line with what is found out about it step by step. ``column``: 0, 1, or -1 across both columns."""

    line: TextLine
    order: int = 0  # place in the order of painting
    column: int = 0
    role: Role = "body"
    above: float | None = None  # distance of baselines to the line above in the column, when there is one
    float_label: str | None = None
    mark: int | None = None  # level of a heading


@dataclass(slots=True)
class PageLayout:
    """A page: its columns' x-ranges (one or two) and its lines in reading order."""

    number: int
    width: float
    height: float
    graphics: Sequence[Graphic] = ()
    columns: tuple[Span, ...] = ()
    placed: list[Placed] = field(default_factory=list)
    usual: tuple[int, bool] | None = None  # rounded size and boldness of most of the page's long lines

    def span_of(self, column: int) -> Span:
        """x-range of a column; of all columns for -1."""
        if column < 0 or column >= len(self.columns):
            return self.columns[0][0], self.columns[-1][1]
        return self.columns[column]


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyStyle:
    """How the paper's running text is set. ``leading`` is the usual distance of baselines, in points."""

    size: float
    fonts: frozenset[str]
    leading: float


def lay_out(pages: Sequence[PageLayout], lines: Sequence[Sequence[TextLine]]) -> BodyStyle:
    """Fill in ``columns`` and ``placed`` of each page from its lines (painting order) and return the body's style."""
    body = body_style(lines)
    furniture = find_furniture(pages, lines)
    for page, of_page in zip(pages, lines, strict=True):
        page.placed = [
            Placed(line, order=order, role="furniture" if id(line) in furniture else "body")
            for order, line in enumerate(of_page)
        ]
        page.columns = find_columns([p.line for p in page.placed if p.role == "body"], page=page, body=body)
        page.usual = _usual_type(of_page)
    _share_columns(pages, body=body)
    for page in pages:
        _assign_columns(page)
        page.placed = _in_reading_order(page)
    return body


def _usual_type(lines: Sequence[TextLine]) -> tuple[int, bool] | None:
    types = Counter((round(line.size), line.bold) for line in lines if len(line.text) >= _COLUMN_LINE_CHARS)
    if not types:
        return None
    (usual, count), *_ = types.most_common(1)
    return usual if count >= 8 else None


def body_style(lines: Iterable[Sequence[TextLine]]) -> BodyStyle:
    """Size and fonts that most characters of long lines have (of all lines when none is long)."""
    every = [line for page in lines for line in page if line.upright]
    long = [line for line in every if len(line.text) >= 25] or every
    sizes: Counter[float] = Counter()
    for line in long:
        sizes[round(line.size * 2) / 2] += len(line.text)
    if not sizes:
        return BodyStyle(size=10.0, fonts=frozenset(), leading=12.0)
    rounded = max(sizes, key=lambda size: (sizes[size], size))
    chosen = [line for line in long if abs(line.size - rounded) <= 0.5]
    size = median(line.size for line in chosen)
    fonts: Counter[str] = Counter()
    for line in chosen:
        fonts[line.font] += len(line.text)
    total = sum(fonts.values())
    kept = frozenset(font for font, count in fonts.items() if count >= 0.15 * total)
    steps = [b.baseline - a.baseline for a, b in pairwise(chosen) if a.page == b.page]
    steps = [step for step in steps if 0.9 * size <= step <= 2.2 * size]
    return BodyStyle(size=size, fonts=kept, leading=median(steps) if steps else 1.2 * size)


# ------------------------------------------------------------------------------------------- furniture


def find_furniture(pages: Sequence[PageLayout], lines: Sequence[Sequence[TextLine]]) -> set[int]:
    """``id`` of each line that is no text of the paper: rotated stamps, page numbers, running heads and feet."""
    found: set[int] = set()
    repeated: dict[tuple[str, str], list[tuple[int, float, int]]] = defaultdict(list)
    for page, of_page in zip(pages, lines, strict=True):
        found.update(id(line) for line in of_page if not line.upright)
        for band, line in _band_lines(page, [line for line in of_page if line.upright]):
            if _PAGE_NUMBER.match(line.text) or (page.number == 1 and _is_first_page_foot(page, line)):
                found.add(id(line))
            else:
                key = re.sub(r"\d+", "#", line.text.casefold())
                repeated[band, key].append((page.number, line.baseline, id(line)))
    for places in repeated.values():
        for number, baseline, identity in places:
            if any(other != number and abs(at - baseline) < 4 for other, at, _ in places):
                found.add(identity)
    upright = [line for of_page in lines for line in of_page if line.upright]
    kept = sum(len(line.text) for line in upright if id(line) not in found)
    if kept < 0.1 * sum(len(line.text) for line in upright):
        found -= {id(line) for line in upright}  # heads and feet of nothing are the text
    return found


def _band_lines(page: PageLayout, lines: list[TextLine]) -> list[tuple[str, TextLine]]:
    top = sorted((line for line in lines if line.y1 < _HEAD_BAND * page.height), key=lambda line: line.y0)
    bottom = sorted((line for line in lines if line.y0 > (1 - _FOOT_BAND) * page.height), key=lambda line: -line.y0)
    return [("head", line) for line in top[:4]] + [("foot", line) for line in bottom[:6]]


def _is_first_page_foot(page: PageLayout, line: TextLine) -> bool:
    return line.y0 > (1 - _FOOT_BAND) * page.height and bool(_FIRST_PAGE_FOOT.match(line.text))


# --------------------------------------------------------------------------------------------- columns


def find_columns(lines: Sequence[TextLine], *, page: PageLayout, body: BodyStyle) -> tuple[Span, ...]:
    """One or two x-ranges: two when a gutter parts the long lines of the page."""
    long = [
        line for line in lines if len(line.text) >= _COLUMN_LINE_CHARS and abs(line.size - body.size) <= 0.2 * body.size
    ]
    if not long:
        return ((0.08 * page.width, 0.92 * page.width),)
    gutter = _gutter(long, page=page)
    if gutter is None:
        return (_extent(long),)
    left = [line for line in long if line.x1 <= gutter + 0.03 * page.width]
    right = [line for line in long if line.x0 >= gutter - 0.03 * page.width]
    return _extent(left), _extent(right)


def _gutter(long: list[TextLine], *, page: PageLayout) -> float | None:
    best: tuple[int, float, float] | None = None
    slack = 0.012 * page.width
    for step in range(30, 71):
        x = page.width * step / 100
        left = sum(line.x1 <= x + slack for line in long)
        right = sum(line.x0 >= x - slack for line in long)
        crossing = len(long) - left - right
        if min(left, right) < _MIN_COLUMN_LINES or crossing > 0.45 * (left + right):
            continue
        key = (crossing, abs(x - page.width / 2), x)
        best = key if best is None else min(best, key)
    return None if best is None else best[2]


def _extent(lines: list[TextLine]) -> Span:
    starts, ends = sorted(line.x0 for line in lines), sorted(line.x1 for line in lines)
    return starts[int(0.12 * len(starts))], ends[min(len(ends) - 1, int(0.88 * len(ends)))]


def _share_columns(pages: Sequence[PageLayout], *, body: BodyStyle) -> None:
    """A page with few lines takes the columns of the paper, unless long lines cross their gutter."""
    two = [page.columns for page in pages if len(page.columns) == 2]
    if not two or len(two) < 0.4 * len(pages):
        return
    usual = tuple((median(c[k][0] for c in two), median(c[k][1] for c in two)) for k in (0, 1))
    middle = (usual[0][1] + usual[1][0]) / 2
    for page in pages:
        if len(page.columns) == 2:
            continue
        own = [p.line for p in page.placed if p.role == "body" and abs(p.line.size - body.size) <= 0.12 * body.size]
        own = [line for line in own if len(line.text) >= _COLUMN_LINE_CHARS]
        crossing = sum(line.x0 < middle - 30 and line.x1 > middle + 30 for line in own)
        if crossing <= 0.5 * len(own) or crossing < 4:
            page.columns = usual


def _assign_columns(page: PageLayout) -> None:
    if len(page.columns) == 1:
        return
    (left0, left1), (right0, right1) = page.columns
    middle = (left1 + right0) / 2
    into_left, into_right = 0.12 * (left1 - left0), 0.12 * (right1 - right0)
    for placed in page.placed:
        line = placed.line
        crosses = line.x0 < middle - into_left and line.x1 > middle + into_right
        if crosses and not _has_neighbour(page, line):
            placed.column = -1
        else:
            centre = line.x0 + 1 if crosses else (line.x0 + line.x1) / 2
            placed.column = 0 if centre < middle else 1
    _keep_ends_of_wide_blocks(page)


def _keep_ends_of_wide_blocks(page: PageLayout) -> None:
    """The short last line of a paragraph across both columns stands across them too."""
    across: list[TextLine] = []
    for placed in sorted(page.placed, key=lambda placed: placed.line.baseline):
        line = placed.line
        if placed.column != -1 and any(_goes_on_below(wide, line) for wide in across[-3:]):
            placed.column = -1
        if placed.column == -1:
            across.append(line)


def _goes_on_below(wide: TextLine, line: TextLine) -> bool:
    if line.font != wide.font or abs(line.size - wide.size) > 0.3:
        return False
    aligned = abs(line.x0 - wide.x0) < 1.5 or abs(line.x0 + line.x1 - wide.x0 - wide.x1) < 3
    return aligned and 0 < line.baseline - wide.baseline < 1.3 * line.size


def _has_neighbour(page: PageLayout, line: TextLine) -> bool:
    """Whether running text stands beside the line: then it only sticks out of its column."""
    return any(
        min(line.y1, other.line.y1) - max(line.y0, other.line.y0) > 0.5 * line.height
        and other.line.x0 >= line.x1 - 1
        and len(other.line.text) >= _COLUMN_LINE_CHARS
        for other in page.placed
        if other.line is not line and other.role == "body"
    )


def _in_reading_order(page: PageLayout) -> list[Placed]:
    by_height = sorted(page.placed, key=lambda placed: (placed.line.baseline, placed.line.x0))
    if len(page.columns) == 1:
        return _rows(by_height)
    ordered: list[Placed] = []
    band: list[Placed] = []
    for placed in by_height:
        if placed.column == -1:
            ordered += _columns_of(band)
            band = []
            ordered.append(placed)
        else:
            band.append(placed)
    return ordered + _columns_of(band)


def _columns_of(band: list[Placed]) -> list[Placed]:
    return _rows([p for p in band if p.column == 0]) + _rows([p for p in band if p.column == 1])


def _rows(by_height: list[Placed]) -> list[Placed]:
    """Lines of (nearly) one baseline from left to right."""
    rows: list[list[Placed]] = []
    for placed in by_height:
        if rows and placed.line.baseline - rows[-1][0].line.baseline < 0.25 * placed.line.size:
            rows[-1].append(placed)
        else:
            rows.append([placed])
    return [placed for row in rows for placed in sorted(row, key=lambda placed: placed.line.x0)]
