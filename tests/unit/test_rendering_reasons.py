"""Reasons and changes as sentences: each that the library gives has its own in both languages, with its values."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.calendar import why_nothing
from kb.records import Paper, Reason, Topic, Version
from kb.rendering.reasons import sentence, told, told_why
from kb.writing.changes import describe_changes
from kb.writing.relevance import Anchor, Relevance, Standing
from kb.writing.topics import judge

PAPER = Paper(
    id="arxiv:2402.19481", version=2, title="Fusion of Latent Diffusion", authors=("Ann Lee", "Bob Ray"),
    abstract="We study latent diffusion. It wins by 3 points.", categories=("cs.CV", "cs.LG"), comment="Accepted",
)  # fmt: skip
TOPICS = (
    Topic(name="T", query="ti:fusion AND abs:diff* AND cat:cs.LG", must=("latent diffusion",), authors=("Ann Lee",)),
    Topic(name="T", categories=("cs.CV", "cs.LG"), query='abs:"latent diffusion" ANDNOT ti:x'),
    Topic(name="T", examples=("arxiv:2402.19481",)),
    Topic(name="T"),
    Topic(name="T", query="ti:none", must=("x",), must_not=("fusion",), authors=("Cy",), categories=("math.GT",)),
    Topic(name="T", query="ti:fusion ANDNOT abs:latent"),
)
STANDINGS: tuple[Standing, ...] = ("example", "liked", "disliked", "tagged", "tagged-as", "collected", "library")
RELEVANCE = Relevance(
    score=0.5,
    words=(("diffusion", 0.2), ("points", -0.1)),
    nearest=tuple((Anchor(paper=PAPER, weight=1.0, standing=standing), 0.5) for standing in STANDINGS),
)


def changes() -> list[Reason]:
    old = Version(
        paper_id=PAPER.id, version=1, title="Fusion", authors=("Bob Ray", "Cy Doe"), abstract="We study fusion.",
        comment="Submitted",
    )  # fmt: skip
    found = list(describe_changes(old, replace(PAPER, withdrawn=True)))
    return [*found, *describe_changes(replace(old, authors=("Bob Ray", "Ann Lee")), PAPER)]


def quiet_days() -> list[Reason]:
    days = (date(2024, 1, 1) + timedelta(days=number) for number in range(1_500))
    return [reason for day in days if (reason := why_nothing(day)) is not None]


GIVEN = [
    *(reason for topic in TOPICS for reason in judge(topic, PAPER).reasons), *RELEVANCE.reasons, *changes(),
    *{reason.kind: reason for reason in quiet_days()}.values(),
]  # fmt: skip


@pytest.mark.parametrize("reason", GIVEN, ids=lambda reason: reason.kind)
def test_every_reason_that_is_given_is_a_sentence_with_its_values_in_both_languages(reason: Reason) -> None:
    english, chinese = sentence(reason, "en"), sentence(reason, "zh")
    assert english != reason.kind
    assert re.search("[\u4e00-\u9fff]", chinese)
    assert "…" not in english + chinese  # no value is missing
    shown = [value for name, value in reason.values.items() if name not in ("paper_id", "similarity")]
    assert all(value in english and value in chinese for value in shown)


def test_a_reason_of_another_edition_is_told_by_its_kind_and_several_are_joined() -> None:
    assert sentence(Reason(kind="unheard-of")) == "unheard-of"
    assert told((Reason(kind="withdrawn"), Reason(kind="unheard-of"))) == "the paper has been withdrawn; unheard-of"
    assert told(None) == ""


@given(st.text(min_size=1))
def test_what_a_sentence_quotes_stays_to_the_letter(text: str) -> None:
    for kind in ("title-was", "abstract-added"):
        assert sentence(Reason(kind=kind, values={"text": text})).endswith(f": {text}")


def test_only_what_tells_of_the_user_is_personal() -> None:
    assert {reason.kind for reason in GIVEN if not reason.personal and reason.kind.startswith("like-")} == {
        "like-example"
    }
    assert {reason.kind for reason in GIVEN if reason.personal} == {
        "like-liked", "like-disliked", "like-tagged", "like-tagged-as", "like-collected", "like-library",
        "words-for", "words-against",
    }  # fmt: skip


def test_why_a_paper_is_here_says_what_was_liked_first_and_nothing_that_speaks_against_it() -> None:
    found = told_why([*judge(TOPICS[0], PAPER).reasons, *reversed(RELEVANCE.reasons)])
    assert found == [
        f"like “{PAPER.title}” that you liked", f"like “{PAPER.title}” that you tagged for the topic",
        f"like “{PAPER.title}” that you tagged",
    ]  # fmt: skip
    assert told_why(judge(TOPICS[3], PAPER).reasons) == []
    assert told_why([Reason(kind="query"), Reason(kind="words-against", values={"words": "x"})]) == []
