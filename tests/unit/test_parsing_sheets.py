"""Sheets to pages: sideways text is read upright, two pages on one sheet are read one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kb.parsing.document import read_pdf
from kb.records import Block, Document, Line
from tests.pdf_writer import Words, content_of, paragraph, pdf_of

UP, DOWN, HEADLONG = b"0 1 -1 0 612 0", b"0 -1 1 0 0 792", b"-1 0 0 -1 612 792"
SENTENCES = (
    "The catchments were planted with trees in the first years of the trial and",
    "their runoff was measured at weirs below them every day for twenty years so",
    "that low flows and high flows can be compared with those of the open country.",
)
TABLE = (
    ("Catchment", "Area", "Rainfall", "Forest age"),
    ("Traralgon Creek", "87", "1472", "19"),
    ("Redhill Forest", "195", "866", "12"),
    ("Stewarts Creek", "18", "1156", "21"),
    ("Glendhu River", "310", "1282", "17"),
)


def prose(x: float, y: float, *, count: int = 36, words: Sequence[str] = SENTENCES) -> list[Words]:
    return paragraph(x, y, [words[at % len(words)] for at in range(count)])


def table(x: float, y: float) -> list[Words]:
    rows = [Words(x + 110 * at, y + 14 * row, cell) for row, cells in enumerate(TABLE) for at, cell in enumerate(cells)]
    return [Words(x, y - 24, "Table 1: Sites of all catchments that were studied"), *rows]


def turned(words: Sequence[Words], matrix: bytes) -> bytes:
    """The words, painted as on a page of their own that ``matrix`` turns; in points from its top left."""
    height = 612 if matrix in (UP, DOWN) else 792
    return b"q " + matrix + b" cm\n" + content_of([word._replace(y=word.y + 792 - height) for word in words]) + b"\nQ"


def table_of(document: Document) -> Block:
    (found,) = (block for block in document.blocks if block.kind == "table")
    return found


def place_of(block: Block, words: str) -> Line:
    return next(line for line in block.lines if words in block.text[line.start : line.end])


@pytest.mark.parametrize("matrix", [UP, DOWN])
def test_a_table_that_stands_sideways_is_read_and_its_cells_lie_where_they_are_printed(matrix: bytes) -> None:
    aside = turned(table(100, 200), matrix) + b"\n" + content_of([Words(300, 40, "2")])
    document = read_pdf(pdf_of([prose(72, 90), aside, prose(72, 90)]), max_pages=9)
    read = table_of(document)
    assert read.text.splitlines()[1].split(" | ") == list(TABLE[1])
    assert read.page == 2
    cell = place_of(read, "1156")
    # At x 320, 242 from the top of the turned page: up the page from its foot, or down from its head.
    across, along = (242, 792 - 320) if matrix == UP else (612 - 242, 320)
    assert cell.x0 - 2 <= across <= cell.x1 + 2
    assert cell.y0 - 2 <= along <= cell.y1 + 2
    assert document.fulltext.state == "full"


@pytest.mark.parametrize("matrix", [UP, DOWN])
def test_a_table_turned_under_an_upright_caption_is_read(matrix: bytes) -> None:
    caption = Words(72, 60, "Table 1: Sites of all catchments that were studied")
    aside = turned(table(100, 200)[1:], matrix) + b"\n" + content_of([caption, *prose(72, 640, count=6)])
    read = table_of(read_pdf(pdf_of([prose(72, 90), aside]), max_pages=9))
    assert [row.split(" | ") for row in read.text.splitlines()] == [list(row) for row in TABLE]


def test_turned_labels_under_the_caption_of_a_figure_are_no_table() -> None:
    ticks = [Words(100 + 150 * k, 100 + 14 * at, f"Kind {at}{k}") for at in range(8) for k in range(2)]
    caption = Words(72, 500, "Figure 1: Kinds of all catchments that were studied")
    page = turned(ticks, UP) + b"\n" + content_of([caption, *prose(72, 540, count=9)])
    document = read_pdf(pdf_of([page, prose(72, 90)]), max_pages=9)
    assert not any(block.kind == "table" for block in document.blocks)


def test_heads_that_run_upwards_name_their_columns() -> None:
    rules = b"\n".join(b"72 %d 328 0.5 re f" % y for y in (690, 620, 550))
    heads = turned([Words(630, 182 + 60 * n, name) for n, name in enumerate(("Rain fall", "Area", "Age"))], UP)
    words = [Words(72, 80, "Table 1: Sites of all catchments that were studied"), Words(72, 162, "Site")]
    for row, name in enumerate(("Elm", "Fir", "Oak", "Yew")):
        words += [
            Words(72, 186 + 14 * row, name),
            *(Words(170 + 60 * n, 186 + 14 * row, f"{row}.{n}") for n in range(3)),
        ]
    page = rules + b"\n" + heads + b"\n" + content_of([*words, *prose(72, 300, count=20)])
    read = table_of(read_pdf(pdf_of([page, prose(72, 90)]), max_pages=9))
    assert [row.split(" | ") for row in read.text.splitlines()[:2]] == [
        ["Site", "Rain fall", "Area", "Age"], ["Elm", "0.0", "0.1", "0.2"],
    ]  # fmt: skip


@pytest.mark.parametrize("matrix", [UP, DOWN, HEADLONG])
def test_pages_that_stand_sideways_are_read_as_upright_ones(matrix: bytes) -> None:
    upright = read_pdf(pdf_of([prose(72, 90), prose(72, 90)]), max_pages=9)
    lying = [turned(prose(72, 90), matrix)] * 2
    if matrix != HEADLONG:
        upright = read_pdf(pdf_of([prose(72, 90)] * 2, page_entries="/MediaBox [0 180 792 792]"), max_pages=9)
    assert read_pdf(pdf_of(lying), max_pages=9).text == upright.text


def test_labels_of_an_axis_and_a_stamp_in_the_margin_are_no_text() -> None:
    ticks = [Words(100, 100 + 14 * at, f"Category {at}") for at in range(20)]
    stamp = [Words(90, 600, "Downloaded by a library on a day of some year and printed up the side of each page")]
    page = turned(ticks, UP) + b"\n" + turned(stamp, UP) + b"\n" + content_of(prose(200, 300, count=9))
    document = read_pdf(pdf_of([page, prose(72, 90)]), max_pages=9)
    assert "Category" not in document.text
    assert "Downloaded" not in document.text
    assert document.dropped["rotated"] >= 20


def spread(number: int, *, left: str, right: str) -> list[Words]:
    """Two pages of a book on one sheet of 792 by 612 points, with their numbers at the foot."""
    short = [(f"{left} text of a page that ends", "within its own half of a sheet"),
             (f"{right} text of a page that ends", "within its own half of a sheet")]  # fmt: skip
    sides = [paragraph(x, 240, [words[at % 2] for at in range(24)]) for x, words in zip((60, 450), short, strict=True)]
    return [*sides[0], *sides[1], Words(200, 770, str(number)), Words(590, 770, str(number + 1))]


def test_two_pages_on_one_sheet_are_read_one_after_the_other() -> None:
    sheets = [spread(10, left="first", right="second"), spread(12, left="third", right="fourth")]
    document = read_pdf(pdf_of(sheets, page_entries="/MediaBox [0 0 792 612]"), max_pages=9)
    order = [document.text.index(word) for word in ("first text", "second text", "third text", "fourth text")]
    assert order == sorted(order)
    assert document.text.rindex("first text") < order[1]
    assert document.page_labels == ("10–11", "12–13")
    block = next(block for block in document.blocks if "second text" in block.text)
    line = place_of(block, "second text")
    assert (line.page, round(line.x0)) == (1, 450)
    assert not any(block.text.strip() in ("10", "11", "12", "13") for block in document.blocks)


def test_a_wide_page_with_one_number_is_one_page() -> None:
    page = [word for word in spread(10, left="first", right="second") if word.text != "10"]
    document = read_pdf(pdf_of([page] * 3, page_entries="/MediaBox [0 0 792 612]"), max_pages=9)
    assert document.pages == 3
    assert all(line.page <= 3 for block in document.blocks for line in block.lines)
