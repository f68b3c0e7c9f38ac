"""What the page holds inside a span's boxes, read back with the PDF library, is what the span says."""

from __future__ import annotations

import random
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pypdfium2 as pdfium
import pytest

from kb.errors import ParseError
from kb.index.catalog.passages import boxes_of
from kb.parsing.document import read_pdf
from kb.records import Block, Box

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = sorted((ROOT / "kb" / "demo").glob("*.pdf")) + sorted((ROOT / "tests" / "data").glob("**/*.pdf"))
QUOTED = ("paragraph", "list", "caption", "footnote")


def letters(text: str) -> Counter[str]:
    """Letters and digits with their number: ligatures taken apart, accents and broken words' hyphens left out."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return Counter(char for char in plain if char.isalnum())


def spans_of(block: Block, *, chance: random.Random) -> list[tuple[int, int]]:
    """The whole block and two stretches of words out of it."""
    words = [match.span() for match in re.finditer(r"\S+", block.text)]
    spans = [(0, len(block.text))]
    for _ in range(2 if len(words) > 6 else 0):
        first = chance.randrange(len(words) - 4)
        last = min(len(words) - 1, first + chance.randrange(4, 30))
        spans.append((words[first][0], words[last][1]))
    return spans


def read_back(pages: Sequence[pdfium.PdfTextPage], heights: Sequence[float], boxes: Sequence[Box]) -> str:
    parts = []
    for box in boxes:
        height = heights[box.page - 1]
        inside = {"left": box.x0 - 0.5, "right": box.x1 + 0.5, "bottom": height - box.y1 + 0.2}
        parts.append(pages[box.page - 1].get_text_bounded(**inside, top=height - box.y0 - 0.2))
    return " ".join(parts)


def faults_of(data: bytes) -> tuple[int, list[str]]:
    """How many spans there are, and those whose boxes lack 5% of their letters or hold 15% of others'."""
    document = read_pdf(data, max_pages=100)
    pdf = pdfium.PdfDocument(data)
    pages = [pdf[index].get_textpage() for index in range(min(len(pdf), 100))]
    heights = [pdf[index].get_height() for index in range(len(pages))]
    chance = random.Random(7)
    spans, faults = 0, []
    for block in document.blocks:
        for start, end in spans_of(block, chance=chance) if block.kind in QUOTED else ():
            spans += 1
            said = letters(block.text[start:end])
            found = letters(
                read_back(pages, heights, boxes_of(document.blocks, [(block.start + start, block.start + end)])[0])
            )
            missing, foreign, size = (said - found).total(), (found - said).total(), said.total()
            if missing > 0.05 * size + 1 or foreign > 0.15 * size + 6:
                faults.append(f"page {block.page}, {block.kind}: {block.text[start:end]!r}")
    return spans, faults


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_boxes_of_a_span_hold_its_words(path: Path) -> None:
    spans, faults = faults_of(path.read_bytes())
    assert spans >= 15
    assert not faults


@pytest.mark.slow
@pytest.mark.shared
def test_boxes_of_a_span_hold_its_words_in_the_shared_papers(shared: Path) -> None:
    faults: dict[str, list[str]] = {}
    total = 0
    for path in sorted((shared / "pdfs" / "local-only").glob("*.pdf")):
        try:
            spans, found = faults_of(path.read_bytes())
        except ParseError:
            continue  # the locked one and the scan
        total += spans
        faults |= {path.stem: found} if found else {}
    assert total > 1000
    assert sum(map(len, faults.values())) <= 0.002 * total, faults
