"""A page as floats are looked for on it, and what bounds them there.

Its lines have roles: paragraphs, running heads, headings, equations, footnotes and the front are no part of a float,
only lines that stay ``free`` can be. What stands in a ruled or framed area beside a caption belongs to the float,
however it is set. Rectangles are in points with the origin at the top left.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Literal, NamedTuple

from kb.parsing.layout import BodyStyle, Span
from kb.parsing.page import Frame, TextLine
from kb.structure import KNOWN, NUMBERED


class Rect(NamedTuple):
    """``x0 <= x1`` and ``y0 <= y1``; may be empty."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        """Width in points."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Height in points."""
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        """Area in square points, 0 when empty."""
        return max(0.0, self.width) * max(0.0, self.height)

    def shared_x(self, other: Rect) -> float:
        """Length of the common x-range; negative: the gap between the two."""
        return min(self.x1, other.x1) - max(self.x0, other.x0)

    def shared_y(self, other: Rect) -> float:
        """Length of the common y-range; negative: the gap between the two."""
        return min(self.y1, other.y1) - max(self.y0, other.y0)

    def shared_area(self, other: Rect) -> float:
        """Area of the common part."""
        return max(0.0, self.shared_x(other)) * max(0.0, self.shared_y(other))

    def holds(self, other: Rect, *, slack: float = 0.0) -> bool:
        """Whether ``other`` lies inside, give or take ``slack`` points."""
        return (
            self.x0 - slack <= other.x0
            and self.y0 - slack <= other.y0
            and other.x1 <= self.x1 + slack
            and other.y1 <= self.y1 + slack
        )


def hull(boxes: Iterable[Rect]) -> Rect:
    """The smallest rectangle around all of them (at least one)."""
    every = list(boxes)
    return Rect(
        min(box.x0 for box in every),
        min(box.y0 for box in every),
        max(box.x1 for box in every),
        max(box.y1 for box in every),
    )


Role = Literal["free", "body", "heading", "furniture", "caption", "note"]
RULE_POINTS = 2.6  # a drawn thing that is not thicker is a rule


@dataclass(slots=True, eq=False)
class FloatLine:
    """A line on the page, with its role; equal to itself alone."""

    line: TextLine
    box: Rect
    column: int  # -1: across columns
    role: Role = "free"
    block: list[FloatLine] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The line's text."""
        return self.line.text

    @property
    def letters(self) -> float:
        """Share of letters among its characters, without spaces."""
        solid = [char for char in self.line.text if not char.isspace()]
        return sum(char.isalpha() for char in solid) / max(1, len(solid))


@dataclass(slots=True)
class FloatPage:
    """A page as floats are looked for on it; ``number``, ``sheet`` and ``frame`` as of ``PageLayout``."""

    number: int
    sheet: int
    frame: Frame
    width: float
    height: float
    columns: tuple[Span, ...]
    items: list[FloatLine]
    graphics: list[Rect] = field(default_factory=list)  # drawn things that are no rules
    rules: list[Rect] = field(default_factory=list)  # horizontal rules
    ruled: list[Rect] = field(default_factory=list)  # where three equal rules or more make a table
    stamps: list[Rect] = field(default_factory=list)  # pictures that come again on other pages, such as a logo
    elsewhere: list[Rect] = field(default_factory=list)  # text that is read as another page
    frames: list[Rect] = field(default_factory=list)  # ruled or framed areas that hold the text of floats

    def span_of(self, column: int) -> Span:
        """x-range of a column; of all columns for -1."""
        if column < 0:
            return self.columns[0][0], self.columns[-1][1]
        return self.columns[column]

    def column_of(self, box: Rect) -> int:
        """The column that holds the box, or -1 when it crosses a gutter."""
        for at, (x0, x1) in enumerate(self.columns):
            left = (self.columns[at - 1][1] + x0) / 2 if at else 0.0
            right = (x1 + self.columns[at + 1][0]) / 2 if at + 1 < len(self.columns) else self.width
            if box.x0 >= left - 6 and box.x1 <= right + 6:
                return at
        return -1


def is_in_drawing(page: FloatPage, item: FloatLine) -> bool:
    """Whether a line stands inside a frame or a drawn thing much taller than itself."""
    if any(frame.holds(item.box, slack=4) for frame in page.frames):
        return True
    return any(
        box.holds(item.box, slack=1) and box.height > 2 * item.box.height and box.area < 0.8 * page.width * page.height
        for box in page.graphics
    )


