"""A table of contents is no text of the paper; what only looks like its first line is."""

from __future__ import annotations

from kb.parsing.roles import mark_contents
from tests.printed_pages import BOLD, Printed, laid_out, prose

DOTS = " . . . . . . . . . . . . . . . "


def contents(y: float, count: int) -> list[Printed]:
    return [Printed(72, y + 14 * at, f"{at + 1} Part{DOTS}{3 * at + 2}") for at in range(count)]


def marked(*pages: list[Printed]) -> list[list[str]]:
    layouts, _ = laid_out(*pages)
    mark_contents(layouts)
    return [[placed.line.text for placed in page.placed if placed.role == "contents"] for page in layouts]


def test_the_title_and_its_entries_are_contents_and_the_text_below_is_not() -> None:
    (found,) = marked([Printed(72, 100, "Contents", BOLD), *contents(130, 6), *prose(72, 300, 20)])
    assert found[0] == "Contents"
    assert len(found) == 7


def test_a_list_goes_on_over_the_page() -> None:
    pages = marked(
        [Printed(72, 100, "Table of Contents", BOLD), *contents(130, 40)],
        [*contents(100, 12), Printed(72, 300, "Introduction", BOLD), *prose(72, 330, 20)],
    )
    assert len(pages[0]) == 41
    assert len(pages[1]) == 12


def test_a_section_with_that_name_and_sentences_below_it_is_text() -> None:
    assert marked([Printed(72, 100, "Contents", BOLD), *prose(72, 130, 30)]) == [[]]
