"""Words: how scientific ones are cut, the same for texts and queries, for the search and for what is compared."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kb.words import LONGEST_TOKEN, content_stems, has_words, tokenize, words


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Diffusion models", ["diffusion", "models"]),
        ("the role of IL-6", ["role", "il", "6"]),
        ("at 10^18 FLOPs", ["10", "18", "flops"]),
        ("IL6", ["il6", "il", "6"]),
        ("GPT-4o", ["gpt", "4o", "4", "o"]),
        ("TGF-β1", ["tgf", "beta1", "beta", "1"]),
        ("β-catenin", ["beta", "catenin"]),
        ("NF-κB and NF-kappaB", ["nf", "kappab", "nf", "kappab"]),
        ("CO₂ H2O", ["co2", "co", "2", "h2o", "h", "2", "o"]),
        ("naïve Bayes, Erdős–Rényi", ["naive", "bayes", "erdos", "renyi"]),
        ("Müller's", ["muller", "s"]),
        ("5 µm", ["5", "mum"]),
        ("ﬁne-tuning Ⅳ", ["fine", "tuning", "iv"]),
        ("λόγος", ["λογος"]),
        ("扩散", ["扩", "散", "扩散"]),
        ("用GAN生成", ["用", "gan", "生", "成", "生成"]),
        ("한국어", ["한", "국", "어", "한국", "국어"]),
        ("обучение", ["обучение"]),
        ("snake_case and foo/bar.baz@qux", ["snake", "case", "foo", "bar", "baz", "qux"]),
        ("models models models", ["models"] * 3),
        ("to be or not to be", ["to", "be", "or", "not", "to", "be"][:0]),
        ("\0 \n \"'()*:^~", []),
    ],
)
def test_words_of_science_are_cut_as_readers_search_them(text: str, tokens: list[str]) -> None:
    assert tokenize(text) == tokens


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("IL-6", "IL6"),
        ("GPT-4", "gpt4"),
        ("TGF-beta1", "TGFβ1"),
        ("café", "CAFE"),
        ("x²", "X2"),
        ("Ca^2+", "Ca2+"),
        ("T^{12} cells", "T12 cells"),
    ],
)
def test_spellings_of_one_thing_share_a_token(one: str, other: str) -> None:
    assert set(tokenize(one)) & set(tokenize(other))


def test_a_run_without_end_is_cut() -> None:
    assert [len(token) for token in tokenize("a" * 10_000)] == [LONGEST_TOKEN]


@given(st.text(max_size=200))
@example("\U0002fa1e\u30fb")
@example("\U0001f210")  # a hand in a square
def test_tokens_hold_no_space_and_are_stable(text: str) -> None:
    tokens = tokenize(text)
    assert all(token and not any(character.isspace() for character in token) for token in tokens)
    assert tokenize(text) == tokens
    assert not tokens or has_words(text)


@given(st.text(alphabet="abcxyz0189 -_./", max_size=60), st.text(alphabet="abcxyz0189 -_./", max_size=60))
def test_tokens_of_two_texts_are_the_tokens_of_both(one: str, other: str) -> None:
    assert tokenize(f"{one} {other}") == tokenize(one) + tokenize(other)


@given(st.text(alphabet="abcdefé ü XYZ", max_size=60))
def test_case_does_not_matter(text: str) -> None:
    assert tokenize(text) == tokenize(text.lower())


@pytest.mark.parametrize(
    ("text", "stems"),
    [
        ("The model's naïve café", ["model", "naiv", "caf"]),
        ("which of the two methods is used", ["two", "method"]),
        ("用GPT-4o和BM25做检索", ["gpt", "4o", "bm25", "做检", "检索"]),
        ("β-catenin", ["beta", "catenin"]),
        ("O'Brien", ["brien"]),
        ("的", []),
    ],
)
def test_what_is_compared_are_the_words_that_carry_meaning(text: str, stems: list[str]) -> None:
    assert content_stems(text) == stems


@pytest.mark.parametrize(
    ("one", "other"), [("TGF-beta1", "TGF-β1"), ("Ørsted", "orsted"), ("x²", "X2"), ("ﬁne", "fine")]
)
def test_a_text_is_compared_in_any_spelling_that_the_search_folds(one: str, other: str) -> None:
    assert content_stems(one) == content_stems(other)


def test_words_keep_what_the_search_leaves_out() -> None:
    assert words("用GPT-4o：to be") == ["用", "gpt", "4o", "to", "be"]
