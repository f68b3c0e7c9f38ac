"""The characters of a page to lines: what each says, what is hidden from the reader's eye, and how it is set.

Text that nobody sees must not speak: it is dropped and counted. Hidden are text painted with neither fill nor
stroke, text outside the page or of what clip paths leave, text too small to read, and text that makes no difference to
the picture of the page (white on white, or painted over by an image or a box): the page is rendered with and without it
and compared.

A font may not say what its glyphs are, or say what they are not: publishers' fonts of signs call a plus "C" and an
equals sign "Z", or give names that are numbers. What such a glyph is stands in its outline alone: it is held against
the signs of the fonts that every reader of PDFs has built in. A glyph is a sign only where it looks like that one, like
no other, and not like the letter it is said to be.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kb.parsing.furniture import without_line_numbers
from kb.parsing.glyphs import OVERLAYS, Glyph, Style, is_private, spelling_of, style_of
from kb.parsing.page import TURNS, Frame, PageText, TextLine, Turn, build_lines, image_cover
from kb.parsing.pdfium import OpenPdf, OpenText, TextObject
from kb.parsing.second_reader import Seen, symbol_places, symbol_sign
from kb.text import UNREAD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kb.parsing.pdf import PdfPage

MAX_CHARS_PER_PAGE = 200_000
_TINY_POINTS = 1.0
_ONE_LETTER = re.compile(r"([^\W\d_])\1{7,}")
_BLANK = -1 - 0x20  # a glyph without a character at the place of the blank
_PALE = 245  # a fill whose every channel is at least this light may be white on white
_SEEN_STEPS = 14  # of 255: a difference in grey that an eye may notice
_SLANTED = 15  # degrees off a quarter turn from which on text is no line to be read
_ANY_GLYPH = (-1, 0xFFFD)  # codes that several glyphs of a font have
_IDEOGRAPHS = (0x3400, 0x9FFF)
_NARROW_EM = 0.65  # half of the glyphs of no font of ideographs are so narrow
# TeX's own fonts say what their glyphs are.
_TEX_FONT = re.compile(
    r"(?:cm|lm|sf|ec)[a-z]*\d|msam|msbm|eu[fsr][mb]|rsfs|stmary|wasy|esint|LM(?:Math|Roman|Sans|Mono)", re.IGNORECASE
)
_LETTERS_OF_WORD = 3
_MAX_LOOKS = 200  # at glyphs of one page
_OCR_COVER = 0.5  # share of the page that pictures cover where text lies under a scan


class Cover(NamedTuple):
    """Something filled, its place in the order of painting, and its box."""

    order: int
    x0: float
    y0: float
    x1: float
    y1: float


class Clip(NamedTuple):
    """What clipping leaves of an object at most; ``is_box``: exactly that is left."""

    x0: float
    y0: float
    x1: float
    y1: float
    is_box: bool

    def within(self, other: Clip | None) -> Clip:
        """What both leave."""
        if other is None:
            return self
        return Clip(
            max(self.x0, other.x0), max(self.y0, other.y0), min(self.x1, other.x1), min(self.y1, other.y1),
            self.is_box and other.is_box,
        )  # fmt: skip

    def hides(self, glyph: Glyph) -> bool:
        """Whether nothing of a glyph but its edge is left."""
        x, y = (glyph.x0 + glyph.x1) / 2, (glyph.y0 + glyph.y1) / 2
        return not (self.x0 - 0.5 <= x <= self.x1 + 0.5 and self.y0 - 0.5 <= y <= self.y1 + 0.5)


class _Piece(NamedTuple):
    """A text object: its style and baseline, and its state: "visible", "invisible" or "pale"."""

    style: Style
    origin: tuple[float, float]  # of its first character
    state: str
    font: int  # the address of its font


class TextScan:
    """One pass over the characters of a page. Style and visibility are asked once per text object."""

    def __init__(self, page: PdfPage, characters: OpenText) -> None:
        self._page = page
        self._characters = characters
        self._glyphs: list[Glyph | None] = []
        self._owners: list[int] = []  # of each glyph, the address of its text object
        self._turned: dict[int, tuple[Turn, tuple[float, float]]] = {}  # text objects that run up, down or backwards
        self._places: list[tuple[int, int, int]] = []  # of each glyph, its index, its code and the address of its font
        self._spelt: dict[int, str] = {}  # the characters of the page, each as it is written here
        self._pale: set[int] = set()
        self._unpainted: set[int] = set()
        self._dropped: Counter[str] = Counter()

    def read(self) -> PageText:
        """The visible lines and the count of what is not visible."""
        self._scan()
        self._doubt_ideographs()
        self._read_shapes()
        self._mark_one_for_all()
        unseen, clips = self._unseen()
        hidden = self._unpainted | unseen
        self._drop_clipped(clips)
        inked = Counter(
            owner in hidden
            for owner, glyph in zip(self._owners, self._glyphs, strict=True)
            if glyph is not None and not glyph.text.isspace()
        )
        is_ocr = inked[True] > 40 and inked[True] > 9 * inked[False] and self._is_scan()
        if not is_ocr:
            self._dropped["invisible"] += inked[True]
        kept = [
            (owner, glyph)
            for owner, glyph in zip(self._owners, self._glyphs, strict=True)
            if glyph is None or (owner in hidden) == is_ocr
        ]
        upright = [None if owner in self._turned else glyph for owner, glyph in kept]
        upright, self._dropped["line number"] = without_line_numbers(upright)
        lines = tuple(build_lines(upright, page=self._page.number))
        dropped = {k: n for k, n in self._dropped.items() if n}
        return PageText(lines=lines, turned=self._turned_lines(kept), dropped=dropped, is_ocr_layer=is_ocr)

    def _turned_lines(self, kept: Sequence[tuple[int, Glyph | None]]) -> dict[Turn, tuple[TextLine, ...]]:
        """The lines of text that does not run from left to right, as they stand when the page is turned upright."""
        page = self._page
        found: dict[Turn, tuple[TextLine, ...]] = {}
        for turn in sorted({turn for turn, _ in self._turned.values()}):
            frame = Frame.of_page(page.width, page.height, turn)
            glyphs: list[Glyph | None] = []
            for owner, glyph in kept:
                own = self._turned.get(owner)
                if glyph is None or own is None or own[0] != turn:
                    glyphs.append(None)
                    continue
                x0, y0, x1, y1 = frame.inside((glyph.x0, glyph.y0, glyph.x1, glyph.y1))
                baseline = frame.inside((*own[1], *own[1]))[1]
                glyphs.append(Glyph(glyph.text, x0, y0, x1, y1, baseline, glyph.style._replace(upright=True)))
            if lines := build_lines(glyphs, page=page.number):
                found[turn] = tuple(lines)
        return found

    def _drop_clipped(self, clips: Mapping[int, Clip]) -> None:
        """Leave out the characters that lie outside of what clipping leaves of their text object."""
        for place, (owner, glyph) in enumerate(zip(self._owners, self._glyphs, strict=True)):
            if glyph is not None and (clip := clips.get(owner)) is not None and clip.hides(glyph):
                self._dropped["invisible"] += not glyph.text.isspace()
                self._glyphs[place] = None

    def _is_scan(self) -> bool:
        page = self._page
        return image_cover(page.graphics(), width=page.width, height=page.height) > _OCR_COVER

    def _scan(self) -> None:
        self._dropped["beyond limit"] += max(0, self._characters.count - MAX_CHARS_PER_PAGE)
        shown, width, height = self._page.shown, self._page.width, self._page.height
        glyphs, owners, places = self._glyphs, self._owners, self._places
        spelt = self._spelt
        asked: dict[tuple[int, int], str] = {}
        owner, piece = 0, None
        for index, code, address, left, bottom, right, top in self._characters.each(MAX_CHARS_PER_PAGE):
            if code in (10, 13):
                glyphs.append(None)
                owners.append(0)
                places.append((index, code, 0))
                continue
            if address > 0 and address != owner:
                owner = address
                piece = self._piece(self._characters.text_object(index), index)
            if (text := spelt.get(code)) is None:
                if code < 0 or is_private(code):
                    text = UNREAD
                    if piece is not None and address > 0:
                        if (piece.font, code) not in asked:
                            advance = (right - left) / (piece.style.size or 1.0)
                            asked[piece.font, code] = self._by_its_font(code, index, piece.style.font, advance)
                        text = asked[piece.font, code]
                else:
                    text = spelt[code] = spelling_of(code)
            if not text or piece is None or address < 0:
                continue
            if UNREAD in text:
                if address == 0:
                    continue
                if code == _BLANK or not self._characters.has_ink(index):
                    text = " "
            ax, ay = shown(left, bottom)
            bx, by = shown(right, top)
            x0, x1 = (ax, bx) if ax <= bx else (bx, ax)
            y0, y1 = (ay, by) if ay <= by else (by, ay)
            if piece.state != "invisible":  # what is off the page or too small to be read
                if not (0 <= x0 + x1 <= 2 * width and 0 <= y0 + y1 <= 2 * height):
                    self._dropped["off-page"] += text != " "
                    continue
                if piece.style.size < _TINY_POINTS:
                    self._dropped["tiny"] += text != " "
                    continue
            glyphs.append(Glyph(text, x0, y0, x1, y1, piece.origin[1], piece.style))
            owners.append(owner)
            places.append((index, code, piece.font if address > 0 else 0))

    def _doubt_ideographs(self) -> None:
        """Ask the font's names where it calls narrow glyphs ideographs, whose signs are as wide as they are high."""
        if not any(_IDEOGRAPHS[0] <= code <= _IDEOGRAPHS[1] for code in self._spelt):
            return
        widths: dict[int, list[float]] = {}
        for glyph, (_, code, font) in zip(self._glyphs, self._places, strict=True):
            if glyph is not None and _IDEOGRAPHS[0] <= code <= _IDEOGRAPHS[1] and glyph.style.upright:
                widths.setdefault(font, []).append((glyph.x1 - glyph.x0) / (glyph.style.size or 1.0))
        doubted = {font for font, own in widths.items() if median(own) < _NARROW_EM}
        if not doubted:
            return
        asked: dict[tuple[int, int], str] = {}
        for at, (glyph, (index, code, font)) in enumerate(zip(self._glyphs, self._places, strict=True)):
            if glyph is not None and font in doubted and code > 0:
                if (font, code) not in asked:
                    seen = self._seen(index, glyph.style.font, 0.0)
                    nothing = UNREAD if self._characters.has_ink(index) else " "
                    asked[font, code] = self._page.reader.fonts.private_sign(chr(code), seen) or nothing
                self._glyphs[at] = glyph._replace(text=asked[font, code])

    def _read_shapes(self) -> None:
        """Look at the glyphs that have no sign, and at those of fonts that set no words: such call a plus "C"."""
        words = _fonts_of_words(self._glyphs, [font for *_, font in self._places])
        looked: dict[tuple[int, int, int], str] = {}
        for at, (glyph, (index, code, font)) in enumerate(zip(self._glyphs, self._places, strict=True)):
            if glyph is None or not font or (font in words and glyph.text != UNREAD) or glyph.text.isspace():
                continue
            if glyph.text != UNREAD and _TEX_FONT.match(glyph.style.font):
                continue
            one = (font, code, index if code in _ANY_GLYPH else 0)
            if one not in looked and len(looked) < _MAX_LOOKS and glyph.style.upright:
                looked[one] = self._page.reader.shapes.sign(self._characters, one, index, glyph)
            if sign := looked.get(one):
                self._glyphs[at] = glyph._replace(text=sign)

    def _mark_one_for_all(self) -> None:
        """Mark runs of one letter whose glyphs are of several widths: a table of the font makes one letter of all."""
        line = "".join("\n" if glyph is None else glyph.text[0] for glyph in self._glyphs)
        for run in _ONE_LETTER.finditer(line):
            glyphs = [glyph for glyph in self._glyphs[run.start() : run.end()] if glyph is not None]
            widths = {round((glyph.x1 - glyph.x0) / (glyph.style.size or 1.0), 1) for glyph in glyphs}
            if len(widths) > 2 and len({glyph.style for glyph in glyphs}) == 1:
                self._glyphs[run.start() : run.end()] = [glyph._replace(text=UNREAD) for glyph in glyphs]

    def _seen(self, index: int, font: str, advance: float) -> Seen:
        return Seen(self._page.number, font, advance, lambda: self._characters.font_program(index).data)

    def _by_its_font(self, code: int, index: int, font: str, advance: float) -> str:
        """The text of a glyph without a character (see ``OpenText.each``) or with a private one."""
        seen = self._seen(index, font, advance)
        if code < 0:
            sign = self._page.reader.fonts.sign(-1 - code, seen)
        else:
            sign = symbol_sign(code, font=font) or self._page.reader.fonts.private_sign(chr(code), seen) or chr(code)
        return "".join(char if char in OVERLAYS else spelling_of(ord(char)) for char in sign) or UNREAD

    def _piece(self, owner: TextObject, index: int) -> _Piece:
        a, b, c, d = owner.matrix[:4]
        size = owner.size * (math.hypot(c, d) or 1.0)
        angle = (math.degrees(math.atan2(b, a)) - self._page.rotation + 180) % 360 - 180
        state = "visible"
        if not owner.is_painted:
            state = "invisible"
            self._unpainted.add(owner.address)
        elif self._characters.is_pale(index, _PALE):
            state = "pale"
            self._pale.add(owner.address)
        style = style_of(owner.font, size=size, flags=owner.flags, upright=abs(angle) < _SLANTED)
        origin = self._page.shown(owner.x, owner.y)
        for turn in TURNS:
            if abs((angle - turn + 180) % 360 - 180) < _SLANTED:
                self._turned[owner.address] = (turn, origin)
        return _Piece(style, origin, state, owner.font_address)

    def _unseen(self) -> tuple[set[int], Mapping[int, Clip]]:
        """Text objects that may be hidden, by colour, a clip of odd shape or what is painted over them, and make no
        difference; and what clipping leaves of each."""
        painted, covers, clips = self._page.covers()
        odd = {owner for owner, clip in clips.items() if not clip.is_box}
        if not covers and not self._pale and not odd:
            return set(), clips
        boxes = self._boxes()
        suspects = {owner for owner in self._pale | odd if owner in boxes and owner not in self._unpainted}
        for owner, order in painted.items():
            if owner in boxes and owner not in self._unpainted and _is_covered(boxes[owner], order, covers):
                suspects.add(owner)
        if not suspects:
            return set(), clips
        with_it = self._page.render(scale=1.5, grayscale=True)
        without = self._page.render_without(suspects, scale=1.5)
        unseen: set[int] = set()
        for owner in suspects:
            x0, y0, x1, y1 = (edge * with_it.scale for edge in boxes[owner])
            part = (slice(int(y0), math.ceil(y1) + 1), slice(int(x0), math.ceil(x1) + 1))
            before, after = without.pixels[part].astype("int16"), with_it.pixels[part].astype("int16")
            if not before.size or int(abs(after - before).max()) < _SEEN_STEPS:
                unseen.add(owner)
        return unseen, clips

    def _boxes(self) -> dict[int, tuple[float, float, float, float]]:
        boxes: dict[int, tuple[float, float, float, float]] = {}
        for owner, glyph in zip(self._owners, self._glyphs, strict=True):
            if glyph is None or glyph.text.isspace():
                continue
            b = boxes.get(owner)
            boxes[owner] = (
                (glyph.x0, glyph.y0, glyph.x1, glyph.y1)
                if b is None
                else (min(b[0], glyph.x0), min(b[1], glyph.y0), max(b[2], glyph.x1), max(b[3], glyph.y1))
            )
        return boxes


