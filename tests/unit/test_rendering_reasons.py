"""Reasons and changes in Chinese: every sentence that the library makes has its translation, and comes back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.records import Paper, Topic, Version
from kb.rendering.reasons import is_personal, spoken, understood
from kb.writing.changes import describe_changes
from kb.writing.relevance import Relevance
from kb.writing.topics import faults_of_reason, judge

PAPER = Paper(
    id="arxiv:2402.19481", version=2, title="Fusion of Latent Diffusion", authors=("Ann Lee", "Bob Ray"),
    abstract="We study latent diffusion. It wins by 3 points.", categories=("cs.CV", "cs.LG"), comment="Accepted",
)  # fmt: skip
TOPICS = (
    Topic(name="T", query="ti:fusion AND abs:diff* AND cat:cs.LG", must=("latent diffusion",), authors=("Ann Lee",)),
    Topic(name="T", categories=("cs.CV", "cs.LG"), query='abs:"latent diffusion" ANDNOT ti:x'),
    Topic(name="T", examples=("arxiv:2402.19481",)),
    Topic(name="T"),
)
WHYS = (
    "you like it",
    "you dislike it",
    "an example of the topic",
    "tagged my, topic",
    "you tagged it",
    "in your library",
)
RELEVANCE = Relevance(
    score=0.5,
    words=(("diffusion", 0.2), ("latent", 0.1), ("points", -0.1)),
    nearest=tuple((f"arxiv:2401.0000{n}", 0.5, why) for n, why in enumerate(WHYS)),
)
REASONS = [
    *dict.fromkeys(reason for topic in TOPICS for reason in judge(topic, PAPER).reasons), *RELEVANCE.told,
    "the topic has shown it before", "the query holds",
]  # fmt: skip


def changes() -> list[str]:
    old = Version(
        paper_id=PAPER.id, version=1, title="Fusion", authors=("Bob Ray", "Cy Doe"), abstract="We study fusion.",
        comment="Submitted",
    )  # fmt: skip
    told = list(describe_changes(old, replace(PAPER, withdrawn=True)))
    told += describe_changes(replace(old, authors=("Bob Ray", "Ann Lee")), PAPER)
    return [*told, "version 2 replaces version 1"]


@pytest.mark.parametrize("sentence", [*REASONS, *changes()])
def test_every_sentence_of_the_library_has_its_chinese_and_comes_back(sentence: str) -> None:
    assert spoken(sentence, "en") == sentence
    chinese = spoken(sentence, "zh")
    assert any("\u4e00" <= sign <= "\u9fff" for sign in chinese)
    assert understood(chinese, "zh") == sentence


@given(st.text(min_size=1).filter(lambda text: text.strip() == text and text.isprintable()))
def test_what_a_sentence_quotes_stays_to_the_letter(text: str) -> None:
    for sentence in (f"title was: {text}", f"it is by {text}", f"words for it: {text}"):
        assert understood(spoken(sentence, "zh"), "zh") == sentence


def test_only_what_tells_of_the_user_is_personal() -> None:
    personal = [reason for reason in REASONS if is_personal(reason)]
    assert [reason for reason in RELEVANCE.told if reason not in personal] == [
        "like arxiv:2401.00002 (an example of the topic)"
    ]
    assert all(reason in RELEVANCE.told for reason in personal)


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_that_was_given_holds_for_its_record(reason: str) -> None:
    assert list(faults_of_reason(reason, PAPER)) == []


@pytest.mark.parametrize(
    ("reason", "field"),
    [
        ("it is by Cy Doe", "author"), ("it is in math.GT", "categories"), ("words for it: bananas", "reason"),
        ("the query holds (ti:fusion, abs:refraction)", "reason"), ("it says 'bananas'", "reason"),
        ("it is nice", "reason"),
    ],
)  # fmt: skip
def test_a_reason_that_the_record_does_not_bear_out_is_a_fault(reason: str, field: str) -> None:
    assert [found for found, *_ in faults_of_reason(reason, PAPER)] == [field]
