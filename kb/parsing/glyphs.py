"""Glyphs as a page paints them: their style, their spelling, and accents and spaces that went astray."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

from kb.text import UNREAD

SOFT_HYPHEN = "\xad"
"""What a line ends in where the reader saw a broken word."""
_GAP_EM = 0.165  # more than letters of a word are apart
SPACE_EM = 0.13  # a gap from which on two pieces are two words, in units of the font size
_SPACING_ACCENTS = {
    "´": "\u0301", "`": "\u0300", "¨": "\u0308", "ˆ": "\u0302", "˜": "\u0303", "¯": "\u0304", "˘": "\u0306",
    "ˇ": "\u030c", "˚": "\u030a", "¸": "\u0327", "˙": "\u0307", "˝": "\u030b", "˛": "\u0328", "\u20d7": "\u20d7",
    "~": "\u0303",
}  # fmt: skip
_DOUBLED = {"‘": "“", "’": "”", "`": "“"}
_RELATIONS = frozenset("=∈≡∼≈⊂⊆<>≤≥")
OVERLAYS = {"\u0338": "/", "\u0335": "-"}  # strokes over a sign (of "≠", of "ł"), and as signs of their own
_ACCENTS = frozenset(_SPACING_ACCENTS).union(OVERLAYS)
_LAM, _ALEFS = "\u0644", "\u0627\u0622\u0623\u0625"
_BOLD = re.compile(r"bold|black|heavy|demi|semib|cmbx|cmb\d|sfbx|-bd|medi(?!um)|bx\d|\bB$|-B$", re.IGNORECASE)
_ITALIC = re.compile(r"ital|obli|slant|cmti|cmsl|cmmi|sfti|sfsl|-it$|-i$", re.IGNORECASE)
_MATH = re.compile(r"^(cmmi|cmsy|cmex|msam|msbm|cmbsy|cmmib|rsfs|stix.*math|.*math|symbol|mtsy|mtmi|mtex|txsy|pxsy|eufm"
                   r"|lm ?math|esint|wasy|stmary|mnsymbol|bbold|dsrom|txmi|ntxmi|ntxsy)", re.IGNORECASE)  # fmt: skip


class Style(NamedTuple):
    """How a run of glyphs is set. ``size`` is the real one: nominal size times the text matrix, in points."""

    font: str
    size: float
    bold: bool
    italic: bool
    upright: bool  # False for text that runs up or down the page

    @property
    def is_math(self) -> bool:
        """Whether the font holds mathematical signs."""
        return is_math_font(self.font)


class Glyph(NamedTuple):
    """One painted character; box and baseline in points, origin at the top left of the page."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    baseline: float
    style: Style


@cache
def is_math_font(font: str) -> bool:
    """Whether a font holds mathematical signs, by its name."""
    return bool(_MATH.match(font))


@lru_cache(maxsize=4096)
def style_of(font: str, *, size: float, flags: int, upright: bool) -> Style:
    """A style from a font's name and descriptor flags (PDF 32000-1, table 123: bit 7 italic, bit 19 force bold)."""
    name = re.sub(r"^[A-Z]{6}\+", "", font)
    bold = bool(_BOLD.search(name)) or bool(flags & (1 << 18))
    italic = bool(_ITALIC.search(name)) or bool(flags & (1 << 6))
    return Style(font=name, size=round(size, 2), bold=bold, italic=italic, upright=upright)


_EXTENSION_FONT = re.compile(r"cmex|lmmathextension|mtex|txex|pxex")  # TeX's large operators and growing brackets
# What makers of fonts agree on in the private area: ligatures, and the pieces of growing brackets (Adobe).
_PRIVATE = dict(enumerate(("ff", "fi", "fl", "ffi", "ffl"), 0xF000)) | dict(enumerate("⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪⎮⎞⎟⎠⎤⎥⎦⎫⎬⎭", 0xF8EB))
_SPACES = re.compile(r"\s")


