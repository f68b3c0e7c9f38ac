"""Where lines stand: the body's style, columns, and the order in which a page is read.

Reading order is geometric, not the order of painting. Where the columns of a page change on the way down, it has
zones, each with columns of its own and perhaps notes in the margin beside them. In a zone, lines that cross the gutter
and rules across all columns make bands; in each band the left column comes before the right one.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Literal

from kb.parsing.furniture import find_furniture
from kb.parsing.page import LONG_RULE_POINTS, Frame, Graphic, Rectangle, TextLine, ruled_areas, rules_of
from kb.structure import float_label

Role = Literal[
    "body", "heading", "caption", "float", "equation", "code", "footnote", "furniture", "front", "reference", "contents"
]
LineKind = Literal["title", "author", "place", "both", "mail", "abstract", "imprint", "other"]
"""What a line of a first page can be; ``both``: a name and where it works; ``imprint``: where and when the paper was
published."""
Span = tuple[float, float]

_MIN_COLUMN_LINES = 6
_WIDE_HALF = 0.5
_LEAST_SAVED = 5  # long lines that a cut into zones must save from crossing a gutter
_LEAST_NOTES = 3  # lines in a margin
_LEAST_ROWS = 3  # of a table across the columns
_FAR_SIZES = 4.0  # of the body's size: a gap below which a table does not go on
_NOTES_WIDTH = 0.08  # of the page
_COLUMN_LINE_CHARS = 22


@dataclass(slots=True)
class Placed:
    """A line with what is found out about it step by step. ``column``: from 0, or -1 across columns; beyond the
    page's ``columns`` those of other zones and of margins."""

    line: TextLine
    order: int = 0  # place in the order of painting
    column: int = 0
    role: Role = "body"
    float_label: str | None = None
    display: int = 0  # which display equation of its page it is of, from 1
    is_run_in: bool = False  # a heading that stood before the first words of its paragraph
    line_kind: LineKind | None = None  # what it is on a first page, which is judged (``kb.parsing.first_page``)


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
    others: tuple[Span, ...] = ()  # x-ranges of the columns of other zones and of margins
    placed: list[Placed] = field(default_factory=list)
    usual: tuple[int, str] | None = None  # rounded size and font of most of the page's long lines
    sheet: int = 0
    frame: Frame | None = None
    place: int = 0
    elsewhere: tuple[Rectangle, ...] = ()  # lines of the same sheet that are read as another page
    _long_rules: list[Graphic] | None = None

    def long_rules(self) -> list[Graphic]:
        """Rules that may be a table's, from the top; found once, when the page is laid out."""
        if self._long_rules is None:
            self._long_rules = rules_of(self.graphics, longer_than=LONG_RULE_POINTS)
        return self._long_rules

    @property
    def is_as_shown(self) -> bool:
        """Whether the page is read as it lies in the file."""
        return self.frame is None or (self.frame.turn == 0 and self.frame.area[:2] == (0.0, 0.0))

    def span_of(self, column: int) -> Span:
        """x-range of a column; of all columns for -1."""
        every = self.columns + self.others
        if column < 0 or column >= len(every):
            return self.columns[0][0], self.columns[-1][1]
        return every[column]


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
    _drop_head_rules(pages)
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
    usual = median(page.width for page in pages) if pages else 0.0
    _share_columns([page for page in pages if _is_as_wide_as(usual, page)], body=body)
    for page in pages:
        if not _is_as_wide_as(usual, page) and len(page.columns) == 1:
            page.columns = ((0.06 * page.width, 0.94 * page.width),)  # a plate: its table's cells are no column
    for page in pages:
        zones = _zones(page, body=body)
        for zone in zones:
            _assign_columns(page, zone, body=body)
        page.placed = [placed for zone in zones for placed in _in_reading_order(page, zone)]
    return body


def _is_as_wide_as(usual: float, page: PageLayout) -> bool:
    return abs(page.width - usual) <= 0.05 * usual


def _drop_head_rules(pages: Sequence[PageLayout]) -> None:
    """Rules that stand at one place on most pages, below a running head or above a foot, bound nothing."""
    places: Counter[tuple[int, int, int]] = Counter()
    for page in pages:
        places.update({_place(rule) for rule in rules_of(page.graphics, longer_than=LONG_RULE_POINTS)})
    usual = {place for place, count in places.items() if count >= max(3, len(pages) / 3)}
    if usual:
        for page in pages:
            page.graphics = [one for one in page.graphics if one.y1 - one.y0 >= 2 or _place(one) not in usual]


