"""A page as floats are looked for on it: its lines with their roles, its rules, and what is drawn apart from text.

Rectangles are in points with the origin at the top left. Boxes of drawn objects cannot be trusted (a form is not
clipped to what is seen of it), so free ink and the blobs that it forms are found on a rendered page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kb.parsing.layout import Span
from kb.parsing.page import Frame, Graphic, Raster, TextLine


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


@dataclass(slots=True)
class FloatLine:
    """A line on the page, with its role."""

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


def sort_graphics(graphics: Sequence[Graphic]) -> tuple[list[Rect], list[Rect]]:
    """(drawn things that are no rules, horizontal rules), in page coordinates."""
    boxes: list[Rect] = []
    rules: list[Rect] = []
    for graphic in graphics:
        box = Rect(graphic.x0, graphic.y0, graphic.x1, graphic.y1)
        if box.height <= RULE_POINTS and box.width > 20:
            rules.append(box)
        elif box.width > RULE_POINTS and box.height > RULE_POINTS:
            boxes.append(box)
    return boxes, rules


Mask = NDArray[np.bool_]

_CONTRAST = 11  # grey levels that ink differs from the paper
_CELL_PIXELS = 3
_REACH_X, _REACH_Y = 2, 1  # cells that ink is widened by on each side before blobs are told apart


@dataclass(frozen=True, slots=True)
class Blob:
    """A patch of ink: its tight box, how many square points of it are ink, and how many of these are no text."""

    box: Rect
    ink: float
    graphic: float


@dataclass(slots=True)
class Ink:
    """Free ink of a page. ``free`` and ``graphic`` are (rows, columns) at ``scale`` pixels per point."""

    free: Mask
    graphic: Mask
    scale: float

    def tight(self, area: Rect) -> Rect | None:
        """The box around the free ink in an area; None when there is none."""
        y0, y1, x0, x1 = self._window(area)
        part = self.free[y0:y1, x0:x1]
        rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
        if not len(rows):
            return None
        s = self.scale
        return Rect(
            float(x0 + columns[0]) / s,
            float(y0 + rows[0]) / s,
            float(x0 + columns[-1] + 1) / s,
            float(y0 + rows[-1] + 1) / s,
        )

    def amounts(self, area: Rect) -> tuple[float, float]:
        """(ink, ink that is no text) in an area, in square points."""
        y0, y1, x0, x1 = self._window(area)
        squared = self.scale * self.scale
        inked, drawn = (np.count_nonzero(mask[y0:y1, x0:x1]) for mask in (self.free, self.graphic))
        return inked / squared, drawn / squared

    def gap_near(self, area: Rect, *, x: float, within: float) -> float:
        """The middle of the widest blank strip of an area whose middle is at most ``within`` points from ``x``.

        ``x`` itself when the area has no blank column there.
        """
        y0, y1, _, _ = self._window(area)
        low, high = max(0, int((x - within) * self.scale)), min(self.free.shape[1], int((x + within) * self.scale))
        inked = np.asarray(self.free[y0:y1, low:high].any(axis=0), dtype=np.bool_)
        blank = [not filled for filled in inked.tolist()]
        best, chosen = 0, x
        start: int | None = None
        for at, empty in enumerate([*blank, False]):
            if empty and start is None:
                start = at
            elif not empty and start is not None:
                if at - start > best:
                    best, chosen = at - start, (low + (start + at) / 2) / self.scale
                start = None
        return chosen

    def row_gaps(self, area: Rect, *, least: float) -> list[tuple[float, float]]:
        """Blank y-ranges of at least ``least`` points between rows of ink in an area, from the top."""
        y0, y1, x0, x1 = self._window(area)
        rows = np.flatnonzero(self.free[y0:y1, x0:x1].any(axis=1))
        jumps = np.flatnonzero(np.diff(rows) > least * self.scale)
        return [(float(y0 + rows[j] + 1) / self.scale, float(y0 + rows[j + 1]) / self.scale) for j in jumps]

    def _window(self, area: Rect) -> tuple[int, int, int, int]:
        s = self.scale
        height, width = self.free.shape
        y0, x0 = min(max(0, int(area.y0 * s)), height), min(max(0, int(area.x0 * s)), width)
        y1 = max(y0, min(height, int(np.ceil(area.y1 * s))))
        return y0, y1, x0, max(x0, min(width, int(np.ceil(area.x1 * s))))


def read_ink(raster: Raster, *, hidden: Iterable[Rect], text: Iterable[Rect]) -> Ink:
    """Ink of a grey raster of the whole upright page, without ``hidden`` areas; ``text`` is no graphic."""
    pixels = raster.pixels
    paper = _paper_grey(pixels)
    free: Mask = (np.abs(np.arange(256) - paper) > _CONTRAST)[pixels]  # a table of 256 greys, looked up
    for box in hidden:
        _blank(free, box, scale=raster.scale)
    graphic = free.copy()
    for box in text:
        _blank(graphic, box, scale=raster.scale)
    return Ink(free=free, graphic=graphic, scale=raster.scale)


def _paper_grey(pixels: NDArray[np.uint8]) -> int:
    """The most frequent grey when it covers much of the page and is light, else white."""
    counts = np.bincount(pixels.ravel()[::7], minlength=256)
    grey = int(counts.argmax())
    return grey if grey > 200 and counts[grey] > 0.3 * counts.sum() else 255


def _blank(mask: Mask, box: Rect, *, scale: float) -> None:
    y0, y1 = max(0, int(box.y0 * scale)), max(0, int(np.ceil(box.y1 * scale)))
    x0, x1 = max(0, int((box.x0 - 1) * scale)), max(0, int(np.ceil((box.x1 + 1) * scale)))
    mask[y0:y1, x0:x1] = False


def find_blobs(ink: Ink, *, walls: Iterable[Rect]) -> list[Blob]:
    """Patches of free ink that stand apart by more than about eight points; nothing grows across ``walls``."""
    cell = _CELL_PIXELS
    height, width = ink.free.shape
    rows, columns = -(-height // cell), -(-width // cell)
    padded = np.zeros((rows * cell, columns * cell), dtype=bool)
    padded[:height, :width] = ink.free
    in_rows: Mask = np.logical_or.reduce([padded[at::cell] for at in range(cell)])
    grid: Mask = np.logical_or.reduce([in_rows[:, at::cell] for at in range(cell)])
    wide = _widened(grid)
    size = cell / ink.scale
    for wall in walls:
        y0, y1 = int(wall.y0 / size + 0.5), int(np.ceil(wall.y1 / size - 0.5))
        x0, x1 = max(0, int(wall.x0 / size + 0.5)), max(0, int(np.ceil(wall.x1 / size - 0.5)))
        wide[max(0, y0) : max(0, y1), x0:x1] &= grid[max(0, y0) : max(0, y1), x0:x1]
    blobs: list[Blob] = []
    for y0, y1, x0, x1 in _components(wide):
        area = Rect(x0 * size, y0 * size, x1 * size, y1 * size)
        tight = ink.tight(area)
        if tight is not None:
            amount, graphic = ink.amounts(tight)
            blobs.append(Blob(tight, amount, graphic))
    return blobs


def _widened(grid: Mask) -> Mask:
    wide = grid.copy()
    for step in range(1, _REACH_X + 1):
        wide[:, step:] |= grid[:, :-step]
        wide[:, :-step] |= grid[:, step:]
    across = wide.copy()
    for step in range(1, _REACH_Y + 1):
        wide[step:] |= across[:-step]
        wide[:-step] |= across[step:]
    return wide


def _components(grid: Mask) -> list[tuple[int, int, int, int]]:
    """Boxes (y0, y1, x0, x1; half-open) of the 4-connected components, by runs of rows and union-find."""
    parent: list[int] = []
    boxes: list[list[int]] = []

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    above: list[tuple[int, int, int]] = []
    for y in range(grid.shape[0]):
        edges = np.flatnonzero(np.diff(np.concatenate(([False], grid[y], [False])).astype(np.int8)))
        runs: list[tuple[int, int, int]] = []
        at = 0
        for x0, x1 in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            own = len(parent)
            parent.append(own)
            boxes.append([y, y + 1, x0, x1])
            while at < len(above) and above[at][1] <= x0:
                at += 1
            look = at
            while look < len(above) and above[look][0] < x1:
                a, b = root(above[look][2]), root(own)
                if a != b:
                    a, b = min(a, b), max(a, b)
                    parent[b] = a
                    p, q = boxes[a], boxes[b]
                    boxes[a] = [min(p[0], q[0]), max(p[1], q[1]), min(p[2], q[2]), max(p[3], q[3])]
                look += 1
            runs.append((x0, x1, own))
        above = runs
    return [(b[0], b[1], b[2], b[3]) for at, b in enumerate(boxes) if parent[at] == at]
