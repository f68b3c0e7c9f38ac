"""Rectangles on a page, in points with the origin at the top left: what finding floats reckons with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


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
