"""Whether what was read are words: fonts that name their letters wrongly, poor layers of recognised text, pages whose
words are pictures.

A font's letters, or a page's, are held against a table of letters that follow each other in 31 languages of Latin
script (``legibility_train``): what is likely in none of them is not read. Chinese characters are held against the
common ones of the national standards. What is not read is U+FFFD from here on, and is no quotation.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from kb.parsing.page import Raster, Rectangle, TextLine
from kb.structure import FLOAT_TITLE
from kb.text import UNREAD

if TYPE_CHECKING:
    from kb.parsing.sheets import PrintedSheet

TABLE = Path(__file__).parent / "data" / "letters.npz"
LETTERS = " abcdefghijklmnopqrstuvwxyz"
_LETTER_OF = str.maketrans(
    {"ø": "o", "ł": "l", "ß": "ss", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "t", "ı": "i"}
)
_WORD = re.compile(r"[^\W\d_]{4,}")
_BROKEN = re.compile(
    r"[^\W\d_][^\w\s'’‘\-‐–—./:@()\[\],;&+*=<>\"“”%#\\·・]+[^\W\d_]|[^\W\d_]{2}\d+[^\W\d_]{2}"  # "re~ult", "in4icating"
)
# In bits: no language of the 31 has a mean below -4.6 under a table made without it, no shifted alphabet one above
# -5.1; good papers have -3.3 to -3.7, their worst fonts (of programs) -4.5.
_NO_LANGUAGE = -4.9
_ODD_WORD = -5.2
_LEAST_LETTERS = 150  # of a font that is judged
_LEAST_WORDS = 80  # of a page that is judged
_MOST_ODD = 0.12  # share of odd words: good papers have 0.02, held-out languages 0.10 (Welsh: 0.3)
_MOST_BROKEN = 0.015  # share of broken words: good papers have 0.003
_RARE_SHARE = 0.5  # of the characters of a run
_UNREAD_SHARE = 0.1  # of a page's letters
_LEAST_UNREAD = 30
_FEW_LETTERS = 200  # on a page whose picture is looked at
_LEAST_ROWS = 10  # of words in the picture of a page
_STRIPS = 6  # in which rows are looked for: those of two columns stand at different heights
_LEAST_STRIP = 4  # pixels


def folded(text: str) -> str:
    """Small letters without accents; other scripts and signs fall away."""
    plain = unicodedata.normalize("NFD", text.casefold().translate(_LETTER_OF))
    return "".join(char for char in plain if char.isascii())


@cache
def _table() -> list[list[list[float]]]:
    import numpy as np

    with np.load(TABLE) as stored:
        found: list[list[list[float]]] = (np.asarray(stored["eighths"], dtype=np.float64) / -8.0).tolist()
    return found


def likeness(words: Iterable[str]) -> float:
    """Mean bits of each letter of small Latin words after the two before it: about -3.4 for text, below -5 for letters
    that are not what they say; 0.0 for no words."""
    total, count = 0.0, 0
    for word in words:
        own, letters = _bits(word)
        total += own
        count += letters
    return total / count if count else 0.0


@lru_cache(maxsize=50_000)
def _bits(word: str) -> tuple[float, int]:
    """The bits of a word, and of how many letters."""
    table = _table()
    places = [LETTERS.find(letter) for letter in f" {word} "]
    bits = [table[one][two][three] for one, two, three in zip(places, places[1:], places[2:], strict=False)]
    return sum(bits), len(bits)


def parted_bits(left: str, right: str) -> float:
    """By how many bits two pieces of small Latin letters are likelier as two words than as one: below 0 where their
    letters follow each other within words."""
    table = _table()
    one, two = f" {left}"[-2:], f"{right} "[:2]
    together, apart = f"{one}{two}", f"{one} {two}"
    places = [[LETTERS.find(letter) for letter in spelt] for spelt in (apart, together)]
    bits = [sum(table[a][b][c] for a, b, c in zip(own, own[1:], own[2:], strict=False)) for own in places]
    return bits[0] - bits[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Legibility:
    """The sheets with U+FFFD for what is not read, and the numbers of those of which much is not: ``unmapped`` by
    their fonts, ``garbled`` because their words are in no language."""

    sheets: list[PrintedSheet]
    unmapped: tuple[int, ...]
    garbled: tuple[int, ...]


def judge(sheets: Sequence[PrintedSheet]) -> Legibility:
    """Look at the words of all sheets."""
    wrong = _wrong_fonts(sheets)
    unmapped: list[int] = []
    garbled: list[int] = []
    judged: list[PrintedSheet] = []
    for sheet in sheets:
        marked = _with_lines(sheet, lambda line: _without_rare(_without_fonts(line, wrong)))
        text = "".join(line.text for line in marked.every_line())
        unread = text.count(UNREAD)
        if unread >= _LEAST_UNREAD and unread > _UNREAD_SHARE * sum(char.isalpha() for char in text):
            unmapped.append(sheet.number)
        elif _is_garbled(marked):
            garbled.append(sheet.number)
            marked = _with_lines(marked, _without_odd)
        judged.append(marked)
    return Legibility(sheets=judged, unmapped=tuple(unmapped), garbled=tuple(garbled))


def _with_lines(sheet: PrintedSheet, change: Callable[[TextLine], TextLine]) -> PrintedSheet:
    lines = [change(line) for line in sheet.lines]
    turned = {turn: tuple(change(line) for line in own) for turn, own in sheet.turned.items()}
    return replace(sheet, lines=lines, turned=turned)


# ----------------------------------------------------------------------------------------------------- fonts


def _wrong_fonts(sheets: Sequence[PrintedSheet]) -> set[str]:
    """The fonts whose words are in no language."""
    words: dict[str, list[str]] = defaultdict(list)
    for line in (line for sheet in sheets for line in sheet.every_line()):
        for run in line.runs:
            words[run.style.font] += _words(line.text[run.start : run.end])
    return {
        font for font, own in words.items() if sum(map(len, own)) >= _LEAST_LETTERS and likeness(own) < _NO_LANGUAGE
    }


def _words(text: str) -> list[str]:
    """The small Latin words of four letters or more."""
    found = [word for word in _WORD.findall(text) if word[1:].islower()]
    plain = [folded(word) for word in found]
    return [word for word in plain if len(word) >= 4 and word.isalpha()]


def _without_fonts(line: TextLine, wrong: set[str]) -> TextLine:
    if not wrong or not any(run.style.font in wrong for run in line.runs):
        return line
    text = list(line.text)
    for run in line.runs:
        if run.style.font in wrong:
            text[run.start : run.end] = [UNREAD if char.isalnum() else char for char in line.text[run.start : run.end]]
    return replace(line, text="".join(text))


@cache
def _is_common(char: str) -> bool:
    """Whether a Chinese character is of the first level of a national standard: China's, Taiwan's, Japan's."""
    for codec, first, last in (("gb2312", 0xB0A1, 0xD7FE), ("big5", 0xA440, 0xC67E), ("shift_jis", 0x889F, 0x9872)):
        code = char.encode(codec, "ignore")
        if len(code) == 2 and first <= int.from_bytes(code, "big") <= last:
            return True
    return False


