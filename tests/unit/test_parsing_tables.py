"""Tables: rows and columns from the places of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.parsing.document import read_pdf
from kb.parsing.glyphs import Style
from kb.parsing.page import Graphic, Run, TextLine, ruled_areas, rules_of
from kb.parsing.tables import ReadTable, read_table
from kb.structure import float_label
from kb.tables import printed_tables
from tests.pdf_writer import Words, pdf_of

SIZE = 10.0
LETTER = 5.0  # points that a letter takes
STYLE = Style(font="Body", size=SIZE, bold=False, italic=False, upright=True)


def line(baseline: float, *cells: tuple[float, str]) -> TextLine:
    """One printed line of cells, each at its x, as a reader gives it where the gaps are narrow."""
    text, words = "", []
    for x, cell in cells:
        for word in cell.split():
            text += " " if text else ""
            words.append((len(text), x, x + LETTER * len(word)))
            text += word
            x += LETTER * (len(word) + 0.6)
    return TextLine(
        text=text, page=1, x0=words[0][1], x1=max(x1 for _, _, x1 in words), y0=baseline - 8, y1=baseline + 2,
        baseline=baseline, size=SIZE, font="Body", bold=False, italic=False, upright=True, words=tuple(words),
        runs=(Run(0, len(text), STYLE, False),),
    )  # fmt: skip


def rule(y: float, x0: float, x1: float) -> Graphic:
    return Graphic(kind="path", x0=x0, y0=y, x1=x1, y1=y + 0.5)


def rows(text: str) -> list[list[str]]:
    return [row.split(" | ") for row in text.split("\n")]


def test_numbers_with_narrow_gaps_are_cells_of_their_own() -> None:
    table = read_table([
        line(10, (0, "Method"), (80, "Rec."), (106, "Prec.")),
        line(22, (0, "Plain (5 shots)"), (80, "40.4"), (106, "73.6")),
        line(34, (0, "With ranks"), (80, "40.2"), (106, "84.8")),
    ])  # fmt: skip
    assert rows(table.text) == [
        ["Method", "Rec.", "Prec."], ["Plain (5 shots)", "40.4", "73.6"], ["With ranks", "40.2", "84.8"],
    ]  # fmt: skip
    assert table.is_grid


def test_a_number_with_its_spread_is_one_cell() -> None:
    table = read_table([line(10 + 12 * n, (0, "Row"), (60, "66.8 (2.0)"), (130, "40.4 ± 0.6")) for n in range(4)])
    assert rows(table.text) == [["Row", "66.8 (2.0)", "40.4 ± 0.6"]] * 4


def test_an_empty_cell_stays_empty_and_shifts_nothing() -> None:
    lines = [line(10 + 12 * n, (0, "Row"), (60, "1.5"), (100, "2.5"), (140, "3.5")) for n in range(3)]
    table = read_table([*lines, line(46, (0, "Last"), (100, "9.9"))])
    assert rows(table.text)[-1] == ["Last", "", "9.9", ""]


def test_a_heading_over_a_rule_spans_the_columns_of_the_rule() -> None:
    body = [line(34 + 12 * n, (0, "Row"), (60, "1.5"), (100, "2.5"), (140, "3.5"), (180, "4.5")) for n in range(3)]
    heads = [line(10, (77, "Full"), (155, "Subset")), line(22, (60, "P"), (100, "R"), (140, "P"), (180, "R"))]
    table = read_table([*heads, *body], [rule(13, 58, 117), rule(13, 138, 197)])
    assert rows(table.text)[:2] == [["", "Full", "", "Subset", ""], ["", "P", "R", "P", "R"]]


def test_the_words_of_a_wide_column_are_not_parted_where_blanks_meet_by_chance() -> None:
    texts = [
        "four out of five said sometimes it", "used only when looking for the names",
        "did you use it or was reading of it", "have a look at all of the hints now",
    ]  # fmt: skip
    wide = [line(10 + 12 * n, (0, text), (260, f"answer {n}")) for n, text in enumerate(texts)]
    loose = line(58, (0, "four"), (40, "out"), (80, "of"), (120, "five"), (260, "answer 9"))
    table = read_table([*wide, loose])
    assert rows(table.text)[-1] == ["four out of five", "answer 9"]


def test_a_label_set_between_two_rows_is_of_the_row_that_it_stands_beside() -> None:
    plain = [line(10 + 12 * n, (0, "Row"), (80, "1.5"), (120, "2.5")) for n in range(3)]
    table = read_table([*plain, line(46, (0, "Average")), line(52, (80, "7.5"), (120, "8.5")), line(58, (0, "(all)"))])
    assert rows(table.text)[-1] == ["Average (all)", "7.5", "8.5"]


def test_a_cell_of_several_lines_is_one_cell_where_rows_stand_apart() -> None:
    lines = []
    for n in range(3):
        top = 10 + 40 * n
        lines += [line(top, (0, "Name"), (80, "begins with this"), (220, "yes")), line(top + 11, (80, "and goes on"))]
    assert rows(read_table(lines).text) == [["Name", "begins with this and goes on", "yes"]] * 3


def test_each_cell_is_found_on_the_page() -> None:
    table = read_table([line(10 + 12 * n, (0, "Row"), (60, f"{n}.5"), (100, f"{n}.7")) for n in range(3)])
    for span in table.spans:
        words = table.text[span.start : span.end]
        assert "|" not in words
        assert "\n" not in words
    at = {table.text[span.start : span.end]: (span.x0, span.y1) for span in table.spans}
    assert at["2.7"] == (100, 36)


@pytest.mark.parametrize(("rules", "headers"), [([5, 15, 50], 1), ([], 2)])
def test_the_head_of_a_table_ends_at_its_second_rule_or_where_numbers_begin(rules: list[float], headers: int) -> None:
    lines = [line(10, (0, "Kind"), (60, "Score"), (110, "Share")), line(22, (0, "of"), (60, "all"), (110, "some"))]
    lines += [line(34 + 12 * n, (0, "Row"), (60, "1.5"), (110, "2.5")) for n in range(2)]
    assert read_table(lines, [rule(y, 0, 140) for y in rules]).grid.header_rows == headers


def test_headings_of_several_lines_above_a_rule_are_one_row() -> None:
    lines = [line(10, (0, "Kind"), (110, "Share")), line(22, (0, "of"), (60, "Score"), (110, "(%)"))]
    lines += [line(36 + 12 * n, (0, "Row"), (60, "1.5"), (110, "2.5")) for n in range(2)]
    table = read_table(lines, [rule(y, 0, 140) for y in (2, 27, 52)])
    assert rows(table.text)[0] == ["Kind of", "Score", "Share (%)"]
    assert table.grid.header_rows == 1


def test_what_is_set_over_the_middle_of_several_columns_heads_them_all() -> None:
    lines = [line(10, (0, "Model"), (95, "Full"), (215, "Subset"))]
    lines += [line(22, *((x, "PRF"[n % 3]) for n, x in enumerate((60, 100, 140, 180, 220, 260))))]
    lines += [line(36 + 12 * n, (0, "Row"), *((x, f"{x}.5") for x in (60, 100, 140, 180, 220, 260))) for n in range(3)]
    table = read_table(lines, [rule(y, 0, 290) for y in (2, 27, 70)])
    assert rows(table.text)[:2] == [["Model", "Full", "", "", "Subset", "", ""], ["", *"PRFPRF"]]
    spans = {table.text[cell.start : cell.end]: cell.columns for cell in table.grid.cells if cell.row == 0}
    assert spans == {"Model": 1, "Full": 3, "Subset": 3}
    assert table.grid.header_rows == 2


def test_a_label_beside_the_middle_of_its_rows_is_of_all_rows_between_the_rules() -> None:
    head = line(10, (0, "Field"), (60, "Set"), (110, "Score"))
    body = [line(24 + 12 * n, *([(0, "Biology")] if n == 1 else []), (60, "set"), (110, f"{n}.5")) for n in range(3)]
    last = [line(62, (0, "Physics"), (60, "set"), (110, "7.5"))]
    table = read_table([head, *body, *last], [rule(y, 0, 140) for y in (2, 14, 52, 66)])
    assert [row[0] for row in rows(table.text)] == ["Field", "Biology", "", "", "Physics"]
    assert next(cell.rows for cell in table.grid.cells if cell.column == 0 and cell.row == 1) == 3


def test_rules_between_all_rows_say_what_a_row_is_and_rules_may_be_drawn_in_pieces() -> None:
    lines = [line(10, (0, "Name"), (110, "Text"))]
    for n in range(3):
        lines += [
            line(24 + 28 * n, (0, "one"), (110, "ends early")),
            line(36 + 28 * n, (0, "two"), (110, "and goes on")),
        ]
    pieces = [rule(y, x0, x1) for y in (2, 14, 42, 70, 98) for x0, x1 in ((0, 100), (100, 170))]
    assert rows(read_table(lines, pieces).text)[1:] == [["one two", "ends early and goes on"]] * 3


def test_a_word_that_is_broken_in_a_cell_is_whole() -> None:
    broken = line(36, (0, "Row"), (60, "the asyn\xad"))
    lines = [line(10, (0, "Name"), (60, "Effects of it")), broken, line(47, (60, "chronous waves"))]
    lines += [
        line(80, (0, "Row"), (60, "the same waves")),
        line(91, (60, "as before")),
        line(120, (0, "Row"), (60, "none")),
    ]
    assert rows(read_table(lines, [rule(y, 0, 150) for y in (2, 20, 130)]).text)[1] == ["Row", "the asynchronous waves"]


@given(
    st.lists(
        st.lists(st.sampled_from(["1", "23.4", "n/a", "word", "5.67"]), min_size=3, max_size=3), min_size=3, max_size=9
    ),
    st.lists(st.floats(6, 30), min_size=3, max_size=3),
)
def test_whatever_stands_in_a_grid_comes_out_as_that_grid(cells: list[list[str]], gaps: Sequence[float]) -> None:
    lefts, x = [], 0.0
    for gap in gaps:
        lefts.append(x)
        x += 5 * LETTER + gap
    lines = [line(10.0 + 12 * n, *zip(lefts, row, strict=True)) for n, row in enumerate(cells)]
    assert rows(read_table(lines).text) == cells


def page(*lines: str, size: float = 10) -> list[Words]:
    return [Words(72, 100 + 14 * n, text, size) for n, text in enumerate(lines)]


def test_lines_set_apart_without_a_caption_are_prose_unless_their_cells_stand_in_a_grid() -> None:
    prose = page(*["The gauges of the coast were read by hand on each day of the whole year, and kept."] * 12)
    odd = [Words(72, 300 + 14 * n, f"where {n} is the", 10) for n in range(4)]
    odd += [Words(330, 300 + 14 * n, "matrix of the scores that map each event to a type", 10) for n in range(4)]
    document = read_pdf(pdf_of([[*prose, *odd]]), max_pages=9)
    assert not any(block.kind == "table" and len(block.text.split("\n")) < 3 for block in document.blocks)
    grid = [Words(72 + 70 * k, 300 + 14 * n, f"{n}.{k}", 10) for n in range(4) for k in range(4)]
    named = [Words(72, 286, "Site", 10), *(Words(72 + 70 * k, 286, f"Year {k}", 10) for k in (1, 2, 3))]
    document = read_pdf(pdf_of([[*prose, *named, *grid]]), max_pages=9)
    (table,) = [block for block in document.blocks if block.kind == "table"]
    assert "2.0 | 2.1 | 2.2 | 2.3" in table.text


def test_a_label_that_is_set_letter_by_letter_is_a_label() -> None:
    label = float_label("TA B L E 2 Participants of the study")
    assert label is not None
    assert (label.text, label.rest) == ("Table 2", " Participants of the study")
    assert float_label("A B C D then prose") is None


def test_rules_that_touch_are_one_and_others_are_not() -> None:
    pieces = [rule(10, 0, 40), rule(10, 40.5, 90), rule(10, 120, 160), rule(30, 0, 90)]
    assert [(one.x0, one.x1) for one in rules_of(pieces, longer_than=0)] == [(0, 90), (120, 160), (0, 90)]
    assert len(rules_of(pieces, longer_than=60)) == 2


def test_lines_without_words_are_no_table() -> None:
    empty = replace(line(10, (0, "x")), text=" ", words=())
    assert (read_table([empty]).text, read_table([]).is_grid) == ("", False)


def spans_of(table: ReadTable) -> dict[str, tuple[int, int, int]]:
    """Of the cells that span several: first column, columns, rows."""
    cells = [cell for cell in table.grid.cells if cell.rows > 1 or cell.columns > 1]
    return {table.text[cell.start : cell.end]: (cell.column, cell.columns, cell.rows) for cell in cells}


def test_headings_that_span_share_the_columns_out_and_are_not_cut_by_a_wide_one_below() -> None:
    places = [60 + 42 * n for n in range(9)]
    upper = [(x, text) for x, text in zip((95, 222, 343), ("Cedar", "Elm", "Maple"), strict=True)]
    heads = [line(10, *upper), line(22, *((x - 12 * (n % 3 == 1), "P longer R".split()[n % 3])
                                          for n, x in enumerate(places)))]  # fmt: skip
    body = [line(36 + 12 * n, (0, "Row"), *((x, "1.5") for x in places)) for n in range(4)]
    table = read_table([*heads, *body], [rule(y, 0, 420) for y in (2, 27, 90)])
    assert spans_of(table) == {"Cedar": (1, 3, 1), "Elm": (4, 3, 1), "Maple": (7, 3, 1)}
    assert table.grid.header_rows == 2


def test_a_heading_set_between_the_rows_of_the_head_spans_them() -> None:
    low = line(22, *zip((80, 120, 160, 200), "PRPR", strict=True))
    heads = [line(10, (95, "Full"), (175, "Part")), line(16, (0, "Model")), low]
    body = [line(36 + 12 * n, (0, "Row"), *((x, "1.5") for x in (80, 120, 160, 200))) for n in range(3)]
    table = read_table([*heads, *body], [rule(y, 0, 230) for y in (2, 27, 70)])
    assert spans_of(table)["Model"] == (0, 1, 2)
    assert rows(table.text)[:2] == [["Model", "Full", "", "Part", ""], ["", "P", "R", "P", "R"]]


@pytest.mark.parametrize("titled", [True, False])
def test_a_table_that_goes_on_over_a_page_is_one_under_its_label(titled: bool) -> None:
    prose = page(*["The gauges of the coast were read by hand on each day of the whole year, and kept."] * 12)

    def grid(top: float, first: int) -> list[Words]:
        return [Words(72 + 70 * k, top + 14 * n, f"{first + n}.{k}", 10) for n in range(12) for k in range(4)]

    head = [Words(72 + 70 * k, 520, name, 10) for k, name in enumerate(("Site", "Dry", "Wet", "Mean"))]
    caption = Words(72, 500, "Table 1: Rain of the year.", 10, font="F2")
    again = [Words(72, 80, "Table 1 (continued)", 10, font="F2")] if titled else []
    second = [*again, *grid(94, 20), *(item._replace(y=item.y + 220) for item in prose)]
    document = read_pdf(pdf_of([[*prose, caption, *head, *grid(534, 1)], second]), max_pages=9)
    tables = [block for block in document.blocks if block.kind == "table"]
    assert [(block.label, block.page) for block in tables] == [("Table 1", 1), ("Table 1", 2)]
    (first, last) = printed_tables(document)
    assert next(cell for cell in last.cells if cell.text == "31.2").headings == ("Wet",)
    assert first.caption == last.caption == "Table 1: Rain of the year."


def test_the_numbers_of_the_rows_of_a_table_that_fills_a_page_are_its_first_column() -> None:
    cells = [Words(x, 80 + 14 * n, text, 10) for n in range(1, 45)
             for x, text in ((100, str(n)), (160, "Oak"), (260, f"{n}.5"), (360, f"{n}.7"))]  # fmt: skip
    head = [Words(x, 80, text, 10) for x, text in ((100, "No."), (160, "Site"), (260, "Dry"), (360, "Wet"))]
    caption = Words(72, 60, "Table 1: Rain of the year.", 10, font="F2")
    document = read_pdf(pdf_of([[caption, *head, *cells]]), max_pages=9)
    (table,) = [block for block in document.blocks if block.kind == "table"]
    assert rows(table.text)[1:] == [[str(n), "Oak", f"{n}.5", f"{n}.7"] for n in range(1, 45)]


def test_columns_of_running_text_without_a_caption_are_no_table() -> None:
    text = "the gauges were read by hand on each day of it"
    assert not read_table([line(10 + 12 * n, (0, text), (300, text)) for n in range(9)]).is_grid
    assert read_table([line(10 + 12 * n, (0, "gauges by hand"), (300, f"{n}.5")) for n in range(9)]).is_grid


DIGIT = 5.56  # points that a digit of Helvetica takes at 10 points


def scores_with(base: str, script: str, *, rise: float) -> str:
    """The cell that a table of a paper has where ``script`` is set small behind ``base``, so much higher."""
    words = [Words(72, 90, "Table 1: Scores of all models")]
    words += [Words(72 + 90 * k, 120, name) for k, name in enumerate(("Model", "Score", "Cost"))]
    for n, name in enumerate(("Alder", "Birch", "Cedar", "Elm")):
        y = 136 + 14 * n
        words += [Words(72, y, name), Words(162, y, f"{n}.5"), Words(252, y, base)]
        words.append(Words(252 + DIGIT * len(base), y - rise, script, 7))
    document = read_pdf(pdf_of([words]), max_pages=9)
    (table,) = printed_tables(document)
    return next(cell.text for cell in table.cells if (cell.row, cell.column) == (2, 2))


@pytest.mark.parametrize(
    ("base", "script", "rise", "cell"),
    [
        ("10", "19", 3.6, "10^19"), ("10", "-3", 3.6, "10^-3"), ("84", "0.3", -1.5, "84_0.3"),
        ("84", "*", 3.6, "84*"), ("84", "a", 3.6, "84a"), ("84", "1", 3.6, "84^1"), ("10", "1+n", 3.6, "10^{1+n}"),
    ],
)  # fmt: skip
def test_raised_and_lowered_digits_make_no_other_number_and_marks_of_notes_stay(
    base: str, script: str, rise: float, cell: str
) -> None:
    assert scores_with(base, script, rise=rise) == cell


def test_lowered_digits_of_names_read_on() -> None:
    small = STYLE._replace(size=7.0)
    formula = line(10, (0, "Site"), (80, "H2O"))
    runs = (Run(0, 6, STYLE, False), Run(6, 7, small, False), Run(7, 8, STYLE, False))
    table = read_table(
        [replace(formula, runs=runs), line(22, (0, "Elm"), (80, "1.5")), line(34, (0, "Fir"), (80, "2"))]
    )
    assert rows(table.text)[0] == ["Site", "H2O"]


def test_the_blanks_of_lines_that_fill_their_cell_part_no_columns() -> None:
    def filled(baseline: float, *words: str, x0: float = 80, x1: float = 180) -> TextLine:
        blank = (x1 - x0 - LETTER * sum(map(len, words))) / (len(words) - 1)
        places = [x0 + LETTER * sum(map(len, words[:n])) + n * blank for n in range(len(words))]
        return line(baseline, *zip(places, words, strict=True))

    lines = []
    for n in range(4):
        top = 10 + 50 * n
        lines += [line(top, (0, f"Site {n}"), (210, f"{n}.5")), filled(top, "asks", "again", "when", "it")]
        lines += [filled(top + 11, "has", "found", "no", "page"), line(top + 22, (80, "or fewer pages"))]
    assert rows(read_table(lines).text)[2] == ["Site 2", "asks again when it has found no page or fewer pages", "2.5"]


@given(st.floats(0, 300))
def test_rules_that_begin_and_end_nearly_at_one_place_make_a_table_wherever_they_stand(x0: float) -> None:
    rules = [rule(10, x0, x0 + 200), rule(30, x0 + 0.3, x0 + 199.7), rule(90, x0, x0 + 200)]
    assert len(ruled_areas(rules)) == 1
