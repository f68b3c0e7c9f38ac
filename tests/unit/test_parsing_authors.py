"""Authors are read in order, with their marks; what is not clearly a name is none."""

from __future__ import annotations

from kb.parsing.authors import read_affiliation, read_authors
from kb.parsing.glyphs import Glyph, Style
from kb.parsing.layout import PageLayout, Placed
from kb.parsing.lines import build_lines

TITLE = Style(font="Times-Bold", size=16.0, bold=True, italic=False, upright=True)
NAME = Style(font="Times-Bold", size=12.0, bold=True, italic=False, upright=True)
PLAIN = Style(font="Times", size=10.0, bold=False, italic=False, upright=True)
PAGE = PageLayout(number=1, width=612, height=792)


def printed(*rows: tuple[str, Style]) -> tuple[list[Placed], list[Placed]]:
    """Front matter and its title lines; ``^x`` in a row is the raised mark x, what follows ``~`` is set plain."""
    found: list[Placed] = []
    for order, (text, style) in enumerate(rows):
        glyphs, x, up = [], 72.0, False
        for char in text:
            if char == "^":
                up = True
                continue
            if char == "~":
                style = PLAIN
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


def test_names_in_capitals_before_their_institutions_are_read_line_by_line() -> None:
    rows = [
        ("ADA LOVELACE, ~Analytical Society, UK", NAME),
        ("KURT VAN DER BERG and LI WU, ~University of Examples", NAME),
    ]
    front, title = printed(("A Study of Things", TITLE), *rows)
    found = read_authors(front, title=title, stated="")
    assert found == ("Ada Lovelace", "Kurt van der Berg", "Li Wu")
    affiliation = read_affiliation(PAGE, front, title=title, authors=found)
    assert affiliation is not None
    assert affiliation.text == "Analytical Society, UK"


def test_a_name_broken_at_the_end_of_a_line_is_whole_again() -> None:
    rows = [("Ada Lovelace, Member, IEEE, Alan Turing, and Jan van", NAME), ("der Waals, Kurt Gödel", NAME)]
    assert authors(*rows) == ("Ada Lovelace", "Alan Turing", "Jan van der Waals", "Kurt Gödel")


def test_a_note_that_says_who_is_where_gives_the_affiliation() -> None:
    front, title = printed(("A Study of Things", TITLE), ("Ada Lovelace and Alan Turing", NAME))
    notes, _ = printed(
        ("A. Turing is with King’s College, Cambridge, U.K. A. Lovelace is with the Analyt\xad", PLAIN),
        ("ical Society, London, U.K. (e-mail: ada@example.org).", PLAIN),
    )
    for note in notes:
        note.role = "footnote"
    page = PageLayout(number=1, width=612, height=792, placed=[*front, *notes])
    affiliation = read_affiliation(page, front, title=title, authors=("Ada Lovelace", "Alan Turing"))
    assert affiliation is not None
    assert affiliation.text == "Analytical Society, London, U.K."


def test_a_department_is_named_with_the_university_below_it() -> None:
    rows = [("Ada Lovelace", NAME), ("Dept. of Engines", PLAIN), ("University of Examples", PLAIN), ("London", PLAIN)]
    front, title = printed(("A Study of Things", TITLE), *rows)
    affiliation = read_affiliation(PAGE, front, title=title, authors=("Ada Lovelace",))
    assert affiliation is not None
    assert affiliation.text == "Dept. of Engines, University of Examples"
