"""Printed tables: every cell with what names it, as Markdown, CSV and rows of text."""

from __future__ import annotations

import csv
import io

import pytest

from kb.errors import UsageError
from kb.parsing.document import read_pdf
from kb.records import Block, Document, Fulltext, Grid, GridCell, Metadata, PrintedTable
from kb.rendering.single import render_table, tables_named
from kb.tables import printed_tables, spoken_rows
from tests.pdf_writer import Words, pdf_of

ROWS = [
    ["", "Rain (mm)", "", "Flow"],
    ["Site", "dry", "wet", "mean"],
    ["North", "", "", ""],
    ["Oak", "12", "-3", "=7"],
    ["Elm | Ash", "15", "20%", ""],
]


def document(rows: list[list[str]], *, header_rows: int, spans: dict[tuple[int, int], tuple[int, int]]) -> Document:
    """A document of one table; ``spans``: rows and columns of the cells that stand for more than one place."""
    text, cells = "", []
    for r, row in enumerate(rows):
        text += "\n" if r else ""
        for c, cell in enumerate(row):
            text += " | " if c else ""
            if cell:
                down, across = spans.get((r, c), (1, 1))
                end = len(text) + len(cell)
                cells.append(GridCell(row=r, column=c, start=len(text), end=end, rows=down, columns=across))
            text += cell
    grid = Grid(columns=len(rows[0]), header_rows=header_rows, cells=tuple(cells))
    table = Block(kind="table", text=text, start=0, page=3, label="Table 2", grid=grid)
    caption = Block(kind="caption", text="Table 2: Rain.", start=len(text) + 2, page=3, label="Table 2")
    return Document(
        text=f"{text}\n\n{caption.text}", blocks=(table, caption), front=Metadata(source="pdf", ids=()), pages=3,
        fulltext=Fulltext(state="full"), parser="test",
    )  # fmt: skip


def table() -> PrintedTable:
    (made,) = printed_tables(document(ROWS, header_rows=2, spans={(0, 1): (1, 2)}))
    return made


def test_a_cell_is_named_by_the_labels_of_its_row_and_all_headings_above_its_column() -> None:
    wet = next(cell for cell in table().cells if cell.text == "-3")
    assert (wet.labels, wet.headings, wet.unit) == (("North", "Oak"), ("Rain (mm)", "wet"), "mm")
    share = next(cell for cell in table().cells if cell.text == "20%")
    assert share.unit == "%"
    assert not any(cell.is_named for cell in table().cells if cell.text in ("North", "Oak", "Site", "dry"))


def test_each_row_reads_as_one_line_with_every_cell_after_its_names() -> None:
    assert list(spoken_rows(table()))[1] == "North › Oak — Rain (mm) › dry: 12, wet: -3; Flow › mean: =7"


def test_a_label_that_spans_rows_names_them_all() -> None:
    rows = [["Field", "Set", "Score"], ["Biology", "a", "1"], ["", "b", "2"], ["Physics", "c", "3"]]
    (made,) = printed_tables(document(rows, header_rows=1, spans={(1, 0): (2, 1)}))
    assert [line.split(" — ")[0] for line in spoken_rows(made)] == ["Biology › a", "Biology › b", "Physics › c"]


def test_markdown_has_one_row_of_headings_and_no_cell_breaks_it() -> None:
    lines = render_table(table(), "md").splitlines()
    assert lines[0] == "| Site | Rain (mm) › dry | Rain (mm) › wet | Flow › mean |"
    assert lines[3] == r"| Oak | 12 | -3 | \=7 |"
    assert {line.count(" | ") for line in lines} == {3}


def test_csv_has_the_rows_as_printed_numbers_as_they_are_and_no_formula() -> None:
    rows = list(csv.reader(io.StringIO(render_table(table(), "csv"))))
    assert rows[:3] == ROWS[:3]
    assert rows[3] == ["Oak", "12", "-3", "'=7"]


@pytest.mark.parametrize("label", ["Table 2", "2", "table 2"])
def test_a_table_is_found_by_its_label_or_its_number(label: str) -> None:
    assert tables_named(document(ROWS, header_rows=2, spans={}), label)[0].label == "Table 2"


@pytest.mark.parametrize("label", ["Table 3", "", "x"])
def test_a_label_that_no_table_has_is_answered_with_those_that_there_are(label: str) -> None:
    with pytest.raises(UsageError, match="choose from Table 2"):
        tables_named(document(ROWS, header_rows=2, spans={}), label)


def test_another_form_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match="md, csv, text"):
        render_table(table(), "xlsx")


def test_a_table_that_was_read_before_rows_were_kept_is_shown_as_it_is() -> None:
    old = document(ROWS, header_rows=2, spans={})
    (made,) = printed_tables(
        Document(
            text=old.text,
            blocks=(Block(kind="table", text=old.blocks[0].text, start=0, label="Table 2"),),
            front=old.front,
            pages=3,
            fulltext=old.fulltext,
            parser="test",
        )
    )
    assert (made.rows, made.columns, made.header_rows) == (5, 5, 0)
    assert "| North |" in render_table(made, "md")


def test_a_cell_of_a_pdf_has_its_box_and_the_names_that_the_page_prints() -> None:
    prose = [
        Words(72, 100 + 14 * n, "The gauges of the coast were read by hand on each day of the year.", 10)
        for n in range(9)
    ]
    words = [Words(72, 300, "Table 1: Rain by site and year.", 10)]
    words += [Words(72 + 90 * k, 330, text, 10) for k, text in enumerate(("Site", "Dry", "Wet"))]
    words += [
        Words(72 + 90 * k, 344 + 14 * n, text, 10)
        for n, row in enumerate((("Oak", "1.5", "2.5"), ("Elm", "3.5", "4.5"), ("Ash", "5.5", "6.5")))
        for k, text in enumerate(row)
    ]
    (made,) = printed_tables(read_pdf(pdf_of([[*prose, *words]]), max_pages=2))
    cell = next(one for one in made.cells if one.text == "4.5")
    assert (cell.labels, cell.headings, cell.page) == (("Elm",), ("Wet",), 1)
    (box,) = cell.boxes
    assert 250 < box.x0 < 254
    assert box.y0 < 358 < box.y1 + 3
    assert made.caption.startswith("Table 1: Rain")