def _fonts_of_words(glyphs: Sequence[Glyph | None], fonts: Sequence[int]) -> set[int]:
    """The fonts in which three letters follow each other."""
    found: set[int] = set()
    run = before = 0
    for glyph, font in zip(glyphs, fonts, strict=True):
        is_letter = glyph is not None and font > 0 and glyph.text.isalpha()
        run = (run + 1 if font == before else 1) if is_letter else 0
        before = font
        if run == _LETTERS_OF_WORD:
            found.add(font)
    return found


def _is_covered(box: tuple[float, float, float, float], order: int, covers: Iterable[Cover]) -> bool:
    """Whether something painted later lies over the middle of the box and most of its width."""
    x0, y0, x1, y1 = box
    middle = (y0 + y1) / 2
    return any(
        cover.order > order
        and cover.y0 <= middle <= cover.y1
        and min(x1, cover.x1) - max(x0, cover.x0) > 0.5 * (x1 - x0)
        for cover in covers
    )


# ---------------------------------------------------------------------------------------------- signs by their shapes

_SIDE = 24  # pixels of the longer side of a shape that is compared
_FAR = np.int16(10_000)  # a square of pixels: no ink
_ALONG = (np.subtract.outer(np.arange(_SIDE), np.arange(_SIDE)) ** 2).astype(np.int16)  # along a row, squared
_EM_PIXELS = 40  # of a glyph's em as it is painted for comparison
# Signs that no letter or digit looks like: a glyph that is said to be one may be these.
_APART = "+−=±×÷<>≤≥≠≡≈∼∞∂∇∈→←↔⇒()[]{}⟨⟩∑∏∫√ΔΓΛΞΠΣΨΩ†‡′″.,:;·°%∩∪⊂⊆∝∀∃/"
# Others, for a glyph of which nothing is said.
_OTHERS = "αβγδεζηθκλμξπρστφχψωΘΦϕ¯´`¨*|§¶abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_GROWING = "()[]{}⟨⟩|∑∏∫√′"  # of any size and height
_TEXT_FONTS = ("Times-Roman", "Times-Italic", "Helvetica")
_SPELT = str.maketrans("\u2206\u2126\u2329\u232a\u00b5∗", "ΔΩ⟨⟩μ*")  # Adobe's characters of some signs
_ALIKE = {"∑": "Σ", "∏": "Π", "·": ".", "ϕ": "φ"}  # one shape, told apart by size and height, or not at all
_NEAR, _NEARER = 0.035, 0.015  # mean distance of the ink of two shapes, in sides of their box, of one sign
_CLEARER = (1.5, 1.3)  # how many times as far as that the next sign must be
_UNLIKE = 3.0  # how many times as far what the glyph is said to be
_STRETCH = 0.35  # how far apart, as logarithms, the width over height of two shapes may be
_RISE_EM, _SIZE = 0.3, 1.7  # how far apart in height, and in size, glyphs of one sign may be
_LETTER_RISE_EM, _LETTER_SIZE = 0.08, 1.25


