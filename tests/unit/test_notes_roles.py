"""The scorer of sentences: what it says of a sentence, of openers, and of odd input."""

from __future__ import annotations

from importlib import resources

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.encoders import load_encoder
from kb.notes.roles import (
    HEADS,
    PARTS,
    by_meaning,
    by_words,
    is_leaning,
    opener_candidates,
    opener_length,
    scores,
)
from kb.settings import Settings
from tests.memory_corpus import bag_of_words

ABSTRACT = [
    "Bread is an important food in many countries, and its shelf life has been studied for decades.",
    "However, existing preservatives fail in humid climates and are costly to produce.",
    "In this paper, we propose CrustGuard, a coating that keeps bread dry.",
    "The coating is sprayed on the loaf and hardens within an hour.",
    "Experiments show that CrustGuard reduces mould by 41% compared to the best earlier preservative.",
    "Our code and data are available at https://example.org/crust.",
]


def judged(texts: list[str], **options: object) -> list[str]:
    raw = by_words(texts, openers=[opener_length(text) for text in texts], **options)  # type: ignore[arg-type]
    meant, _ = by_meaning(texts, title="CrustGuard", encode=bag_of_words)
    return [one.likeliest() for one in scores(raw + meant, in_abstract=[True] * len(texts))]


def test_the_sentences_of_a_textbook_abstract_do_what_they_do() -> None:
    assert judged(ABSTRACT) == ["background", "problem", "objective", "method", "result", "availability"]


def test_the_encoder_of_the_training_is_known_and_another_is_not_believed() -> None:
    encode = load_encoder(Settings()).encode_passages
    known, _ = by_meaning(ABSTRACT, title="CrustGuard", encode=encode)
    assert np.ptp(known[:, 0]) > 0
    foreign, _ = by_meaning(ABSTRACT, title="CrustGuard", encode=lambda texts: encode(texts)[:, ::-1])
    assert np.ptp(foreign, axis=0).max() == 0


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("However, most ovens lose heat at the door.", "most ovens lose heat at the door."),
        ("To address this issue, we propose a door of glass.", "we propose a door of glass."),
        ("Moreover, the loaves stay fresh for a week.", "the loaves stay fresh for a week."),
        ("To overcome these limits, an oven is built here.", "an oven is built here."),
        ("Without yeast, the dough does not rise at all.", "Without yeast, the dough does not rise at all."),
        ("On ImageNet, the model reaches 81.3% accuracy.", "On ImageNet, the model reaches 81.3% accuracy."),
        ("We bake bread, cake and pies of many kinds.", "We bake bread, cake and pies of many kinds."),
        ("In 2019, bread became costly in the north.", "In 2019, bread became costly in the north."),
    ],
)
def test_an_opener_is_cut_where_the_rest_is_as_true_without_it(text: str, rest: str) -> None:
    assert text[opener_length(text) :] == rest


def test_what_points_to_another_sentence_leans() -> None:
    texts = [ABSTRACT[2], "These results also hold for the former."]
    raw = by_words(texts, openers=[0, 0])
    meant, _ = by_meaning(texts, title="CrustGuard", encode=bag_of_words)
    assert [is_leaning(one) for one in scores(raw + meant, in_abstract=[True] * len(texts))] == [False, True]


@given(st.lists(st.text(max_size=80), min_size=1, max_size=8), st.booleans())
def test_every_sentence_gets_scores_whatever_it_is(texts: list[str], is_abstract: bool) -> None:
    openers = [opener_length(text) for text in texts]
    assert all(0 <= length <= len(text) for length, text in zip(openers, texts, strict=True))
    raw = by_words(texts, openers=openers, shares=None if is_abstract else [0.5] * len(texts))
    assert raw.shape == (len(texts), len(HEADS))
    for one in scores(raw, in_abstract=[is_abstract] * len(texts)):
        assert set(one.parts) == set(PARTS)
        assert all(0.0 <= value <= 1.0 for value in (*one.parts.values(), one.leans))


@given(st.text(max_size=120))
def test_an_opener_leaves_words_to_stand(text: str) -> None:
    assert all(len(text[at:].split()) >= 1 for at in opener_candidates(text))


def test_the_weights_are_small_and_hold_arrays_alone() -> None:
    file = resources.files("kb.notes").joinpath("data/roles.npz")
    assert len(file.read_bytes()) < 300_000
    with file.open("rb") as opened, np.load(opened, allow_pickle=False) as data:
        assert data["words"].shape[1] == len(HEADS)
        assert len(bytes(data["names"]).split(b"\n")) == len(data["words"])


@pytest.mark.parametrize(
    "opener",
    ["Ideally,", "In principle,", "Theoretically,", "Hypothetically,", "Rarely,", "Without labels,", "Otherwise,"],
)
def test_what_makes_another_statement_of_the_sentence_is_never_cut(opener: str) -> None:
    assert opener_length(f"{opener} the outcomes of research can be used by everybody at once.") == 0
