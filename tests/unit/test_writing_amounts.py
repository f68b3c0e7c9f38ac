"""Numbers that answer: those of what is asked for, the whole before a part."""

from __future__ import annotations

import pytest

from kb.writing.amounts import asks_amount, counts, states_amount
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


@pytest.mark.parametrize(
    ("sentence", "noun"),
    [
        ("Gizmo was trained on 2048 documents.", "documents"),
        ("Gizmo was trained on 2000 documents.", "documents"),
        ("The layer has 2048 hidden units.", "units"),
        ("We found errors in 2010 documents.", "documents"),
        ("We project them in 2048 dimensions.", "dimensions"),
        ("It is a small corpus (2019 labelled documents) of news.", "documents"),
        ("Of these, 1999 users were active.", "users"),
        ("The test set of 2020 sentence pairs is new.", "pairs"),
        ("In 2019, 2000 users took part.", "users"),
        ("A batch (12 layers; Smith, 2011) fits.", "layers"),
    ],
)
def test_a_number_between_1900_and_2099_may_count(sentence: str, noun: str) -> None:
    assert counts(sentence, read_question(f"How many {noun} are there?"))


@pytest.mark.parametrize(
    ("sentence", "noun"),
    [
        ("We tried it, as (Smith, 2011) parameters go.", "parameters"),
        ("As Smith et al. (2011) parameters are many.", "parameters"),
        ("As Smith et al., 2011 parameters are many.", "parameters"),
        ("It is known (Smith, 2011; Lee and Park, 2012b) parameters of parsers help.", "parameters"),
        ("It is known [Smith 2011, Lee 2012] parameters of parsers help.", "parameters"),
        ("In 2019 documents were collected.", "documents"),
        ("Since 2019 all documents are read.", "documents"),
        ("In May 2019 the users were asked.", "users"),
        ("On May 3, 2019 the users were asked.", "users"),
        ("We use WMT 2014 sentence pairs.", "pairs"),
        ("We read 2010-2015 news documents.", "documents"),
        ("Between 2010 and 2015 news documents were read.", "documents"),
        ("These are 1990s newspaper documents.", "documents"),
    ],
)
def test_the_year_of_a_citation_or_a_date_counts_nothing(sentence: str, noun: str) -> None:
    assert not counts(sentence, read_question(f"How many {noun} are there?"))
