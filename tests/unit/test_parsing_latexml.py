"""LaTeXML's pages: whose the affiliations are, numbers of equations, one list of references."""

from __future__ import annotations

import pytest

from kb.parsing.html import parse_html
from kb.records import Document

PROSE = (
    '<section class="ltx_section"><h2 class="ltx_title ltx_title_section">1 Text</h2><div class="ltx_para">'
    '<p class="ltx_p">This paragraph has words enough to be the text of a paper about measures of all kinds.</p>'
    "@HERE@</div></section>"
)


def page(authors: str = "", body: str = "", end: str = "") -> Document:
    """A LaTeXML page with these authors, and what stands in its section and after it."""
    head = '<h1 class="ltx_title ltx_title_document">On Measures</h1><div class="ltx_authors">' + authors + "</div>"
    article = f'<article class="ltx_document">{head}{PROSE.replace("@HERE@", body)}{end}</article>'
    return parse_html(f"<!DOCTYPE html><html><body>{article}</body></html>".encode())


def creator(name: str, notes: str = "") -> str:
    """An author as LaTeXML writes one."""
    said = f'<span class="ltx_author_notes">{notes}</span>' if notes else ""
    return f'<span class="ltx_creator ltx_role_author"><span class="ltx_personname">{name}</span>{said}</span>'


def contact(text: str, role: str = "affiliation") -> str:
    """A contact beside an author."""
    return f'<span class="ltx_contact ltx_role_{role}">{text}</span>'


ONE, TWO = "University of Examples", "Institute of Tests, Testville"
RAISED = "<sup class='ltx_sup'>{}</sup>"
MATHS = '<math alttext="{{}}^{{{}}}" display="inline"></math>'


@pytest.mark.parametrize("mark", [RAISED, MATHS], ids=["raised", "maths"])
def test_marks_say_whose_the_places_of_one_field_are(mark: str) -> None:
    one, two, both = mark.format("1"), mark.format("2"), mark.format("1,2")
    names = f"Ada Roe{one}, Bo Doe{two}<br class='ltx_break'>Cy Poe{both}"
    places = f"<br>{one}{ONE}, {two}{TWO}<br>{{ada,bo}}@example.org"
    front = page(creator(names + places)).front
    assert front.authors == ("Ada Roe", "Bo Doe", "Cy Poe")
    assert [(a.text, a.authors) for a in front.affiliations or ()] == [
        (ONE, ("Ada Roe", "Cy Poe")), (TWO, ("Bo Doe", "Cy Poe")),
    ]  # fmt: skip
    assert front.affiliation is not None
    assert front.affiliation.text == ONE


def test_marks_lead_from_one_author_to_a_place_with_another() -> None:
    authors = creator("Ada Roe" + RAISED.format("a")) + creator(
        "Bo Doe" + RAISED.format("b") + "<br>" + RAISED.format("a") + ONE + "<br>" + RAISED.format("b") + TWO
    )
    found = page(authors).front.affiliations or ()
    assert [(a.text, a.authors) for a in found] == [(ONE, ("Ada Roe",)), (TWO, ("Bo Doe",))]


def test_contacts_are_of_the_author_with_whom_they_stand() -> None:
    fields = "".join(
        f'<span class="ltx_text ltx_affiliation_{name}">{text}</span>'
        for name, text in (("institution", "Institute of Tests"), ("city", "Testville"))
    )
    document = page(
        creator("Ada Roe", contact(ONE) + contact("ada@example.org", "email")) + creator("Bo Doe", contact(fields))
    )
    found = document.front.affiliations or ()
    assert [(a.text, a.authors) for a in found] == [(ONE, ("Ada Roe",)), (TWO, ("Bo Doe",))]
    assert "example.org" not in document.text


def test_addresses_behind_the_last_author_are_one_each() -> None:
    authors = creator("Ada Roe") + creator("Bo Doe", contact(ONE, "address") + contact(TWO, "address"))
    found = page(authors).front.affiliations or ()
    assert [(a.text, a.authors) for a in found] == [(ONE, ("Ada Roe",)), (TWO, ("Bo Doe",))]


