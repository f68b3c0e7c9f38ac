"""Where lines stand: the body's style, columns, and the order in which a page is read.

Reading order is geometric, not the order of painting: lines that cross the gutter cut a page into bands; in each
band the left column comes before the right one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Literal

from kb.parsing.furniture import find_furniture
from kb.parsing.lines import TextLine
from kb.parsing.page import Frame, Graphic, Rectangle, ruled_areas

Role = Literal[
    "body", "heading", "caption", "float", "equation", "code", "footnote", "furniture", "front", "reference", "contents"
]
Span = tuple[float, float]

_MIN_COLUMN_LINES = 6
_WIDE_HALF = 0.5
_COLUMN_LINE_CHARS = 22


@dataclass(slots=True)
class Placed:
    """A line with what is found out about it step by step. ``column``: from 0, or -1 across columns."""

    line: TextLine
    order: int = 0  # place in the order of painting
    column: int = 0
    role: Role = "body"
    float_label: str | None = None
    is_run_in: bool = False  # a heading that stood before the first words of its paragraph


@dataclass(slots=True)
class PageLayout:
    """A page as it is read, upright: its columns' x-ranges and its lines in reading order.

    ``number`` counts the pages that are read, from 1; ``sheet`` is the page of the file on which it stands, ``frame``
    where it lies there (None: on all of it), and ``place`` counts printed pages from 0 (``kb.parsing.sheets``).
    """

    number: int
    width: float
    height: float
    graphics: Sequence[Graphic] = ()
    ruled: Sequence[Rectangle] = ()  # where rules make a table
    columns: tuple[Span, ...] = ()
    placed: list[Placed] = field(default_factory=list)
    usual: tuple[int, str] | None = None  # rounded size and font of most of the page's long lines
    sheet: int = 0
    frame: Frame | None = None
    place: int = 0

    @property
    def is_as_shown(self) -> bool:
        """Whether the page is read as it lies in the file."""
        return self.frame is None or (self.frame.turn == 0 and self.frame.area[:2] == (0.0, 0.0))

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
    """Fill in each page's ``ruled``, ``columns`` and ``placed`` from its lines (painting order); returns the body's
    style."""
    body = body_style(lines)
    for page in pages:
        page.ruled = ruled_areas(page.graphics)
    furniture = find_furniture(lines, heights=[page.height for page in pages], tables=[page.ruled for page in pages])
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


def _usual_type(lines: Sequence[TextLine]) -> tuple[int, str] | None:
    types = Counter((round(line.size), line.font) for line in lines if len(line.text) >= _COLUMN_LINE_CHARS)
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


# --------------------------------------------------------------------------------------------- columns


def find_columns(lines: Sequence[TextLine], *, page: PageLayout, body: BodyStyle) -> tuple[Span, ...]:
    """One to three x-ranges: more than one where gutters part the long lines of the page."""
    long = [
        line for line in lines if len(line.text) >= _COLUMN_LINE_CHARS and abs(line.size - body.size) <= 0.2 * body.size
    ]
    if not long:
        return ((0.08 * page.width, 0.92 * page.width),)
    return tuple(_extent(part) for part in _parted(long, page=page))


def _parted(long: list[TextLine], *, page: PageLayout) -> list[list[TextLine]]:
    """The lines by column; a half that is wider than half of the page may have a gutter of its own."""
    gutter = _gutter(long, page=page)
    if gutter is None:
        return [long]
    left = [line for line in long if line.x1 <= gutter + 0.03 * page.width]
    right = [line for line in long if line.x0 >= gutter - 0.03 * page.width]
    for at, half in enumerate((left, right)):
        start, end = _extent(half)
        inner = _gutter(half, page=page) if end - start > _WIDE_HALF * page.width else None
        if inner is not None:
            first = [line for line in half if line.x1 <= inner + 0.03 * page.width]
            second = [line for line in half if line.x0 >= inner - 0.03 * page.width]
            return [first, second, right] if at == 0 else [left, first, second]
    return [left, right]


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
    """A page with few lines takes the columns of the paper, unless long lines cross their gutters."""
    counts = Counter(len(page.columns) for page in pages if len(page.columns) > 1)
    if not counts or counts.total() < 0.4 * len(pages):
        return
    number = max(counts, key=lambda count: (counts[count], -count))
    alike = [page.columns for page in pages if len(page.columns) == number]
    usual = tuple((median(c[k][0] for c in alike), median(c[k][1] for c in alike)) for k in range(number))
    middle = (usual[0][1] + usual[1][0]) / 2
    for page in pages:
        if len(page.columns) > 1:
            continue
        own = [p.line for p in page.placed if p.role == "body" and abs(p.line.size - body.size) <= 0.12 * body.size]
        own = [line for line in own if len(line.text) >= _COLUMN_LINE_CHARS]
        crossing = sum(line.x0 < middle - 30 and line.x1 > middle + 30 for line in own)
        if crossing <= 0.5 * len(own) or crossing < 4:
            page.columns = usual


def _assign_columns(page: PageLayout) -> None:
    if len(page.columns) == 1:
        return
    gutters = [(left1 + right0) / 2 for (_, left1), (right0, _) in pairwise(page.columns)]
    inset = 0.12 * (page.columns[0][1] - page.columns[0][0])
    for placed in page.placed:
        line = placed.line
        crosses = any(line.x0 < middle - inset and line.x1 > middle + inset for middle in gutters)
        if crosses and not _has_neighbour(page, line):
            placed.column = -1
        else:
            centre = line.x0 + 1 if crosses else (line.x0 + line.x1) / 2
            placed.column = sum(centre >= middle for middle in gutters)
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
            ordered += _columns_of(band, count=len(page.columns))
            band = []
            ordered.append(placed)
        else:
            band.append(placed)
    return ordered + _columns_of(band, count=len(page.columns))


def _columns_of(band: list[Placed], *, count: int) -> list[Placed]:
    return [placed for column in range(count) for placed in _rows([p for p in band if p.column == column])]


def _rows(by_height: list[Placed]) -> list[Placed]:
    """Lines of (nearly) one baseline from left to right."""
    rows: list[list[Placed]] = []
    for placed in by_height:
        if rows and placed.line.baseline - rows[-1][0].line.baseline < 0.25 * placed.line.size:
            rows[-1].append(placed)
        else:
            rows.append([placed])
    return [placed for row in rows for placed in sorted(row, key=lambda placed: placed.line.x0)]
