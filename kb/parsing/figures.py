"""Cut figures and tables out of a PDF: a picture, the label, the whole caption, and where both stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kb.errors import ParseError
from kb.parsing.floats.caption_text import read_vocabulary
from kb.parsing.floats.captions import FloatCaption, complete_captions, find_captions
from kb.parsing.floats.choice import Offer, choose_regions, count_votes
from kb.parsing.floats.frames import mark_frames, mark_stamps
from kb.parsing.floats.page import FloatPage, Item, Turn, sort_graphics
from kb.parsing.floats.prose import find_blocks, mark_body, prose_style
from kb.parsing.floats.rectangles import Rect
from kb.parsing.floats.regions import Proposal, propose_regions
from kb.parsing.floats.scene import read_scene
from kb.parsing.floats.walls import keep_table_heads, mark_margins, mark_obstacles, mark_running_heads
from kb.parsing.layout import BodyStyle, PageLayout, lay_out
from kb.parsing.lines import TextLine
from kb.parsing.pdf import PdfPage, PdfReader
from kb.parsing.png import encode_png
from kb.records import Box, FigureImage

MAX_PAGES = 400
MAX_LINES_PER_PAGE = 3_000
MAX_CAPTIONS_PER_PAGE = 16
LOOK_SCALE = 1.5  # pixels per point while looking for regions
MAX_LOOK_PIXELS = 4_000_000
CROP_SCALE = 2.5  # pixels per point of the pictures: 180 dpi
MAX_CROP_SIDE_PIXELS = 2_000
MAX_CROP_BYTES = 2_000_000
_MARGIN_POINTS = 2.0


def find_figures(source: Path | bytes, *, max_figures: int) -> list[FigureImage]:
    """Figures and tables with a caption, in reading order, at most ``max_figures``.

    Args:
        source: a PDF, as a path or as the file's bytes.
        max_figures: the most that are returned; 0 gives none.

    Returns:
        Pictures (PNG, at most 2,000 pixels a side, turned upright) with label, kind, caption text, and the boxes of
        float and caption in points of the page as shown. Algorithms and listings are of kind "figure".

    Raises:
        ParseError: when the file cannot be opened (``pdf-encrypted``, ``pdf-broken``).
    """
    if max_figures <= 0:
        return []
    data = source if isinstance(source, bytes) else source.read_bytes()
    with PdfReader(data) as reader:
        pages, body = _read_pages(reader)
        captions = _find_captions(reader, pages, body=body)
        pages_offers = _look(reader, pages, captions, body=body)
        votes = count_votes([offer for offers in pages_offers for offer in offers])
        chosen = [
            (caption, proposal)
            for offers in pages_offers
            for (caption, _), proposal in zip(offers, choose_regions(offers, votes), strict=True)
        ]
        return [_cut(reader, *found) for found in _settle(chosen)[:max_figures]]


# ---------------------------------------------------------------------------------------------- reading


def _read_pages(reader: PdfReader) -> tuple[list[FloatPage], BodyStyle]:
    layouts: list[PageLayout] = []
    lines: list[Sequence[TextLine]] = []
    for number in range(1, min(reader.page_count, MAX_PAGES) + 1):
        try:
            with reader.page(number) as page:
                text = page.text().lines[:MAX_LINES_PER_PAGE]
                layouts.append(PageLayout(number=number, width=page.width, height=page.height))
                lines.append(text)
        except ParseError:
            continue  # a damaged page has no floats; the others may
    body = lay_out(layouts, lines)
    pages = [_float_page(layout) for layout in layouts]
    mark_running_heads(pages)
    return pages, body


def _float_page(layout: PageLayout) -> FloatPage:
    lines = [placed.line for placed in layout.placed]
    turn = _turn(lines)
    if turn:
        width, height = layout.height, layout.width
        page = FloatPage(layout.number, width, height, turn, ((0.06 * width, 0.94 * width),), [])
        for line in lines:
            as_seen = _turned(line, layout, turn)
            box = Rect(as_seen.x0, as_seen.y0, as_seen.x1, as_seen.y1)
            page.items.append(Item(as_seen, box, 0, "furniture" if line.upright else "free"))
        return page
    page = FloatPage(layout.number, layout.width, layout.height, 0, layout.columns, [])
    for placed in layout.placed:
        box = Rect(placed.line.x0, placed.line.y0, placed.line.x1, placed.line.y1)
        item = Item(placed.line, box, page.column_of(box))
        if placed.role == "furniture" and placed.line.upright:
            item.role = "furniture"
        page.items.append(item)
    mark_margins(page)
    keep_table_heads(page)
    return page


def _turn(lines: Sequence[TextLine]) -> Turn:
    """How a page must be turned so that most of its text stands upright; 0 for nearly all pages."""
    upright = sum(len(line.text) for line in lines if line.upright)
    tilted = [line for line in lines if not line.upright]
    if sum(len(line.text) for line in tilted) < max(200, 2 * upright) or not any(
        re.match(r"(?i)(table|fig|tab)", line.text) for line in tilted
    ):
        return 0
    steps = [b.x0 - a.x0 for a, b in pairwise(tilted) if 2 < abs(b.x0 - a.x0) < 40]
    return 90 if sum(step > 0 for step in steps) >= sum(step < 0 for step in steps) else 270


def _turned(line: TextLine, layout: PageLayout, turn: Turn) -> TextLine:
    if turn == 90:  # the text runs up the page
        x0, x1, y0, y1 = layout.height - line.y1, layout.height - line.y0, line.x0, line.x1
    else:
        x0, x1, y0, y1 = line.y0, line.y1, layout.width - line.x1, layout.width - line.x0
    base = y1 - 0.22 * (y1 - y0)
    return replace(line, x0=x0, x1=x1, y0=y0, y1=y1, baseline=base, upright=True, words=())


def _find_captions(reader: PdfReader, pages: list[FloatPage], *, body: BodyStyle) -> list[FloatCaption]:
    prose = prose_style(pages, body=body)
    for page in pages:
        find_blocks(page)
        mark_body(page, body=body, prose=prose)
    captions = find_captions(pages, body=body)
    for number in sorted({caption.page.number for caption in captions}):
        page = next(page for page in pages if page.number == number)
        with reader.page(number) as shown:
            _add_graphics(page, shown)
    mark_stamps(pages)
    complete_captions(captions, body=body, vocabulary=read_vocabulary(pages))
    return captions


def _look(
    reader: PdfReader, pages: list[FloatPage], captions: list[FloatCaption], *, body: BodyStyle
) -> list[list[Offer]]:
    """For each page with captions, each caption with the regions it might own."""
    found: list[list[Offer]] = []
    for page in pages:
        own = [caption for caption in captions if caption.page is page]
        if not own:
            continue
        own = sorted(own, key=lambda caption: -caption.quality)[:MAX_CAPTIONS_PER_PAGE]
        own.sort(key=lambda caption: (caption.items[0].column, caption.box.y0, caption.box.x0))
        mark_frames(page, body=body)
        mark_obstacles(page, body=body)
        scale = min(LOOK_SCALE, (MAX_LOOK_PIXELS / max(1.0, page.width * page.height)) ** 0.5)
        with reader.page(page.number) as shown:
            raster = shown.render(scale=scale, grayscale=True)
        scene = read_scene(page, own, raster=raster, body=body)
        found.append([(caption, propose_regions(scene, caption)) for caption in own])
    return found


def _add_graphics(page: FloatPage, shown: PdfPage) -> None:
    if not page.turned:
        page.graphics, page.rules = sort_graphics(shown.graphics())
        return
    turned = []
    for graphic in shown.graphics():
        if page.turned == 90:
            x0, x1, y0, y1 = page.width - graphic.y1, page.width - graphic.y0, graphic.x0, graphic.x1
        else:
            x0, x1, y0, y1 = graphic.y0, graphic.y1, page.height - graphic.x1, page.height - graphic.x0
        turned.append(replace(graphic, x0=x0, y0=y0, x1=x1, y1=y1))
    page.graphics, page.rules = sort_graphics(turned)


# --------------------------------------------------------------------------------------------- settling


Found = tuple[FloatCaption, Proposal | None]


def _settle(chosen: Sequence[Found]) -> list[tuple[FloatCaption, Proposal]]:
    """One float for each label, except where it goes on on a later page; in the order of ``chosen``."""
    by_label: dict[str, list[Found]] = {}
    for caption, proposal in chosen:
        by_label.setdefault(caption.label, []).append((caption, proposal))
    kept: list[tuple[FloatCaption, Proposal]] = []
    for same in by_label.values():
        longest = max((caption for caption, _ in same), key=lambda caption: len(caption.text))
        for caption, proposal in _distinct([(c, p) for c, p in same if p is not None]):
            # A bare label under a picture whose caption stands on the page before or after it.
            if caption.is_bare and longest is not caption and abs(longest.page.number - caption.page.number) <= 1:
                caption.text = longest.text
            kept.append((caption, proposal))
    order = {id(caption): at for at, (caption, _) in enumerate(chosen)}
    return sorted(kept, key=lambda found: order[id(found[0])])


def _distinct(cut: list[tuple[FloatCaption, Proposal]]) -> list[tuple[FloatCaption, Proposal]]:
    if len(cut) < 2:
        return cut
    going_on = [found for found in cut if re.search(r"(?i)\bcont(?:inued|'d|\.|d\b)", found[0].text)]
    rest = [found for found in cut if found not in going_on]
    best = max(rest, key=lambda found: (found[0].quality + found[1].score, -found[0].page.number), default=None)
    return ([best] if best else []) + going_on


# ---------------------------------------------------------------------------------------------- cutting


def _cut(reader: PdfReader, caption: FloatCaption, proposal: Proposal) -> FigureImage:
    page = caption.page
    tight = proposal.box
    edge = _MARGIN_POINTS
    lines = [item.box for item in caption.items]
    grown = Rect(
        max(0.0, tight.x0 - edge),
        max(0.0, tight.y0 - edge, *(b.y1 - 1 for b in lines if b.y1 <= tight.y0 + 2)),
        min(page.width, tight.x1 + edge),
        min(page.height, tight.y1 + edge, *(b.y0 + 1 for b in lines if b.y0 >= tight.y1 - 2)),
    )
    grown = Rect(min(grown.x0, tight.x0), min(grown.y0, tight.y0), max(grown.x1, tight.x1), max(grown.y1, tight.y1))
    crop = _shown(page, grown)
    kind: Literal["figure", "table"] = "table" if caption.family == "Table" else "figure"
    return FigureImage(
        label=caption.label,
        kind=kind,
        caption=caption.text,
        page=page.number,
        box=_box(page, tight),
        png=_picture(reader, page, crop),
        caption_boxes=tuple(_box(page, item.box) for item in caption.items),
    )


def _picture(reader: PdfReader, page: FloatPage, crop: Rect) -> bytes:
    longest = max(crop.width, crop.height, 1.0)
    scale = min(CROP_SCALE, MAX_CROP_SIDE_PIXELS / longest)
    with reader.page(page.number) as shown:
        while True:
            pixels = shown.render(scale=scale, crop=crop).pixels
            if page.turned:
                pixels = np.rot90(pixels, k=-1 if page.turned == 90 else 1)
            png = encode_png(np.ascontiguousarray(_without_colour(pixels)))
            if len(png) <= MAX_CROP_BYTES or scale < 0.5:
                return png
            scale *= max(0.5, 0.95 * (MAX_CROP_BYTES / len(png)) ** 0.5)


def _without_colour(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One channel when the picture is grey: a third of the bytes and of the time."""
    red, green, blue = (pixels[..., channel].astype(np.int16) for channel in range(3))
    is_grey = int(np.abs(red - green).max()) <= 2 and int(np.abs(green - blue).max()) <= 2
    return pixels[..., 1] if is_grey else pixels


def _shown(page: FloatPage, box: Rect) -> Rect:
    """From the page as it is looked at to the page as it is shown."""
    if page.turned == 90:
        return Rect(box.y0, page.width - box.x1, box.y1, page.width - box.x0)
    if page.turned == 270:
        return Rect(page.height - box.y1, box.x0, page.height - box.y0, box.x1)
    return box


def _box(page: FloatPage, box: Rect) -> Box:
    placed = _shown(page, box)
    x0, y0, x1, y1 = (round(edge, 1) for edge in placed)
    return Box(page=page.number, x0=x0, y0=y0, x1=x1, y1=y1)
