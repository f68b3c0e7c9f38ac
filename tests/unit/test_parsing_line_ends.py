"""A hyphen at a line's end is the break's, the word's own, or stands for a half left out; addresses keep theirs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.parsing.glyphs import SOFT_HYPHEN
from kb.parsing.paragraphs import Vocabulary, glued


def join(left: str, right: str, *known: str, links: tuple[str, ...] = ()) -> str:
    return glued(left, right, Vocabulary([left, right, *known], addresses=links)) + right


@pytest.mark.parametrize("hyphen", ["-", SOFT_HYPHEN])
@pytest.mark.parametrize(
    ("left", "right", "whole"),
    [
        ("the ex", "isting methods", "the existing methods"),
        ("they ex", "hibit this", "they exhibit this"),
        ("an over", "come limit", "an overcome limit"),
        ("a de", "pendent variable", "a dependent variable"),
        ("the co", "herence of", "the coherence of"),
        ("Never", "theless it", "Nevertheless it"),
        ("Pan", "kaj and others", "Pankaj and others"),
    ],
)
def test_a_break_leaves_no_hyphen(left: str, right: str, whole: str, hyphen: str) -> None:
    assert join(left + hyphen, right) == whole


@pytest.mark.parametrize(
    ("left", "right", "whole"),
    [
        ("at web", "scale now", "at web-scale now"),
        ("a V", "measure of", "a V-measure of"),
        ("the noisy", "or model", "the noisy-or model"),
        ("a properly", "structured table", "a properly-structured table"),
        ("state-of-the", "art method", "state-of-the-art method"),
        ("a knowledge", "intensive task", "a knowledge-intensive task"),
        ("of non", "English text", "of non-English text"),
        ("with GPT", "4 it works", "with GPT-4 it works"),
        ("a dose", "dependent rise", "a dose-dependent rise"),
        ("the Navier", "Stokes equation", "the Navier-Stokes equation"),
    ],
)
def test_a_word_keeps_its_own_hyphen(left: str, right: str, whole: str) -> None:
    assert join(left + SOFT_HYPHEN, right) == whole


def test_the_papers_own_spelling_decides_where_both_are_words() -> None:
    assert join(f"a pre{SOFT_HYPHEN}", "training step", "pretraining is pretraining") == "a pretraining step"
    assert join(f"a pre{SOFT_HYPHEN}", "training step", "pre-training is pre-training") == "a pre-training step"
    assert join(f"a zorb{SOFT_HYPHEN}", "flux here", "the zorb-flux") == "a zorb-flux here"


def test_a_half_that_is_left_out_keeps_hyphen_and_blank() -> None:
    assert join("with pre-", "and post-processing") == "with pre- and post-processing"
    assert join("at sentence-", "and token-level") == "at sentence- and token-level"


GERMAN = [
    "Die Untersuchung zeigt, dass sich die räumliche Mobilität der Befragten in den letzten Jahren verändert hat.",
    "Viele von ihnen wohnen nicht mehr dort, wo sie arbeiten, sondern pendeln zwischen mehreren Orten hin und her.",
    "Daraus ergeben sich neue Fragen nach der Bedeutung von Grenzen und nach der Rolle von Wohnungen und Vereinen.",
]


@pytest.mark.parametrize(
    ("left", "right", "whole"),
    [
        ("die Forschungsbe", "richte der", "die Forschungsberichte der"),
        ("eine Woh", "nung am", "eine Wohnung am"),
        ("über Pull", "Faktoren und", "über Pull-Faktoren und"),
        ("der Fuzzy", "Logik wegen", "der Fuzzy-Logik wegen"),
        ("der Daten", "bank von", "der Datenbank von"),
    ],
)
def test_german_words(left: str, right: str, whole: str) -> None:
    assert join(left + SOFT_HYPHEN, right, *GERMAN) == whole


FRENCH = [
    "La présente étude montre que la mobilité des habitants a beaucoup changé au cours des dernières années.",
    "Plusieurs d'entre eux ne demeurent plus où ils travaillent, mais font la navette entre divers endroits.",
    "Il en résulte des questions nouvelles sur le rôle des frontières, des logements et des associations ; peut-être.",
]


@pytest.mark.parametrize(
    ("left", "right", "whole"),
    [
        ("les fron", "tières de", "les frontières de"),
        ("on peut", "être sûr", "on peut-être sûr"),
        ("la mobi", "lité des", "la mobilité des"),
    ],
)
def test_french_words(left: str, right: str, whole: str) -> None:
    assert join(left + SOFT_HYPHEN, right, *FRENCH) == whole


@pytest.mark.parametrize(
    ("left", "right", "whole"),
    [
        (f"https://github.com/kb/a{SOFT_HYPHEN}", "base for code", "https://github.com/kb/a-base for code"),
        ("see github.com/kb/open-", "source/all for", "see github.com/kb/open-source/all for"),
        ("write to jane.doe@uni-", "mainz.de now", "write to jane.doe@uni-mainz.de now"),
        ("doi:10.1038/s41586-", "021-03819-2 of", "doi:10.1038/s41586-021-03819-2 of"),
        ("https://doi.org/10.1101/ab-", "cd.2 is", "https://doi.org/10.1101/ab-cd.2 is"),
        ("see https://github.com/", "kb/kb for code", "see https://github.com/kb/kb for code"),
        ("see https:", "//github.com/kb/kb for code", "see https://github.com/kb/kb for code"),
        ("doi:10.3390/", "designs2040040 and", "doi:10.3390/designs2040040 and"),
        ("see https://example.org/a/", "The end", "see https://example.org/a/ The end"),
        ("see https://example.org/a", "and more", "see https://example.org/a and more"),
    ],
)
def test_addresses_keep_what_they_have(left: str, right: str, whole: str) -> None:
    assert join(left, right) == whole


def test_a_link_of_the_file_says_how_an_address_goes_on() -> None:
    link = ("https://github.com/allenai/papermage",)
    assert join("at github.com/allen", "ai/papermage. We", links=link) == "at github.com/allenai/papermage. We"
    assert join("at https://github.com/allenai/paper-", "mage, for", links=link) == (
        "at https://github.com/allenai/papermage, for"
    )
    assert join("at https://example.org/allen", "ai is", links=link) == "at https://example.org/allen ai is"


def test_chinese_lines_join_without_a_blank() -> None:
    assert join("扩散模", "型很好") == "扩散模型很好"


PIECES = st.text(alphabet="abAB1.-/:@\xad 扩é", min_size=1, max_size=12)


@settings(deadline=None)
@given(PIECES, PIECES)
def test_nothing_but_blanks_and_hyphens_is_added_or_lost(left: str, right: str) -> None:
    left = left.strip() or "a"
    bare = left.replace("-", "").replace(SOFT_HYPHEN, "")
    assert (
        glued(left, right, Vocabulary((left, right))).replace("-", "").replace(SOFT_HYPHEN, "").rstrip()
        == bare.rstrip()
    )