def test_one_address_behind_the_last_author_is_of_all() -> None:
    found = page(creator("Ada Roe") + creator("Bo Doe", contact(ONE, "address"))).front.affiliations or ()
    assert [(a.text, a.authors) for a in found] == [(ONE, ("Ada Roe", "Bo Doe"))]


def test_notes_of_institutes_are_found_by_their_marks() -> None:
    def note(mark: str, text: str) -> str:
        return f'<span class="ltx_note ltx_role_affiliationtext"><sup class="ltx_note_mark">{mark}</sup>{text}</span>'

    def marked(name: str, mark: str) -> str:
        own = f'<span class="ltx_note ltx_role_affiliationmark"><sup>{mark}</sup></span>'
        return creator(name).replace("</span></span>", f"</span>{own}</span>")

    found = page(marked("Ada Roe", "1") + marked("Bo Doe", "2") + note("1", ONE) + note("2", TWO)).front
    assert [(a.text, a.authors) for a in found.affiliations or ()] == [(ONE, ("Ada Roe",)), (TWO, ("Bo Doe",))]


def test_a_note_of_an_author_is_a_footnote_and_no_part_of_the_name() -> None:
    note = '<span class="ltx_note ltx_role_thanks"><sup class="ltx_note_mark">*</sup><span class="ltx_note_outer">'
    note += '<span class="ltx_note_content"><sup class="ltx_note_mark">*</sup>Supported by a grant of nobody.</span>'
    note += "</span></span>"
    document = page(creator("Ada Roe" + note))
    assert document.front.authors == ("Ada Roe",)
    assert [block.text for block in document.blocks if block.kind == "footnote"] == ["Supported by a grant of nobody."]


def row(tex: str, number: str = "", span: int = 1) -> str:
    """A row of a display."""
    said = f'<span class="ltx_tag ltx_tag_equation">({number})</span>'
    tag = f'<td class="ltx_eqn_cell ltx_eqn_eqno" rowspan="{span}">{said}</td>'
    cells = f'<td class="ltx_eqn_cell"><math alttext="\\displaystyle {tex}" display="block"></math></td>'
    return f'<tr class="ltx_equation ltx_eqn_row">{cells}{tag if number else ""}</tr>'


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (row("a=b", "1"), [("1", "a=b")]),
        (row("a=b"), [(None, "a=b")]),
        (row("a=b", "1") + row("c=d", "2"), [("1", "a=b"), ("2", "c=d")]),
        (row("a") + row("=b", "3"), [("3", "a\n=b")]),
        (row("a", "4", span=2) + row("b") + row("c", "5"), [("4", "a\nb"), ("5", "c")]),
        (row("a", "2.1a") + row("=b"), [("2.1a", "a\n=b")]),
    ],
    ids=["one", "no number", "two", "number last", "number of two rows", "goes on"],
)
def test_equations_have_their_tex_and_their_number(rows: str, expected: list[tuple[str | None, str]]) -> None:
    table = f'<table class="ltx_equationgroup ltx_eqn_align ltx_eqn_table"><tbody>{rows}</tbody></table>'
    document = page(body=table)
    assert [(block.label, block.text) for block in document.blocks if block.kind == "equation"] == expected


ENTRY = '<span class="ltx_tag ltx_tag_bibitem">[1]</span><span class="ltx_bibblock">A. Roe. A title. 2001.</span>'
ENTRIES = f'<ul class="ltx_biblist"><li class="ltx_bibitem">{ENTRY}</li></ul>'
HEAD = '<h2 class="ltx_title">References</h2>'
LIST = f'<section class="ltx_bibliography">{HEAD}{ENTRIES}</section>'


@pytest.mark.parametrize(
    "end",
    [
        LIST,
        f'<section class="ltx_section">{HEAD}{LIST}</section>',
        f'<section class="ltx_bibliography">{HEAD}<section class="ltx_bibliography">{ENTRIES}</section></section>',
    ],
    ids=["plain", "in a section of its name", "in itself"],
)
def test_there_is_one_list_of_references(end: str) -> None:
    document = page(end=end)
    assert [block.text for block in document.blocks if block.kind == "heading"] == ["1 Text", "References"]
    assert [block.text for block in document.blocks if block.kind == "reference"] == ["[1] A. Roe. A title. 2001."]
