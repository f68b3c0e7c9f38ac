"""pdfium as plain values: characters, objects, links and pixels of a page. The only user of pypdfium2.

Everything here is in page space (points, origin bottom left, before rotation); ``kb.parsing.pdf`` turns it into the
page as it is shown. pdfium aborts the process when memory runs out and is not safe in threads: use it in a child
process with limits (``kb.parsing.worker``).
"""

from __future__ import annotations

import ctypes
import hashlib
import math
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as c  # type: ignore[import-untyped]

from kb.errors import ParseError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Bounds = tuple[float, float, float, float]  # left, bottom, right, top
Matrix = tuple[float, float, float, float, float, float]
Sort = Literal["text", "path", "image", "shading", "form", "other"]

_MAX_OBJECTS = 20_000
_NOWHERE = (-1e6, -1e6, -1e6, -1e6)
_MAX_CLIPS = 50  # paths of one object
_MAX_CLIP_POINTS = 500
_MAX_ADDRESS_CHARS = 4_096
_MAX_INK_PIXELS = 4_000_000
_BITMAP_SIZES = (c.FPDFBitmap_GetHeight, c.FPDFBitmap_GetWidth, c.FPDFBitmap_GetStride)
_INVISIBLE_MODES = (3, 7)  # PDF 32000-1, table 106: neither fill nor stroke
_SORTS: dict[int, Sort] = {
    c.FPDF_PAGEOBJ_TEXT: "text",
    c.FPDF_PAGEOBJ_PATH: "path",
    c.FPDF_PAGEOBJ_IMAGE: "image",
    c.FPDF_PAGEOBJ_SHADING: "shading",
    c.FPDF_PAGEOBJ_FORM: "form",
}


class Mark(NamedTuple):
    """An entry of the table of contents: ``page_index`` from 0, ``top`` in page space where it says."""

    level: int
    title: str
    page_index: int | None
    top: float | None


class TextObject(NamedTuple):
    """How the characters of one text object are painted; ``x`` and ``y`` are the origin of the asked one."""

    address: int
    font: str
    font_address: int
    flags: int
    size: float
    matrix: Matrix
    x: float
    y: float
    is_painted: bool


class PaintedObject:
    """One object of a page or form, in painting order."""

    __slots__ = ("_raw", "address", "sort")

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self.address = ctypes.cast(raw, ctypes.c_void_p).value or 0
        self.sort: Sort = _SORTS.get(c.FPDFPageObj_GetType(raw), "other")

    def bounds(self) -> Bounds | None:
        """Its box, not clipped; None when pdfium knows none."""
        edges = [ctypes.c_float() for _ in range(4)]
        if not c.FPDFPageObj_GetBounds(self._raw, *edges):
            return None
        left, bottom, right, top = (edge.value for edge in edges)
        return left, bottom, right, top

    def clip(self) -> tuple[Bounds, bool] | None:
        """What its clip paths leave of it at most, as a box of its parent's space, and whether they are boxes
        themselves; None where nothing clips it."""
        path = c.FPDFPageObj_GetClipPath(self._raw)
        count = c.FPDFClipPath_CountPaths(path) if path else 0
        edges, is_box = (-math.inf, -math.inf, math.inf, math.inf), True
        x, y = ctypes.c_float(), ctypes.c_float()
        for number in range(min(count, _MAX_CLIPS)):
            size = min(c.FPDFClipPath_CountPathSegments(path, number), _MAX_CLIP_POINTS)
            segments = [c.FPDFClipPath_GetPathSegment(path, number, place) for place in range(size)]
            points = [(x.value, y.value) for one in segments if c.FPDFPathSegment_GetPoint(one, x, y)]
            if not points:
                continue
            xs, ys = [one for one, _ in points], [one for _, one in points]
            corners = {(one, other) for one in (min(xs), max(xs)) for other in (min(ys), max(ys))}
            is_box = is_box and len(points) <= 5 and corners.issuperset(points)
            edges = (max(edges[0], min(xs)), max(edges[1], min(ys)), min(edges[2], max(xs)), min(edges[3], max(ys)))
        if not math.isfinite(edges[0]):
            return None
        if edges[0] > edges[2] or edges[1] > edges[3]:
            return _NOWHERE, True
        return edges, is_box

    def matrix(self) -> Matrix:
        """From its own space to its parent's."""
        m = c.FS_MATRIX()
        c.FPDFPageObj_GetMatrix(self._raw, m)
        return m.a, m.b, m.c, m.d, m.e, m.f

    def children(self) -> Iterator[PaintedObject]:
        """The objects of a form."""
        for index in range(min(c.FPDFFormObj_CountObjects(self._raw), _MAX_OBJECTS)):
            yield PaintedObject(c.FPDFFormObj_GetObject(self._raw, index))

    def draw_mode(self) -> tuple[bool, bool]:
        """Whether a path is filled, and whether it is stroked."""
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        c.FPDFPath_GetDrawMode(self._raw, fill, stroke)
        return bool(fill.value), bool(stroke.value)

    def is_pale(self, limit: int) -> bool:
        """Whether the fill is transparent or at least as light as ``limit`` (0 to 255) in every channel."""
        return _is_pale(self._raw, limit)


