"""Words as the writing stages compare them: mixed scripts are parted, Latin words stay whole."""

from __future__ import annotations

import pytest

from kb.words import words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("BERT的检索", ["bert", "的检", "检索"]),
        ("用GPT-4o和BM25做检索", ["用", "gpt", "4o", "和", "bm25", "做检", "检索"]),
        ("The model's naïve café", ["the", "model", "naive", "cafe"]),
        ("的", ["的"]),
    ],
)
def test_a_latin_word_inside_chinese_text_is_one_word(text: str, found: list[str]) -> None:
    assert words(text) == found
