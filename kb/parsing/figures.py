"""Where the figures and tables of a PDF stand, with label and whole caption, and pictures of places on its pages.

Only this module imports Pillow.
"""

from __future__ import annotations

import io
import re
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import IO

import numpy as np
from numpy.typing import NDArray

from kb.errors import ParseError, foreign_errors
from kb.guard import Forked, forked
from kb.parsing.captions import FloatCaption
from kb.parsing.float_page import FloatPage, Rect, mark_frames, mark_obstacles
from kb.parsing.float_regions import Offer, Proposal, choose_regions, count_votes, propose_regions, read_scene
from kb.parsing.layout import BodyStyle
from kb.parsing.page import Raster
from kb.parsing.pdf import PdfReader
from kb.records import Box, FigurePlace, PicturePlace


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


MAX_LINES_PER_PAGE = 3_000  # of a page that is looked at
MAX_LOOKED_AT_PER_PAGE = 16  # captions whose floats are looked for
LOOK_SCALE = 1.5  # pixels per point while looking for regions
MAX_LOOK_PIXELS = 4_000_000
CROP_SCALE = 2.5  # pixels per point of the pictures: 180 dpi
MAX_CROP_SIDE_PIXELS = 2_000
MAX_CROP_BYTES = 2_000_000
_PAGE_SHARE = 1 / 2  # of the time left, that the painting of one page may take
_MARGIN_POINTS = 2.0
_AROUND_POINTS = 7.0  # up and down, that a place may grow
_INK = 200  # grey levels below it are ink


def find_figures(
    reader: PdfReader,
    pages: Sequence[FloatPage],
    captions: Sequence[FloatCaption],
    *,
    body: BodyStyle,
    deadline: float | None = None,
) -> tuple[FigurePlace, ...] | None:
    """Where the figures and tables with a caption stand, in reading order.

    Args:
        reader: the open file, of which the pages with captions are painted.
        pages: as ``find_captions`` left them, with the ``captions`` that it found.
        body: how running text is set.
        deadline: ``time.monotonic()`` after which no page is looked at any more; no page has more than half of
            what is left until then.

    Returns:
        None where that was not done in time, or no page can be painted: the text is worth more. With a deadline, a page
        that takes too long or cannot be painted loses its own figures alone.
    """
    try:
        pages_offers = _look(reader, pages, captions, body=body, deadline=deadline)
    except (ParseError, MemoryError):
        return None
    votes = count_votes([offer for offers in pages_offers for offer in offers])
    chosen = [
        (caption, proposal)
        for offers in pages_offers
        for (caption, _), proposal in zip(offers, choose_regions(offers, votes), strict=True)
    ]
    return tuple(_place(*found) for found in _settle(chosen))


def cut_pictures(data: bytes, places: Sequence[PicturePlace]) -> list[bytes]:
    """Pictures (PNG, at most 2,000 pixels a side and 2 MB) of places of a PDF's pages, one each, in their order.

    Raises:
        ParseError: when the file cannot be opened, or has no such page.
    """
    with PdfReader(data) as reader:
        return [_picture(reader, place) for place in places]


