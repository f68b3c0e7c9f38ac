"""How well a region of a page suits a caption: what figures and tables look like, and where they usually stand."""

from __future__ import annotations

from typing import Literal

from kb.parsing.floats.captions import FloatCaption
from kb.parsing.floats.rectangles import Rect
from kb.parsing.floats.scene import FloatScene

Direction = Literal["up", "down", "left", "right"]

_HABIT: dict[str, tuple[Direction, float]] = {
    "Figure": ("up", 1.2), "Table": ("down", 0.3), "Algorithm": ("down", 1.0), "Listing": ("down", 0.3),
    "Scheme": ("up", 1.2), "Chart": ("up", 1.2),
}  # fmt: skip


def score_region(scene: FloatScene, caption: FloatCaption, box: Rect, *, direction: Direction) -> float:
    """The worth of a region on one side of its caption, about -1 to 6: ink and size, rules and rows, distance."""
    page = scene.page
    ink, graphic = scene.ink.amounts(box)
    area = max(1.0, box.area)
    if direction in ("up", "down"):
        distance = caption.box.y0 - box.y1 if direction == "up" else box.y0 - caption.box.y1
    else:
        distance = max(box.x0 - caption.box.x1, caption.box.x0 - box.x1)
    usual, bonus = _HABIT[caption.family]
    score = (bonus if direction == usual else 0.0) - max(0.0, distance) / 40
    if caption.family in ("Figure", "Scheme", "Chart"):
        score += 2.0 * min(1.0, graphic / max(1.0, 0.12 * ink))
        score += min(1.0, area / (0.05 * page.width * page.height))
        return score
    inside = [rule for rule in page.rules if box.holds(rule, slack=6) and rule.width > 0.4 * box.width]
    lines = sum(item.role == "free" and box.holds(item.box, slack=4) for item in page.items)
    score += 1.2 * min(2, len(inside)) + (0.7 if lines >= 4 else 0.0)
    score += min(0.8, area / (0.04 * page.width * page.height))
    if lines < 2 and graphic > 0.3 * ink:
        score += 0.5  # a table as a picture
    if caption.family != "Table" and any(_matches(box, frame) for frame in page.frames):
        score += 1.5
    return score


def _matches(box: Rect, frame: Rect) -> bool:
    return abs(box.x0 - frame.x0) < 8 and abs(box.x1 - frame.x1) < 8 and abs(box.y1 - frame.y1) < 6
