"""A paper as its floats are looked for: paragraphs marked, captions found and read whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kb.parsing.floats.captions import FloatCaption, complete_captions, find_first_lines
from kb.parsing.floats.page import Blob, FloatLine, FloatPage, Ink, Rect, find_blobs, read_ink, sort_graphics
from kb.parsing.floats.walls import (
    find_blocks,
    keep_table_heads,
    mark_body,
    mark_margins,
    mark_running_heads,
    mark_stamps,
    prose_style,
)
from kb.parsing.layout import BodyStyle, PageLayout
from kb.parsing.line_ends import Vocabulary
from kb.parsing.page import Frame, Graphic, Raster


@dataclass(slots=True)
class FloatScene:
    """A page with captions, its free ink and blobs, and the style of the running text."""

    page: FloatPage
    captions: list[FloatCaption]
    ink: Ink
    blobs: list[Blob]
    body: BodyStyle


def read_scene(page: FloatPage, captions: list[FloatCaption], *, raster: Raster, body: BodyStyle) -> FloatScene:
    """Look at one page. ``raster`` is the whole page in grey, upright."""
    walls = [solid(item) for item in page.items if item.role != "free"]
    walls += _footnote_rules(page) + _title_rules(page, captions) + page.stamps + page.elsewhere
    text = [item.box for item in page.items]
    ink = read_ink(raster, hidden=walls, text=text)
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


def read_float_pages(layouts: Sequence[PageLayout]) -> list[FloatPage]:
    """The pages as floats are looked for on them: item ``n`` of a page is line ``n`` of its reading order."""
    pages = [_float_page(layout) for layout in layouts]
    mark_running_heads(pages)
    return pages


def find_captions(
    pages: Sequence[FloatPage], graphics: Sequence[Sequence[Graphic]], *, body: BodyStyle
) -> list[FloatCaption]:
    """The captions of a paper with their whole text, in page order; their items get the role "caption".

    Args:
        pages: all pages, from ``read_float_pages``; paragraphs on them get the role "body".
        graphics: the drawn things of each page.
        body: how running text is set.
    """
    prose = prose_style(pages, body=body)
    for page in pages:
        find_blocks(page)
        mark_body(page, body=body, prose=prose)
    captions = find_first_lines(pages, body=body)
    with_captions = {caption.page.number for caption in captions}
    for page, drawn in zip(pages, graphics, strict=True):
        if page.number in with_captions:
            page.graphics, page.rules = sort_graphics(drawn)
    mark_stamps(pages)
    complete_captions(captions, body=body, vocabulary=Vocabulary(item.text for page in pages for item in page.items))
    return captions


def _float_page(layout: PageLayout) -> FloatPage:
    frame = layout.frame or Frame.of_page(layout.width, layout.height)
    page = FloatPage(
        layout.number, layout.sheet or layout.number, frame, layout.width, layout.height, layout.columns, []
    )
    page.ruled = [Rect(*area) for area in layout.ruled]
    page.elsewhere = [Rect(*box) for box in layout.elsewhere]
    for placed in layout.placed:
        box = Rect(placed.line.x0, placed.line.y0, placed.line.x1, placed.line.y1)
        item = FloatLine(placed.line, box, page.column_of(box))
        if placed.role == "furniture" and placed.line.upright:
            item.role = "furniture"
        page.items.append(item)
    mark_margins(page)
    keep_table_heads(page)
    return page