def _place(rule: Graphic) -> tuple[int, int, int]:
    return round(rule.x0), round(rule.y0), round(rule.x1)


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
    """The x-ranges of the columns: more than one where gutters part the long lines of the page."""
    long = _long_lines(lines, body=body)
    if not long:
        return ((0.08 * page.width, 0.92 * page.width),)
    return tuple(_extent(part) for part in _parted(long, page=page))


def _long_lines(lines: Iterable[TextLine], *, body: BodyStyle) -> list[TextLine]:
    return [
        line for line in lines if len(line.text) >= _COLUMN_LINE_CHARS and abs(line.size - body.size) <= 0.2 * body.size
    ]


def _parted(long: list[TextLine], *, page: PageLayout) -> list[list[TextLine]]:
    """The lines by column. A half that is wider than half of the page may have a gutter of its own, and so may both
    halves, if hardly a line crosses it."""
    halves = _halved(long, _gutter(long, page=page), page=page)
    if len(halves) == 1:
        return halves
    for at, half in enumerate(halves):
        start, end = _extent(half)
        if end - start > _WIDE_HALF * page.width:
            parts = _halved(half, _gutter(half, page=page), page=page)
            if len(parts) > 1:
                return [*halves[:at], *parts, *halves[at + 1 :]]
    quarters = [_halved(half, _gutter(half, page=page, within=_extent(half)), page=page) for half in halves]
    if all(len(parts) > 1 for parts in quarters):
        return [part for parts in quarters for part in parts]
    return halves


def _halved(lines: list[TextLine], gutter: float | None, *, page: PageLayout) -> list[list[TextLine]]:
    if gutter is None:
        return [lines]
    left = [line for line in lines if line.x1 <= gutter + 0.03 * page.width]
    return [left, [line for line in lines if line.x0 >= gutter - 0.03 * page.width]]


def _gutter(long: list[TextLine], *, page: PageLayout, within: Span | None = None) -> float | None:
    """x of the gutter that fewest lines cross: of a page, or of a half of it, where fewer may."""
    best: tuple[int, float, float] | None = None
    slack = 0.012 * page.width
    start, end = within or (0.0, page.width)
    most = 0.45 if within is None else 0.05
    begins, ends = sorted([line.x0 for line in long]), sorted([line.x1 for line in long])
    for step in range(30, 71):
        x = start + (end - start) * step / 100
        left = bisect_right(ends, x + slack)
        right = len(long) - bisect_left(begins, x - slack)
        crossing = len(long) - left - right
        if min(left, right) < _MIN_COLUMN_LINES or crossing > most * (left + right):
            continue
        key = (crossing, abs(x - (start + end) / 2), x)
        best = key if best is None else min(best, key)
    return None if best is None else best[2]


def _extent(lines: list[TextLine]) -> Span:
    starts, ends = sorted(line.x0 for line in lines), sorted(line.x1 for line in lines)
    return starts[int(0.12 * len(starts))], ends[min(len(ends) - 1, int(0.88 * len(ends)))]


def _share_columns(pages: Sequence[PageLayout], *, body: BodyStyle) -> None:
    """A page with few lines takes the columns of the paper, unless long lines cross their gutters; one with a table
    alone takes the width."""
    counts = Counter(len(page.columns) for page in pages if len(page.columns) > 1)
    if not counts or counts.total() < 0.4 * len(pages):
        single = [page for page in pages if len(page.columns) == 1]
        first, last = (median(page.columns[0][side] for page in single) for side in (0, 1)) if single else (0.0, 0.0)
        for page in single:
            span = page.columns[0]
            if span[1] - span[0] < 0.7 * (last - first) and first <= span[0] + 1 and span[1] - 1 <= last:
                page.columns = ((first, last),)
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


@dataclass(slots=True)
class _Zone:
    """A part of a page from y to y with the x-ranges of its columns; ``first`` is the number of its first column, -1
    where its one column is all columns of the page; ``margin`` that of the notes on its left."""

    top: float
    bottom: float
    columns: tuple[Span, ...]
    first: int = 0
    margin: int | None = None

    def holds(self, line: TextLine) -> bool:
        return self.top <= (line.y0 + line.y1) / 2 < self.bottom


def _zones(page: PageLayout, *, body: BodyStyle) -> list[_Zone]:
    """The zones of a page from the top; the columns of the one with most text are the page's columns."""
    lines = [placed.line for placed in page.placed if placed.role == "body"]
    whole = _Zone(-math.inf, math.inf, page.columns)
    zones = _cut(whole, lines, page=page, body=body)
    if len(zones) > 1:
        main = max(zones, key=lambda zone: len(_long_lines(filter(zone.holds, lines), body=body)))
        page.columns = main.columns
        for zone in zones:
            if zone is not main:
                is_all = len(zone.columns) == 1 and len(page.columns) > 1 and _is_as_wide(zone.columns[0], page)
                zone.first = -1 if is_all else len(page.columns) + len(page.others)
                page.others += () if is_all else zone.columns
    for zone in zones:
        _find_margin(zone, lines, page=page, body=body)
    return zones


