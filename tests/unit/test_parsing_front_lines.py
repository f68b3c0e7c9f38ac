"""Lines of a first page are judged by form and place: whoever is named, whatever the paper is about."""

from __future__ import annotations

import pytest

from kb.parsing.first_page import line_kinds
from kb.parsing.references import hashed
from tests.printed_pages import BODY, BOLD, ITALIC, Printed, laid_out, prose

TITLE = BOLD._replace(size=17.0)
NAME = BODY._replace(size=12.0)


def kinds(*lines: Printed) -> list[str]:
    """What the lines above two columns of text are."""
    (page,), body = laid_out([*lines, *prose(72, 330, 30)])
    told = {placed.line.text: kind for placed, kind in line_kinds(page, body=body)}
    return [told[line.text] for line in lines]


@pytest.mark.parametrize("name", ["Ada Lovelace", "Nguyễn Văn An", "K. T. Obi", "Jan van der Velde"])
@pytest.mark.parametrize("topic", ["Small Engines in Large Gardens", "On the Weaving of Patterns by Machines"])
def test_title_author_and_place_are_told_whoever_and_whatever_they_name(name: str, topic: str) -> None:
    said = kinds(
        Printed(180, 100, topic, TITLE),
        Printed(270, 135, name, NAME),
        Printed(220, 152, "Department of Engines, University of Examples", BODY),
    )
    assert said == ["title", "author", "place"]


def test_a_line_of_volume_year_and_pages_is_an_imprint() -> None:
    said = kinds(
        Printed(72, 40, "Journal of Examples 14 (2013) 221–230", BODY._replace(size=8.0)),
        Printed(180, 100, "Small Engines in Large Gardens", TITLE),
        Printed(270, 135, "Ada Lovelace", NAME),
    )
    assert said == ["imprint", "title", "author"]


def test_nothing_is_said_of_a_page_in_a_script_without_blanks() -> None:
    (page,), body = laid_out(
        [Printed(100, 80 + 14 * row, "自动微分以及它在物理模拟中的应用", ITALIC) for row in range(9)]
    )
    assert line_kinds(page, body=body) == []


def test_features_are_hashed_alike_everywhere() -> None:
    assert hashed(["k", "w2"], buckets=16) == [13, 14]
