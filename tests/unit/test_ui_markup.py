"""What papers say is text on the screen, whatever it holds; only formulas and web addresses keep a meaning."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.formulas import split_formulas
from ui import markup

_ESCAPED = re.compile(r"\\[!-/:-@\[-`{-~]")
HOSTILE = (
    "<script>alert(1)</script> **bold** [x](javascript:alert(1)) ![i](http://e.org/i.png) `code` :red[x] # h ~~s~~"
)


@given(st.text())
def test_plain_leaves_no_mark_of_markdown_unescaped(text: str) -> None:
    rest = _ESCAPED.sub("", markup.plain(text))
    assert not re.search(r"[!-/:-@\[-`{-~]", rest)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C", "Z"])))
def test_plain_keeps_every_character(text: str) -> None:
    shown = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markup.plain(text)).replace("\u2060", "")
    assert shown == text.replace("\u2060", "")


@given(st.text(alphabet="ab$ \\_<>[]()*0"))
def test_dollars_that_are_left_come_in_pairs_around_formulas(text: str) -> None:
    shown = markup.with_maths(text)
    formulas = [piece for piece, is_formula in split_formulas(" ".join(text.split())) if is_formula]
    assert _ESCAPED.sub("", shown).count("$") == 2 * len(formulas)
    for formula in formulas:
        assert formula in shown
        shown = shown.replace(formula, "", 1)
    assert not re.search(r"[$<]", _ESCAPED.sub("", shown))


def test_formulas_are_kept_and_prices_are_none() -> None:
    assert markup.with_maths("of $\\alpha_i^2$ it") == "of $\\alpha_i^2$ it"
    assert "$5 and $" not in markup.with_maths("pay $5 and $6")
    assert markup.plain("$x$") == "\\$x\\$"
    assert markup.with_maths("$\\sim$$13k$ of it") == "$\\sim$\u2060$13k$ of it"


def test_directives_emoji_arrows_and_mail_addresses_are_broken_up() -> None:
    shown = markup.plain(":tada: a -> b me@example.org :material/home:")
    assert not re.search(r":[\w+-]+:", shown.replace("\\", ""))
    assert " -> " not in shown.replace("\\", "")
    assert "e@e" not in shown


def test_marked_words_stand_on_a_ground_and_the_rest_is_text() -> None:
    shown = markup.marked("a [b] c", [(2, 5)])
    assert shown == "a :orange-background[\\[b\\]] c"


def test_a_part_of_a_marked_span_is_bold() -> None:
    assert markup.marked("ab 12 c", [(0, 5)], strong=(3, 5)) == ":orange-background[ab **12**] c"
    assert markup.marked("ab 12 c", [(0, 2)], strong=(3, 5)) == ":orange-background[ab] 12 c"


def test_prose_keeps_lists_tables_and_bold_words_and_nothing_else() -> None:
    said = "- **a** <b> [1.2]\n1. `c`\n\n| x | y |\n|---|:-:|\n| [l](javascript:d) | $z$ |\n# h"
    assert markup.prose(said).split("\n") == [
        "- **a** \\<b\\> \\[1\\.2\\]", "1. \\`c\\`", "", "| x | y |", "|---|:-:|",
        "| \\[l\\]\\(javascript\\:d\\) | $z$ |", "\\# h",
    ]  # fmt: skip


@given(st.text(alphabet="ab*<>[]()`|\n-# 1."))
def test_prose_lets_no_html_and_no_link_through(text: str) -> None:
    rest = _ESCAPED.sub("", markup.prose(text))
    assert not re.search(r"[<>\[\]()`]", rest)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "A is 1 [1.1]. B is 2 [1.2, 3.4].",
            "A is 1 \\[1\\.1\\]\\. :orange-background[B is 2 \\[1\\.2\\, 3\\.4\\]]\\.",
        ),
        ("- **B is** 2 [1.2].", "- :orange-background[**B is** 2 \\[1\\.2\\]]\\."),
        ("B is 20 [1.2].", "B is 20 \\[1\\.2\\]\\."),
    ],
)
def test_a_doubtful_sentence_stands_on_a_ground_with_its_marks(text: str, shown: str) -> None:
    assert markup.prose(text, doubtful=["B is 2."]) == shown


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//e.org", "http://e.org/ x", "", None]
)
def test_addresses_of_other_schemes_are_no_links(url: str | None) -> None:
    assert markup.web_address(url) is None
    assert markup.link("label", url) == "label"


def test_an_address_cannot_end_its_link() -> None:
    shown = markup.link("a](http://evil.org)", "https://e.org/a)b](javascript:x)?c=1&copy=2")
    assert shown.count("](") == 1
    assert "%29" in shown
    assert "&amp;copy" in shown


def test_attributes_cannot_be_left() -> None:
    assert '"' not in markup.attribute('x" onload="alert(1)')
    assert "<" not in markup.attribute(HOSTILE)


@given(st.text(), st.integers(min_value=5, max_value=50))
def test_shortened_texts_are_no_longer_than_asked(text: str, length: int) -> None:
    assert len(markup.shortened(text, length)) <= length + 2
