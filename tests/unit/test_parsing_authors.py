"""Authors are read in order, with their marks; what is not clearly a name is none."""

from __future__ import annotations

from kb.parsing.affiliation import read_affiliation
from kb.parsing.authors import read_authors
from kb.parsing.glyphs import Glyph, Style
from kb.parsing.layout import PageLayout, Placed
from kb.parsing.lines import build_lines

TITLE = Style(font="Times-Bold", size=16.0, bold=True, italic=False, upright=True)
NAME = Style(font="Times-Bold", size=12.0, bold=True, italic=False, upright=True)
PLAIN = Style(font="Times", size=10.0, bold=False, italic=False, upright=True)


def printed(*rows: tuple[str, Style]) -> tuple[list[Placed], list[Placed]]:
    """Front matter and its title lines; ``^x`` in a row is the raised mark x."""
    found: list[Placed] = []
    for order, (text, style) in enumerate(rows):
        glyphs, x, up = [], 72.0, False
        for char in text:
            if char == "^":
                up = True
                continue
            shown = style._replace(size=0.7 * style.size) if up else style
            y = 100 + 20 * order - (0.35 * style.size if up else 0)
            glyphs.append(Glyph(char, x, y - shown.size * 0.8, x + 5, y + 0.2 * shown.size, y, shown))
            x, up = x + 5, False
        found += [Placed(line, order=order, role="front") for line in build_lines(glyphs, page=1)]
    return found, [placed for placed in found if placed.line.size == TITLE.size]


def authors(*rows: tuple[str, Style], stated: str = "") -> tuple[str, ...] | None:
    front, title = printed(("A Study of Things", TITLE), *rows)
    return read_authors(front, title=title, stated=stated)


def test_marks_and_conjunctions_part_names() -> None:
    assert authors(("Ada M. Lovelace^1^∗ Alan Turing^2, Kurt Gödel^1 and Jan van der Waals^†", NAME)) == (
        "Ada M. Lovelace",
        "Alan Turing",
        "Kurt Gödel",
        "Jan van der Waals",
    )


def test_affiliations_set_in_other_type_are_no_authors() -> None:
    rows = [("Ada Lovelace", NAME), ("Analytical Society", PLAIN), ("ada@example.org", PLAIN), ("Alan Turing", NAME)]
    assert authors(*rows) == ("Ada Lovelace", "Alan Turing")


def test_lines_set_like_names_that_are_none_make_the_authors_unknown() -> None:
    assert authors(("Ada Lovelace", NAME), ("an unusual remark about engines", NAME)) is None


def test_the_document_information_counts_only_where_the_page_prints_each_name() -> None:
    row = ("Ada Lovelace   — Alan Turing —", NAME)
    assert authors(row, stated="Ada Lovelace; Alan Turing") == ("Ada Lovelace", "Alan Turing")
    assert authors(row, stated="Ada Lovelace; Grace Hopper") is None


def test_the_first_authors_mark_leads_to_the_affiliation() -> None:
    front, title = printed(
        ("A Study of Things", TITLE),
        ("Ada Lovelace^2 Alan Turing^1", NAME),
        ("^1University of Manchester ^2University of London", PLAIN),
    )
    page = PageLayout(number=1, width=612, height=792, placed=front)
    names = read_authors(front, title=title, stated="")
    assert names is not None
    found = read_affiliation(page, front, title=title, authors=names)
    assert found is not None
    assert (found.text, found.page) == ("University of London", 1)
