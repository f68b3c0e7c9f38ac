"""Ruled and framed areas beside captions: what stands in them belongs to the float, however it is set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kb.parsing.floats.page import FloatPage, is_in_drawing
from kb.parsing.floats.rectangles import Rect
from kb.parsing.layout import BodyStyle


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
    page.frames = _ruled_areas(rules, captions)
    _free_table_notes(page, body=body)
    for box in page.graphics:
        if box.width > 90 and box.height > 24 and box.height < 0.92 * page.height and _is_beside(box, captions):
            page.frames.append(box)
    for item in page.items:
        if item.role == "body" and any(frame.holds(item.box, slack=6) for frame in page.frames):
            item.role = "free"


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


def _is_titled(area: Rect, captions: Sequence[Rect]) -> bool:
    """Algorithms have their title between the first two rules."""
    return any(0 <= c.y0 - area.y0 < 16 and c.shared_x(area) > 0 for c in captions)
