"""Raised signs: marks of notes and citations leave the text, exponents and ordinals stay where they are."""

from __future__ import annotations

from itertools import pairwise

import pytest

from kb.parsing.document import read_pdf
from kb.parsing.glyphs import Glyph, Style
from kb.parsing.layout import PageLayout, Placed
from kb.parsing.page import TextLine, build_lines
from kb.parsing.paragraphs import find_marks, raised_numbers, without_marks
from tests.pdf_writer import Words, paragraph, pdf_of
from tests.printed_pages import BODY, CHAR, HEIGHT, WIDTH

RAISED = BODY._replace(size=7.0)
MATHS = Style(font="CMMI10", size=10.0, bold=False, italic=True, upright=True)


def line(text: str, *, y: float = 100.0, maths: bool = False) -> TextLine:
    """What stands between two ^ is raised; ``maths`` sets the words before it as a formula."""
    glyphs, x = [], 72.0
    for at, part in enumerate(text.split("^")):
        style = RAISED if at % 2 else MATHS if maths and at == 0 else BODY
        base = y - 3.6 if at % 2 else y
        for char in part:
            glyphs.append(Glyph(char, x, base - 0.8 * style.size, x + CHAR, base + 0.2 * style.size, base, style))
            x += CHAR
    (found,) = build_lines(glyphs, page=1)
    return found


def read(*texts: str, notes: tuple[str, ...] = (), maths: bool = False) -> list[str]:
    """Lines of running text as they are read on a page with these notes."""
    page = PageLayout(number=1, width=WIDTH, height=HEIGHT)
    page.placed = [Placed(line(text, y=100 + 12 * at, maths=maths)) for at, text in enumerate(texts)]
    page.placed += [Placed(line(note, y=700 + 10 * at), role="footnote") for at, note in enumerate(notes)]
    find_marks([page])
    return [without_marks(placed.line)[0] for placed in page.placed[: len(texts)]]


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        ("our corpus^1^ is large", "our corpus is large"),
        ("an evaluation^1^.", "an evaluation."),
        ("of the ablation.^2^ We", "of the ablation. We"),
        ("of the ablation.² We", "of the ablation. We"),
        ("(see above)^3^ and", "(see above) and"),
        ("“so it is”^12^ they said", "“so it is” they said"),
        ("as perplexity.ai^3^ does", "as perplexity.ai does"),
        ("many studies^3,7–9^ show", "many studies show"),
        ("their address ^2^.", "their address."),
        ("equal parts^†^ of", "equal parts of"),
    ],
)
def test_a_mark_behind_a_word_or_a_stop_leaves_the_text(printed: str, told: str) -> None:
    assert read(printed) == [told]


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        ("about 10^20^ steps", "about 10^20 steps"),
        ("with x^2^ as input", "with x^2 as input"),
        ("of 10² steps", "of 10² steps"),
        ("an area of 5 cm^2^ here", "an area of 5 cm^2 here"),
        ("at 3.2 W/cm^2^ it", "at 3.2 W/cm^2 it"),
        ("free Ca^2+^ rises", "free Ca^2+ rises"),
        ("the 4^th^ of them", "the 4th of them"),
        ("so f(x)^2^ grows", "so f(x)^2 grows"),
        ("an R^2^ of one", "an R^2 of one"),
        ("the rank^T^ of", "the rankT of"),
        ("at 6.5 × 10^−5^ only", "at 6.5 × 10^−5 only"),
        ("in m s^−1^ here", "in m s^−1 here"),
        ("a cost of O(n^1+a^) now", "a cost of O(n^{1+a}) now"),
        ("the (V/V)^1/3^ law", "the (V/V)^{1/3} law"),
    ],
)
def test_exponents_and_ordinals_stay(printed: str, told: str) -> None:
    assert read(printed) == [told]
    assert read(printed, "another word^2^ here", notes=("^2^Which is a note.",))[0] == told


def test_what_stands_on_letters_of_formulas_is_an_exponent() -> None:
    assert read("rank^2^ holds", maths=True) == ["rank^2 holds"]


def test_a_note_at_the_foot_claims_its_mark_behind_a_short_word_or_a_year() -> None:
    notes = ("^7^The source of it.", "^8^Another one.")
    assert read("so we use it^7^ and in 2019^8^ others did", notes=notes) == ["so we use it and in 2019 others did"]
    assert read("so we use it^7^ and in 2019^8^ others did") == ["so we use it^7 and in 2019^8 others did"]


def test_a_letter_is_a_mark_where_a_note_has_it() -> None:
    assert read("the value^a^ is", notes=("^a^Mean of five.",)) == ["the value is"]
    assert read("the value^a^ is") == ["the valuea is"]


def test_a_paper_that_cites_by_raised_numbers_does_so_behind_short_words() -> None:
    cited = [f"they measured something^{at}^ again" for at in range(1, 11)]
    assert read(*cited, "as seen in it^11^ too")[-1] == "as seen in it too"


def test_words_keep_their_places_and_numbers_are_told() -> None:
    page = PageLayout(number=1, width=WIDTH, height=HEIGHT)
    page.placed = [Placed(line("our corpus^1^ is large"))]
    find_marks([page])
    text, words = without_marks(page.placed[0].line)
    assert [text[start:].split(" ")[0] for start, _, _ in words] == ["our", "corpus", "is", "large"]
    assert all(one[1] < two[1] for one, two in pairwise(words))
    ((behind, sign),) = raised_numbers(page.placed[0].line)
    assert (text[: len(text) - behind], sign) == ("our corpus", "1")


def test_letters_painted_late_stand_in_the_gap_that_is_left_for_them() -> None:
    before = [Glyph(c, 72 + CHAR * at, 92, 72 + CHAR * (at + 1), 102, 100, BODY) for at, c in enumerate("the 4")]
    after = [Glyph(c, 100.5 + CHAR * at, 92, 100.5 + CHAR * (at + 1), 102, 100, BODY) for at, c in enumerate(" of us")]
    late = [Glyph(c, 94.6 + 2.9 * at, 90.8, 97.5 + 2.9 * at, 97.8, 96.4, RAISED) for at, c in enumerate("th")]
    (found,) = build_lines([*before, *after, None, *late], page=1)
    assert found.text == "the 4th of us"


PROSE = [
    "The catchments were planted with trees in the first years of the trial and",
    "their runoff was measured at weirs below them every day for twenty years so",
]


def test_a_page_with_notes() -> None:
    body = [*paragraph(72, 100, PROSE * 6), Words(72, 244, "This was done with the software", 10)]
    mark = [Words(214.5, 240, "1", 6), Words(218, 244, " and for areas of 3 km", 10), Words(315.4, 240, "2", 6)]
    notes = [Words(72, 700, "1", 5), Words(76, 703, "See the address of the makers.", 8)]
    document = read_pdf(pdf_of([[*body, *mark, *notes]]), max_pages=1)
    assert "software and for areas of 3 km^2" in document.text
    assert [(block.label, block.text) for block in document.blocks if block.kind == "footnote"] == [
        ("1", "See the address of the makers.")
    ]