def spelling_of(code: int) -> str:
    """The character as text: one space for any blank, ligatures and presentation forms spelt out, "" for what is not
    seen, ``UNREAD`` for a code that stands for no sign (control, private use)."""
    if code in (0xFFFE, 0x02, 0xAD):
        return SOFT_HYPHEN
    text = chr(code)
    if code == 9 or (code > 0x20 and _SPACES.match(text)):
        return " "
    if code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xF900 or 0xFFF0 <= code <= 0xFFFF or code >= 0xF0000:
        return _PRIVATE.get(code, UNREAD)
    if 0x200B <= code <= 0x200F or code in (0x2060, 0xFEFF) or 0xE0000 <= code <= 0xE007F or 0xFE00 <= code <= 0xFE0F:
        return ""  # zero-width marks, tag characters, and what asks for a variant of the sign before it
    if 0x1D400 <= code <= 0x1D7FF:
        return unicodedata.normalize("NFKC", text)  # a formula's italic letter is that letter
    if 0xFB00 <= code <= 0xFDFF or 0xFE70 <= code <= 0xFEFC or (0xFF01 <= code <= 0xFF5E and code != 0xFF0C):
        return unicodedata.normalize("NFKC", text)
    return text


def is_private(code: int) -> bool:
    """Whether a character means what its font says."""
    return 0xE000 <= code < 0xF900 or code >= 0xF0000


def is_extension_font(font: str) -> bool:
    """Whether a font holds TeX's large operators, whose boxes hang below the line they belong to."""
    return bool(_EXTENSION_FONT.match(font.lower()))


def with_missing_blanks(glyphs: list[Glyph]) -> list[Glyph]:
    """Put a blank where the gap is a word's although the reader saw none.

    Within a word the boxes touch; a gap of a sixth of an em in such a line is a narrow space ("collect the" came
    as "collectthe"). Lines that are letter-spaced throughout are left as they are.
    """
    gaps = [
        at
        for at, (left, right) in enumerate(pairwise(glyphs), 1)
        if right.x0 - left.x1 > _GAP_EM * right.style.size and _is_gap(left, right)
    ]
    certain = [at for at in gaps if glyphs[at].x0 - glyphs[at - 1].x1 > 0.5 * glyphs[at].style.size]
    letters = sum(not glyph.text.isspace() for glyph in glyphs) if gaps else 0
    wide = set(certain if len(gaps) > 0.12 * letters else gaps)
    if not wide:
        return glyphs
    out: list[Glyph] = []
    for at, glyph in enumerate(glyphs):
        if at in wide:
            out.append(glyph._replace(text=" ", x0=glyphs[at - 1].x1, x1=glyph.x0))
        out.append(glyph)
    return out


def _is_gap(left: Glyph, right: Glyph) -> bool:
    gap = right.x0 - left.x1
    is_blank = left.text.isspace() or right.text.isspace()
    return (
        left.style.size == right.style.size
        and left.baseline == right.baseline
        and ((left.text.isalpha() and right.text.isalpha()) or (gap > 0.5 * right.style.size and not is_blank))
        and right.style.upright
        and not left.style.is_math
        and not right.style.is_math
    )


def with_double_quotes(glyphs: list[Glyph]) -> list[Glyph]:
    """Two single quotation marks side by side are how some fonts set a double one."""
    out: list[Glyph] = []
    for glyph in glyphs:
        before = out[-1] if out and glyph.text in _DOUBLED and out[-1].text == glyph.text else None
        if before and before.baseline == glyph.baseline and abs(glyph.x0 - before.x1) < 0.1 * glyph.style.size:
            out[-1] = before._replace(text=_DOUBLED[glyph.text], x1=glyph.x1)
        else:
            out.append(glyph)
    return out


def compose_accents(glyphs: list[Glyph]) -> list[Glyph]:
    """TeX's old fonts paint an accent over a letter: "´" and "e" on the same spot are "é", a stroke and "=" are "≠".

    The accent may come before its letter or, moved by the reader, after the word or at the line's end.
    """
    glyphs = _with_strokes(glyphs)
    accents = [glyph for glyph in glyphs if glyph.text in _ACCENTS and _is_accent(glyph)]
    if not accents:
        return glyphs
    out = list(glyphs)
    for accent in accents:
        at = next(index for index, glyph in enumerate(out) if glyph is accent)
        near = sorted(range(len(out)), key=lambda index: (_apart(accent, out[index]), abs(index - at - 1)))
        for index in near:
            composed = _composed(accent, out[index]) if index != at else None
            if composed is None:
                continue
            out[index] = out[index]._replace(text=composed)
            del out[at]
            # The reader took the raised accent for a word of its own.
            if 0 < at <= len(out) and out[at - 1].text == " " and _touch(out, at - 1, word_before=index < at - 1):
                del out[at - 1]
            elif index < at < len(out) and out[at].text == " " and _touch(out, at, word_before=False):
                del out[at]
            letter = index if index < at else index - 1
            if 1 < letter < len(out) and out[letter - 1].text == " " and _touch(out, letter - 1, word_before=False):
                del out[letter - 1]
            break
    return [glyph._replace(text=OVERLAYS[glyph.text]) if glyph.text in OVERLAYS else glyph for glyph in out]


