"""A file is not a paper: covers stand before it, other papers behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.parsing.document import read_pdf
from tests.pdf_writer import Words, paragraph, pdf_of

TITLE = "Forests and the Flow of Rivers"
PROSE = [
    "The catchments were planted with trees in the first years of the trial and",
    "their runoff was measured at weirs below them every day for twenty years so",
    "that low flows and high flows can be compared with those of open country.",
]


def first_page(title: str, author: str) -> list[Words]:
    return [
        Words(120, 90, title, 18, "F2"), Words(200, 120, author, 11), Words(72, 160, "Abstract", 12, "F2"),
        *paragraph(72, 180, PROSE * 3), Words(72, 320, "1 Introduction", 12, "F2"), *paragraph(72, 340, PROSE * 8),
    ]  # fmt: skip


def last_page() -> list[Words]:
    entries = [f"[{at}] A. Author. A paper of many words. Journal of Rivers, 20{at:02d}." for at in range(1, 9)]
    return [*paragraph(72, 90, PROSE * 4), Words(72, 260, "References", 12, "F2"), *paragraph(72, 280, entries)]


def cover(*, font: str) -> list[Words]:
    return [
        Words(72, 80, "Repository of a University", 12, font), Words(72, 120, TITLE, 16, font),
        Words(72, 160, f"Author, J. 2014, '{TITLE}', Journal of Rivers.", 10, font),
        Words(72, 200, "https://example.org/records/12", 10, font),
    ]  # fmt: skip


def test_a_cover_is_no_page_of_the_paper() -> None:
    paper = [first_page(TITLE, "Jane Doe"), last_page()]
    document = read_pdf(pdf_of([cover(font="F3"), *paper]), max_pages=9)
    assert "Repository" not in document.text
    assert document.front.title == TITLE
    assert document.front.authors == ("Jane Doe",)
    assert document.pages == 3
    assert min(block.page or 0 for block in document.blocks) == 2
    assert document.text == read_pdf(pdf_of(paper), max_pages=9).text


def test_a_title_page_set_like_the_paper_is_a_page_of_it() -> None:
    titled = [Words(120, 90, TITLE, 18, "F2"), Words(200, 130, "Jane Doe", 11), *paragraph(72, 200, PROSE)]
    document = read_pdf(pdf_of([titled, first_page(TITLE, "Jane Doe"), last_page()]), max_pages=9)
    assert min(block.page or 0 for block in document.blocks) == 1


def test_another_paper_in_the_file_is_left_out_and_named() -> None:
    other = first_page("Widgets of Estuaries in Winter", "John Roe")
    pages = [first_page(TITLE, "Jane Doe"), last_page(), other, last_page()]
    document = read_pdf(pdf_of(pages), max_pages=9)
    assert document.fulltext.state == "partial"
    assert "page 3" in (document.fulltext.reason or "")
    assert "Widgets of Estuaries" in (document.fulltext.reason or "")
    assert "Widgets" not in document.text


def test_an_appendix_behind_the_references_is_of_the_paper() -> None:
    appendix = [Words(72, 90, "A Details of All Catchments", 14, "F2"), *paragraph(72, 120, PROSE * 6)]
    document = read_pdf(pdf_of([first_page(TITLE, "Jane Doe"), last_page(), appendix]), max_pages=9)
    assert document.fulltext.state == "full"
    assert "Details of All Catchments" in document.text


@pytest.mark.parametrize("named", ["Supplementary Material", "Details for Those Who Measure", f"More on {TITLE}"])
def test_a_supplement_behind_the_references_is_a_part_under_its_own_title(named: str) -> None:
    supplement = [
        Words(130, 90, named, 18, "F2"), Words(200, 120, "Jane Doe", 11), Words(72, 160, "1 The weirs", 12, "F2"),
        *paragraph(72, 180, PROSE * 3), Words(72, 320, "2 The years", 12, "F2"), *paragraph(72, 340, PROSE * 8),
    ]  # fmt: skip
    document = read_pdf(pdf_of([first_page(TITLE, "Jane Doe"), last_page(), supplement]), max_pages=9)
    assert document.fulltext.state == "full"
    behind = [block for block in document.blocks if block.page == 3]
    assert not any(block.kind == "reference" for block in behind)
    assert [block.section for block in behind if block.kind == "heading"] == [
        (named,), (named, "1 The weirs"), (named, "2 The years"),
    ]  # fmt: skip
    assert len(document.references) == 8
    assert all(block.section[0] != named for block in document.blocks if block.page != 3 and block.section)


@pytest.mark.parametrize("name", ["cover_rg", "cover_repo"])
def test_covers_of_archives_say_nothing_of_the_paper(shared: Path, name: str) -> None:
    path = shared.parent / "cases" / "pdf_variants" / f"{name}.pdf"
    if not path.exists():
        pytest.skip("not here")
    front = read_pdf(path.read_bytes(), max_pages=2).front
    assert front.authors == ("Arman Cohan", "Sergey Feldman", "Iz Beltagy", "Doug Downey", "Daniel S. Weld")
    assert not any(key.startswith("doi:10.13140") for key in front.ids)
    assert "rights" not in (front.venue or "")