class OpenPdf:
    """An open file.

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
        except (RuntimeError, ValueError, OSError) as err:
            raise ParseError(f"the PDF cannot be opened ({err}): get it again", code="pdf-broken") from err
        self.page_count = len(self._document)

    def close(self) -> None:
        """Give the file back."""
        self._document.close()

    def page(self, index: int) -> OpenPage:
        """The page with this index, from 0.

        Raises:
            ParseError: ``pdf-broken`` when the page cannot be loaded.
        """
        try:
            return OpenPage(self._document, self._document[index])
        except (pdfium.PdfiumError, RuntimeError, ValueError) as err:
            message = f"page {index + 1} of the PDF is damaged: get the file again"
            raise ParseError(message, code="pdf-broken") from err

    def information(self, keys: Iterable[str]) -> dict[str, str]:
        """The standard entries of the document information and those named, as far as they are there."""
        found: dict[str, str] = self._document.get_metadata_dict(skip_empty=True)
        for key in keys:
            if value := self._document.get_metadata_value(key):
                found[key] = value
        return found

    def outline(self, *, limit: int) -> list[Mark]:
        """The table of contents, at most ``limit`` entries; empty when there is none or it cannot be read."""
        marks: list[Mark] = []
        try:
            for mark in self._document.get_toc(max_depth=6):
                marks.append(self._mark(mark))
                if len(marks) >= limit:
                    break
        except (pdfium.PdfiumError, UnicodeDecodeError, ValueError):
            return []
        return marks

    def height(self, index: int) -> float:
        """Height of a page in points."""
        return float(self._document.get_page_size(index)[1])

    def _mark(self, mark: Any) -> Mark:
        target = mark.get_dest()
        index = target.get_index() if target else None
        top: float | None = None
        if target is not None and index is not None:
            mode, position = target.get_view()
            place = {c.PDFDEST_VIEW_XYZ: 1, c.PDFDEST_VIEW_FITH: 0, c.PDFDEST_VIEW_FITBH: 0}.get(mode)
            if place is not None and len(position) > place and index < self.page_count:
                top = position[place]
        return Mark(mark.level, mark.get_title(), index, top)


class OpenPage:
    """One open page; ``bounds`` is its crop box, ``rotation`` 0, 90, 180 or 270."""

    def __init__(self, document: Any, page: Any) -> None:
        self._document = document
        self._page = page
        self.width: float = page.get_width()
        self.height: float = page.get_height()
        self.rotation: int = page.get_rotation()
        self.bounds: Bounds = page.get_bbox()

    def close(self) -> None:
        """Give the page back."""
        self._page.close()

    def characters(self) -> OpenText:
        """The page's characters; close them.

        Raises:
            ParseError: ``pdf-broken`` when pdfium cannot read the page's text.
        """
        try:
            return OpenText(self._page.get_textpage(), page=self._page, document=self._document)
        except (pdfium.PdfiumError, RuntimeError, ValueError) as err:
            raise ParseError("the text of a page is damaged: get the file again", code="pdf-broken") from err

    def objects(self) -> Iterator[PaintedObject]:
        """What the page paints, in order."""
        for index in range(min(c.FPDFPage_CountObjects(self._page.raw), _MAX_OBJECTS)):
            yield PaintedObject(c.FPDFPage_GetObject(self._page.raw, index))

    def links(self) -> Iterator[tuple[str, Bounds]]:
        """Link annotations that lead to an address, and where they are."""
        position, link, area = ctypes.c_int(0), c.FPDF_LINK(), c.FS_RECTF()
        while c.FPDFLink_Enumerate(self._page.raw, position, link):
            action = c.FPDFLink_GetAction(link)
            size = c.FPDFAction_GetURIPath(self._document.raw, action, None, 0) if action else 0
            if size <= 1 or size > _MAX_ADDRESS_CHARS or not c.FPDFLink_GetAnnotRect(link, area):
                continue
            buffer = ctypes.create_string_buffer(size)
            c.FPDFAction_GetURIPath(self._document.raw, action, buffer, size)
            yield buffer.value.decode("utf-8", "replace").strip(), (area.left, area.bottom, area.right, area.top)

    def pixels(
        self, *, scale: float, margins: Bounds, grayscale: bool, until: float | None = None
    ) -> NDArray[np.uint8]:
        """The page without ``margins`` (points) as uint8: (height, width) grey or (height, width, 3) RGB.

        Raises:
            ParseError: ``parse-timeout`` when a grey picture is not painted ``until`` then (``time.monotonic()``).
        """
        import numpy as np  # only pictures need it

        if grayscale and until is not None:
            return self._painted_until(until, scale=scale, margins=margins)
        bitmap = self._page.render(scale=scale, crop=margins, grayscale=grayscale, rev_byteorder=True)
        pixels = np.array(bitmap.to_numpy() if grayscale else bitmap.to_numpy()[..., :3])
        bitmap.close()
        if grayscale and pixels.ndim == 3:
            pixels = pixels[..., 0]
        return pixels.astype(np.uint8, copy=False)

    def _painted_until(self, until: float, *, scale: float, margins: Bounds) -> NDArray[np.uint8]:
        import numpy as np

        left, bottom, right, top = (math.ceil(edge * scale) for edge in margins)
        whole = (math.ceil(self._page.get_width() * scale), math.ceil(self._page.get_height() * scale))
        width, height = whole[0] - left - right, whole[1] - top - bottom
        pixels = np.full((height, width), 255, np.uint8)
        bitmap = c.FPDFBitmap_CreateEx(width, height, c.FPDFBitmap_Gray, pixels.ctypes.data, width)
        if not bitmap:
            raise ParseError("a page cannot be painted: get the file again", code="pdf-broken")
        is_late = type(c.IFSDK_PAUSE().NeedToPauseNow)(lambda _: time.monotonic() > until)
        pause = c.IFSDK_PAUSE(version=1, NeedToPauseNow=is_late)
        flags = c.FPDF_GRAYSCALE | c.FPDF_ANNOT
        try:
            state = c.FPDF_RenderPageBitmap_Start(bitmap, self._page.raw, -left, -top, *whole, 0, flags, pause)
        finally:
            c.FPDF_RenderPage_Close(self._page.raw)
            c.FPDFBitmap_Destroy(bitmap)
        if state == c.FPDF_RENDER_TOBECONTINUED:
            raise ParseError("a page takes too long to paint: raise the time limit", code="parse-timeout")
        if state != c.FPDF_RENDER_DONE:
            raise ParseError("a page cannot be painted: get the file again", code="pdf-broken")
        return pixels

    def show(self, addresses: Iterable[int], *, shown: bool) -> None:
        """Leave these objects out of later pictures, or put them back."""
        for address in addresses:
            c.FPDFPageObj_SetIsActive(ctypes.cast(address, c.FPDF_PAGEOBJECT), shown)


class FontProgram(NamedTuple):
    """The embedded file of a font; ``digest`` is its SHA-256, and both are empty where there is none."""

    data: bytes
    digest: bytes

    @classmethod
    def of(cls, data: bytes) -> FontProgram:
        """With its digest."""
        return cls(data, hashlib.sha256(data).digest() if data else b"")


class OpenText:
    """The characters of a page, by index. Functions are bound once: a page asks them a hundred thousand times."""

    def __init__(self, textpage: Any, *, page: Any, document: Any) -> None:
        self._textpage = textpage
        self._page = page
        self._document = document
        self._raw = textpage.raw
        self._fonts: dict[int, tuple[str, int]] = {}
        self._programs: dict[int, FontProgram] = {}
        self.count: int = max(c.FPDFText_CountChars(self._raw), 0)

    def close(self) -> None:
        """Give the characters back."""
        self._textpage.close()

    def each(self, limit: int) -> Iterator[tuple[int, int, int, float, float, float, float]]:
        """(index, code, address of its text object or 0, left, bottom, right, top) of the first ``limit``.

        The code is the character's, both halves of a pair put together; of a glyph that the PDF gives no character
        for it is -1 less the glyph's code in its font, where 0 also stands for a code that pdfium does not tell, and
        U+FFFD for half a character. The address is 0 for characters that pdfium adds (blanks, ends of lines); such
        have no box of their own.
        """
        code_of, owner_of, box_of, is_unmapped = _FUNCTIONS
        raw, rect = ctypes.cast(self._raw, ctypes.c_void_p).value, c.FS_RECTF()
        place = ctypes.addressof(rect)
        half, half_box = 0, (0.0, 0.0)
        for index in range(min(self.count, limit)):
            if not box_of(raw, index, place):
                yield index, code_of(raw, index), -1, 0.0, 0.0, 0.0, 0.0
                continue
            code, owner = code_of(raw, index), owner_of(raw, index) or 0
            if owner and (code == 0 or is_unmapped(raw, index) == 1):
                code = -1 - code
            elif code == 2 and c.FPDFText_IsHyphen(self._raw, index) != 1:
                code = 0xFFFD  # the sign of a word broken at the line's end, without such a word
            elif 0xD800 <= code < 0xE000:
                # Both halves of a pair have one box; a half that stands alone is a faulty table of the font.
                if code >= 0xDC00 and half and half_box == (rect.left, rect.right):
                    code, half = 0x10000 + ((half - 0xD800) << 10) + (code - 0xDC00), 0
                elif code < 0xDC00 and self._pairs(index, box=(rect.left, rect.right)):
                    half, half_box = code, (rect.left, rect.right)
                    continue
                else:
                    code = 0xFFFD
            yield index, code, owner, rect.left, rect.bottom, rect.right, rect.top

    def _pairs(self, index: int, *, box: tuple[float, float]) -> bool:
        """Whether the character after ``index`` is the lower half of a pair and has the same box."""
        rect = c.FS_RECTF()
        if index + 1 >= self.count or not 0xDC00 <= c.FPDFText_GetUnicode(self._raw, index + 1) < 0xE000:
            return False
        return bool(c.FPDFText_GetLooseCharBox(self._raw, index + 1, rect)) and (rect.left, rect.right) == box

    def has_ink(self, index: int) -> bool:
        """Whether anything of the character is painted: a blank's box is flat."""
        edges = [ctypes.c_double() for _ in range(4)]
        if not c.FPDFText_GetCharBox(self._raw, index, *edges):
            return False
        left, right, bottom, top = (edge.value for edge in edges)
        return right - left > 1e-3 and top - bottom > 1e-3

    def origin(self, index: int) -> tuple[float, float]:
        """Where the character stands: its left end on the baseline."""
        x, y = ctypes.c_double(), ctypes.c_double()
        c.FPDFText_GetCharOrigin(self._raw, index, x, y)
        return x.value, y.value

    def ink(self, index: int, scale: float) -> tuple[NDArray[np.bool_], float] | None:
        """A character as it is painted, at ``scale`` pixels per point: True where there is ink, without margins, and
        the height of its lower edge. None where it cannot be painted, or its text object is very large."""
        import numpy as np

        owner = c.FPDFText_GetTextObject(self._raw, index)
        bounds, edges = [ctypes.c_float() for _ in range(4)], [ctypes.c_double() for _ in range(4)]
        if (
            not owner
            or not c.FPDFPageObj_GetBounds(owner, *bounds)
            or not c.FPDFText_GetCharBox(self._raw, index, *edges)
        ):
            return None
        x0, y0, x1, y1 = (edge.value for edge in bounds)
        left, right, bottom, top = (edge.value for edge in edges)
        if not 0 < (x1 - x0) * (y1 - y0) * scale * scale < _MAX_INK_PIXELS:
            return None
        bitmap = c.FPDFTextObj_GetRenderedBitmap(self._document.raw, self._page.raw, owner, scale)
        if not bitmap:
            return None
        try:
            height, width, stride = (ask(bitmap) for ask in _BITMAP_SIZES)
            start = ctypes.cast(c.FPDFBitmap_GetBuffer(bitmap), ctypes.POINTER(ctypes.c_uint8))
            alpha = np.ctypeslib.as_array(start, shape=(height, stride))[:, 3 : 4 * width : 4]
            rows = slice(max(0, round((y1 - top) * scale) - 1), max(0, round((y1 - bottom) * scale)) + 1)
            own = alpha[rows, max(0, round((left - x0) * scale) - 1) : max(0, round((right - x0) * scale)) + 1] > 127
        finally:
            c.FPDFBitmap_Destroy(bitmap)
        if not own.any():
            return None
        ys, xs = np.flatnonzero(own.any(axis=1)), np.flatnonzero(own.any(axis=0))
        return own[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1], y1 - (rows.start + int(ys[-1]) + 1) / scale

    def font_program(self, index: int) -> FontProgram:
        """The embedded file of the character's font; empty where there is none."""
        font = c.FPDFTextObj_GetFont(c.FPDFText_GetTextObject(self._raw, index))
        address = ctypes.cast(font, ctypes.c_void_p).value or 0
        if address not in self._programs:  # a page of formulas asks for each of its glyphs
            self._programs[address] = FontProgram.of(_font_data(font) if font else b"")
        return self._programs[address]

    def text_object(self, index: int) -> TextObject:
        """The text object that a character belongs to."""
        raw = self._raw
        owner = c.FPDFText_GetTextObject(raw, index)
        m = c.FS_MATRIX()
        c.FPDFText_GetMatrix(raw, index, m)
        x, y = ctypes.c_double(), ctypes.c_double()
        c.FPDFText_GetCharOrigin(raw, index, x, y)
        font = ctypes.cast(c.FPDFTextObj_GetFont(owner), ctypes.c_void_p).value or 0
        name, flags = self._font(index, font)
        is_painted = c.FPDFTextObj_GetTextRenderMode(owner) not in _INVISIBLE_MODES
        address = ctypes.cast(owner, ctypes.c_void_p).value or 0
        size = c.FPDFText_GetFontSize(raw, index)
        matrix = (m.a, m.b, m.c, m.d, m.e, m.f)
        return TextObject(address, name, font, flags, size, matrix, x.value, y.value, is_painted)

    def is_pale(self, index: int, limit: int) -> bool:
        """Whether the character's fill is transparent or at least as light as ``limit`` in every channel."""
        return _is_pale(c.FPDFText_GetTextObject(self._raw, index), limit)

    def _font(self, index: int, font: int) -> tuple[str, int]:
        if font not in self._fonts:
            buffer, flags = ctypes.create_string_buffer(128), ctypes.c_int()
            size = c.FPDFText_GetFontInfo(self._raw, index, buffer, 128, ctypes.byref(flags))
            name = buffer.value.decode("latin-1") if 0 < size <= 128 else ""
            self._fonts[font] = (name, flags.value)
        return self._fonts[font]


