"""What of a page can be read: fonts that name their letters wrongly, poor layers of recognised text, and pages whose
words are pictures, with the text recogniser that reads those.

A font's letters, or a page's, are held against a table of letters that follow each other in 31 languages of Latin
script (``legibility_train``): what is likely in none of them is not read. Chinese characters are held against the
common ones of the national standards. What is not read is U+FFFD from here on, and is no quotation.

The recogniser is rapidocr with the models in its wheel (the extra ``ocr``): only this module imports it, and it asks
nothing of the network. It says where each word stands and how sure it is of each line; what it read is marked as read
by machine wherever it is shown (``kb.records.RECOGNISED``).
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib import import_module
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from kb.errors import ParseError, foreign_errors
from kb.parsing.glyphs import Glyph, Style
from kb.parsing.page import Raster, Rectangle, TextLine, build_lines
from kb.records import Block
from kb.structure import FLOAT_TITLE
from kb.text import UNREAD

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kb.parsing.pdf import PdfPage
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
    return _rows_of_words(picture(), hidden=sheet.boxes()) >= _LEAST_ROWS


def _rows_of_words(raster: Raster, *, hidden: Iterable[Rectangle] = ()) -> int:
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


# ---------------------------------------------------------------------------------------------------- read by machine

_SCALE = 2.0  # pixels per point: 144 dpi, at which the models read what 200 dpi read, in half the memory
_LEAST_SURE = 0.5  # lines below it are no text
_SIZE = 0.74  # the size of a font as a share of the height of the recogniser's boxes
_BASELINE = 0.78  # where the baseline stands in a box, from its top
_ONE_SIZE = 0.14  # lines whose heights differ by less than this share are set in one size
_STRAIGHT = 0.002  # radians: a slope that moves the end of a line by a pixel


class RecognisedWord(NamedTuple):
    """A word and its left and right end, in pixels of the picture."""

    text: str
    x0: float
    x1: float


class RecognisedLine(NamedTuple):
    """A line: the corners of its box from the top left clockwise, in pixels, and how sure the recogniser is, 0 to 1."""

    words: tuple[RecognisedWord, ...]
    corners: tuple[tuple[float, float], ...]
    confidence: float


class Recogniser(Protocol):
    """Reads the lines of a picture."""

    def read(self, pixels: NDArray[np.uint8]) -> list[RecognisedLine]:
        """The lines of a (height, width, 3) RGB picture, in any order."""
        ...


def has_recogniser() -> bool:
    """Whether the extra that reads scans is installed."""
    return find_spec("rapidocr") is not None


def cure() -> str:
    """What one does to have a scan read."""
    return "add it with --ocr" if has_recogniser() else "pip install 'paper-kb[ocr]', then add it with --ocr"


def load_recogniser() -> Recogniser:
    """The recogniser of the extra.

    Raises:
        ParseError: (``ocr-missing``) where it is not installed.
    """
    if not has_recogniser():
        raise ParseError(f"reading scans needs the extra ocr: {cure()}", code="ocr-missing")
    with foreign_errors(lambda said: ParseError(f"the text recogniser cannot start ({said})", code="ocr-missing")):
        return _RapidOcr()


class _RapidOcr:
    def __init__(self) -> None:
        # Not a statement: the extra is mostly not there, and brings no types.
        self._engine: Any = import_module("rapidocr").RapidOCR(
            params={
                "Global.log_level": "critical",
                "Global.return_word_box": True,
                "Global.use_cls": False,  # whether a line stands on its head: pages are upright
                "Global.text_score": _LEAST_SURE,
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "Rec.rec_batch_num": 1,  # lines of one page differ in length: in a batch all are as long as the longest
            }
        )

    def read(self, pixels: NDArray[np.uint8]) -> list[RecognisedLine]:
        """The lines of a picture."""
        with foreign_errors(
            lambda said: ParseError(f"its pages cannot be read by machine ({said})", code="ocr-failed")
        ):
            found = self._engine(pixels[..., ::-1])  # its pictures are blue, green, red
        lines: list[RecognisedLine] = []
        if found.boxes is None:
            return lines
        for corners, score, words in zip(found.boxes, found.scores, found.word_results, strict=True):
            told = tuple(
                RecognisedWord(str(text), min(x for x, _ in box), max(x for x, _ in box)) for text, _, box in words
            )
            if told:
                places = tuple((float(x), float(y)) for x, y in corners)
                lines.append(RecognisedLine(words=told, corners=places, confidence=float(score)))
        return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognisedPage:
    """The lines of a page as if it lay straight, and by the left and top of each how far below that it is on the page
    as shown (points), and how sure the recogniser is of it."""

    lines: tuple[TextLine, ...]
    places: Mapping[tuple[float, float], tuple[float, float]]

    @property
    def confidence(self) -> float:
        """How sure the recogniser is of a line of this page, on the mean."""
        return sum(sure for _, sure in self.places.values()) / max(1, len(self.places))


def recognise(page: PdfPage, recogniser: Recogniser) -> RecognisedPage:
    """Read a page by machine."""
    raster = page.render(scale=_SCALE)
    found = recogniser.read(raster.pixels)
    slope = _slope(found)
    body = _usual_height(found)
    glyphs: list[Glyph | None] = []
    sure: list[tuple[float, float, float, float]] = []
    straight = sorted((_straightened(line, slope, raster.scale) for line in found), key=lambda one: (one.y0, one.x0))
    for one in straight:
        size = round(_SIZE * _height_of_size(one.y1 - one.y0, body / raster.scale), 1)
        style = Style(font="recognised", size=size, bold=False, italic=False, upright=True)
        baseline = round(one.y0 + _BASELINE * (one.y1 - one.y0), 1)
        top, bottom = round(baseline - 0.75 * size, 2), round(baseline + 0.25 * size, 2)
        for number, (text, x0, x1) in enumerate(one.words):
            glyphs += [Glyph(" ", x0, top, x0, bottom, baseline, style)] if number else []
            glyphs.append(Glyph(text, x0, top, x1, bottom, baseline, style))
        glyphs.append(None)
        sure.append((one.x0, baseline, one.confidence, one.dy))
    lines = build_lines(glyphs, page=page.number)
    places = {}
    for line in lines:
        _, _, confidence, dy = min(sure, key=lambda at: (abs(at[1] - line.baseline), abs(at[0] - line.x0)))
        places[line.x0, line.y0] = (dy, confidence)
    return RecognisedPage(lines=tuple(lines), places=places)


class _Straight(NamedTuple):
    """A line in points of the page as if it lay straight; ``dy``: how far below it is on the page as shown."""

    words: tuple[RecognisedWord, ...]
    x0: float
    y0: float
    y1: float
    dy: float
    confidence: float


def _slope(lines: Sequence[RecognisedLine]) -> float:
    """By how much a page lies askew: pixels down for each to the right, of its long lines."""
    slopes = []
    for line in lines:
        (ax, ay), (bx, by) = line.corners[0], line.corners[1]
        if bx - ax > 8 * _height(line):
            slopes.append((by - ay) / (bx - ax))
    found = median(slopes) if slopes else 0.0
    return found if abs(found) > _STRAIGHT else 0.0


def _height(line: RecognisedLine) -> float:
    (ax, ay), (_, _), (_, _), (dx, dy) = line.corners
    return math.hypot(dx - ax, dy - ay)


def _usual_height(lines: Sequence[RecognisedLine]) -> float:
    """The height that most words have, in pixels."""
    heights = [_height(line) for line in lines for _ in line.words]
    return median(heights) if heights else 1.0


def _height_of_size(height: float, body: float) -> float:
    """The height, those that are nearly alike made one: letters that reach up or down make a box higher."""
    step = 1 + 2 * _ONE_SIZE
    return float(body * step ** round(math.log(max(height, 0.1) / max(body, 0.1)) / math.log(step)))


def _straightened(line: RecognisedLine, slope: float, scale: float) -> _Straight:
    """The line turned about the page's left edge, so that it runs level."""
    (ax, ay), (bx, by) = line.corners[0], line.corners[1]
    height = _height(line)
    middle = ((ay + by) / 2) - slope * (ax + bx) / 2
    words = tuple(RecognisedWord(text, x0 / scale, x1 / scale) for text, x0, x1 in line.words)
    top = middle / scale
    return _Straight(words, words[0].x0, top, top + height / scale, slope * (ax + bx) / 2 / scale, line.confidence)


def as_shown(blocks: Sequence[Block], pages: Mapping[int, RecognisedPage]) -> tuple[Block, ...]:
    """The blocks with the lines of recognised pages where the page shows them, each with how sure it is."""
    if not pages:
        return tuple(blocks)
    made = []
    for block in blocks:
        lines = []
        for line in block.lines:
            known = pages[line.page].places.get((line.x0, line.y0)) if line.page in pages else None
            if known is None and line.page in pages:  # its mark, or its first word, was cut off
                places = pages[line.page].places
                known = places[min(places, key=lambda at: (abs(at[1] - line.y0), abs(at[0] - line.x0)))]
            if known is not None:
                dy, confidence = known
                line = replace(line, y0=line.y0 + dy, y1=line.y1 + dy, confidence=round(confidence, 4))
            lines.append(line)
        made.append(replace(block, lines=tuple(lines)))
    return tuple(made)