def _is_as_wide(span: Span, page: PageLayout) -> bool:
    start, end = page.span_of(-1)
    return span[1] - span[0] > 0.8 * (end - start)


def _middles_of_gutters(columns: Sequence[Span]) -> list[float]:
    return [(left1 + right0) / 2 for (_, left1), (right0, _) in pairwise(columns)]


def _crossing(lines: Iterable[TextLine], columns: Sequence[Span]) -> list[TextLine]:
    """The lines that stand in several columns."""
    if len(columns) == 1:
        return []
    gutters = _middles_of_gutters(columns)
    inset = 0.12 * (columns[0][1] - columns[0][0])
    return [line for line in lines if any(line.x0 < x - inset and line.x1 > x + inset for x in gutters)]


def _cut(zone: _Zone, lines: Sequence[TextLine], *, page: PageLayout, body: BodyStyle) -> list[_Zone]:
    """The zone, or its two parts where that saves many long lines from crossing a gutter."""
    inside = sorted(filter(zone.holds, lines), key=lambda line: line.y0)
    crossing = len(_crossing(_long_lines(inside, body=body), zone.columns))
    # On a first page addresses may stand beside the abstract, and all text below over the whole width.
    is_opening = page.number == 1 and len(zone.columns) == 1 and math.isinf(zone.bottom)
    if crossing < _LEAST_SAVED and not is_opening:
        return [zone]
    best: tuple[int, float, list[_Zone]] | None = None
    low = -math.inf
    for line in inside:
        gap, y = line.y0 - low, (line.y0 + low) / 2
        low = max(low, line.y1)
        if not 0.3 * body.size < gap < math.inf:
            continue
        parts = []
        costs = []
        for top, bottom in ((zone.top, y), (y, zone.bottom)):
            part = _Zone(top, bottom, ())
            own = [line for line in inside if part.holds(line)]
            long = _long_lines(own, body=body)
            part.columns = find_columns(own, page=page, body=body)
            few = len(long) < _MIN_COLUMN_LINES
            costs.append(max(crossing, _LEAST_SAVED) if few else len(_crossing(long, part.columns)))
            parts.append(part)
        saved = crossing - sum(costs)
        if is_opening:
            changes = len(parts[0].columns) > 1 and len(parts[1].columns) == 1 and not sum(costs)
            below = _long_lines(filter(parts[1].holds, inside), body=body)
            saved = len(_crossing(below, parts[0].columns)) if changes else 0
        if best is None or (-saved, -gap) < best[:2]:
            best = (-saved, -gap, parts)
    if best is None or -best[0] < _LEAST_SAVED or best[2][0].columns == best[2][1].columns:
        return [zone]
    return [part for half in best[2] for part in _cut(half, lines, page=page, body=body)]


def _find_margin(zone: _Zone, lines: Sequence[TextLine], *, page: PageLayout, body: BodyStyle) -> None:
    """Notes on the left of a zone's first column get a column of their own: where most of its lines begin at one x,
    and several others end before."""
    if zone.first < 0:
        return
    start, end = zone.columns[0]
    own = [line for line in lines if zone.holds(line) and (line.x0 + line.x1) / 2 < end]
    long = [line for line in _long_lines(own, body=body) if line.x1 <= end + 0.03 * page.width]
    if not long:
        return
    edge, count = Counter(round(line.x0) for line in long).most_common(1)[0]
    before = [line for line in own if line.x1 < edge - 0.5 * body.size]
    longest = max((line.width for line in before), default=0.0)
    if count < 0.5 * len(long) or len(before) < _LEAST_NOTES or longest < _NOTES_WIDTH * page.width:
        return
    if min(line.x0 for line in before) > start + 0.3 * (end - start) or end - edge < longest:
        return
    zone.columns = ((float(edge), end), *zone.columns[1:])
    if zone.first == 0:
        page.columns = zone.columns
    else:
        at = zone.first - len(page.columns)
        page.others = (*page.others[:at], zone.columns[0], *page.others[at + 1 :])
    zone.margin = len(page.columns) + len(page.others)
    page.others += ((min(line.x0 for line in before), max(line.x1 for line in before)),)


