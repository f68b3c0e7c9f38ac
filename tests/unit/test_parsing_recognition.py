"""Pages that are pictures, read by a recogniser that is played: what it says becomes lines with boxes and its doubt."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from kb.errors import ParseError
from kb.parsing.document import read_pdf
from kb.parsing.legibility import RecognisedLine, RecognisedWord, load_recogniser
from kb.records import RECOGNISED, Document, Line
from tests.pdf_writer import Words, pdf_of

SCALE = 2.0  # pixels a point of what the recogniser is shown
PAGE = [
    (150.0, 80.0, 20.0, "Worms of the Valley"), (220.0, 110.0, 12.0, "Ada Kay"), (72.0, 150.0, 12.0, "Abstract"),
    (72.0, 170.0, 12.0, "We count the worms of a valley."), (72.0, 200.0, 12.0, "1 Introduction"),
    (72.0, 220.0, 12.0, "There are 4711 burrows in it, which"),
    (72.0, 236.0, 12.0, "is more than anybody had thought."),
]  # fmt: skip


class Played:
    """Reads what a page is said to have: (left, top, height, text) of its lines in points, turned by an angle."""

    def __init__(self, lines: Sequence[tuple[float, float, float, str]] = PAGE, *, degrees: float = 0.0) -> None:
        self._lines, self._angle = lines, math.radians(degrees)
        self.pictures: list[tuple[int, ...]] = []

    def read(self, pixels: NDArray[np.uint8]) -> list[RecognisedLine]:
        self.pictures.append(pixels.shape)
        found = []
        for left, top, height, text in self._lines:
            width = 6.0 * len(text)
            corners = ((left, top), (left + width, top), (left + width, top + height), (left, top + height))
            words, at = [], left
            for word in text.split():
                words.append(RecognisedWord(word, at * SCALE, (at + 6.0 * len(word)) * SCALE))
                at += 6.0 * (len(word) + 1)
            turned = tuple(self._turned(x * SCALE, y * SCALE) for x, y in corners)
            found.append(RecognisedLine(words=tuple(words), corners=turned, confidence=0.9))
        return found[::-1]

    def _turned(self, x: float, y: float) -> tuple[float, float]:
        return x, y + x * math.tan(self._angle)


def scan() -> bytes:
    """A page that is one picture."""
    out = io.BytesIO()
    Image.new("L", (1275, 1650), 240).save(out, format="PDF", resolution=150)
    return out.getvalue()


def read(played: Played | None, data: bytes | None = None) -> Document:
    return read_pdf(data or scan(), max_pages=9, recogniser=played)


def printed(document: Document, text: str) -> Line:
    return next(line for block in document.blocks for line in block.lines if text in block.text[line.start : line.end])


def test_a_scan_without_a_recogniser_is_refused_with_the_cure() -> None:
    with pytest.raises(ParseError, match=r"--ocr") as caught:
        read(None)
    assert caught.value.code == "pdf-scanned"


def test_the_cure_names_the_extra_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.parsing.legibility.find_spec", lambda name: None)
    with pytest.raises(ParseError, match=r"pip install 'paper-kb\[ocr\]'"):
        read(None)
    with pytest.raises(ParseError, match=r"pip install 'paper-kb\[ocr\]'") as caught:
        load_recogniser()
    assert caught.value.code == "ocr-missing"


def test_what_is_read_of_a_picture_is_a_paper_and_says_that_a_machine_read_it() -> None:
    document = read(Played())
    assert document.front.title == "Worms of the Valley"
    assert "4711 burrows in it, which is more than anybody had thought." in document.text
    assert document.fulltext.state == "full"
    assert document.fulltext.code == RECOGNISED
    assert document.fulltext.is_recognised
    assert "read by machine, 90.0% sure" in (document.fulltext.reason or "")


def test_each_line_has_its_box_its_words_and_how_sure_the_recogniser_is() -> None:
    line = printed(read(Played()), "4711")
    assert line.confidence == 0.9
    assert 218 < line.y0 < line.y1 < 234
    assert (line.x0, line.x1) == (72.0, pytest.approx(72 + 6 * 35))
    assert [x0 for _, x0, _ in line.words][:3] == [72.0, 72 + 6 * 6, 72 + 6 * 10]


def test_a_page_that_lies_askew_is_read_in_order_and_its_boxes_are_where_the_page_shows_them() -> None:
    straight, askew = read(Played()), read(Played(degrees=1.0))
    assert askew.text == straight.text
    level, turned = printed(straight, "4711"), printed(askew, "4711")
    middle = (turned.x0 + turned.x1) / 2
    assert turned.y0 - level.y0 == pytest.approx(middle * math.tan(math.radians(1)), abs=0.3)


def test_a_page_with_a_text_layer_is_not_looked_at() -> None:
    played = Played()
    lines = ["Text that the file has itself, which nobody has to guess at.", "It goes on for another line."]
    document = read(played, pdf_of([[Words(72, 100 + 14 * n, line) for n, line in enumerate(lines)]]))
    assert played.pictures == []
    assert document.fulltext.code is None
    assert all(line.confidence is None for block in document.blocks for line in block.lines)


def test_a_picture_without_words_is_still_a_scan_that_has_none() -> None:
    with pytest.raises(ParseError) as caught:
        read(Played([]))
    assert caught.value.code == "pdf-scanned"
