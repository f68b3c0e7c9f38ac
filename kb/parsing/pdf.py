"""Reader of PDFs: lines, graphics, links, outline and pictures of pages as they are shown.

All points have their origin at the top left of the shown page. One reader at a time in a process, and that process
a child with limits (``kb.parsing.worker``): see ``kb.parsing.pdfium``.

    with PdfReader(path.read_bytes()) as reader:
        with reader.page(1) as page:
            for line in page.text().lines: ...
            page.render(scale=1.5, crop=(x0, y0, x1, y1), grayscale=True).pixels
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING

from kb.parsing.page import Graphic, GraphicKind, LinkArea, OutlineEntry, PageText, Raster, Rectangle
from kb.parsing.pdfium import Matrix, OpenPage, OpenPdf, PaintedObject
from kb.parsing.second_reader import FontNames
from kb.parsing.text_scan import Clip, Cover, TextScan

if TYPE_CHECKING:
    from kb.parsing.text_scan import Shapes

MAX_OUTLINE_ENTRIES = 2_000
MAX_LINKS_PER_PAGE = 2_000
MAX_RENDER_PIXELS = 16_000_000
_MAX_FORM_DEPTH = 3
_COVER_POINTS = (20.0, 4.0)  # width and height from which on a painted thing may hide words
_MAX_COVERS = 400
_MAX_THINGS = 40_000
_INFORMATION = ("arXivID", "DOI", "License")

Point = tuple[float, float]


class PdfReader:
    """An open PDF. Pages are numbered from 1.

    Args:
        data: the whole file.

    Raises:
        ParseError: ``pdf-encrypted`` when it wants a password, ``pdf-broken`` when pdfium cannot open it.
    """

    def __init__(self, data: bytes) -> None:
        self._pdf = OpenPdf(data)
        self._data = data
        self.page_count = self._pdf.page_count

    def __enter__(self) -> PdfReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back."""
        self._pdf.close()

    def page(self, number: int) -> PdfPage:
        """Page ``number`` (1-based); use it in a ``with`` statement.

        Raises:
            ParseError: ``pdf-broken`` when the page cannot be loaded.
        """
        return PdfPage(self._pdf.page(number - 1), number, self)

    @cached_property
    def fonts(self) -> FontNames:
        """What the file's fonts say of their glyphs."""
        return FontNames(self._data)

    @cached_property
    def shapes(self) -> Shapes:
        """What its glyphs look like."""
        from kb.parsing.text_scan import Shapes

        return Shapes()

    def information(self) -> dict[str, str]:
        """The document information: Title, Author, Subject, Keywords, and arXiv's own arXivID, DOI, License."""
        return self._pdf.information(_INFORMATION)

    def outline(self) -> list[OutlineEntry]:
        """The table of contents, in order; empty when the PDF has none or it cannot be read."""
        entries = []
        for mark in self._pdf.outline(limit=MAX_OUTLINE_ENTRIES):
            y = None if mark.top is None or mark.page_index is None else self._pdf.height(mark.page_index) - mark.top
            title = unicodedata.normalize("NFKC", mark.title.replace("\x00", "")).strip()
            page = None if mark.page_index is None else mark.page_index + 1
            entries.append(OutlineEntry(level=mark.level, title=title, page=page, y=y))
        return entries


