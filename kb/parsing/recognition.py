"""Text of pages that are pictures: what a text recogniser reads, as the lines that every later step starts from.

The recogniser is rapidocr with the models in its wheel (the extra ``ocr``): only this module imports it, and it asks
nothing of the network. It says where each word stands and how sure it is of each line; what it read is marked as read
by machine wherever it is shown (``kb.records.RECOGNISED``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from kb.errors import ParseError, foreign_errors
from kb.parsing.glyphs import Glyph, Style
from kb.parsing.page import TextLine, build_lines
from kb.records import Block

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kb.parsing.pdf import PdfPage

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


def is_installed() -> bool:
    """Whether the extra is there."""
    return find_spec("rapidocr") is not None


def cure() -> str:
    """What one does to have a scan read."""
    return "add it with --ocr" if is_installed() else "pip install 'paper-kb[ocr]', then add it with --ocr"


def load_recogniser() -> Recogniser:
    """The recogniser of the extra.

    Raises:
        ParseError: (``ocr-missing``) where it is not installed.
    """
    if not is_installed():
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
