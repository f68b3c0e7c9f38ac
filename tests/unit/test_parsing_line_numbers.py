"""Line numbers of versions for review are taken out; numbers of tables, lists and sentences stay."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kb.parsing.furniture import without_line_numbers
from kb.parsing.glyphs import Glyph
from tests.printed_pages import CHAR, SMALL, Printed, glyphs_of, prose


def page(lines: list[Printed]) -> list[Glyph | None]:
    glyphs: list[Glyph | None] = []
    for line in lines:
        glyphs += [*glyphs_of(line), None]
    return glyphs


def spelt(glyphs: list[Glyph | None]) -> str:
    return "".join(glyph.text if glyph else "\n" for glyph in glyphs)


def numbered(first: int, rows: int, *, step: int = 1, right: float = 60.0) -> list[Printed]:
    """Right-aligned numbers beside lines of text; each is painted before its line."""
    found = []
    for row, line in enumerate(prose(72, 100, rows)):
        if row % step == 0:
            number = str(first + row)
            found.append(Printed(right - CHAR * len(number), line.y, number, SMALL))
        found.append(line)
    return found


@settings(deadline=None)
@given(first=st.integers(min_value=0, max_value=2000), rows=st.integers(min_value=12, max_value=50))
def test_numbers_in_the_margin_go_and_the_text_stays(first: int, rows: int) -> None:
    glyphs, count = without_line_numbers(page(numbered(first, rows)))
    assert count == rows
    assert [line for line in spelt(glyphs).split("\n") if line] == [line.text for line in prose(72, 100, rows)]


def test_numbers_beside_every_fifth_line_go_too() -> None:
    _, count = without_line_numbers(page(numbered(5, 50, step=5)))
    assert count == 10


def test_numbers_that_do_not_count_stay() -> None:
    rows = [Printed(40, 100 + 12 * row, str(number)) for row, number in enumerate([3, 9, 4, 7, 1, 8, 2, 6, 5, 3])]
    glyphs = page([*rows, *prose(72, 100, 20)])
    assert without_line_numbers(glyphs) == (glyphs, 0)


def test_a_column_of_a_table_below_running_text_stays() -> None:
    rows = [
        line for row in range(12) for line in (Printed(74, 400 + 12 * row, str(row)), Printed(140, 400 + 12 * row, "x"))
    ]
    glyphs = page([*prose(72, 100, 20), *rows])
    assert without_line_numbers(glyphs) == (glyphs, 0)


def test_numbers_one_blank_away_from_words_stay() -> None:
    rows = [Printed(72, 100 + 12 * row, f"entry {row + 20} is of a kind") for row in range(30)]
    glyphs = page(rows)
    assert without_line_numbers(glyphs) == (glyphs, 0)


def test_numbers_that_count_entries_of_several_lines_stay() -> None:
    rows = [printed for at, line in enumerate(prose(72, 100, 36)) for printed in _entry(at, line)]
    glyphs, taken = without_line_numbers(page(rows))
    assert taken == 0
    assert spelt(glyphs) == spelt(page(rows))


def _entry(at: int, line: Printed) -> list[Printed]:
    """Every third line begins with a raised number, as entries of a list of references do."""
    return [Printed(60, line.y - 3, str(at // 3 + 1), SMALL), line] if at % 3 == 0 else [line]


def test_the_first_column_of_a_table_that_fills_the_page_stays() -> None:
    rows = [
        Printed(x, 100 + 12 * row, text) for row in range(40) for x, text in ((60, str(row)), (100, "oak"), (180, "x"))
    ]
    glyphs = page(rows)
    assert without_line_numbers(glyphs) == (glyphs, 0)
