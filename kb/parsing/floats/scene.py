"""A page with captions as its float regions are looked for: free ink, blobs, walls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kb.parsing.floats.captions import FloatCaption
from kb.parsing.floats.ink import Blob, Ink, find_blobs, read_ink
from kb.parsing.floats.page import FloatLine, FloatPage
from kb.parsing.floats.rectangles import Rect
from kb.parsing.layout import BodyStyle
from kb.parsing.page import Raster


@dataclass(slots=True)
class FloatScene:
    """A page with captions, its free ink and blobs, and the style of the running text."""

    page: FloatPage
    captions: list[FloatCaption]
    ink: Ink
    blobs: list[Blob]
    body: BodyStyle


def read_scene(page: FloatPage, captions: list[FloatCaption], *, raster: Raster, body: BodyStyle) -> FloatScene:
    """Look at one page. ``raster`` is the whole page in grey, as it is shown (not yet turned)."""
    walls = [solid(item) for item in page.items if item.role != "free"]
    walls += _footnote_rules(page) + _title_rules(page, captions) + page.stamps
    text = [item.box for item in page.items]
    ink = read_ink(raster, turned=page.turned, hidden=walls, text=text)
    return FloatScene(page, captions, ink, find_blobs(ink, walls=walls), body)


def solid(item: FloatLine) -> Rect:
    """What a line covers: from the top of its letters to a little below the baseline, so that rules stay."""
    box = item.box
    if not item.line.upright:
        return box
    low = item.line.baseline + 0.27 * item.line.size
    high = min(box.y0, item.line.baseline - 0.9 * item.line.size)
    return Rect(box.x0, high, box.x1, max(low, box.y0 + 0.5 * box.height))


def _title_rules(page: FloatPage, captions: Sequence[FloatCaption]) -> list[Rect]:
    """The rule above an algorithm's title."""
    return [
        Rect(rule.x0, rule.y0 - 1, rule.x1, rule.y1 + 1)
        for rule in page.rules
        for caption in captions
        if caption.family == "Algorithm"
        and -1 < caption.box.y0 - rule.y1 < 8
        and rule.x0 - 4 <= caption.box.x0 < rule.x0 + 12
    ]


def _footnote_rules(page: FloatPage) -> list[Rect]:
    notes = [item.box for item in page.items if item.role in ("note", "body", "furniture")]
    return [
        Rect(rule.x0, rule.y0 - 1, rule.x1, rule.y1 + 1)
        for rule in page.rules
        if rule.y0 > 0.5 * page.height
        and any(0 <= note.y1 - rule.y1 < 22 and abs(note.x0 - rule.x0) < 26 for note in notes)
        and any(abs(rule.x0 - x0) < 6 for x0, _ in page.columns)
        and not any(abs(f.y1 - rule.y1) < 2 or abs(f.y0 - rule.y0) < 2 for f in page.frames)
    ] + [
        Rect(rule.x0, rule.y0 - 1, rule.x1, rule.y1 + 1)
        for rule in page.rules
        if any(
            item.role == "furniture" and min(abs(item.box.y1 - rule.y0), abs(rule.y1 - item.box.y0)) < 12
            for item in page.items
        )
        and (rule.y0 < 0.13 * page.height or rule.y0 > 0.87 * page.height)
        and not any(abs(f.y1 - rule.y1) < 2 or abs(f.y0 - rule.y0) < 2 for f in page.frames)
    ]