def _with_strokes(glyphs: list[Glyph]) -> list[Glyph]:
    """A slash that is painted over a relation is a stroke through it."""
    if not any(glyph.text == "/" for glyph in glyphs):
        return glyphs
    out = list(glyphs)
    for at, glyph in enumerate(glyphs):
        near = glyphs[max(0, at - 2) : at + 3] if glyph.text == "/" else ()
        for sign in near:
            overlap = min(glyph.x1, sign.x1) - max(glyph.x0, sign.x0)
            if sign.text in _RELATIONS and overlap > 0.5 * (glyph.x1 - glyph.x0):
                out[at] = glyph._replace(text="\u0338", x0=sign.x0)
    return out


def is_accent(glyphs: list[Glyph]) -> bool:
    """Whether these glyphs are one accent that stands alone."""
    inked = [glyph for glyph in glyphs if not glyph.text.isspace()]
    return len(inked) == 1 and _is_accent(inked[0])


def _is_accent(glyph: Glyph) -> bool:
    """Whether a glyph is painted over another; a tilde is where it is one of TeX's that grow with what is below."""
    return glyph.text in _ACCENTS and (glyph.text != "~" or is_extension_font(glyph.style.font))


def _apart(accent: Glyph, sign: Glyph) -> float:
    """How far a stroke is from where its sign begins; accents go by their place among the glyphs."""
    return abs(accent.x0 - sign.x0) if accent.text == "\u0338" else 0.0


def _composed(accent: Glyph, letter: Glyph) -> str | None:
    if not _stacked(accent, letter):
        return None
    if accent.text == "\u0335":
        return {"l": "ł", "L": "Ł"}.get(letter.text)
    if accent.text == "\u0338":
        return unicodedata.normalize("NFC", letter.text + accent.text)
    base = {"ı": "i", "ȷ": "j"}.get(letter.text, letter.text)
    composed = unicodedata.normalize("NFC", base + _SPACING_ACCENTS[accent.text])
    # Over a variable any accent is a sign of its own ("V̂"), over a word's letter only one that writing has.
    return composed if len(composed) == 1 or letter.style.is_math else None


def _touch(glyphs: list[Glyph], blank: int, *, word_before: bool) -> bool:
    """Whether what stands left and right of a blank is really one word (or one blank too many)."""
    if blank == 0 or blank + 1 >= len(glyphs):
        return True
    left, right = glyphs[blank - 1], glyphs[blank + 1]
    if word_before and right.text == " ":
        return True
    return right.x0 - left.x1 < SPACE_EM * max(left.style.size, right.style.size)


def _stacked(accent: Glyph, letter: Glyph) -> bool:
    if accent.text == "\u0338":  # TeX's has no width and begins where its sign does; others are as wide
        is_free = not letter.text.isspace() and letter.text not in OVERLAYS
        return is_free and abs(accent.x0 - letter.x0) < 0.3 * letter.style.size and letter.text != UNREAD
    if not letter.text.isalpha():
        return False
    middle = (accent.x0 + accent.x1) / 2
    return letter.x0 - 0.15 * letter.style.size <= middle <= letter.x1 + 0.15 * letter.style.size


def in_spoken_order(glyphs: list[Glyph]) -> list[Glyph]:
    """Ligatures of scripts written from right to left, whose letters the reader turned round.

    Such a ligature (lam with alef) comes as letters that share one box, last letter first.
    """
    if not any(glyph.text > "\u0590" and _is_arabic(glyph.text) for glyph in glyphs):
        return glyphs
    out = list(glyphs)
    for at in range(1, len(out)):
        first, second = out[at - 1], out[at]
        same_box = (first.x0, first.x1) == (second.x0, second.x1)
        if same_box and _is_arabic(first.text) and second.text in _LAM and first.text in _ALEFS:
            out[at - 1], out[at] = second, first
    return out


def _is_arabic(text: str) -> bool:
    return "\u0590" < text[0] < "\u0900"