def _font_data(font: Any) -> bytes:
    size = ctypes.c_ulong()
    if c.FPDFFont_GetIsEmbedded(font) != 1 or not c.FPDFFont_GetFontData(font, None, 0, size):
        return b""
    buffer = (ctypes.c_uint8 * size.value)()
    return bytes(buffer) if c.FPDFFont_GetFontData(font, buffer, size.value, size) else b""


def _is_pale(raw: Any, limit: int) -> bool:
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    if not c.FPDFPageObj_GetFillColor(raw, red, green, blue, alpha):
        return False
    return alpha.value == 0 or min(red.value, green.value, blue.value) >= limit


def _plain(function: Any, *arguments: Any, gives: Any) -> Callable[..., Any]:
    """A function of pdfium that takes and gives plain addresses: a pointer object per character is slow."""
    return ctypes.CFUNCTYPE(gives, *arguments)(ctypes.cast(function, ctypes.c_void_p).value or 0)


_FUNCTIONS = (
    _plain(c.FPDFText_GetUnicode, ctypes.c_void_p, ctypes.c_int, gives=ctypes.c_uint),
    _plain(c.FPDFText_GetTextObject, ctypes.c_void_p, ctypes.c_int, gives=ctypes.c_void_p),
    _plain(c.FPDFText_GetLooseCharBox, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, gives=ctypes.c_int),
    _plain(c.FPDFText_HasUnicodeMapError, ctypes.c_void_p, ctypes.c_int, gives=ctypes.c_int),
)