def is_alone_in_row(page: FloatPage, item: FloatLine) -> bool:
    """Whether nothing else stands beside a line in its column."""
    x0, x1 = page.span_of(item.column)
    return not any(
        other is not item
        and other.box.shared_y(item.box) > 0.5 * min(other.box.height, item.box.height)
        and other.box.x0 < x1 + 2
        and other.box.x1 > x0 - 2
        for other in page.items
    )


# -------------------------------------------------------------------------------- paragraphs

_WIDE = 0.82  # share of the column that a line of a paragraph fills
_LETTERS = 0.55
_PARAGRAPH = 4  # full lines that are a paragraph, wherever they stand
_FLOWING = 3  # lines of one beginning and one end, that are text around a float
_BOXES_APART = 32.0  # points between two boxes of one float
_CODE_FONT = re.compile(r"cmtt|lmmono|ectt|sftt|courier|mono|consol|menlo|typewriter|inconsol|nimbusmon", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ProseStyle:
    """Font sizes (to half a point) and families of fonts that carry running text.

    Beside the body's these are those with a tenth (sizes) or a twentieth (families) of all long lines: reference
    lists and appendices are often set smaller; captions, footnotes and text in figures have too few lines for it.
    """

    sizes: frozenset[float]
    families: frozenset[str]


def prose_style(pages: Sequence[FloatPage], *, body: BodyStyle) -> ProseStyle:
    """See ``ProseStyle``."""
    sizes: Counter[float] = Counter()
    families: Counter[str] = Counter()
    for page in pages:
        for item in page.items:
            x0, x1 = page.span_of(item.column)
            if item.role == "free" and item.box.width >= _WIDE * (x1 - x0) and item.letters > _LETTERS:
                sizes[_half(item.line.size)] += len(item.text)
                families[font_family(item.line.font)] += len(item.text)
    total = sum(sizes.values())
    return ProseStyle(
        frozenset({_half(body.size)} | {size for size, count in sizes.items() if count >= 0.1 * total}),
        frozenset(map(font_family, body.fonts)) | {name for name, count in families.items() if count >= 0.05 * total},
    )


def font_family(font: str) -> str:
    """A font's name without its cut: "NimbusRomNo9L-Medi" is "nimbusr", TeX's own CMR10 and CMTI10 are "cm"."""
    name = re.sub(r"[^a-z0-9]", "", font.casefold())
    tex = re.match(r"(?:cm|sf|lm|ec)(?:r|b|ti|sl|csc|bx|mi|sy|tt|roman)", name)
    return "cm" if tex else name[:7]


def is_code_font(font: str) -> bool:
    """Whether a font has letters of one width, as program text is set in."""
    return bool(_CODE_FONT.search(font))


def _half(size: float) -> float:
    return round(size * 2) / 2


def find_blocks(page: FloatPage) -> None:
    """Give each upright line its block: lines of one size that stand below each other at one distance."""
    items = sorted((item for item in page.items if item.line.upright), key=lambda item: (item.box.y0, item.box.x0))
    blocks: list[list[FloatLine]] = []
    open_blocks: list[list[FloatLine]] = []
    for item in items:
        open_blocks = [block for block in open_blocks if item.box.y0 - block[-1].box.y1 < 2 * item.line.size + 6]
        fitting = [block for block in open_blocks if _continues(block, item)]
        if fitting:
            nearest = max(fitting, key=lambda block: (block[-1].line.baseline, block[-1].box.shared_x(item.box)))
            nearest.append(item)
            item.block = nearest
        else:
            item.block = [item]
            blocks.append(item.block)
            open_blocks.append(item.block)


def _continues(block: list[FloatLine], item: FloatLine) -> bool:
    last = block[-1]
    step = item.line.baseline - last.line.baseline
    size = max(last.line.size, item.line.size)
    if abs(last.line.size - item.line.size) > 0.6 or not 0.5 * size < step < 1.75 * size + 1:
        return False
    if item.box.shared_x(last.box) <= 0.4 * min(item.box.width, last.box.width):
        return False
    if len(block) >= 2:
        before = median(b.line.baseline - a.line.baseline for a, b in pairwise(block))
        return step <= 1.22 * before + 1
    return True


def mark_body(page: FloatPage, *, body: BodyStyle, prose: ProseStyle) -> None:
    """Mark paragraphs: blocks in a size of running text whose lines fill their column or end at its right edge."""
    seen: set[int] = set()
    for item in page.items:
        if item.role != "free" or not item.block or id(item.block) in seen:
            continue
        seen.add(id(item.block))
        block = item.block
        if not all(_is_prose_size(line, body=body, sizes=prose.sizes) for line in block):
            continue
        if 2 * sum(font_family(line.line.font) in prose.families for line in block) < len(block):
            continue
        if 2 * sum(is_code_font(line.line.font) for line in block) > len(block):
            continue
        flowing = _justified(page, block, body=body)
        full = sum(_fills_column(page, line) or id(line) in flowing for line in block)
        letters = sum(line.letters * len(line.text) for line in block) / max(1, sum(len(line.text) for line in block))
        long_enough = len(block) >= 2 and full >= max(1, 0.4 * len(block)) and letters > _LETTERS
        single = len(block) == 1 and full and letters > 0.6 and len(block[0].text.split()) >= 6
        if long_enough or single:
            for line in block:
                line.role = "body" if line.role == "free" else line.role


def _is_prose_size(item: FloatLine, *, body: BodyStyle, sizes: frozenset[float]) -> bool:
    return 0.93 * body.size <= item.line.size <= 1.1 * body.size or _half(item.line.size) in sizes


def _fills_column(page: FloatPage, item: FloatLine) -> bool:
    x0, x1 = page.span_of(item.column)
    width = max(1.0, x1 - x0)
    return item.box.width >= _WIDE * width or (abs(item.box.x1 - x1) <= 3 and item.box.width >= 0.55 * width)


def _justified(page: FloatPage, block: Sequence[FloatLine], *, body: BodyStyle) -> set[int]:
    """The ids of lines of a block, in the body's size, that begin at one place and end at one, several below each
    other, and one of the two is an edge of the column: text that flows around a float."""
    found: set[int] = set()
    run: list[FloatLine] = []
    for line in (*block, None):
        box, size = (line.box, line.line.size) if line else (Rect(0, 0, 0, 0), 0.0)
        if line and run and abs(box.x0 - run[0].box.x0) < 1.5 and abs(box.x1 - run[0].box.x1) < 1.5:
            run.append(line)
            continue
        if len(run) >= _FLOWING:
            found.update(map(id, run))
        left, right = page.span_of(line.column) if line else (0.0, 0.0)
        at_edge = min(abs(left - box.x0), abs(right - box.x1)) < 3 and abs(size - body.size) < 0.3
        run = [line] if line and at_edge else []
    return found


def mark_stamps(pages: Sequence[FloatPage]) -> None:
    """Pictures at the head or foot that stand at the same place on three pages or more."""
    places: Counter[tuple[int, ...]] = Counter(
        tuple(round(edge) for edge in box) for page in pages for box in set(page.graphics)
    )
    for page in pages:
        for box in page.graphics:
            at_edge = box.y1 < 0.2 * page.height or box.y0 > 0.8 * page.height
            if at_edge and places[tuple(round(edge) for edge in box)] >= 3:
                page.stamps.append(box)
        page.graphics = [box for box in page.graphics if box not in page.stamps]


def mark_frames(page: FloatPage, *, body: BodyStyle) -> None:
    """Find ruled and framed areas beside captions and give their text back to the float."""
    captions = [item.box for item in page.items if item.role == "caption"]
    if captions:
        page.graphics = [box for box in page.graphics if _is_plausible(page, box)]
    for item in page.items:
        if item.role == "furniture" and item.line.upright and is_in_drawing(page, item):
            item.role = "free"
    furniture = [item.box for item in page.items if item.role == "furniture"]
    if not captions:
        return
    rules = [
        rule
        for rule in page.rules
        if rule.width > 70 and not any(abs(rule.y0 - box.y0) < 18 or abs(rule.y0 - box.y1) < 18 for box in furniture)
    ]
    page.frames = _without_paragraphs(page, _ruled_areas(rules, captions))
    _free_table_notes(page, body=body)
    page.frames += _with_next(page, captions)
    for item in page.items:
        if item.role == "body" and any(frame.holds(item.box, slack=6) for frame in page.frames):
            item.role = "free"


def _with_next(page: FloatPage, captions: Sequence[Rect]) -> list[Rect]:
    """The drawn frames and shades beside a caption, and those that stand next to one of them with no text between."""
    rest = [box for box in page.graphics if box.width > 90 and 24 < box.height < 0.92 * page.height]
    frames = [box for box in rest if _is_beside(box, captions)]
    solid = [item.box for item in page.items if item.role not in ("free", "furniture")]
    seen = 0
    while seen < len(frames):
        last = frames[seen]
        seen += 1
        for box in rest:
            if box not in frames and _are_next(last, box):
                between = hull([last, box])
                apart = (one for one in solid if between.holds(one) and not (last.holds(one) or box.holds(one)))
                if next(apart, None) is None:
                    frames.append(box)
    return frames


def _are_next(one: Rect, other: Rect) -> bool:
    """Whether two boxes stand below each other, or side by side, and near."""
    shared_x, shared_y = one.shared_x(other), one.shared_y(other)
    below = shared_x > 0.7 * max(one.width, other.width) and shared_y > -_BOXES_APART
    return below or (shared_y > 0.7 * min(one.height, other.height) and shared_x > -_BOXES_APART)


def _is_plausible(page: FloatPage, box: Rect) -> bool:
    """Whether a drawn thing is as large as its box says: an embedded picture may reach far out of what is seen.

    It is not when it ends within another column, or lies over full lines of the column it is in.
    """
    for x0, x1 in page.columns if len(page.columns) > 1 else ():
        share = (min(box.x1, x1) - max(box.x0, x0)) / max(1.0, x1 - x0)
        if page.column_of(box) == -1 and 0.1 < share < 0.75 and (box.x0 < x0 - 15 or box.x1 > x1 + 15):
            return False
    full = 0
    for item in page.items:
        if item.role == "body" and box.holds(item.box, slack=1):
            x0, x1 = page.span_of(item.column)
            full += abs(item.box.x0 - x0) < 1.5 and item.box.width > 0.9 * (x1 - x0)
    return full < 3


def _free_table_notes(page: FloatPage, *, body: BodyStyle) -> None:
    """Small print right under the last rule of a table belongs to the table."""
    for item in page.items:
        if item.role != "body" or item.line.size > body.size - 0.8 or item.block[:1] != [item]:
            continue
        for frame in page.frames:
            inside = frame.x0 - 4 <= item.box.x0 and all(line.box.x1 <= frame.x1 + 6 for line in item.block)
            if inside and -2 < item.box.y0 - frame.y1 < 9:
                for line in item.block:
                    line.role = "free"


def _is_beside(box: Rect, captions: Sequence[Rect], *, within: float = 36.0) -> bool:
    return any(
        box.shared_x(caption) > 0 and min(abs(caption.y1 - box.y0), abs(box.y1 - caption.y0)) < within
        for caption in captions
    )


def _ruled_areas(rules: list[Rect], captions: Sequence[Rect]) -> list[Rect]:
    """Between two rules of one x-range, one of them near a caption, with no caption between."""
    areas: list[Rect] = []
    for top in rules:
        for bottom in rules:
            if bottom.y0 - top.y0 < 12 or abs(top.x0 - bottom.x0) > 6 or abs(top.x1 - bottom.x1) > 6:
                continue
            area = Rect(top.x0, top.y0, top.x1, bottom.y1)
            between = (c for c in captions if c.y0 > area.y0 and c.y1 < area.y1 and c.shared_x(area) > 0)
            inside = [c for c in between if c.y0 - area.y0 > 4 and c.y1 - area.y0 > 16]
            if not inside and (_is_beside(area, captions) or _is_titled(area, captions)):
                areas.append(area)
    return areas


def _without_paragraphs(page: FloatPage, areas: Sequence[Rect]) -> list[Rect]:
    """The areas without those that go on, where a smaller one ends, over running text across the column."""

    def has_text(area: Rect, inner: Rect) -> bool:
        beyond = [item for item in page.items if item.role == "body" and area.holds(item.box, slack=1)]
        beyond = [item for item in beyond if not inner.holds(item.box, slack=1) and _fills_column(page, item)]
        return len(beyond) >= _PARAGRAPH

    ending = [(area, other) for area in areas for other in areas if area.y0 + 1 < other.y1 < area.y1 - 1]
    wide = [area for area, other in ending if area.shared_x(other) > 0 and has_text(area, other)]
    return [area for area in areas if area not in wide]


def _is_titled(area: Rect, captions: Sequence[Rect]) -> bool:
    """Algorithms have their title between the first two rules."""
    return any(0 <= c.y0 - area.y0 < 16 and c.shared_x(area) > 0 for c in captions)


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
        upright = [item for item in upright if not any(area.holds(item.box) for area in page.ruled)]
        if not upright:
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
        own = [item for item in own if not any(frame.holds(item.box, slack=4) for frame in page.frames)]
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
    front = [title.box]
    abstract = min((i.box.y0 for i in page.items if _ABSTRACT.match(i.text)), default=page.height)
    for item in sorted(upper, key=lambda item: item.box.y0):
        if item.box.y0 < title.box.y0 - 40 or is_in_drawing(page, item):
            continue
        if item.box.y1 > abstract + 2:
            break
        if any(item.box.y0 - box.y1 <= 3 * body.size and item.box.shared_x(box) > 0 for box in front):
            item.role = "heading" if item.role == "free" else item.role
            front.append(item.box)
