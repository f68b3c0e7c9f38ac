"""A model is tried on the whole chain of an answer, and what it cannot do is told."""

from __future__ import annotations

from typing import Any

import pytest

from kb.answering.rehearsing import rehearse
from kb.errors import ModelError
from tests.played_model import PlayedModel, lying, number_of

FAITHFUL = "Tidewater holds 48,210 reports [{holds 48,210}]."
CHINESE = "三位标注者标注了 Tidewater 的 48,210 份报告。"


class Rehearsed(PlayedModel):
    """A played model that says it is ready."""

    def complete(self, system: str, user: str) -> str:
        """One word where one is asked for."""
        return "ready" if system.startswith("You answer with one word") else super().complete(system, user)


def trained(**more: Any) -> Rehearsed:
    usual: dict[str, Any] = {
        "understands": {"papers": [1]},
        "judge": lying(about=["faster"]),
        "screens": lambda line: "assistant" in line,
        "translate": lambda text: CHINESE,
    }
    return Rehearsed(more.pop("draft", FAITHFUL), **(usual | more))


def test_a_model_that_can_do_all_has_no_problem() -> None:
    assert rehearse(trained()) == []
    assert number_of("[1.1] holds 48,210", "holds") == "1.1"


@pytest.mark.parametrize(
    ("cannot", "told"),
    [
        ({"understands": {"language": "de"}}, "cannot read a question"),
        ({"understands": ModelError("no JSON: choose another")}, "cannot read a question"),
        ({"draft": "Tidewater holds many reports."}, "numbers of the sentences"),
        ({"judge": lying(about=["annotators"])}, "does not find a true statement supported"),
        ({"judge": lying(about=[])}, "finds a false statement supported"),
        ({"judge": ModelError("no JSON: choose another")}, "finds a false statement supported"),
        ({"screens": lambda line: False}, "does not tell an order"),
        ({"screens": lambda line: True}, "does not tell an order"),
        ({"screens": ModelError("no JSON: choose another")}, "does not tell an order"),
        ({"translate": lambda text: text}, "does not translate into Chinese"),
    ],
)
def test_what_a_model_cannot_do_is_told_with_the_cure(cannot: dict[str, Any], told: str) -> None:
    problems = rehearse(trained(**cannot))
    assert any(told in problem.what for problem in problems)
    assert all(problem.cure for problem in problems)


def test_the_model_that_checks_is_tried_at_checking() -> None:
    problems = rehearse(trained(judge=lying(about=[])), verifier=trained())
    assert problems == []


def test_a_model_that_cannot_be_reached_is_the_only_problem() -> None:
    class Dead(PlayedModel):
        def complete(self, system: str, user: str) -> str:
            raise ModelError("connection refused: start the server")

    (problem,) = rehearse(Dead(""))
    assert (problem.severity, "connection refused" in problem.what) == ("error", True)
