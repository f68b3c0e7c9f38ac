"""Sentences: every character in one of them, and no sentence cut at an abbreviation."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.text import CJK, one_line, printable, sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "parts",
    [
        ["We use BERT (Devlin et al., 2019).", "It works.", "See Fig. 3 for e.g. details."],
        ["Smith et al. propose a model.", "The value is 3.5.", "In Sec. 2.1 we show it."],
        ["This holds (see Vaswani et al.).", "However, w.r.t. SGD it fails.", "J. Smith and A. B. Jones agree."],
        ["He said “yes.”", "Then left.", "What now?", "Results are in Tab. 4."],
        ["We evaluate on SQuAD 2.0.", "Our model wins.", "The score is 93.", "The rest is 5."],
        ["We denote the matrix by X.", "The model reads it."],
        ["It is known from earlier work.[12]", "We go further.[3, 4–7]", "Then we stop."],
        ["See https://example.org/a.b.", "Next one."],
    ],
)
def test_sentences_end_where_a_reader_ends_them(parts: list[str]) -> None:
    assert sentences(" ".join(parts)) == parts


def test_chinese_sentences_need_no_space() -> None:
    assert sentences("扩散模型很好。它快吗？是的！") == ["扩散模型很好。", "它快吗？", "是的！"]


def test_a_blank_line_always_ends_a_sentence() -> None:
    assert sentences("a heading without stop\n\nand a text") == ["a heading without stop", "and a text"]


@given(st.text(alphabet="abX .!?,()[]1\n“”。", max_size=80))
def test_each_visible_character_is_in_exactly_one_sentence(text: str) -> None:
    spans = sentence_spans(text)
    covered = [at for start, end in spans for at in range(start, end)]
    assert covered == sorted(set(covered))
    assert {at for at, char in enumerate(text) if not char.isspace()} <= set(covered)
    assert all(start < end and not text[start].isspace() and not text[end - 1].isspace() for start, end in spans)


def test_what_is_not_seen_becomes_one_blank_and_joiners_of_letters_stay() -> None:
    assert one_line("a\x00b\u2028 c\n\td\ud800") == "a b c d"
    assert one_line("می\u200cخواهم 👩\u200d🔬") == "می\u200cخواهم 👩\u200d🔬"


@given(st.text(max_size=40))
def test_what_is_made_printable_keeps_its_length(text: str) -> None:
    assert len(printable(text)) == len(text)


@pytest.mark.parametrize("sign", ["漢", "𠮷", "か", "한"])
def test_letters_of_every_plane_are_known_as_chinese_japanese_or_korean(sign: str) -> None:
    assert re.fullmatch(f"[{CJK}]", sign)


def test_a_missing_blank_behind_a_full_stop_hides_no_sentence() -> None:
    text = "Bakers count loaves (by hand).We count ovens.A few bakers use CNNs.However, most do not."
    assert sentences(text) == [
        "Bakers count loaves (by hand).", "We count ovens.", "A few bakers use CNNs.", "However, most do not.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "It runs on node.js and torch.Tensor in the U.S.A today.",
        "See github.com/bakers/oven.The for more.",
        "We use v2.The of the protocol and 10.1000/abc.In as its name.",
        "Loaves differ, e.g.The baguette or i.e.A roll.",
        "Call System.Out and Microsoft.Extensions as before.",
        "Let x.We be a symbol.",
    ],
)
def test_names_versions_addresses_and_abbreviations_hold_no_end_of_a_sentence(text: str) -> None:
    assert sentences(text) == [text]


def test_a_long_stretch_without_blanks_is_cut_at_every_stop_between_plain_words() -> None:
    parts = ["Bread is eaten in many countries and in many forms;", "Bakers make it in ovens of stone or of steel."] * 4
    assert sentences("".join(parts)) == parts


def test_an_abstract_without_any_stop_is_one_sentence() -> None:
    text = "bread is eaten in many countries " * 20
    assert sentences(text) == [text.strip()]


@given(
    st.lists(st.sampled_from(["word.", "We", "A", "b.", "CNN.", "e.g.", "(x).", ";", "In", " ", "3."]), max_size=120)
)
def test_cutting_where_blanks_are_missing_loses_no_sign(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
