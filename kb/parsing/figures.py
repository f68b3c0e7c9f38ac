"""Cut figures and tables out of a PDF: a picture, the label, the whole caption, and where both stand.

Only this module imports Pillow.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kb.errors import ParseError, foreign_errors
from kb.parsing.floats.captions import FloatCaption
from kb.parsing.floats.page import FloatPage, Rect
from kb.parsing.floats.reading import find_captions, read_float_pages, read_scene
from kb.parsing.floats.regions import Offer, Proposal, choose_regions, count_votes, propose_regions
from kb.parsing.floats.walls import mark_frames, mark_obstacles
from kb.parsing.layout import BodyStyle, lay_out
from kb.parsing.page import Graphic, Turn
from kb.parsing.pdf import PdfReader
from kb.parsing.sheets import PrintedSheet, read_pages
from kb.records import Box, FigureImage


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG of ``(height, width)`` grey or ``(height, width, 3)`` RGB pixels, 0 to 255; same pixels, same bytes.

    Raises:
        ParseError: when Pillow cannot make one.
    """
    out = io.BytesIO()
    with foreign_errors(lambda said: ParseError(f"a picture of it cannot be made ({said}): get the file again")):
        from PIL import Image

        # Level 9 saves a fiftieth of the bytes and takes six times as long.
        Image.fromarray(np.ascontiguousarray(pixels)).save(out, format="PNG", compress_level=6)
    return out.getvalue()


MAX_PAGES = 400
MAX_LINES_PER_PAGE = 3_000
MAX_CAPTIONS_PER_PAGE = 16
LOOK_SCALE = 1.5  # pixels per point while looking for regions
MAX_LOOK_PIXELS = 4_000_000
CROP_SCALE = 2.5  # pixels per point of the pictures: 180 dpi
MAX_CROP_SIDE_PIXELS = 2_000
MAX_CROP_BYTES = 2_000_000
_MARGIN_POINTS = 2.0
_AROUND_POINTS = 7.0  # up and down, that a place may grow
_INK = 200  # grey levels below it are ink


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
        pages, body, graphics = _read_pages(reader)
        captions = find_captions(pages, body=body, graphics_of=lambda page: graphics[page.number])
        pages_offers = _look(reader, pages, captions, body=body)
        votes = count_votes([offer for offers in pages_offers for offer in offers])
        chosen = [
            (caption, proposal)
            for offers in pages_offers
            for (caption, _), proposal in zip(offers, choose_regions(offers, votes), strict=True)
        ]
        return [_cut(reader, *found) for found in _settle(chosen)[:max_figures]]


def cut_places(data: bytes, places: Sequence[Box]) -> list[bytes]:
    """Pictures (PNG, at most 2,000 pixels a side) of places of a PDF's pages, one each, in their order.

    A place is grown to the next blank row where ink stands over its edge, as brackets do over a line.

    Raises:
        ParseError: when the file cannot be opened, or has no such page.
    """
    with PdfReader(data) as reader:
        return [_cut_place(reader, place) for place in places]


def _cut_place(reader: PdfReader, place: Box) -> bytes:
    area = (place.x0 - _MARGIN_POINTS, place.y0 - _AROUND_POINTS, place.x1 + _MARGIN_POINTS, place.y1 + _AROUND_POINTS)
    scale = min(CROP_SCALE, MAX_CROP_SIDE_PIXELS / max(area[2] - area[0], area[3] - area[1], 1.0))
    with reader.page(place.page) as page:
        found = page.render(scale=scale, crop=area)
    rows = _without_colour(found.pixels)
    rows = rows if rows.ndim == 2 else rows.min(axis=2)
    has_ink: NDArray[np.bool_] = np.any(rows < _INK, axis=1)
    top = max(0, round((place.y0 - found.y0) * found.scale))
    bottom = min(len(has_ink), round((place.y1 - found.y0) * found.scale))
    while top > 0 and has_ink[top - 1 : top + 1].any():
        top -= 1
    while bottom < len(has_ink) and has_ink[bottom - 1 : bottom + 1].any():
        bottom += 1
    return encode_png(_without_colour(found.pixels[top:bottom]))


# ---------------------------------------------------------------------------------------------- reading


def _read_pages(reader: PdfReader) -> tuple[list[FloatPage], BodyStyle, dict[int, Sequence[Graphic]]]:
    sheets: list[PrintedSheet] = []
    for number in range(1, min(reader.page_count, MAX_PAGES) + 1):
        try:
            with reader.page(number) as page:
                sheet = PrintedSheet.of(page, page.text())
                sheets.append(replace(sheet, lines=sheet.lines[:MAX_LINES_PER_PAGE]))
        except ParseError:
            continue  # a damaged page has no floats; the others may
    found = read_pages(sheets)
    body = lay_out(found.layouts, found.lines)
    return read_float_pages(found.layouts), body, {layout.number: layout.graphics for layout in found.layouts}


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
        with reader.page(page.sheet) as shown:
            raster = shown.render(scale=scale, crop=page.frame.area, grayscale=True)
        raster = replace(raster, pixels=_upright(raster.pixels, page.frame.turn))
        scene = read_scene(page, own, raster=raster, body=body)
        found.append([(caption, propose_regions(scene, caption)) for caption in own])
    return found


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
    kind: Literal["figure", "table"] = "table" if caption.family == "Table" else "figure"
    return FigureImage(
        label=caption.label,
        kind=kind,
        caption=caption.text,
        page=page.sheet,
        box=_box(page, tight),
        png=_picture(reader, page, grown),
        caption_boxes=tuple(_box(page, item.box) for item in caption.items),
    )


def _picture(reader: PdfReader, page: FloatPage, crop: Rect) -> bytes:
    longest = max(crop.width, crop.height, 1.0)
    scale = min(CROP_SCALE, MAX_CROP_SIDE_PIXELS / longest)
    with reader.page(page.sheet) as shown:
        while True:
            pixels = _upright(shown.render(scale=scale, crop=page.frame.on_page(crop)).pixels, page.frame.turn)
            png = encode_png(np.ascontiguousarray(_without_colour(pixels)))
            if len(png) <= MAX_CROP_BYTES or scale < 0.5:
                return png
            scale *= max(0.5, 0.95 * (MAX_CROP_BYTES / len(png)) ** 0.5)


def _upright(pixels: NDArray[np.uint8], turn: Turn) -> NDArray[np.uint8]:
    return np.rot90(pixels, k=-turn // 90)


def _without_colour(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One channel when the picture is grey: a third of the bytes and of the time."""
    red, green, blue = (pixels[..., channel].astype(np.int16) for channel in range(3))
    is_grey = int(np.abs(red - green).max()) <= 2 and int(np.abs(green - blue).max()) <= 2
    return pixels[..., 1] if is_grey else pixels


def _box(page: FloatPage, box: Rect) -> Box:
    x0, y0, x1, y1 = (round(edge, 1) for edge in page.frame.on_page(box))
    return Box(page=page.sheet, x0=x0, y0=y0, x1=x1, y1=y1)
