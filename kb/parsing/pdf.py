"""Low-level reader of PDFs on pdfium: lines, graphics, links, outline, pictures. The only user of pypdfium2.

pdfium aborts the process when memory runs out and is not safe in threads: use it in a child process with limits
(``kb.parsing.worker``), one reader at a time.

    with PdfReader(path.read_bytes()) as reader:
        with reader.page(1) as page:
            for line in page.text().lines: ...
            page.render(scale=1.5, crop=(x0, y0, x1, y1), grayscale=True).pixels
"""

from __future__ import annotations

import ctypes
import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from types import TracebackType

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as c  # type: ignore[import-untyped]

from kb.errors import ParseError
from kb.parsing.glyphs import Glyph, Style, spelling_of, style_of
from kb.parsing.lines import build_lines
from kb.parsing.page import Graphic, GraphicKind, LinkArea, OutlineEntry, PageText, Raster

MAX_CHARS_PER_PAGE = 200_000
MAX_GRAPHICS_PER_PAGE = 20_000
MAX_OUTLINE_ENTRIES = 2_000
MAX_LINKS_PER_PAGE = 2_000
MAX_RENDER_PIXELS = 16_000_000
_MAX_FORM_DEPTH = 3
_TINY_POINTS = 1.0
_PALE = 245  # a fill whose every channel is at least this light may be white on white
_INVISIBLE_MODES = (3, 7)  # PDF 32000-1, table 106: neither fill nor stroke

Point = tuple[float, float]
Rectangle = tuple[float, float, float, float]
Matrix = tuple[float, float, float, float, float, float]


class PdfReader:
    """An open PDF. Pages are numbered from 1.

    Args:
        data: the whole file.

    Raises:
        ParseError: ``pdf-encrypted`` when it wants a password, ``pdf-broken`` when pdfium cannot open it.
    """

    def __init__(self, data: bytes) -> None:
        try:
            self._document = pdfium.PdfDocument(data)
        except pdfium.PdfiumError as err:
            if err.err_code in (c.FPDF_ERR_PASSWORD, c.FPDF_ERR_SECURITY):
                message = "the PDF is locked with a password: save an unlocked copy and add that"
                raise ParseError(message, code="pdf-encrypted") from err
            raise ParseError("the PDF is damaged: get it again from its source", code="pdf-broken") from err
        self.page_count = len(self._document)

    def __enter__(self) -> PdfReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back."""
        self._document.close()

    def page(self, number: int) -> PdfPage:
        """Page ``number`` (1-based); use it in a ``with`` statement.

        Raises:
            ParseError: ``pdf-broken`` when the page cannot be loaded.
        """
        try:
            return PdfPage(self._document, number)
        except pdfium.PdfiumError as err:
            raise ParseError(f"page {number} of the PDF is damaged: get the file again", code="pdf-broken") from err

    def information(self) -> dict[str, str]:
        """The document information: Title, Author, Subject, Keywords, and arXiv's own arXivID, DOI, License."""
        found: dict[str, str] = self._document.get_metadata_dict(skip_empty=True)
        for key in ("arXivID", "DOI", "License"):
            if value := self._document.get_metadata_value(key):
                found[key] = value
        return found

    def outline(self) -> list[OutlineEntry]:
        """The table of contents, in order; empty when the PDF has none or it cannot be read."""
        entries: list[OutlineEntry] = []
        try:
            for mark in self._document.get_toc(max_depth=6):
                entries.append(self._outline_entry(mark))
                if len(entries) >= MAX_OUTLINE_ENTRIES:
                    break
        except (pdfium.PdfiumError, UnicodeDecodeError, ValueError):
            return []
        return entries

    def _outline_entry(self, mark: pdfium.PdfBookmark) -> OutlineEntry:
        target = mark.get_dest()
        index = target.get_index() if target else None
        top: float | None = None
        if target is not None and index is not None:
            mode, position = target.get_view()
            place = {c.PDFDEST_VIEW_XYZ: 1, c.PDFDEST_VIEW_FITH: 0, c.PDFDEST_VIEW_FITBH: 0}.get(mode)
            if place is not None and len(position) > place and index < self.page_count:
                top = self._document.get_page_size(index)[1] - position[place]
        title = unicodedata.normalize("NFKC", mark.get_title().replace("\x00", "")).strip()
        return OutlineEntry(level=mark.level, title=title, page=None if index is None else index + 1, y=top)


