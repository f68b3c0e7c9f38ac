"""Printed lines and pages made to order, as the reader of PDFs hands them to the steps after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kb.parsing.glyphs import Glyph, Style
from kb.parsing.layout import BodyStyle, PageLayout, lay_out
from kb.parsing.page import TextLine, build_lines

BODY = Style(font="Times", size=10.0, bold=False, italic=False, upright=True)
BOLD = BODY._replace(font="Times-Bold", size=12.0, bold=True)
ITALIC = BODY._replace(font="Times-Italic", italic=True)
SMALL = BODY._replace(size=8.0)
WIDTH, HEIGHT = 612.0, 792.0
CHAR = 4.5  # the width of every character


class Printed(NamedTuple):
    """Words at ``x`` and baseline ``y`` (points from the top left)."""

    x: float
    y: float
    text: str
    style: Style = BODY


def glyphs_of(printed: Printed) -> list[Glyph]:
    """One glyph for each character."""
    x, y, text, style = printed
    top, bottom = y - 0.8 * style.size, y + 0.2 * style.size
    return [Glyph(char, x + CHAR * at, top, x + CHAR * (at + 1), bottom, y, style) for at, char in enumerate(text)]


def line_of(printed: Printed, *, page: int = 1) -> TextLine:
    """The one line that the words make."""
    (line,) = build_lines(glyphs_of(printed), page=page)
    return line


def prose(x: float, y: float, count: int, *, chars: int = 100, style: Style = BODY) -> list[Printed]:
    """``count`` lines of running text below each other."""
    words = "every line of this running text is as long as its column is wide and goes on below "
    text = (words * 3)[:chars].rstrip()
    return [Printed(x, y + 12 * row, text, style) for row in range(count)]


def laid_out(*pages: Sequence[Printed]) -> tuple[list[PageLayout], BodyStyle]:
    """Pages with their lines in reading order, and the style of the body."""
    layouts = [PageLayout(number=number, width=WIDTH, height=HEIGHT) for number in range(1, len(pages) + 1)]
    lines = [[line_of(printed, page=number) for printed in page] for number, page in enumerate(pages, start=1)]
    return layouts, lay_out(layouts, lines)


def texts_of(page: PageLayout) -> list[str]:
    """What the page says, line by line, in reading order; heads and page numbers left out."""
    return [placed.line.text for placed in page.placed if placed.role != "furniture"]