class GlyphInk(NamedTuple):
    """A glyph as it is painted: True where there is ink, without margins; ``rise`` is the height of its middle above
    the baseline and ``size`` its longer side, in units of the font size."""

    pixels: NDArray[np.bool_]
    rise: float
    size: float


class _KnownShapes(NamedTuple):
    """Known shapes: what they are, ink and distances to it (of both forms, a row a shape), heights and sizes."""

    chars: NDArray[np.str_]
    ink: NDArray[np.float64]
    amount: NDArray[np.float64]  # of ink
    far: NDArray[np.float64]
    wide: NDArray[np.float64]  # width over height
    rise: NDArray[np.float64]
    size: NDArray[np.float64]
    is_bars: NDArray[np.bool_]
    is_letter: NDArray[np.bool_]

    def distances(self, pixels: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Mean distance of ink from ink, the worse way round, to each shape, in sides: as they are, and where both are
        about as wide for their height, stretched to the square."""
        best: NDArray[np.float64] = np.full(len(self.chars), np.inf)
        wide = pixels.shape[1] / pixels.shape[0]
        usable = (np.ones(len(self.chars), dtype=bool), abs(np.log(self.wide / wide)) < _STRETCH)
        forms = zip(_fitted(pixels), usable, self.ink, self.amount, self.far, strict=True)
        for fitted, usable_here, known, amount, far in forms:
            to_known = far @ fitted / fitted.sum()
            from_known = known @ _distance_from(fitted) / amount
            worse = np.maximum(to_known, from_known) / _SIDE
            best = np.where(usable_here, np.minimum(best, worse), best)
        return best


class Shapes:
    """The signs of a file's glyphs by their shapes; each glyph of a font is looked at once."""

    def __init__(self) -> None:
        self._found: dict[tuple[bytes, int, str], str] = {}

    def sign(self, characters: OpenText, one: tuple[int, int, int], index: int, glyph: Glyph) -> str:
        """The sign that a glyph looks like (see ``sign_of_shape``): ``one`` is its font, code and, where several glyphs
        have that code, its ``index`` on the page."""
        font = characters.font_program(index).digest
        if not font and glyph.text != UNREAD:
            return ""  # a font of the reader's own, which has what it says
        key = (font, one[1], glyph.text)
        if not font or one[2] or key not in self._found:
            ink = read_ink(characters, index, size=glyph.style.size)
            self._found[key] = sign_of_shape(ink, said=glyph.text) if ink else ""
        return self._found[key]


def sign_of_shape(glyph: GlyphInk, *, said: str) -> str:
    """The sign that a glyph looks like; "" where it looks like none, like several, or like what it is ``said`` to be
    (U+FFFD: its font does not say)."""
    known = known_shapes()
    if said != UNREAD and said not in known.chars:
        return ""
    if _is_wedge(glyph.pixels) and glyph.rise > glyph.size / 2 and (said == UNREAD or said.isalnum()):
        return "′"  # where Symbol has a stroke
    distances = known.distances(glyph.pixels)
    is_letter = known.is_letter if said == UNREAD else np.zeros_like(known.is_letter)
    rise, size = np.where(is_letter, _LETTER_RISE_EM, _RISE_EM), np.where(is_letter, _LETTER_SIZE, _SIZE)
    like = (abs(known.rise - glyph.rise) < rise) & (known.size < size * glyph.size) & (glyph.size < size * known.size)
    like = (like | np.isin(known.chars, list(_GROWING))) & (known.is_bars == _is_bars(glyph.pixels))
    wanted = like & np.isin(known.chars, list(_APART + _OTHERS * (said == UNREAD)))
    if not wanted.any():
        return ""
    best = int(np.argmin(np.where(wanted, distances, np.inf)))
    near, families = float(distances[best]), np.array([_ALIKE.get(char, char) for char in known.chars.tolist()])
    family = families == families[best]
    rival = float(np.where(like & ~family, distances, np.inf).min())
    # Of signs of one shape it is the one of that height and size.
    apart = abs(known.rise - glyph.rise) + abs(known.size - glyph.size)
    sign = str(known.chars[int(np.argmin(np.where(wanted & family & (distances < _NEAR), apart, np.inf)))])
    clearer = _CLEARER[near < _NEARER]
    if near >= _NEAR or rival <= clearer * near:
        return ""
    is_as_said = said != UNREAD and distances[known.chars == said].min() < _UNLIKE * near
    return "" if is_as_said else sign


def _is_wedge(pixels: NDArray[np.bool_]) -> bool:
    """Whether a shape is one stroke that leans to the right and grows thin towards its foot."""
    tall, wide = pixels.shape
    first, last = pixels.argmax(axis=1), wide - pixels[:, ::-1].argmax(axis=1)
    if not 2 * wide <= tall <= 5 * wide or (pixels.sum(axis=1) != last - first).any():
        return False  # of several pieces, or hollow
    widths = last - first
    head, foot = widths[tall // 8 : tall // 3].mean(), widths[-tall // 6 :].mean()
    steps = np.diff(first[tall // 4 :]), np.diff(last[tall // 4 :])
    return bool(
        head > 1.8 * foot and all(((one <= 1) & (one >= -2)).all() and one.sum() < -0.1 * wide for one in steps)
    )


def _is_bars(pixels: NDArray[np.bool_]) -> bool:
    """Whether a shape is made of level bars as wide as itself: a wave is none."""
    filled = pixels.mean(axis=1)
    return bool(((filled < 0.05) | (filled > 0.95)).all())


def read_ink(characters: OpenText, index: int, *, size: float) -> GlyphInk | None:
    """How a character of a page looks; ``size`` is that of its font in points. None where it cannot be painted."""
    if not (painted := characters.ink(index, _EM_PIXELS / size)):
        return None
    pixels, low = painted
    height, width = (edge / _EM_PIXELS for edge in pixels.shape)
    return GlyphInk(pixels, rise=(low - characters.origin(index)[1]) / size + height / 2, size=max(height, width))


def _fitted(pixels: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The shape in the middle of a square of fixed side, and stretched to it, each as one row of 0 and 1."""
    scale = _SIDE / max(pixels.shape)
    tall, wide = (max(1, round(edge * scale)) for edge in pixels.shape)
    square = np.zeros((_SIDE, _SIDE))
    top, left = (_SIDE - tall) // 2, (_SIDE - wide) // 2
    square[top : top + tall, left : left + wide] = _sampled(pixels, tall, wide)
    return square.ravel(), _sampled(pixels, _SIDE, _SIDE).ravel()


def _sampled(pixels: NDArray[np.bool_], tall: int, wide: int) -> NDArray[np.float64]:
    rows = ((np.arange(tall) + 0.5) * pixels.shape[0] / tall).astype(int)
    columns = ((np.arange(wide) + 0.5) * pixels.shape[1] / wide).astype(int)
    sampled: NDArray[np.float64] = pixels[rows][:, columns].astype(float)
    return sampled


def _distance_from(ink: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each pixel of squares ``(..., side * side)`` is from the nearest ink of its square: along the rows first,
    then along the columns (Felzenszwalb and Huttenlocher, Theory of Computing 2012)."""
    squares = ink.reshape(*ink.shape[:-1], _SIDE, _SIDE)
    along = np.where(squares > 0, np.int16(0), _FAR)
    for _ in range(2):  # over all pixels of a row; then the same of the columns
        best = np.full_like(along, _FAR)
        for at, squared in enumerate(_ALONG):
            np.minimum(best, along[..., at, None] + squared, out=best)
        along = best.swapaxes(-1, -2)
    nearest: NDArray[np.float64] = np.sqrt(along).reshape(ink.shape)
    return nearest


@cache
def known_shapes() -> _KnownShapes:
    """The signs and letters of the built-in fonts, painted once in a process."""
    places = ((code, char.translate(_SPELT)) for code, char in enumerate(symbol_places()))
    symbols = {char: code for code, char in places if char and char in _APART + _OTHERS}
    latin = [chr(code) for code in (*range(0x21, 0x7F), *range(0xA1, 0x100)) if code != 0xAD]
    wanted = [("Symbol", char, code) for char, code in symbols.items()]
    wanted += [(font, char, char.encode("cp1252")[0]) for font in _TEXT_FONTS for char in [*latin, "†", "‡"]]
    chars, shapes = [], []
    for (_, char, _), glyph in zip(wanted, _painted([(font, code) for font, _, code in wanted]), strict=True):
        if glyph is not None:
            chars.append(char)
            shapes.append(glyph)
    inks = np.array(list(zip(*(_fitted(glyph.pixels) for glyph in shapes), strict=True)))
    return _KnownShapes(
        np.array(chars), inks, inks.sum(axis=2), _distance_from(inks),
        np.array([glyph.pixels.shape[1] / glyph.pixels.shape[0] for glyph in shapes]),
        np.array([glyph.rise for glyph in shapes]), np.array([glyph.size for glyph in shapes]),
        np.array([_is_bars(glyph.pixels) for glyph in shapes]), np.array([char.isalnum() for char in chars]),
    )  # fmt: skip


def _painted(glyphs: list[tuple[str, int]]) -> list[GlyphInk | None]:
    """How these glyphs (built-in font and code) look: each in a text of its own on one page."""
    fonts = list(dict.fromkeys(font for font, _ in glyphs))
    shown = "\n".join(f"BT /F{fonts.index(font)} 10 Tf 1 0 0 1 {10 + 20 * (at % 40)} {10 + 20 * (at // 40)} Tm"
                      f" <{code:02x}> Tj ET" for at, (font, code) in enumerate(glyphs))  # fmt: skip
    named = " ".join(
        f"/F{at} << /Type /Font /Subtype /Type1 /BaseFont /{font}"
        f"{'' if font == 'Symbol' else ' /Encoding /WinAnsiEncoding'} >>"
        for at, font in enumerate(fonts)
    )
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 820 820] /Contents 4 0 R /Resources << /Font << {named} >> >> >>",
        f"<< /Length {len(shown)} >>\nstream\n{shown}\nendstream",
    ]  # fmt: skip
    body = "\n".join(f"{number} 0 obj\n{text}\nendobj" for number, text in enumerate(objects, 1))
    pdf = OpenPdf(f"%PDF-1.7\n{body}\ntrailer\n<< /Root 1 0 R /Size 5 >>\n%%EOF\n".encode())
    page = pdf.page(0)
    characters = page.characters()
    found: list[GlyphInk | None] = [None] * len(glyphs)
    try:
        for index, *_ in characters.each(len(glyphs) * 4):
            if characters.has_ink(index):
                x, y = characters.origin(index)
                found[round((y - 10) / 20) * 40 + round((x - 10) / 20)] = read_ink(characters, index, size=10)
    finally:
        characters.close()
        page.close()
        pdf.close()
    return found