class PdfPage:
    """One open page. ``width`` and ``height`` in points as the page is shown."""

    def __init__(self, document: pdfium.PdfDocument, number: int) -> None:
        self._document = document
        self._page = document[number - 1]
        self.number = number
        self.width: float = self._page.get_width()
        self.height: float = self._page.get_height()
        self._rotation = self._page.get_rotation()
        self._shown = _shown(self._page.get_bbox(), self._rotation)

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
        try:
            textpage = self._page.get_textpage()
        except pdfium.PdfiumError as err:
            message = f"the text of page {self.number} is damaged: get the file again"
            raise ParseError(message, code="pdf-broken") from err
        try:
            return _TextScan(self, textpage).read()
        finally:
            textpage.close()

    def graphics(self) -> list[Graphic]:
        """Drawn things on the page; white fills, clip paths and page backgrounds are left out."""
        return list(self._walk(c.FPDFPage_GetObject, c.FPDFPage_CountObjects, self._page.raw, None, 0))

    def links(self) -> list[LinkArea]:
        """Link annotations that lead to an address."""
        found: list[LinkArea] = []
        position, link, area = ctypes.c_int(0), c.FPDF_LINK(), c.FS_RECTF()
        while len(found) < MAX_LINKS_PER_PAGE and c.FPDFLink_Enumerate(self._page.raw, position, link):
            action = c.FPDFLink_GetAction(link)
            size = c.FPDFAction_GetURIPath(self._document.raw, action, None, 0) if action else 0
            if size <= 1 or size > 4_096 or not c.FPDFLink_GetAnnotRect(link, area):
                continue
            buffer = ctypes.create_string_buffer(size)
            c.FPDFAction_GetURIPath(self._document.raw, action, buffer, size)
            url = buffer.value.decode("utf-8", "replace").strip()
            x0, y0, x1, y1 = self._box(area.left, area.bottom, area.right, area.top)
            found.append(LinkArea(url=url, page=self.number, x0=x0, y0=y0, x1=x1, y1=y1))
        return found

    def render(self, *, scale: float, crop: Rectangle | None = None, grayscale: bool = False) -> Raster:
        """The page, or its part ``crop`` (x0, y0, x1, y1 in points from the top left), as pixels.

        ``scale`` is pixels per point; it is lowered where the picture would pass ``MAX_RENDER_PIXELS``.
        """
        import numpy as np  # only pictures need it

        x0, y0, x1, y1 = crop or (0.0, 0.0, self.width, self.height)
        x0, y0 = min(max(x0, 0.0), self.width - 1), min(max(y0, 0.0), self.height - 1)
        x1, y1 = min(max(x1, x0 + 1), self.width), min(max(y1, y0 + 1), self.height)
        scale = min(scale, math.sqrt(MAX_RENDER_PIXELS / ((x1 - x0) * (y1 - y0))))
        scale = max(scale, 1.01 / min(x1 - x0, y1 - y0))  # at least one pixel
        left, top = math.floor(x0 * scale), math.floor(y0 * scale)
        right = math.floor((self.width - x1) * scale)
        bottom = math.floor((self.height - y1) * scale)
        # pypdfium2 rounds crop * scale up: half a pixel less makes that exactly our whole pixels.
        cut = tuple(max(0.0, (edge - 0.5) / scale) for edge in (left, bottom, right, top))
        bitmap = self._page.render(scale=scale, crop=cut, grayscale=grayscale, rev_byteorder=True)
        pixels = np.array(bitmap.to_numpy()[..., :3] if not grayscale else bitmap.to_numpy())
        bitmap.close()
        if grayscale and pixels.ndim == 3:
            pixels = pixels[..., 0]
        return Raster(pixels=pixels.astype(np.uint8, copy=False), scale=scale, x0=left / scale, y0=top / scale)

    def _box(self, left: float, bottom: float, right: float, top: float) -> Rectangle:
        (ax, ay), (bx, by) = self._shown(left, bottom), self._shown(right, top)
        return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)

    def _walk(
        self, get: Callable[..., object], count: Callable[..., int], parent: object, matrix: Matrix | None, depth: int
    ) -> Iterator[Graphic]:
        bounds = [ctypes.c_float() for _ in range(4)]
        for index in range(min(count(parent), MAX_GRAPHICS_PER_PAGE)):
            raw = get(parent, index)
            sort = c.FPDFPageObj_GetType(raw)
            if sort == c.FPDF_PAGEOBJ_TEXT or not c.FPDFPageObj_GetBounds(raw, *bounds):
                continue
            x0, y0, x1, y1 = self._placed([bound.value for bound in bounds], matrix)
            covers = (x1 - x0) * (y1 - y0) / max(self.width * self.height, 1.0)
            if sort == c.FPDF_PAGEOBJ_FORM and depth < _MAX_FORM_DEPTH and covers > 0.6:
                inner = _times(_matrix_of(raw), matrix)
                yield from self._walk(c.FPDFFormObj_GetObject, c.FPDFFormObj_CountObjects, raw, inner, depth + 1)
                continue
            x0, y0, x1, y1 = max(x0, 0.0), max(y0, 0.0), min(x1, self.width), min(y1, self.height)
            if x1 < x0 or y1 < y0 or (x1 - x0 <= 0.01 and y1 - y0 <= 0.01):
                continue
            kind = _graphic_kind(raw, sort)
            if kind is not None and not (kind == "path" and covers > 0.9):
                yield Graphic(kind=kind, x0=x0, y0=y0, x1=x1, y1=y1)

    def _placed(self, bounds: list[float], matrix: Matrix | None) -> Rectangle:
        left, bottom, right, top = bounds
        if matrix is None:
            return self._box(left, bottom, right, top)
        corners = [_applied(matrix, x, y) for x in (left, right) for y in (bottom, top)]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        return self._box(min(xs), min(ys), max(xs), max(ys))


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