class PdfPage:
    """One open page. ``width`` and ``height`` in points as the page is shown."""

    def __init__(self, page: OpenPage, number: int, reader: PdfReader) -> None:
        self._page = page
        self.reader = reader
        self.number = number
        self.width = page.width
        self.height = page.height
        self.rotation = page.rotation
        self.shown = _shown(page.bounds, page.rotation)

    def __enter__(self) -> PdfPage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._page.close()

    def text(self) -> PageText:
        """The visible lines of the page (see ``TextLine``) and a count of what is not visible.

        Raises:
            ParseError: ``pdf-broken`` when pdfium cannot read the page's text.
        """
        characters = self._page.characters()
        try:
            return TextScan(self, characters).read()
        finally:
            characters.close()

    def graphics(self) -> list[Graphic]:
        """Drawn things on the page; white fills, clip paths and page backgrounds are left out."""
        return list(self._walk(self._page.objects(), None, 0))

    def links(self) -> list[LinkArea]:
        """Link annotations that lead to an address."""
        found: list[LinkArea] = []
        for url, bounds in self._page.links():
            x0, y0, x1, y1 = self.box(*bounds)
            found.append(LinkArea(url=url, page=self.number, x0=x0, y0=y0, x1=x1, y1=y1))
            if len(found) >= MAX_LINKS_PER_PAGE:
                break
        return found

    def render(
        self, *, scale: float, crop: Rectangle | None = None, grayscale: bool = False, until: float | None = None
    ) -> Raster:
        """The page, or its part ``crop`` (x0, y0, x1, y1 in points from the top left), as pixels.

        ``scale`` is pixels per point; it is lowered where the picture would pass ``MAX_RENDER_PIXELS``.

        Raises:
            ParseError: ``parse-timeout`` when a grey picture is not painted ``until`` then (``time.monotonic()``).
        """
        x0, y0, x1, y1 = crop or (0.0, 0.0, self.width, self.height)
        x0, y0 = min(max(x0, 0.0), self.width - 1), min(max(y0, 0.0), self.height - 1)
        x1, y1 = min(max(x1, x0 + 1), self.width), min(max(y1, y0 + 1), self.height)
        scale = min(scale, math.sqrt(MAX_RENDER_PIXELS / ((x1 - x0) * (y1 - y0))))
        scale = max(scale, 1.01 / min(x1 - x0, y1 - y0))  # at least one pixel
        left, top = math.floor(x0 * scale), math.floor(y0 * scale)
        right = math.floor((self.width - x1) * scale)
        bottom = math.floor((self.height - y1) * scale)
        # pypdfium2 rounds crop * scale up: half a pixel less makes that exactly our whole pixels.
        edges = [max(0.0, (edge - 0.5) / scale) for edge in (left, bottom, right, top)]
        margins = (edges[0], edges[1], edges[2], edges[3])
        pixels = self._page.pixels(scale=scale, margins=margins, grayscale=grayscale, until=until)
        return Raster(pixels=pixels, scale=scale, x0=left / scale, y0=top / scale)

    def render_without(self, addresses: Iterable[int], *, scale: float) -> Raster:
        """The page in grey without these text objects."""
        left_out = list(addresses)
        self._page.show(left_out, shown=False)
        try:
            return self.render(scale=scale, grayscale=True)
        finally:
            self._page.show(left_out, shown=True)

    def covers(self) -> tuple[dict[int, int], list[Cover], dict[int, Clip]]:
        """Place in the order of painting of each text object, and of what may be painted over them; and what clipping
        leaves of the text objects that it cuts.

        Only filled things large enough to hide a word count, whatever their colour; of very many the largest.
        """
        texts: dict[int, int] = {}
        covers: list[Cover] = []
        clips: dict[int, Clip] = {}
        painted = self._painted(self._page.objects(), None, depth=0, clip=None)
        for order, (thing, matrix, clip) in enumerate(islice(painted, _MAX_THINGS)):
            if thing.sort == "text":
                texts[thing.address] = order
                if clip is not None:
                    clips[thing.address] = clip
            elif thing.sort in ("image", "shading") or (thing.sort == "path" and thing.draw_mode()[0]):
                bounds = thing.bounds()
                if bounds is not None:
                    x0, y0, x1, y1 = self._placed(bounds, matrix)
                    if x1 - x0 >= _COVER_POINTS[0] and y1 - y0 >= _COVER_POINTS[1]:
                        covers.append(Cover(order, x0, y0, x1, y1))
        covers.sort(key=lambda cover: (cover.x0 - cover.x1) * (cover.y1 - cover.y0))
        return texts, covers[:_MAX_COVERS], clips

    def _painted(
        self, things: Iterable[PaintedObject], matrix: Matrix | None, *, depth: int, clip: Clip | None
    ) -> Iterator[tuple[PaintedObject, Matrix | None, Clip | None]]:
        """All objects in the order of painting, those of forms in the form's place, with the matrix of their space
        and what clipping leaves of texts."""
        for thing in things:
            left = clip
            if thing.sort in ("form", "text") and (own := thing.clip()) is not None:
                left = Clip(*self._placed(own[0], matrix), own[1]).within(clip)
            if thing.sort == "form" and depth < _MAX_FORM_DEPTH:
                inner = _times(thing.matrix(), matrix)
                yield from self._painted(thing.children(), inner, depth=depth + 1, clip=left)
            else:
                yield thing, matrix, left

    def box(self, left: float, bottom: float, right: float, top: float) -> Rectangle:
        """A box of page space as (x0, y0, x1, y1) of the shown page."""
        (ax, ay), (bx, by) = self.shown(left, bottom), self.shown(right, top)
        return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)

    def _walk(self, things: Iterable[PaintedObject], matrix: Matrix | None, depth: int) -> Iterator[Graphic]:
        for thing in things:
            bounds = thing.bounds() if thing.sort not in ("text", "other") else None
            if bounds is None:
                continue
            x0, y0, x1, y1 = self._placed(bounds, matrix)
            covers = (x1 - x0) * (y1 - y0) / max(self.width * self.height, 1.0)
            if thing.sort == "form" and depth < _MAX_FORM_DEPTH and covers > 0.6:
                yield from self._walk(thing.children(), _times(thing.matrix(), matrix), depth + 1)
                continue
            x0, y0, x1, y1 = max(x0, 0.0), max(y0, 0.0), min(x1, self.width), min(y1, self.height)
            if x1 < x0 or y1 < y0 or (x1 - x0 <= 0.01 and y1 - y0 <= 0.01):
                continue
            kind = _graphic_kind(thing)
            if kind is not None and not (kind == "path" and covers > 0.9):
                yield Graphic(kind=kind, x0=x0, y0=y0, x1=x1, y1=y1)

    def _placed(self, bounds: Rectangle, matrix: Matrix | None) -> Rectangle:
        left, bottom, right, top = bounds
        if matrix is None:
            return self.box(left, bottom, right, top)
        corners = [_applied(matrix, x, y) for x in (left, right) for y in (bottom, top)]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        return self.box(min(xs), min(ys), max(xs), max(ys))