def _without_rare(line: TextLine) -> TextLine:
    """Runs of Chinese characters of which most are rare: those of a font that takes one code for another."""

    if line.text.isascii():
        return line
    text = ""
    for is_ideographic, run in groupby(line.text, key=_is_ideograph):
        chars = "".join(run)
        rare = sum(not _is_common(char) for char in chars) if is_ideographic and len(chars) > 1 else 0
        text += UNREAD * len(chars) if rare > _RARE_SHARE * len(chars) else chars
    return line if text == line.text else replace(line, text=text)


@cache
def _is_ideograph(char: str) -> bool:
    return unicodedata.name(char, "").startswith("CJK UNIFIED")


# ----------------------------------------------------------------------------------------------------- words


def _is_garbled(sheet: PrintedSheet) -> bool:
    """Whether too many words of a page are in no language, or have signs in their middle."""
    words: list[str] = []
    broken = whole = 0
    for line in sheet.every_line():
        if len(line.text) < 30 or not _WORD.search(line.text):
            continue
        words += _words(line.text)
        for word in line.text.split():
            if sum(map(str.isalpha, word)) >= 4 and word.isascii():
                whole += 1
                broken += _BROKEN.search(word) is not None
    odd = sum(likeness([word]) < _ODD_WORD for word in words)
    return (len(words) >= _LEAST_WORDS and odd > _MOST_ODD * len(words)) or (
        whole >= _LEAST_WORDS and broken > _MOST_BROKEN * whole and broken > 3
    )


def _without_odd(line: TextLine) -> TextLine:
    """A line of a garbled page without the words that are none."""

    def marked(word: re.Match[str]) -> str:
        small = _words(word[0])
        bad = _BROKEN.search(word[0]) or (small and likeness(small) < _ODD_WORD)
        return UNREAD * len(word[0]) if bad else word[0]

    text = re.sub(r"\S{3,}", marked, line.text)
    return line if text == line.text else replace(line, text=text)


# ------------------------------------------------------------------------------------------------------ ink


def shows_more_words(sheet: PrintedSheet, picture: Callable[[], Raster]) -> bool:
    """Whether a page of which few letters were read shows rows of words in its picture, beside the lines read.

    Args:
        sheet: what was read of it.
        picture: renders it in grey; asked only where few letters were read.
    """
    if sheet.letters() >= _FEW_LETTERS:
        return False
    if any(FLOAT_TITLE.match(line.text) for line in sheet.every_line()):
        return False  # the words are those of a figure
    return rows_of_words(picture(), hidden=sheet.boxes()) >= _LEAST_ROWS


def rows_of_words(raster: Raster, *, hidden: Iterable[Rectangle] = ()) -> int:
    """How many rows of words a picture shows outside ``hidden``: bands of ink as high as letters, with blanks between,
    in a strip of it."""
    import numpy as np

    pixels = raster.pixels
    if min(pixels.shape) < _STRIPS * _LEAST_STRIP:
        return 0
    paper = int(np.bincount(pixels.ravel()[::7], minlength=256).argmax())
    dark = np.abs(pixels.astype(np.int16) - paper) > 60
    for x0, y0, x1, y1 in hidden:
        left, top = max(0, int((x0 - 2) * raster.scale)), max(0, int((y0 - 2) * raster.scale))
        dark[top : max(top, int((y1 + 3) * raster.scale)), left : max(left, int((x1 + 3) * raster.scale))] = False
    best = 0
    for strip in np.array_split(dark, _STRIPS, axis=1)[1:-1]:
        share = strip.mean(axis=1)
        inked = np.concatenate(([False], share > 0.02, [False]))
        edges = np.flatnonzero(np.diff(inked.astype(np.int8)))
        rows = 0
        for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            height = (end - start) / raster.scale
            rows += 4 <= height <= 16 and 0.04 < float(share[start:end].mean()) < 0.5
        best = max(best, rows)
    return best