def _matrix_of(raw: object) -> Matrix:
    m = c.FS_MATRIX()
    c.FPDFPageObj_GetMatrix(raw, m)
    return m.a, m.b, m.c, m.d, m.e, m.f


def _applied(m: Matrix, x: float, y: float) -> Point:
    return m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]


def _times(m: Matrix, n: Matrix | None) -> Matrix:
    if n is None:
        return m
    e, f = _applied(n, m[4], m[5])
    return (m[0] * n[0] + m[1] * n[2], m[0] * n[1] + m[1] * n[3], m[2] * n[0] + m[3] * n[2],
            m[2] * n[1] + m[3] * n[3], e, f)  # fmt: skip


def _graphic_kind(raw: object, sort: int) -> GraphicKind | None:
    if sort == c.FPDF_PAGEOBJ_FORM:
        return "form"
    if sort == c.FPDF_PAGEOBJ_IMAGE:
        return "image"
    if sort == c.FPDF_PAGEOBJ_SHADING:
        return "shading"
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    c.FPDFPath_GetDrawMode(raw, fill, stroke)
    if not fill.value and not stroke.value:
        return None  # only clips
    return None if fill.value and not stroke.value and _is_pale(raw, 254) else "path"


def _is_pale(raw: object, limit: int) -> bool:
    """Whether the object's fill is transparent or at least as light as ``limit`` in every channel."""
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    if not c.FPDFPageObj_GetFillColor(raw, red, green, blue, alpha):
        return False
    return alpha.value == 0 or min(red.value, green.value, blue.value) >= limit


