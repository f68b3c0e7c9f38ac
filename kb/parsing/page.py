"""What a reader of PDFs hands to the steps after it: plain records, no handle of any library.

All boxes are in PDF points of the page as it is shown (rotation and crop box applied), origin at the top left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from kb.parsing.lines import TextLine

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Rectangle = tuple[float, float, float, float]
GraphicKind = Literal["path", "image", "shading", "form"]

Turn = Literal[0, 90, 180, 270]
TURNS: tuple[Turn, ...] = (90, 180, 270)

LONG_RULE_POINTS = 60.0
"""From which on a rule may be a table's."""
_EQUAL_POINTS = 3.0  # ends of rules that are nearer are at one place
_PIECE_POINTS = 1.0  # between the pieces of a rule


class Frame(NamedTuple):
    """How a part of a page is read: the part, as a box of the page as it is shown, and by how many degrees its text is
    turned against the reader (90: it runs up the page, 270: down). Inside, its text is upright, its top left is (0, 0).
    """

    area: Rectangle
    turn: Turn = 0

    @classmethod
    def of_page(cls, width: float, height: float, turn: Turn = 0) -> Frame:
        """The whole page."""
        return cls((0.0, 0.0, width, height), turn)

    @property
    def width(self) -> float:
        """Width of the upright part in points."""
        x0, y0, x1, y1 = self.area
        return y1 - y0 if self.turn in (90, 270) else x1 - x0

    @property
    def height(self) -> float:
        """Height of the upright part in points."""
        x0, y0, x1, y1 = self.area
        return x1 - x0 if self.turn in (90, 270) else y1 - y0

    def inside(self, box: Rectangle) -> Rectangle:
        """A box of the page as it is shown, as it lies on the upright part."""
        x0, y0, x1, y1 = self.area
        if self.turn == 90:
            return y1 - box[3], box[0] - x0, y1 - box[1], box[2] - x0
        if self.turn == 270:
            return box[1] - y0, x1 - box[2], box[3] - y0, x1 - box[0]
        if self.turn == 180:
            return x1 - box[2], y1 - box[3], x1 - box[0], y1 - box[1]
        return box[0] - x0, box[1] - y0, box[2] - x0, box[3] - y0

    def on_page(self, box: Rectangle) -> Rectangle:
        """A box of the upright part, as it lies on the page as it is shown."""
        x0, y0, x1, y1 = self.area
        if self.turn == 90:
            return x0 + box[1], y1 - box[2], x0 + box[3], y1 - box[0]
        if self.turn == 270:
            return x1 - box[3], y0 + box[0], x1 - box[1], y0 + box[2]
        if self.turn == 180:
            return x1 - box[2], y1 - box[3], x1 - box[0], y1 - box[1]
        return x0 + box[0], y0 + box[1], x0 + box[2], y0 + box[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graphic:
    """A drawn thing that is no text, clipped to the page.

    The box of a form (an embedded picture) is not clipped to what is visible of it: judge by rendered ink.
    """

    kind: GraphicKind
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkArea:
    """A link annotation: the whole address, however the text wraps, and where it can be clicked."""

    url: str
    page: int
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineEntry:
    """An entry of the table of contents: ``level`` from 0; ``page`` is 1-based; ``y`` from the top, if it says."""

    level: int
    title: str
    page: int | None
    y: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """The text of a page: ``lines`` in painting order, and how many characters were no visible text.

    ``turned`` are the lines that run up, down or backwards, as they stand when the whole page is turned upright
    (``Frame``); slanted ones are among ``lines``, not ``upright``.
    ``dropped`` has the keys "invisible", "tiny", "off-page", "beyond limit", and "line number" for the numbers that
    versions for review print beside their lines; ``is_ocr_layer`` says that the page is a picture whose text was
    laid under it, invisibly, by a recogniser.
    """

    lines: tuple[TextLine, ...]
    turned: Mapping[Turn, tuple[TextLine, ...]] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    is_ocr_layer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Raster:
    """A rendered part of a page.

    ``pixels`` is ``(height, width)`` grey or ``(height, width, 3)`` RGB, uint8; ``scale`` is pixels per point
    (less than asked for when the picture would be too large); pixel (0, 0) lies at point ``(x0, y0)``.
    """

    pixels: NDArray[np.uint8]
    scale: float
    x0: float
    y0: float


def rules_of(graphics: Iterable[Graphic], *, longer_than: float) -> list[Graphic]:
    """Thin horizontal lines, from the top; those that are drawn in pieces, one for each cell, are put together."""
    rules: list[Graphic] = []
    thin = [one for one in graphics if one.kind == "path" and one.y1 - one.y0 < 2]
    for piece in sorted(thin, key=lambda one: (round(one.y0), one.x0)):
        last = rules[-1] if rules else None
        if last and round(last.y0) == round(piece.y0) and piece.x0 <= last.x1 + _PIECE_POINTS:
            rules[-1] = replace(last, x1=max(last.x1, piece.x1))
        else:
            rules.append(piece)
    return sorted((rule for rule in rules if rule.x1 - rule.x0 > longer_than), key=lambda rule: rule.y0)


def ruled_areas(graphics: Iterable[Graphic]) -> list[Rectangle]:
    """Boxes from the first to the last of three equal rules or more, which make a table."""
    families: dict[tuple[int, int], list[Graphic]] = defaultdict(list)
    for rule in rules_of(graphics, longer_than=LONG_RULE_POINTS):
        families[round(rule.x0 / _EQUAL_POINTS), round(rule.x1 / _EQUAL_POINTS)].append(rule)
    return [
        (family[0].x0, family[0].y0, family[0].x1, family[-1].y1) for family in families.values() if len(family) > 2
    ]


def stands_in(line: TextLine, areas: Iterable[Rectangle]) -> bool:
    """Whether the middle of a line lies in one of the areas."""
    x, y = (line.x0 + line.x1) / 2, (line.y0 + line.y1) / 2
    return any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in areas)


def image_cover(graphics: Iterable[Graphic], *, width: float, height: float) -> float:
    """Share of the page, 0 to 1, that images cover (overlaps counted twice, then capped)."""
    area = sum((g.x1 - g.x0) * (g.y1 - g.y0) for g in graphics if g.kind == "image")
    return min(1.0, area / max(width * height, 1.0))
