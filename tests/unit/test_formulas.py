"""What may be typeset is mathematics of known commands, closed and within bounds; anything else is text."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.formulas import formula, split_formulas
from tests.formulas import ACTING, LARGE, MATHEMATICS

BROKEN = (
    r"$\left(a$", r"${a$", "$a}$", r"$\frac{a}$", "$x^$", "$x^a^b$", "$a&b$", r"$x\\y$", "$a%b$", "$#1$", r"$\right)$",
    r"$\begin{matrix}a$", r"$\begin{matrix}a\end{pmatrix}$", r"$\text{a_b}$", r"$a \over b \over c$", r"$\method$",
    r"$a\middle|b$", r"$\frac\hat x$", r"$\hat\underline$", r"$x^\hat$",
    "$ x $", "$$",
)  # fmt: skip


@pytest.mark.parametrize("source", MATHEMATICS)
def test_mathematics_stays_as_it_stands(source: str) -> None:
    assert formula(source) == source
    assert list(split_formulas(f"a {source} b")) == [("a ", False), (source, True), (" b", False)]


@pytest.mark.parametrize("source", [*ACTING, *LARGE, *BROKEN])
def test_what_acts_sprawls_or_does_not_end_is_text(source: str) -> None:
    assert formula(source) is None
    assert list(split_formulas(f"a {source} b")) == [(f"a {source} b", False)]


def test_a_refused_formula_hides_none_of_those_around_it() -> None:
    text = r"$x$, $\href{a}{b}$ and $y$"
    assert [piece for piece, is_formula in split_formulas(text) if is_formula] == ["$x$", "$y$"]


def test_prices_are_no_formula_and_a_command_before_a_number_is_one() -> None:
    assert list(split_formulas("for $5 and $10")) == [("for $5 and $10", False)]
    assert list(split_formulas("from $5-$10")) == [("from $5-$10", False)]
    assert next(split_formulas(r"$\pm$0.1")) == (r"$\pm$", True)


PARTS = [
    *"ab1^_{}[]()&%#~$ '", "\\\\", r"\frac", r"\left(", r"\right)", r"\text{", r"\begin{cases}", r"\end{cases}",
    r"\input", r"\def",
]  # fmt: skip


@given(st.lists(st.sampled_from(PARTS), max_size=12).map(lambda parts: f"${''.join(parts)}$"))
def test_no_formula_has_an_unknown_command_or_an_open_brace(text: str) -> None:
    pieces = list(split_formulas(text))
    assert "".join(piece for piece, _ in pieces) == text
    for piece, _ in filter(lambda told: told[1], pieces):
        bare = re.sub(r"\\[^A-Za-z]", "", piece)
        assert bare.count("{") == bare.count("}")
        assert piece.count(r"\left") == piece.count(r"\right")
        assert not re.search(r"\\(?:input|def)(?![A-Za-z])|\^\s*\^|[%#]", bare)


@pytest.mark.parametrize("unit", ["$", "$a", r"$\x ", r"\$", "$a$", "{$", r"$\left(", "$&#92;"])
def test_the_time_grows_with_the_text_and_no_faster(unit: str) -> None:
    def seconds(times: int) -> float:
        started = time.process_time()
        for _ in split_formulas(unit * times):
            pass
        return time.process_time() - started

    assert seconds(20_000) < 12 * seconds(5_000) + 0.05
