"""What a first page says of the paper is read, and what it does not clearly say stays unsaid."""

from __future__ import annotations

import pytest

from kb.parsing.frontmatter import FileFacts, is_front_matter, mark_front, read_front, run_in_length
from kb.parsing.layout import PageLayout
from kb.records import Block, Metadata
from tests.printed_pages import BODY, BOLD, ITALIC, Printed, glyphs_of, laid_out, line_of, prose

TITLE = BOLD._replace(size=16.0)
ABSTRACT = "We present a method for the evaluation of widgets in large collections that needs no annotation. " * 2
INTRODUCTION = Block(kind="heading", text="1 Introduction", start=0, page=1)


def said(*, data: bytes = b"", **information: str) -> FileFacts:
    return FileFacts(links=(), information=information, data=data)


def first_page(*above: Printed) -> list[Printed]:
    return [*above, Printed(280, 180, "Abstract", BOLD), *prose(110, 200, 6, chars=80), *prose(72, 300, 25)]


def front_of(
    page: list[Printed], *, says: FileFacts | None = None, blocks: tuple[Block, ...] = (INTRODUCTION,)
) -> Metadata:
    pages, body = laid_out(page)
    mark_front(pages, body=body)
    return read_front(
        pages, says or said(), body=body, blocks=blocks, join=lambda lines: " ".join(line.text for line in lines)
    )


def marked(pages: list[PageLayout]) -> list[str]:
    return [placed.line.text for placed in pages[0].placed if placed.role == "front"]


def test_what_stands_above_the_abstract_is_front_matter() -> None:
    pages, body = laid_out(
        first_page(Printed(150, 80, "A Title in Large Type", TITLE), Printed(250, 110, "Ada Lovelace"))
    )
    mark_front(pages, body=body)
    assert marked(pages) == ["A Title in Large Type", "Ada Lovelace"]


def test_a_page_that_begins_with_text_has_no_front_matter() -> None:
    pages, body = laid_out(prose(72, 100, 40))
    mark_front(pages, body=body)
    assert marked(pages) == []


def test_title_and_authors_are_read_from_their_lines() -> None:
    page = first_page(
        Printed(150, 80, "A Title in Large Type", TITLE),
        Printed(150, 98, "over Two Lines", TITLE),
        Printed(230, 120, "Ada Lovelace, Alan M. Turing", ITALIC),
    )
    front = front_of(page)
    assert front.title == "A Title in Large Type over Two Lines"
    assert front.authors == ("Ada Lovelace", "Alan M. Turing")


def test_a_banner_in_larger_type_is_not_the_title() -> None:
    banner = Printed(150, 60, "Research Article", TITLE._replace(size=20.0))
    assert (
        front_of(first_page(banner, Printed(150, 100, "A Title in Large Type", TITLE))).title == "A Title in Large Type"
    )


def test_where_no_line_is_clearly_a_name_there_are_no_authors() -> None:
    page = first_page(Printed(150, 80, "A Title in Large Type", TITLE), Printed(200, 120, "Draft of 3 May 2021"))
    assert front_of(page).authors is None


@pytest.mark.parametrize(
    ("says", "ids", "version"),
    [
        (said(arXivID="2401.01234v2"), ("arxiv:2401.01234",), 2),
        (said(DOI="10.1000/xyz123"), ("doi:10.1000/xyz123",), None),
        (said(data=b"<x:xmpmeta>arXiv:2401.01234v3</x:xmpmeta>"), ("arxiv:2401.01234",), 3),
        (said(arXivID="no id at all"), (), None),
    ],
)
def test_ids_that_the_file_states_of_itself_are_read(
    says: FileFacts, ids: tuple[str, ...], version: int | None
) -> None:
    front = front_of(first_page(Printed(150, 80, "A Title in Large Type", TITLE)), says=says)
    assert (front.ids, front.version) == (ids, version)


def test_two_different_dois_on_the_first_page_are_none() -> None:
    one, other = Printed(72, 740, "doi: 10.1000/one.1"), Printed(72, 752, "doi: 10.1000/two.2")
    page = first_page(Printed(150, 80, "A Title in Large Type", TITLE))
    assert front_of([*page, one]).ids == ("doi:10.1000/one.1",)
    assert front_of([*page, one, other]).ids == ()


def test_the_abstract_is_the_text_below_its_heading_up_to_the_keywords() -> None:
    blocks = (
        Block(kind="heading", text="Abstract", start=0, page=1, section=("Abstract",)),
        Block(kind="paragraph", text=ABSTRACT.strip(), start=0, page=1, section=("Abstract",)),
        Block(kind="paragraph", text="Keywords: widgets", start=0, page=1, section=("Abstract",)),
        INTRODUCTION,
    )
    assert front_of(first_page(), blocks=blocks).abstract == ABSTRACT.strip()


def test_a_few_words_are_no_abstract() -> None:
    short = Block(kind="paragraph", text="To be written.", start=0, page=1, section=("Abstract",))
    page = [Printed(280, 180, "Abstract", BOLD), Printed(110, 200, "To be written."), *prose(72, 300, 25)]
    assert front_of(page, blocks=(short, INTRODUCTION)).abstract is None


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("Abstract—We present a method of some use", len("Abstract—")),
        ("Abstract. We present a method of some use", len("Abstract. ")),
        ("Abstract algebra is a field with a long history", 0),
        ("Abstract", 0),
    ],
)
def test_the_word_abstract_before_its_text_is_a_label(text: str, length: int) -> None:
    assert run_in_length(line_of(Printed(72, 100, text))) == length


def test_a_bold_word_abstract_needs_no_sign_after_it() -> None:
    from kb.parsing.page import build_lines

    word, rest = Printed(72, 100, "Abstract ", BODY._replace(bold=True)), Printed(112.5, 100, "We present a method")
    (line,) = build_lines([*glyphs_of(word), *glyphs_of(rest)], page=1)
    assert run_in_length(line) == len("Abstract ")


@pytest.mark.parametrize(
    ("text", "is_front"),
    [
        ("Keywords: widgets, evaluation", True),
        ("ACM Reference Format: Ada Lovelace. 2020.", True),
        ("Permission to make digital or hard copies of all or part of this work", True),
        ("Keywords of the queries are matched by their stems", False),
        ("Permission was granted by the board", False),
    ],
)
def test_keywords_and_permissions_are_no_prose(text: str, is_front: bool) -> None:
    assert is_front_matter(line_of(Printed(72, 100, text))) is is_front
    assert not is_front_matter(line_of(Printed(72, 100, text), page=3))
