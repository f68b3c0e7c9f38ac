"""Signs by their shapes, where a font does not say what its glyphs are, or says what they are not.

Publishers' fonts of signs call a plus "C" and an equals sign "Z", or give names that are numbers. What such a glyph
is stands in its outline alone: it is held against the signs of the fonts that every reader of PDFs has built in. A
glyph is a sign only where it looks like that one, like no other, and not like the letter it is said to be.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kb.parsing.glyphs import Glyph
from kb.parsing.pdfium import OpenPdf, OpenText
from kb.parsing.second_reader import symbol_places
from kb.text import UNREAD

if TYPE_CHECKING:
    from numpy.typing import NDArray

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


class KnownShapes(NamedTuple):
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
def known_shapes() -> KnownShapes:
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
    return KnownShapes(
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
