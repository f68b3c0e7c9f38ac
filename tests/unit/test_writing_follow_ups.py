"""A follow-up means what it would mean to a listener."""

from __future__ import annotations

import pytest

from kb.errors import ModelError
from kb.records import NO_FILTERS, Answer, Paper, Reference
from kb.writing.follow_ups import resolve
from tests.scripted_chat import ScriptedChat


def turn(question: str, *papers: str) -> Answer:
    references = tuple(Reference(marker=str(i), paper=Paper(id=key, title=key)) for i, key in enumerate(papers, 1))
    return Answer(question=question, answered=bool(papers), language="en", model=None, references=references)


@pytest.mark.parametrize(
    ("before", "question", "whole"),
    [
        ("What is UTCNN?", "How many layers does it have?", "How many layers does UTCNN have?"),
        ("What is UTCNN?", "What are its baselines?", "What are UTCNN's baselines?"),
        (
            "What accuracy does BERT reach on CIFAR-10?",
            "What about CIFAR-100?",
            "What accuracy does BERT reach on CIFAR-100?",
        ),
        ("What is displaced patch parallelism?", "And how fast is it?", "How fast is displaced patch parallelism?"),
        ("What is UTCNN?", "Which datasets does FacTweet use?", "Which datasets does FacTweet use?"),
    ],
)
def test_what_a_follow_up_leaves_out_is_carried(before: str, question: str, whole: str) -> None:
    assert resolve(question, [turn(before)])[0] == whole


def test_the_first_question_stands_alone() -> None:
    assert resolve("How many layers does it have?", []) == ("How many layers does it have?", NO_FILTERS)


def test_the_paper_is_that_of_the_last_answer() -> None:
    _, filters = resolve("What do the authors of this paper conclude?", [turn("What is UTCNN?", "arxiv:2401.00001")])
    assert filters.papers == ("arxiv:2401.00001",)
    _, filters = resolve("What do these papers conclude?", [turn("What is UTCNN?", "arxiv:1", "arxiv:2")])
    assert filters.papers == ("arxiv:1", "arxiv:2")


def test_a_models_rewriting_is_taken_when_it_adds_nothing() -> None:
    chat = ScriptedChat({"question": "How many layers does UTCNN have?"})
    assert (
        resolve("How many layers does it have?", [turn("What is UTCNN?")], chat=chat)[0]
        == "How many layers does UTCNN have?"
    )


@pytest.mark.parametrize(
    "reply", [{"question": "How many layers does ResNet-50 have?"}, {"question": ""}, ModelError("no: wait")]
)
def test_a_rewriting_that_invents_or_fails_gives_way_to_the_rules(reply: object) -> None:
    resolved, _ = resolve("How many layers does it have?", [turn("What is UTCNN?")], chat=ScriptedChat(reply))
    assert resolved == "How many layers does UTCNN have?"


def test_answers_are_not_shown_to_the_model() -> None:
    chat = ScriptedChat({"question": "How many layers does UTCNN have?"})
    resolve("How many layers does it have?", [turn("What is UTCNN?", "file:secret")], chat=chat)
    assert "secret" not in chat.asked[0][1]
