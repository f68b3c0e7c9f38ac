"""A numbered title that runs into its paragraph is a heading; a numbered sentence or theorem is not."""

from __future__ import annotations

from kb.parsing.glyphs import Style
from kb.parsing.headings import split_run_in_headings
from kb.parsing.layout import PageLayout as Page
from kb.parsing.layout import Placed, lay_out
from kb.parsing.page import build_lines
from tests.printed_pages import BODY, BOLD, HEIGHT, ITALIC, WIDTH, Printed, glyphs_of, line_of, prose


def split(lead: str, rest: str, style: Style) -> list[Placed]:
    """A page of prose whose first line begins with ``lead`` in a style of its own."""
    style = style._replace(size=BODY.size)
    first = [*glyphs_of(Printed(72, 100, lead, style)), *glyphs_of(Printed(72 + 4.5 * len(lead), 100, rest, BODY))]
    page = Page(number=1, width=WIDTH, height=HEIGHT)
    lines = [*build_lines(first, page=1), *(line_of(printed) for printed in prose(72, 112, 20))]
    body = lay_out([page], [lines])
    split_run_in_headings([page], body=body)
    return page.placed


def test_the_title_and_the_text_after_it_become_two_lines() -> None:
    title, rest, *_ = split("3.1. Data sets. ", "We use what others made and say so.", BOLD)
    assert (title.line.text, title.is_run_in) == ("3.1. Data sets", True)
    assert (rest.line.text, rest.is_run_in) == ("We use what others made and say so.", False)
    assert title.line.x1 <= rest.line.x0


def test_a_question_keeps_its_mark_and_an_italic_title_of_a_part_counts() -> None:
    assert split("4.2 What matters? ", "All of it matters here.", BOLD)[0].line.text == "4.2 What matters?"
    assert split("1) Sparse heads: ", "They are few and far between.", ITALIC)[0].is_run_in


def test_items_theorems_and_plain_sentences_stay_whole() -> None:
    assert not split("1) No row ids. ", "We do not use them at all here.", BOLD)[0].is_run_in
    assert not split("3.1. Theorem. ", "Let every widget be finite here.", BOLD)[0].is_run_in
    assert not split("3.1. Data sets. ", "We use what others made here.", BODY)[0].is_run_in
    assert not split("Data sets. ", "We use what others made and say so.", BOLD)[0].is_run_in