def _picture(reader: PdfReader, place: PicturePlace) -> bytes:
    box = place.box
    beside, around = (_MARGIN_POINTS, _AROUND_POINTS) if place.is_grown else (0.0, 0.0)
    area = (box.x0 - beside, box.y0 - around, box.x1 + beside, box.y1 + around)
    scale = min(CROP_SCALE, MAX_CROP_SIDE_PIXELS / max(area[2] - area[0], area[3] - area[1], 1.0))
    with reader.page(box.page) as page:
        while True:
            found = page.render(scale=scale, crop=area)
            pixels = _within_blank_rows(found, box) if place.is_grown else found.pixels
            png = encode_png(_without_colour(np.rot90(pixels, k=-place.turn // 90)))
            if len(png) <= MAX_CROP_BYTES or scale < 0.5:
                return png
            scale *= max(0.5, 0.95 * (MAX_CROP_BYTES / len(png)) ** 0.5)


def _within_blank_rows(found: Raster, box: Box) -> NDArray[np.uint8]:
    """The rows of a box, and those around it up to the next that is blank: brackets reach over a line."""
    has_ink: NDArray[np.bool_] = np.any(found.pixels.min(axis=2) < _INK, axis=1)
    top = max(0, round((box.y0 - found.y0) * found.scale))
    bottom = min(len(has_ink), round((box.y1 - found.y0) * found.scale))
    while top > 0 and has_ink[top - 1 : top + 1].any():
        top -= 1
    while bottom < len(has_ink) and has_ink[bottom - 1 : bottom + 1].any():
        bottom += 1
    return found.pixels[top:bottom]


# ---------------------------------------------------------------------------------------------- looking


def _look(
    reader: PdfReader,
    pages: Sequence[FloatPage],
    captions: Sequence[FloatCaption],
    *,
    body: BodyStyle,
    deadline: float | None,
) -> list[list[Offer]]:
    """For each page with captions, each caption with the regions it might own."""
    with_captions = {id(caption.page) for caption in captions}
    shown = [page for page in pages if id(page) in with_captions and len(page.items) <= MAX_LINES_PER_PAGE]
    found: list[list[Offer]] = []
    painted = 0
    for page, raster in zip(shown, _painted(reader, shown, deadline=deadline), strict=True):
        if raster is None:
            continue
        painted += 1
        own = [caption for caption in captions if caption.page is page]
        own = sorted(own, key=lambda caption: -caption.quality)[:MAX_LOOKED_AT_PER_PAGE]
        own.sort(key=lambda caption: (caption.items[0].column, caption.box.y0, caption.box.x0))
        mark_frames(page, body=body)
        mark_obstacles(page, body=body)
        raster = replace(raster, pixels=np.rot90(raster.pixels, k=-page.frame.turn // 90))
        scene = read_scene(page, own, raster=raster, body=body)
        found.append([(caption, propose_regions(scene, caption)) for caption in own])
    if (shown and not painted) or (deadline is not None and painted < len(shown) and time.monotonic() > deadline):
        raise ParseError("pages take too long to paint: raise the time limit", code="parse-timeout")
    return found


def _painted(reader: PdfReader, pages: Sequence[FloatPage], *, deadline: float | None) -> Iterator[Raster | None]:
    """Each page in grey, in order.

    With a deadline they are painted by a process of its own, because nothing ends the painting of a single shade from
    within: None stands for a page that takes more than half of the time that is left, and for one that is too much
    for that process.
    """
    if deadline is None:
        yield from (_paint(reader, page) for page in pages)
        return
    at = 0
    while at < len(pages):
        if time.monotonic() > deadline:
            yield from [None] * (len(pages) - at)
            return
        with forked(partial(_paint_all, reader, pages[at:])) as painter:
            for _ in pages[at:]:
                now = time.monotonic()
                raster = _received(painter, until=now + _PAGE_SHARE * max(0.0, deadline - now))
                at += 1
                yield raster
                if raster is None:
                    break  # another painter goes on behind that page


def _paint(reader: PdfReader, page: FloatPage) -> Raster:
    scale = min(LOOK_SCALE, (MAX_LOOK_PIXELS / max(1.0, page.width * page.height)) ** 0.5)
    with reader.page(page.sheet) as shown:
        return shown.render(scale=scale, crop=page.frame.area, grayscale=True)


_HEAD = struct.Struct("<IIddd")  # height, width, scale, x0, y0


def _paint_all(reader: PdfReader, pages: Sequence[FloatPage], answers: IO[bytes]) -> None:
    for page in pages:
        raster = _paint(reader, page)
        answers.write(_HEAD.pack(*raster.pixels.shape, raster.scale, raster.x0, raster.y0))
        answers.write(raster.pixels.tobytes())
        answers.flush()


def _received(painter: Forked, *, until: float) -> Raster | None:
    if (head := painter.read(_HEAD.size, until=until)) is None:
        return None
    height, width, scale, x0, y0 = _HEAD.unpack(head)
    if (pixels := painter.read(height * width, until=until)) is None:
        return None
    return Raster(pixels=np.frombuffer(pixels, np.uint8).reshape(height, width), scale=scale, x0=x0, y0=y0)


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


def _place(caption: FloatCaption, proposal: Proposal) -> FigurePlace:
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
    return FigurePlace(
        label=caption.label,
        kind="table" if caption.family == "Table" else "figure",
        caption=caption.text,
        page=page.sheet,
        box=_box(page, tight),
        picture=PicturePlace(box=_box(page, grown), turn=page.frame.turn),
        caption_boxes=tuple(_box(page, item.box) for item in caption.items),
    )


def _without_colour(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One channel when the picture is grey: a third of the bytes and of the time."""
    red, green, blue = (pixels[..., channel].astype(np.int16) for channel in range(3))
    is_grey = int(np.abs(red - green).max()) <= 2 and int(np.abs(green - blue).max()) <= 2
    return pixels[..., 1] if is_grey else pixels


def _box(page: FloatPage, box: Rect) -> Box:
    x0, y0, x1, y1 = (round(edge, 1) for edge in page.frame.on_page(box))
    return Box(page=page.sheet, x0=x0, y0=y0, x1=x1, y1=y1)
