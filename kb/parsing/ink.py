"""Free ink of a painted page, and the patches that it forms.

Boxes of drawn objects cannot be trusted (a form is not clipped to what is seen of it), so what a float covers is found
on the page as it is painted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kb.parsing.float_page import Rect
from kb.parsing.page import Raster

Mask = NDArray[np.bool_]

_CONTRAST = 11  # grey levels that ink differs from the paper
_DARKEST_GROUND = 140  # grey of a shade that a float and its caption stand on
_CELL_PIXELS = 3
_TAIL_POINTS = 2.5  # that letters reach out of their line
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
        return self._around(self.free, area)

    def drawn(self, area: Rect, *, lines: Iterable[Rect]) -> Rect | None:
        """The box around the ink of an area outside of these lines of text; None when there is none."""
        mask = self.graphic.copy()
        for line in lines:
            _blank(mask, line._replace(y0=line.y0 - _TAIL_POINTS, y1=line.y1 + _TAIL_POINTS), scale=self.scale)
        return self._around(mask, area)

    def _around(self, mask: Mask, area: Rect) -> Rect | None:
        y0, y1, x0, x1 = self._window(area)
        part = mask[y0:y1, x0:x1]
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

    def hide(self, area: Rect) -> None:
        """Leave what is in an area out."""
        _blank(self.free, area, scale=self.scale)
        _blank(self.graphic, area, scale=self.scale)

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


def read_ink(raster: Raster, *, hidden: Iterable[Rect], text: Iterable[Rect], grounds: Iterable[Rect] = ()) -> Ink:
    """Ink of a grey raster of the whole upright page, without ``hidden`` areas; ``text`` is no graphic, and in each of
    ``grounds`` the paper has a shade of its own."""
    pixels = raster.pixels
    free: Mask = _inked(pixels)
    for area in grounds:
        y0, y1, x0, x1 = (max(0, round(edge * raster.scale)) for edge in (area.y0, area.y1, area.x0, area.x1))
        if pixels[y0:y1, x0:x1].size:
            free[y0:y1, x0:x1] = _inked(pixels[y0:y1, x0:x1], darkest=_DARKEST_GROUND)
    for box in hidden:
        _blank(free, box, scale=raster.scale)
    graphic = free.copy()
    for box in text:
        _blank(graphic, box, scale=raster.scale)
    return Ink(free=free, graphic=graphic, scale=raster.scale)


def _inked(pixels: NDArray[np.uint8], *, darkest: int = 200) -> Mask:
    """What is not paper: that is the most frequent of the light greys when it covers much, else white."""
    counts = np.bincount(pixels.ravel()[::7], minlength=256)
    grey = darkest + 1 + int(counts[darkest + 1 :].argmax())
    paper = grey if counts[grey] > 0.3 * counts.sum() else 255
    found: Mask = (np.abs(np.arange(256) - paper) > _CONTRAST)[pixels]  # a table of 256 greys, looked up
    return found


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
