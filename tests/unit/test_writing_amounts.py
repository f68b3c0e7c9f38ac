"""Numbers that answer: those of what is asked for, the whole before a part."""

from __future__ import annotations

import pytest

from kb.writing.amounts import asks_amount, states_amount
from kb.writing.questions import read_question

PAPERS = read_question("How many papers does the corpus contain?")
BEST_FIRST = (
    "The resulting corpus consists of 81.1M papers.",
    "Of these, the abstracts of 73.4M papers come from publishers, a coverage of 90.4%.",
    "We sampled 500 PDFs and checked them by hand.",
    "The corpus contains papers of many fields.",
)


def test_the_whole_stands_above_a_part_above_other_numbers_above_none() -> None:
    scores = [states_amount(sentence, PAPERS) for sentence in BEST_FIRST]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)
    assert scores[-1] < 0


def test_a_number_far_from_the_noun_does_not_count_it() -> None:
    near = states_amount("It links 12 large papers.", PAPERS)
    far = states_amount("It took 12 weeks until the first of the reviewers had seen all papers.", PAPERS)
    assert near > far


@pytest.mark.parametrize("sentence", ["We use a margin m=1 for the loss.", "It reaches 28.4 BLEU."])
def test_a_value_answers_a_question_for_a_value(sentence: str) -> None:
    assert states_amount(sentence, read_question("What margin is used?")) == 1.0


def test_a_comparison_may_ask_for_numbers() -> None:
    assert asks_amount(read_question("How do the two differ in the number of papers they hold?"))
    assert not asks_amount(read_question("How do the two differ?"))
