"""Where lines stand: columns are found, and the page is read column by column between what crosses them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.printed_pages import BOLD, SMALL, Printed, laid_out, prose, texts_of

COLUMN_CHARS = {1: 100, 2: 50, 3: 32}
STARTS = {1: [72.0], 2: [60.0, 320.0], 3: [40.0, 220.0, 400.0]}


def columns(count: int, *, rows: int = 12, y: float = 200.0) -> list[list[Printed]]:
    return [
        [Printed(x, y + 12 * row, f"column {at} row {row} ".ljust(COLUMN_CHARS[count], "x")) for row in range(rows)]
        for at, x in enumerate(STARTS[count])
    ]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_columns_are_counted_by_the_gutters_between_long_lines(count: int) -> None:
    (page,), _ = laid_out([line for column in columns(count) for line in column])
    assert len(page.columns) == count
    assert [round(start) for start, _ in page.columns] == [round(x) for x in STARTS[count]]


@pytest.mark.slow
@settings(deadline=None)
@given(count=st.sampled_from([1, 2, 3]), seed=st.randoms(use_true_random=False))
def test_reading_order_does_not_depend_on_the_order_of_painting(count: int, seed: st.DataObject) -> None:
    lines = [line for column in columns(count) for line in column]
    wanted = [line.text for line in lines]
    seed.shuffle(lines)  # type: ignore[attr-defined]
    (page,), _ = laid_out(lines)
    assert texts_of(page) == wanted


def test_a_line_across_both_columns_parts_what_is_above_from_what_is_below() -> None:
    above, below = columns(2, rows=8, y=100), columns(2, rows=8, y=300)
    across = Printed(60, 250, "A heading that crosses the gutter and stands over all columns of the page alone", BOLD)
    (page,), _ = laid_out([*above[0], *below[0], across, *above[1], *below[1]])
    wanted = [*above[0], *above[1], across, *below[0], *below[1]]
    assert texts_of(page) == [line.text for line in wanted]


def test_a_page_with_few_lines_has_the_columns_of_the_paper() -> None:
    full = [line for column in columns(2, rows=20) for line in column]
    last = [line for column in columns(2, rows=2) for line in column]
    pages, _ = laid_out(full, full, last)
    assert len(pages[2].columns) == 2
    assert texts_of(pages[2])[1].startswith("column 0 row 1")


def test_the_body_is_set_like_most_of_the_long_lines() -> None:
    small = BOLD._replace(font="Times", size=8.0, bold=False)
    _, body = laid_out(
        [Printed(72, 80, "A title of the paper", BOLD), *prose(72, 120, 20), *prose(72, 600, 4, style=small)]
    )
    assert body.size == 10.0
    assert body.fonts == {"Times"}
    assert body.leading == pytest.approx(12.0)


def test_four_columns_are_read_one_after_the_other() -> None:
    sides = [[Printed(x, 100 + 12 * row, f"column {at} row {row} ".ljust(24, "x")) for row in range(12)]
             for at, x in enumerate((30, 175, 320, 465))]  # fmt: skip
    (page,), _ = laid_out([line for row in zip(*sides, strict=True) for line in row])
    assert len(page.columns) == 4
    assert texts_of(page) == [line.text for side in sides for line in side]


def test_columns_that_change_on_the_way_down_are_read_zone_by_zone() -> None:
    """A first page: addresses beside the abstract, then text over the whole width."""
    addresses = [Printed(60, 100 + 12 * row, f"address {row} of an author x") for row in range(8)]
    abstract = [Printed(220, 100 + 12 * row, f"abstract {row} ".ljust(70, "x")) for row in range(14)]
    title = Printed(60, 300, "1 Introduction", BOLD)
    text = [Printed(60, 324 + 12 * row, f"text {row} ".ljust(105, "x")) for row in range(14)]
    (page,), _ = laid_out([*addresses, *abstract, title, *text])
    assert texts_of(page) == [line.text for line in [*addresses, *abstract, title, *text]]


def test_notes_in_the_margin_do_not_part_the_text_beside_them() -> None:
    text = [Printed(200, 100 + 12 * row, f"text {row} ".ljust(50, "x")) for row in range(20)]
    notes = [Printed(40, 166 + 12 * row, f"a note of {row} lines in all") for row in range(4)]
    (page,), _ = laid_out([*text, *notes])
    assert texts_of(page) == [line.text for line in [*text, *notes]]


def test_rows_of_a_table_under_a_caption_across_the_columns_stay_whole() -> None:
    above = columns(2, rows=12, y=100)
    caption = Printed(
        60, 290, "Table 1: Sites of all catchments with their areas and the rain that falls on each of them"
    )
    rows = [
        Printed(x, 320 + 12 * row, f"{row}{at}", SMALL) for row in range(5) for at, x in enumerate((70, 150, 330, 450))
    ]
    (page,), _ = laid_out([*above[0], *above[1], caption, *rows])
    assert texts_of(page)[-20:] == [line.text for line in rows]