def _assign_columns(page: PageLayout, zone: _Zone, *, body: BodyStyle) -> None:
    own = [placed for placed in page.placed if zone.holds(placed.line)]
    if zone.margin is not None:
        for placed in own:
            if placed.line.x1 < zone.columns[0][0] - 1:
                placed.column = zone.margin
        own = [placed for placed in own if placed.column != zone.margin]
    if len(zone.columns) == 1:
        for placed in own:
            placed.column = zone.first
        return
    gutters = _middles_of_gutters(zone.columns)
    crossing = {id(line) for line in _crossing((placed.line for placed in own), zone.columns)}
    for placed in own:
        line = placed.line
        if id(line) in crossing and not _has_neighbour(page, line):
            placed.column = -1
        else:
            centre = line.x0 + 1 if id(line) in crossing else (line.x0 + line.x1) / 2
            placed.column = zone.first + sum(centre >= middle for middle in gutters)
    _keep_ends_of_wide_blocks(own)
    _keep_tables_across(own, zone, body=body)
    for y in _rules_across(page, zone):
        over = [placed for placed in own if 0 <= y - placed.line.y1 < 1.5 * placed.line.size]
        if len(over) == 1 and not any(
            over[0].line.y0 < one.line.y1 and one.line.y0 < y for one in own if one not in over
        ):
            over[0].column = -1  # alone over a rule: a title of what stands below it in all columns


def _keep_tables_across(own: Sequence[Placed], zone: _Zone, *, body: BodyStyle) -> None:
    """The rows below a table's caption that runs across the columns, as far down as nothing is set like the body."""
    by_height = sorted(own, key=lambda placed: placed.line.baseline)
    for at, caption in enumerate(by_height):
        label = float_label(caption.line.text) if caption.column == -1 else None
        if label is None or label.kind != "Table":
            continue
        rows: list[list[Placed]] = []
        last = caption.line
        for placed in by_height[at + 1 :]:
            line = placed.line
            is_body = abs(line.size - body.size) < 0.03 * body.size and len(line.text) >= _COLUMN_LINE_CHARS
            if (is_body and placed.column != -1) or line.y0 - last.y1 > _FAR_SIZES * body.size:
                break
            if rows and line.baseline - rows[-1][0].line.baseline < 0.3 * line.size:
                rows[-1].append(placed)
            else:
                rows.append([placed])
            last = line if line.y1 > last.y1 else last
        on_both = [row for row in rows if len({placed.column for placed in row} - {-1}) > 1 and len(row) > 2]
        if len(on_both) >= _LEAST_ROWS:
            for placed in (placed for row in rows for placed in row):
                placed.column = -1


def _keep_ends_of_wide_blocks(own: Sequence[Placed]) -> None:
    """The short last line of a paragraph across both columns stands across them too."""
    across: list[TextLine] = []
    for placed in sorted(own, key=lambda placed: placed.line.baseline):
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


def _in_reading_order(page: PageLayout, zone: _Zone) -> list[Placed]:
    own = [placed for placed in page.placed if zone.holds(placed.line)]
    notes = [placed for placed in own if zone.margin is not None and placed.column == zone.margin]
    by_height = sorted(
        (placed for placed in own if zone.margin is None or placed.column != zone.margin),
        key=lambda placed: (placed.line.baseline, placed.line.x0),
    )
    notes.sort(key=lambda placed: (placed.line.baseline, placed.line.x0))
    if len(zone.columns) == 1:
        return _rows(by_height) + _rows(notes)
    ordered: list[Placed] = []
    band: list[Placed] = []
    rules = _rules_across(page, zone)
    for placed in by_height:
        while rules and rules[0] < placed.line.baseline:
            ordered += _columns_of(band)
            band = []
            del rules[0]
        if placed.column == -1:
            ordered += _columns_of(band)
            band = []
            ordered.append(placed)
        else:
            band.append(placed)
    return ordered + _columns_of(band) + _rows(notes)


def _rules_across(page: PageLayout, zone: _Zone) -> list[float]:
    """y of the rules that run across all columns, from the top."""
    start, end = zone.columns[0][0], zone.columns[-1][1]
    rules = rules_of(page.graphics, longer_than=0.95 * (end - start))
    return [
        rule.y0 for rule in rules if zone.top <= rule.y0 < zone.bottom and rule.x0 < start + 6 and rule.x1 > end - 6
    ]


def _columns_of(band: list[Placed]) -> list[Placed]:
    columns = sorted({placed.column for placed in band})
    return [placed for column in columns for placed in _rows([p for p in band if p.column == column])]


def _rows(by_height: list[Placed]) -> list[Placed]:
    """Lines of (nearly) one baseline from left to right."""
    rows: list[list[Placed]] = []
    for placed in by_height:
        if rows and placed.line.baseline - rows[-1][0].line.baseline < 0.25 * placed.line.size:
            rows[-1].append(placed)
        else:
            rows.append([placed])
    return [placed for row in rows for placed in sorted(row, key=lambda placed: placed.line.x0)]
