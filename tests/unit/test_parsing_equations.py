"""Display equations: told from text by form and place, with their numbers, rows and parts."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kb.parsing.equations import find_displays, in_order, number_apart
from tests.printed_pages import BODY, ITALIC, Printed, laid_out, line_of, prose

MATHS = BODY._replace(font="CMMI10", italic=True)
INDEX = MATHS._replace(size=7.0)
LEFT, RIGHT = 100.0, 550.0  # of the running text


def found(*printed: Printed) -> list[tuple[str | None, str]]:
    """Numbers and texts of the displays between two paragraphs."""
    page = [*prose(LEFT, 100, 5), *printed, *prose(LEFT, 300, 5)]
    layouts, body = laid_out(page)
    displays = find_displays(layouts[0], body=body)
    told = [in_order([placed.line for placed in display]) for display in displays]
    return [(label, " ".join(line.text for line in own)) for label, own, _ in told]


def number(text: str, y: float = 180, *, x: float = RIGHT - 13.5) -> Printed:
    """A number at the right margin."""
    return Printed(x, y, text)


def test_signs_set_in_between_paragraphs_are_a_display() -> None:
    assert found(Printed(280, 180, "a = b + c", MATHS)) == [(None, "a = b + c")]


@pytest.mark.parametrize(
    ("printed", "label"),
    [("(3)", "3"), ("(3.1)", "3.1"), ("(A.2)", "A.2"), ("(12a)", "12a"), ("[7]", "7"), ("(3′)", "3′"), ("（4）", "4"),
     ("(S1)", "S1")],
)  # fmt: skip
def test_what_stands_in_brackets_at_the_margin_is_its_number(printed: str, label: str) -> None:
    at = number(printed, x=RIGHT - 4.5 * len(printed))
    assert found(Printed(280, 180, "a = b + c", MATHS), at) == [(label, "a = b + c")]


def test_a_number_may_stand_on_the_left() -> None:
    assert found(Printed(280, 180, "a = b + c", MATHS), number("(3)", x=LEFT)) == [("3", "a = b + c")]


def test_a_number_makes_an_equation_of_words() -> None:
    said = "Precision = right over found"
    assert found(Printed(200, 180, said), number("(3)")) == [("3", said)]
    assert found(Printed(LEFT, 180, said), number("(3)")) == [("3", said)]  # set at the margin


def test_the_parts_of_a_fraction_and_its_limits_are_one_display() -> None:
    parts = [Printed(300, 175, "a + b", MATHS), Printed(280, 182, "y =", MATHS), Printed(308, 189, "c", MATHS),
             Printed(305, 197, "i = 1", INDEX)]  # fmt: skip
    ((label, text),) = found(*parts)
    assert label is None
    assert sorted(text.split()) == sorted("a + b y = c i = 1".split())


def test_rows_with_numbers_are_an_equation_each_and_rows_without_are_of_the_next() -> None:
    rows = [Printed(280, 170, "a = b", MATHS), number("(1)", 170), Printed(280, 188, "c = d", MATHS),
            Printed(300, 206, "+ e", MATHS), number("(2)", 206)]  # fmt: skip
    assert found(*rows) == [("1", "a = b"), ("2", "c = d + e")]


def test_rows_behind_a_number_on_the_left_are_of_it() -> None:
    rows = [number("(1)", 170, x=LEFT), Printed(280, 170, "a = b", MATHS), Printed(300, 188, "+ e", MATHS),
            number("(2)", 206, x=LEFT), Printed(280, 206, "c = d", MATHS)]  # fmt: skip
    assert found(*rows) == [("1", "a = b + e"), ("2", "c = d")]


def test_displays_with_text_between_are_several() -> None:
    rows = [Printed(280, 176, "a = b", MATHS), Printed(LEFT, 200, "and"), Printed(280, 224, "c = d", MATHS)]
    assert found(*rows) == [(None, "a = b"), (None, "c = d")]


@pytest.mark.parametrize(
    "printed",
    [
        [Printed(LEFT, 160, "of x.")],
        [Printed(LEFT, 160, "x = 1.", MATHS)],  # a paragraph that ends in signs
        [Printed(LEFT, 180, "where x is how many there are of all.")],
        [Printed(200, 180, "A line of words in the middle of its column", ITALIC)],
        [Printed(LEFT + 10, 180, "• an item of a list with a = b in it")],
        [Printed(280, 180, "*")],
        [Printed(LEFT, 180, "as we have seen in the equation above and shall see in the others, see (3)")],
    ],
    ids=["end", "end in signs", "where", "centred words", "item", "sign", "pointer"],
)
def test_what_is_text_is_no_display(printed: Sequence[Printed]) -> None:
    assert found(*printed) == []


def test_a_fraction_within_a_line_of_text_is_of_that_line() -> None:
    page = [*prose(LEFT, 100, 6), Printed(250, 118.5, "a", INDEX), Printed(250, 127, "b = c", INDEX)]
    layouts, body = laid_out(page)
    assert find_displays(layouts[0], body=body) == []


def test_a_number_needs_room_before_it_where_words_stand() -> None:
    assert number_apart(line_of(Printed(100, 100, "as in (3)")))[0] is None
    assert number_apart(line_of(Printed(100, 100, "x , (3)", MATHS)))[0] == "3"
    assert number_apart(line_of(Printed(100, 100, "(3)")))[0] == "3"
