"""Headings are told from running text by outline, number, name and type, and nest by their numbers."""

from __future__ import annotations

import pytest

from kb.parsing.headings import find_headings
from kb.parsing.page import Graphic, OutlineEntry
from kb.structure import bare_title
from tests.printed_pages import BODY, BOLD, ITALIC, Printed, laid_out, prose


def found(*pages: list[Printed], outline: tuple[OutlineEntry, ...] = ()) -> list[tuple[int, str]]:
    layouts, body = laid_out(*pages)
    return [(heading.level, heading.title) for heading in find_headings(layouts, outline=outline, body=body)]


def sections(*titles: Printed) -> list[Printed]:
    """Running text with a title in each gap."""
    lines: list[Printed] = []
    for at, title in enumerate(titles):
        lines += [*prose(72, 100 + 140 * at, 6), title._replace(y=100 + 140 * at + 100)]
    return [*lines, *prose(72, 100 + 140 * len(titles) - 20, 6)]


def title(text: str, style: object = BOLD) -> Printed:
    return Printed(72, 0, text, style)  # type: ignore[arg-type]


def test_numbers_give_the_levels() -> None:
    page = sections(title("1 Introduction"), title("1.1 Scope of the work"), title("2 Method"))
    assert found(page) == [(0, "1 Introduction"), (1, "1.1 Scope of the work"), (0, "2 Method")]


def test_roman_and_lettered_headings_in_capitals_and_italics_of_the_body_size() -> None:
    page = sections(
        title("II. RELATED WORK", BODY), title("A. Problem statement", ITALIC), title("III. EXPERIMENTS", BODY)
    )
    assert found(page) == [(0, "II. RELATED WORK"), (1, "A. Problem statement"), (0, "III. EXPERIMENTS")]


def test_a_capital_heading_does_not_swallow_the_text_below_it() -> None:
    page = [*prose(72, 100, 8), Printed(72, 220, "IV. EXPERIMENTS"), *prose(72, 233, 8)]
    assert found(page) == [(0, "IV. EXPERIMENTS")]


@pytest.mark.parametrize("text", ["supplementary material.", "experiments", "results and discussion"])
def test_the_last_words_of_a_paragraph_are_no_heading(text: str) -> None:
    assert (
        found([*prose(72, 300, 8), Printed(72, 396, text, BODY)], [Printed(72, 100, text, BODY), *prose(72, 112, 8)])
        == []
    )


@pytest.mark.parametrize(
    "text",
    ["1 is the number of systems that we compare here", "3 of 10 reviewers, however, did not agree", "2020, p. 7"],
)
def test_a_line_of_text_that_begins_with_a_number_is_no_heading(text: str) -> None:
    assert found(sections(title(text, BODY), title("2 Method"))) == [(0, "2 Method")]


def test_a_bold_title_without_number_needs_room_above_and_text_below() -> None:
    page = [*prose(72, 100, 8), Printed(72, 220, "Data collection", BOLD), *prose(72, 240, 8)]
    assert [text for _, text in found(page)] == ["Data collection"]
    cramped = [*prose(72, 100, 8), Printed(72, 196, "Data collection", BOLD), *prose(72, 208, 8)]
    assert found(cramped) == []


def test_words_set_like_the_rest_of_their_page_are_no_heading() -> None:
    sans = BODY._replace(font="Helvetica")
    appendix = [*prose(72, 100, 20, style=sans), Printed(72, 360, "Q Yes", sans), *prose(72, 374, 8, style=sans)]
    assert found(prose(72, 100, 40), prose(72, 100, 40), appendix) == []


def test_the_outline_names_headings_that_their_type_does_not_show() -> None:
    outline = tuple(
        OutlineEntry(level=level, title=text, page=1, y=None)
        for level, text in ((0, "Introduction"), (1, "Quiet words"), (0, "Method"))
    )
    page = sections(title("1 Introduction"), title("1.1 Quiet words", BODY), title("2 Method"))
    assert found(page, outline=outline) == [(0, "1 Introduction"), (1, "1.1 Quiet words"), (0, "2 Method")]


@pytest.mark.parametrize(
    ("printed", "bare"),
    [
        ("3.1 Data", "Data"),
        ("IV. RESULTS", "RESULTS"),
        ("A Proofs", "Proofs"),
        ("Appendix B: More", "More"),
        ("Data", "Data"),
    ],
)
def test_a_bare_title_has_no_number(printed: str, bare: str) -> None:
    assert bare_title(printed) == bare


def test_a_line_in_the_type_kept_for_headings_is_one_wherever_it_stands() -> None:
    first = sections(title("1 Introduction"), title("2 Method"), title("3 Results"))
    last = [Printed(72, 100, "Pictures of attention", BOLD), Printed(200, 300, "a word in a picture")]
    assert found(first, last)[-1] == (0, "Pictures of attention")


def test_the_name_of_a_tables_column_between_rules_is_no_heading() -> None:
    layouts, body = laid_out([*prose(72, 100, 8), Printed(72, 230, "Results", BOLD), *prose(72, 250, 8)])
    assert [heading.title for heading in find_headings(layouts, outline=(), body=body)] == ["Results"]
    layouts, body = laid_out([*prose(72, 100, 8), Printed(72, 230, "Results", BOLD), *prose(72, 250, 8)])
    layouts[0].graphics = [Graphic(kind="path", x0=70, y0=y, x1=400, y1=y + 0.5) for y in (216.0, 235.0)]
    assert find_headings(layouts, outline=(), body=body) == []


def test_a_sentence_that_begins_with_a_single_letter_before_numbered_sections_is_no_appendix() -> None:
    page = sections(title("1 Introduction"), title("A Document that holds symbols"), title("2 Method"))
    assert [text for _, text in found(page)] == ["1 Introduction", "2 Method"]


def test_parts_below_sections_in_capitals_are_one_level_deeper() -> None:
    page = sections(title("EXPERIMENTS"), title("Results"), title("CONCLUSION"))
    assert found(page) == [(0, "EXPERIMENTS"), (1, "Results"), (0, "CONCLUSION")]
