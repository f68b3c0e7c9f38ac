"""Glyphs become printed lines: columns stay apart, marks and accents find their place."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kb.parsing.glyphs import Glyph, Style, spelling_of, style_of
from kb.parsing.page import TextLine, build_lines

BODY = Style(font="Times", size=10.0, bold=False, italic=False, upright=True)
SMALL = BODY._replace(size=7.0)


def spell(text: str, *, x: float, y: float, style: Style = BODY, width: float = 5.0) -> list[Glyph]:
    """Glyphs of one width next to each other; ``y`` is the baseline."""
    return [
        Glyph(char, x + width * at, y - 0.8 * style.size, x + width * (at + 1), y + 0.2 * style.size, y, style)
        for at, char in enumerate(text)
    ]


def texts(lines: list[TextLine]) -> list[str]:
    return [line.text for line in lines]


def test_two_columns_painted_row_by_row_give_lines_of_one_column_each() -> None:
    left, right = spell("left words", x=72, y=100), spell("right words", x=72 + 50 + 18, y=100)
    assert texts(build_lines([*left, *right], page=1)) == ["left words", "right words"]


def test_a_superscript_painted_apart_joins_its_line_and_is_marked_as_raised() -> None:
    name, mark = spell("Kyle Lo", x=72, y=100), spell("1", x=108, y=96, style=SMALL, width=3)
    (line,) = build_lines([*name, None, *mark], page=1)
    assert line.text == "Kyle Lo1"
    assert line.without_raised() == "Kyle Lo"


def test_a_line_with_many_subscripts_keeps_the_size_and_baseline_of_its_main_text() -> None:
    glyphs = [
        *spell("WQ", x=72, y=100),
        *spell("model", x=82, y=103, style=SMALL, width=3),
        *spell(" and WK", x=97, y=100),
        *spell("model", x=132, y=103, style=SMALL, width=3),
    ]
    (line,) = build_lines(glyphs, page=1)
    assert (line.size, line.baseline) == (10.0, 100.0)


def test_an_accent_painted_over_a_letter_is_one_letter() -> None:
    before = [*spell("Andr", x=72, y=100), *spell("´", x=92, y=100), *spell("e", x=92, y=100)]
    assert texts(build_lines(before, page=1)) == ["André"]


def test_an_accent_moved_behind_its_word_finds_its_letter() -> None:
    glyphs = [*spell("Farber ", x=72, y=100), *spell("¨", x=77, y=100), *spell(" (2019)", x=102, y=100)]
    assert texts(build_lines(glyphs, page=1)) == ["Färber (2019)"]


def test_a_cedilla_takes_no_blank_with_it() -> None:
    glyphs = [*spell("C", x=72, y=100), *spell("¸ ", x=72, y=100), *spell("elik", x=77, y=100)]
    assert texts(build_lines(glyphs, page=1)) == ["Çelik"]


def test_an_arrow_and_a_wide_tilde_stand_over_their_letters_and_a_plain_tilde_is_none() -> None:
    maths = Style(font="CMMI10", size=10.0, bold=False, italic=True, upright=True)
    wide = maths._replace(font="CMEX10", italic=False)
    arrow = [
        *spell("so ", x=72, y=100),
        *spell("\u20d7", x=87, y=100, style=maths),
        *spell("v", x=87, y=100, style=maths),
    ]
    assert texts(build_lines(arrow, page=1)) == ["so v\u20d7"]
    tilde = Glyph("~", 87, 89, 92, 99, 97.5, wide)
    assert texts(build_lines([*spell("so ", x=72, y=100), tilde, *spell("O", x=87, y=100, style=maths)], page=1)) == [
        "so Õ"
    ]
    assert texts(build_lines(spell("so ~n", x=72, y=100), page=1)) == ["so ~n"]


def test_the_number_of_a_heading_stays_with_its_title_across_a_wide_gap() -> None:
    glyphs = [*spell("3.1", x=72, y=100), *spell("Data", x=72 + 15 + 20, y=100)]
    assert texts(build_lines(glyphs, page=1)) == ["3.1 Data"]


def test_a_narrow_space_that_the_reader_missed_is_a_space() -> None:
    glyphs = [*spell("we collect", x=72, y=100), *spell("the data", x=72 + 50 + 1.9, y=100)]
    assert texts(build_lines(glyphs, page=1)) == ["we collect the data"]


def test_letter_spaced_capitals_are_not_torn_apart() -> None:
    glyphs = [glyph for at, char in enumerate("ABSTRACT") for glyph in spell(char, x=72 + 7 * at, y=100)]
    assert texts(build_lines(glyphs, page=1)) == ["ABSTRACT"]


def test_rotated_text_is_no_upright_line() -> None:
    turned = BODY._replace(upright=False)
    glyphs = [Glyph(char, 20, 500 - 5 * at, 30, 505 - 5 * at, 505 - 5 * at, turned) for at, char in enumerate("arXiv")]
    (line,) = build_lines(glyphs, page=1)
    assert (line.text, line.upright) == ("arXiv", False)


def test_each_han_character_is_a_word_of_its_own() -> None:
    (line,) = build_lines(spell("扩散模型", x=72, y=100, width=10), page=1)
    assert [start for start, _, _ in line.words] == [0, 1, 2, 3]


def test_font_names_tell_bold_and_italic() -> None:
    assert style_of("ABCDEF+NimbusRomNo9L-MediItal", size=10, flags=0, upright=True)[2:4] == (True, True)
    assert style_of("Gotham-Medium", size=10, flags=0, upright=True)[2:4] == (False, False)
    assert style_of("CMMI10", size=10, flags=0, upright=True).is_math


@settings(deadline=None)
@given(st.lists(st.text(alphabet="abcé ﬁ1.-", min_size=1, max_size=12), min_size=1, max_size=6))
def test_words_begin_where_the_line_says_and_cover_it(parts: list[str]) -> None:
    glyphs: list[Glyph | None] = []
    for row, part in enumerate(parts):
        glyphs += [*spell(part, x=72, y=100 + 14 * row), None]
    for line in build_lines(glyphs, page=3):
        assert line.text == line.text.strip()
        assert "  " not in line.text
        starts = [start for start, _, _ in line.words]
        assert starts == sorted(set(starts))
        assert all(line.text[start] != " " and (start == 0 or line.text[start - 1] == " ") for start in starts)
        assert all(line.x0 <= x0 <= x1 <= line.x1 for _, x0, x1 in line.words)
        assert line.runs[0].start == 0
        assert line.runs[-1].end == len(line.text)


def test_a_sum_that_hangs_from_its_top_stays_in_its_line() -> None:
    left, right = spell("where a =", x=72, y=100), spell("holds here.", x=132, y=100)
    operator = Style(font="CMEX10", size=10.0, bold=False, italic=False, upright=True)
    total = Glyph("∑", 120, 92.2, 130, 102.2, 92.5, operator)
    assert texts(build_lines([*left, None, total, None, *right], page=1)) == ["where a = ∑ holds here."]


def test_letters_of_formulas_are_the_letters_they_show() -> None:
    assert [spelling_of(code) for code in (0x1D70F, 0xFE01)] == ["τ", ""]