def _shown(bbox: Rectangle, rotation: int) -> Callable[[float, float], Point]:
    """From page space (origin bottom left, before rotation) to the page as shown (origin top left)."""
    left, bottom, right, top = bbox
    if rotation == 90:
        return lambda x, y: (y - bottom, x - left)
    if rotation == 180:
        return lambda x, y: (right - x, y - bottom)
    if rotation == 270:
        return lambda x, y: (top - y, right - x)
    return lambda x, y: (x - left, top - y)


def _applied(m: Matrix, x: float, y: float) -> Point:
    return m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]


def _times(m: Matrix, n: Matrix | None) -> Matrix:
    if n is None:
        return m
    e, f = _applied(n, m[4], m[5])
    return (m[0] * n[0] + m[1] * n[2], m[0] * n[1] + m[1] * n[3], m[2] * n[0] + m[3] * n[2],
            m[2] * n[1] + m[3] * n[3], e, f)  # fmt: skip


def _graphic_kind(thing: PaintedObject) -> GraphicKind | None:
    if thing.sort in ("form", "image", "shading"):
        return thing.sort
    if thing.sort != "path":
        return None
    filled, stroked = thing.draw_mode()
    if not filled and not stroked:
        return None  # only clips
    return None if filled and not stroked and thing.is_pale(254) else "path"
