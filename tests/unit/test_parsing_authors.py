"""Authors are read in order, with their marks; what is not clearly a name is none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kb.parsing.affiliations import read_affiliations
from kb.parsing.authors import read_authors
from kb.parsing.first_page import kind_of
from kb.parsing.glyphs import Glyph, Style
from kb.parsing.layout import LineKind, PageLayout, Placed
from kb.parsing.page import build_lines

TITLE = Style(font="Times-Bold", size=16.0, bold=True, italic=False, upright=True)
NAME = Style(font="Times-Bold", size=12.0, bold=True, italic=False, upright=True)
PLAIN = Style(font="Times", size=10.0, bold=False, italic=False, upright=True)
SMALL = PLAIN._replace(size=7.0)


def printed(*rows: tuple[str, Style]) -> tuple[list[Placed], list[Placed]]:
    """Front matter and its title lines; ``^x`` in a row is the raised mark x, what follows ``~`` is set plain."""
    found: list[Placed] = []
    top = 100.0
    for order, (text, style) in enumerate(rows):
        top += 1.6 * style.size
        if not text:
            continue
        glyphs, x, up = [], 72.0, False
        for char in text:
            if char == "^":
                up = True
                continue
            if char == "~":
                style = PLAIN
                continue
            shown = style._replace(size=0.7 * style.size) if up else style
            y = top - (0.35 * style.size if up else 0)
            glyphs.append(Glyph(char, x, y - shown.size * 0.8, x + 5, y + 0.2 * shown.size, y, shown))
            x, up = x + 5, False
        found += [Placed(line, order=order, role="front") for line in build_lines(glyphs, page=1)]
    return found, [placed for placed in found if placed.line.size == TITLE.size]


def authors(*rows: tuple[str, Style], stated: str = "") -> tuple[str, ...] | None:
    front, title = printed(("A Study of Things", TITLE), *rows)
    return read_authors(front, title=title, stated=stated)


def pairs(
    *rows: tuple[str, Style], notes: Sequence[tuple[str, Style]] = (), body_size: float = 10.0
) -> list[tuple[str, tuple[str, ...]]]:
    """Each affiliation that is read and whose it is."""
    front, title = printed(("A Study of Things", TITLE), *rows)
    below, _ = printed(*[("", PLAIN)] * 12, *notes) if notes else ([], [])
    for note in below:
        note.role = "footnote"
    page = PageLayout(number=1, width=612, height=792, placed=[*front, *below])
    names = read_authors(front, title=title, stated="")
    assert names is not None
    found = read_affiliations([page], front, title=title, authors=names, body_size=body_size)
    assert {one.page for one in found} <= {1}
    return [(one.text, one.authors) for one in found]


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


def test_marks_lead_to_the_affiliations_of_all_authors() -> None:
    rows = [
        ("Ada Lovelace^2 Alan Turing^1^,^2", NAME),
        ("^1University of Manchester ^2University of London", PLAIN),
    ]
    assert pairs(*rows) == [
        ("University of London", ("Ada Lovelace", "Alan Turing")),
        ("University of Manchester", ("Alan Turing",)),
    ]


def test_letters_tie_and_signs_are_remarks_where_most_places_have_letters() -> None:
    rows = [
        ("Ada Lovelace ^a^,^*, Kurt Gödel ^b", NAME),
        ("^a Analytical Institute, London, UK", PLAIN),
        ("^b University of Vienna, Austria", PLAIN),
        ("^* Corresponding author", PLAIN),
    ]
    assert pairs(*rows) == [
        ("Analytical Institute, London, UK", ("Ada Lovelace",)),
        ("University of Vienna, Austria", ("Kurt Gödel",)),
    ]


def test_marks_behind_commas_and_behind_places_tie_too() -> None:
    rows = [
        ("Ada Lovelace,^† Alan Turing,^‡ and Kurt Gödel^*,^‡", NAME),
        ("University of London^†", PLAIN),
        ("Princeton University^‡", PLAIN),
    ]
    assert pairs(*rows) == [
        ("University of London", ("Ada Lovelace",)),
        ("Princeton University", ("Alan Turing", "Kurt Gödel")),
    ]


def test_a_place_that_goes_on_below_is_one_and_its_mail_is_no_part_of_it() -> None:
    rows = [
        ("Ada Lovelace^1 and Alan Turing^2", NAME),
        ("^1Department of Computing Machinery and Engines, University of London, and", PLAIN),
        ("the Royal Institution, UK", PLAIN),
        ("^2University of Manchester, turing@example.org", PLAIN),
    ]
    assert pairs(*rows) == [
        (
            "Department of Computing Machinery and Engines, University of London, and the Royal Institution, UK",
            ("Ada Lovelace",),
        ),
        ("University of Manchester", ("Alan Turing",)),
    ]


def test_places_of_marks_may_stand_in_small_print_at_the_foot() -> None:
    rows = [("Ada Lovelace^1, Alan Turing^2", NAME)]
    notes = [("^1University of London, London, UK. ^2University of", SMALL), ("Manchester, Manchester, UK.", SMALL)]
    assert pairs(*rows, notes=notes) == [
        ("University of London, London, UK", ("Ada Lovelace",)),
        ("University of Manchester, Manchester, UK", ("Alan Turing",)),
    ]


def test_in_a_grid_each_has_what_stands_below_the_name() -> None:
    rows = [
        ("Ada Lovelace          Alan Turing", NAME),
        ("University of London     Google Research", PLAIN),
        ("ada@example.org          alan@example.org", PLAIN),
    ]
    assert pairs(*rows) == [("University of London", ("Ada Lovelace",)), ("Google Research", ("Alan Turing",))]


def test_authors_without_mark_have_the_place_without_mark() -> None:
    rows = [("Ada Lovelace, Alan Turing^†", NAME), ("University of London", PLAIN), ("^†Princeton University", PLAIN)]
    assert pairs(*rows) == [
        ("University of London", ("Ada Lovelace",)),
        ("Princeton University", ("Alan Turing",)),
    ]


def test_identifiers_and_degrees_beside_names_are_no_part_of_them() -> None:
    row = ("Prof. Dr. Ada Lovelace [0000-0002-1825-0097], Alan Turing, PhD, and Kurt Gödel 1,2*", NAME)
    assert authors(row) == ("Ada Lovelace", "Alan Turing", "Kurt Gödel")


def test_names_glued_to_their_initials_and_names_of_two_han_are_names() -> None:
    assert authors(("Yu.A.Pusep^1, L.Fernandes dos Santos^1", NAME)) == ("Yu.A.Pusep", "L.Fernandes dos Santos")
    assert authors(("张三^1，李四^1，王五^2", NAME)) == ("张三", "李四", "王五")


def test_names_in_capitals_before_their_institutions_are_read_line_by_line() -> None:
    rows = [
        ("ADA LOVELACE, ~University of London, UK", NAME),
        ("KURT VAN DER BERG and LI WU, ~University of Examples", NAME),
    ]
    front, title = printed(("A Study of Things", TITLE), *rows)
    assert read_authors(front, title=title, stated="") == ("Ada Lovelace", "Kurt van der Berg", "Li Wu")
    assert pairs(rows[0]) == [("University of London, UK", ("Ada Lovelace",))]


def test_a_place_in_brackets_behind_the_name_is_the_affiliation() -> None:
    assert pairs(("Ada Lovelace (London)", NAME)) == [("London", ("Ada Lovelace",))]


def test_a_name_broken_at_the_end_of_a_line_is_whole_again() -> None:
    rows = [("Ada Lovelace, Member, IEEE, Alan Turing, and Jan van", NAME), ("der Waals, Kurt Gödel", NAME)]
    assert authors(*rows) == ("Ada Lovelace", "Alan Turing", "Jan van der Waals", "Kurt Gödel")


def test_notes_that_say_who_is_where_give_the_affiliations() -> None:
    notes = [
        ("A. Turing is with King’s College, Cambridge, U.K. A. Lovelace is with the Analyt\xad", PLAIN),
        ("ical Society, London, U.K. (e-mail: ada@example.org).", PLAIN),
    ]
    assert pairs(("Ada Lovelace and Alan Turing", NAME), notes=notes) == [
        ("Analytical Society, London, U.K.", ("Ada Lovelace",)),
        ("King’s College, Cambridge, U.K.", ("Alan Turing",)),
    ]
    together = [("The authors are with the Analytical Society, London.", PLAIN)]
    assert pairs(("Ada Lovelace and Alan Turing", NAME), notes=together) == [
        ("Analytical Society, London", ("Ada Lovelace", "Alan Turing"))
    ]


def test_a_department_is_named_with_the_university_and_the_town_below_it() -> None:
    rows = [("Ada Lovelace", NAME), ("Dept. of Engines", PLAIN), ("University of Examples", PLAIN), ("London", PLAIN)]
    assert pairs(*rows) == [("Dept. of Engines, University of Examples, London", ("Ada Lovelace",))]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Grace Hopper", "name"),
        ("Nguyễn Văn An", "name"),
        ("Lehrstuhl für Technische Physik, Universität Würzburg", "place"),
        ("Laboratoire de Chimie, Université de Lyon, 69622 Villeurbanne, France", "place"),
        ("Received 3 May 2021; accepted 7 June 2021", "other"),
        ("A new method for the measurement of small things", "other"),
    ],
)
def test_names_places_and_other_lines_are_told_apart(text: str, kind: str) -> None:
    assert kind_of(text) == kind


def judged(*rows: tuple[str, Style, LineKind]) -> tuple[list[Placed], list[Placed]]:
    """Front matter whose lines below the title are judged."""
    front, title = printed(("A Study of Things", TITLE), *((text, style) for text, style, _ in rows))
    for placed, (*_, kind) in zip([p for p in front if p not in title], rows, strict=True):
        placed.line_kind = kind
    return front, title


def test_lines_that_are_judged_to_hold_authors_are_read_whatever_is_set_like_them() -> None:
    front, title = judged(
        ("Ada Lovelace, FRS^1", NAME, "author"), ("an unusual remark about engines", NAME, "other"),
        ("Plato^2", NAME, "author"),
        ("^1Analytical Society, London", PLAIN, "place"), ("^2The Academy", PLAIN, "place"),
    )  # fmt: skip
    assert read_authors(front, title=title, stated="") == ("Ada Lovelace", "Plato")


def test_names_end_where_the_place_on_their_line_begins() -> None:
    front, title = judged(
        ("Ada Lovelace, Analytical Society, London, UK", NAME, "both"),
        ("Kurt Gödel – University of Vienna", NAME, "both"),
    )
    assert read_authors(front, title=title, stated="") == ("Ada Lovelace", "Kurt Gödel")
    page = PageLayout(number=1, width=612, height=792, placed=front)
    found = read_affiliations([page], front, title=title, authors=("Ada Lovelace", "Kurt Gödel"), body_size=10.0)
    assert [one.text for one in found] == ["Analytical Society, London, UK", "University of Vienna"]


def test_places_at_the_end_of_the_paper_are_those_of_the_authors_in_order() -> None:
    front, title = printed(("A Study of Things", TITLE), ("Ada Lovelace and Kurt Gödel", NAME))
    rows = [("Analytical Society, London, UK", PLAIN), ("E-mail address: ada@example.org", PLAIN),
            ("University of Vienna, Austria", PLAIN), ("E-mail address: kurt@example.org", PLAIN)]  # fmt: skip
    end, _ = printed(*rows)
    pages = [PageLayout(number=at, width=612, height=792, placed=of) for at, of in enumerate((front, end), 1)]
    names = read_authors(front, title=title, stated="")
    assert names == ("Ada Lovelace", "Kurt Gödel")
    found = read_affiliations(pages, front, title=title, authors=names, body_size=10.0)
    assert [(one.text, one.authors, one.page) for one in found] == [
        ("Analytical Society, London, UK", ("Ada Lovelace",), 2),
        ("University of Vienna, Austria", ("Kurt Gödel",), 2),
    ]
