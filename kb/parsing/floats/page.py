"""A page as floats are looked for on it: its lines with their roles, its rules and drawn things."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from kb.parsing.floats.rectangles import Rect
from kb.parsing.layout import Span
from kb.parsing.lines import TextLine
from kb.parsing.page import Graphic

Role = Literal["free", "body", "heading", "furniture", "caption", "note"]
Turn = Literal[0, 90, 270]
RULE_POINTS = 2.6  # a drawn thing that is not thicker is a rule


@dataclass(slots=True)
class FloatLine:
    """A line on the page as it is looked at (turned upright), with its role."""

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
    """A page as floats are looked for on it. ``turned`` is by how much its text was turned to stand upright."""

    number: int
    width: float
    height: float
    turned: Turn
    columns: tuple[Span, ...]
    items: list[FloatLine]
    graphics: list[Rect] = field(default_factory=list)  # drawn things that are no rules
    rules: list[Rect] = field(default_factory=list)  # horizontal rules
    stamps: list[Rect] = field(default_factory=list)  # pictures that come again on other pages, such as a logo
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