class _TextScan:
    """One pass over the characters of a page. Style and visibility are asked once per text object."""

    def __init__(self, page: PdfPage, textpage: pdfium.PdfTextPage) -> None:
        self._page = page
        self._raw = textpage.raw
        self._fonts: dict[int, tuple[str, int]] = {}
        self._visible: list[Glyph | None] = []
        self._hidden: list[Glyph | None] = []
        self._pale: list[tuple[int, int]] = []  # index into _visible: half-open runs of pale text
        self._dropped: Counter[str] = Counter()

    def read(self) -> PageText:
        self._scan()
        hidden = sum(glyph is not None and not glyph.text.isspace() for glyph in self._hidden)
        seen = sum(glyph is not None and not glyph.text.isspace() for glyph in self._visible)
        is_ocr = hidden > 40 and hidden > 9 * seen and image_cover(self._page.graphics(), self._page) > 0.5
        if is_ocr:
            glyphs = self._hidden
        else:
            self._dropped["invisible"] += hidden
            self._drop_pale()
            glyphs = self._visible
        lines = tuple(build_lines(glyphs, page=self._page.number))
        return PageText(lines=lines, dropped={k: n for k, n in self._dropped.items() if n}, is_ocr_layer=is_ocr)

    def _scan(self) -> None:
        count = max(c.FPDFText_CountChars(self._raw), 0)
        if count > MAX_CHARS_PER_PAGE:
            self._dropped["beyond limit"] += count - MAX_CHARS_PER_PAGE
        unicode_of, object_of, box_of = c.FPDFText_GetUnicode, _text_object_address(), c.FPDFText_GetLooseCharBox
        raw, rect = self._raw, c.FS_RECTF()
        place = ctypes.byref(rect)
        width, height, shown = self._page.width, self._page.height, self._page._shown
        spelt: dict[int, str] = {}
        owner, style, baseline, state, high = None, None, 0.0, "visible", 0
        for index in range(min(count, MAX_CHARS_PER_PAGE)):
            code = unicode_of(raw, index)
            if code in (10, 13):
                self._visible.append(None)
                self._hidden.append(None)
                continue
            if 0xD800 <= code < 0xDC00:
                high = code
                continue
            if 0xDC00 <= code < 0xE000 and high:
                code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00)
            text = spelt[code] if code in spelt else spelt.setdefault(code, spelling_of(code))
            if not text:
                continue
            text_object = object_of(raw, index)
            if text_object is not None and text_object != owner:
                owner = text_object
                style, baseline, state = self._object(index)
            if style is None or not box_of(raw, index, place):
                continue
            ax, ay = shown(rect.left, rect.bottom)
            bx, by = shown(rect.right, rect.top)
            x0, x1 = (ax, bx) if ax <= bx else (bx, ax)
            y0, y1 = (ay, by) if ay <= by else (by, ay)
            self._keep(Glyph(text, x0, y0, x1, y1, baseline, style), state, width=width, height=height)

    def _keep(self, glyph: Glyph, state: str, *, width: float, height: float) -> None:
        if state == "invisible":
            self._hidden.append(glyph)
            return
        x, y = (glyph.x0 + glyph.x1) / 2, (glyph.y0 + glyph.y1) / 2
        blank = glyph.text == " "
        if not (0 <= x <= width and 0 <= y <= height):
            self._dropped["off-page"] += not blank
        elif glyph.style.size < _TINY_POINTS:
            self._dropped["tiny"] += not blank
        else:
            if state == "pale":
                at = len(self._visible)
                if self._pale and self._pale[-1][1] == at:
                    self._pale[-1] = (self._pale[-1][0], at + 1)
                else:
                    self._pale.append((at, at + 1))
            self._visible.append(glyph)

    def _object(self, index: int) -> tuple[Style, float, str]:
        raw = self._raw
        owner = c.FPDFText_GetTextObject(raw, index)
        m = c.FS_MATRIX()
        c.FPDFText_GetMatrix(raw, index, m)
        x, y = ctypes.c_double(), ctypes.c_double()
        c.FPDFText_GetCharOrigin(raw, index, x, y)
        size = c.FPDFText_GetFontSize(raw, index) * (math.hypot(m.c, m.d) or 1.0)
        angle = (math.degrees(math.atan2(m.b, m.a)) - self._page._rotation + 180) % 360 - 180
        name, flags = self._font(index, owner)
        state = "visible"
        if c.FPDFTextObj_GetTextRenderMode(owner) in _INVISIBLE_MODES:
            state = "invisible"
        elif _is_pale(owner, _PALE):
            state = "pale"
        style = style_of(name, size=size, flags=flags, upright=abs(angle) < 15)
        return style, self._page._shown(x.value, y.value)[1], state

    def _font(self, index: int, owner: object) -> tuple[str, int]:
        font = ctypes.cast(c.FPDFTextObj_GetFont(owner), ctypes.c_void_p).value or 0
        if font not in self._fonts:
            buffer, flags = ctypes.create_string_buffer(128), ctypes.c_int()
            size = c.FPDFText_GetFontInfo(self._raw, index, buffer, 128, ctypes.byref(flags))
            name = buffer.value.decode("latin-1") if 0 < size <= 128 else ""
            self._fonts[font] = (name, flags.value)
        return self._fonts[font]

    def _drop_pale(self) -> None:
        """Take out pale text that nothing darker lies under: white on white."""
        if not self._pale:
            return
        raster = self._page.render(scale=1.0, grayscale=True)
        gone: set[int] = set()
        for start, end in self._pale:
            run = [(at, glyph) for at in range(start, end) if (glyph := self._visible[at]) is not None]
            x0, x1 = min(glyph.x0 for _, glyph in run), max(glyph.x1 for _, glyph in run)
            y0, y1 = min(glyph.y0 for _, glyph in run), max(glyph.y1 for _, glyph in run)
            rows = slice(int(y0 * raster.scale), math.ceil(y1 * raster.scale) + 1)
            part = raster.pixels[rows, int(x0 * raster.scale) : math.ceil(x1 * raster.scale) + 1]
            if not part.size or int(part.min()) >= _PALE - 15:
                gone.update(at for at, _ in run)
                self._dropped["invisible"] += sum(not glyph.text.isspace() for _, glyph in run)
        self._visible = [glyph for at, glyph in enumerate(self._visible) if at not in gone]


def _text_object_address() -> Callable[[object, int], int | None]:
    """``FPDFText_GetTextObject`` with a plain address as its result: a pointer object per character is slow."""
    address = ctypes.cast(c.FPDFText_GetTextObject, ctypes.c_void_p).value or 0
    return ctypes.CFUNCTYPE(ctypes.c_void_p, c.FPDF_TEXTPAGE, ctypes.c_int)(address)


def image_cover(graphics: list[Graphic], page: PdfPage) -> float:
    """Share of the page, 0 to 1, that images cover (overlaps counted twice, then capped)."""
    area = sum((g.x1 - g.x0) * (g.y1 - g.y0) for g in graphics if g.kind == "image")
    return min(1.0, area / max(page.width * page.height, 1.0))
