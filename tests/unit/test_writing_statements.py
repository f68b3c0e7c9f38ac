"""What counts as a statement of a paper, and what only points at one."""

from __future__ import annotations

import pytest

from kb.writing.statements import announces, is_statement


@pytest.mark.parametrize(
    "sentence",
    [
        "In this section, we describe the attributes of nodes and edges.",
        "In the following sections, we will describe the model and its training.",
        "Next, we discuss how we populate the nodes of the graph.",
        "We now describe the training of our model.",
        "We start with the dataset and then turn to the baselines.",
        "This section describes the training regime for our models.",
        "Table 3 presents statistics on our dataset.",
        "The results are summarised in Table 4.",
        "Figure 2 shows the distribution of papers over fields.",
        "Figure 1: Overview of the proposed model.",
        "We give a summary of potential applications below.",
    ],
)
def test_a_sentence_that_only_says_where_something_stands_is_an_announcement(sentence: str) -> None:
    assert announces(sentence) == 1.0


@pytest.mark.parametrize(
    "sentence",
    [
        "We use the Adam optimizer with a learning rate of 0.001.",
        "The encoder is composed of a stack of six layers.",
        "As shown in Table 2, we collect 33,663 keywords of 2,896 books.",
        "The DPR model is trained with in-batch negatives (Section 3.2) and a batch size of 128.",
        "We describe papers by their titles.",
        "Table 3: Statistics of the corpus: 81.1M papers in 20 fields.",
    ],
)
def test_a_sentence_that_states_something_is_none_even_when_it_points(sentence: str) -> None:
    assert announces(sentence) == 0.0


def test_a_long_sentence_that_points_counts_half() -> None:
    told = "Figure 2 shows " + "that larger models need fewer steps to reach the loss of the smaller ones " * 3
    assert announces(told) == 0.5


def test_words_of_layout_and_reference_entries_are_no_statements() -> None:
    assert not is_statement("All rights reserved by the publisher of this volume.")
    assert not is_statement("Smith, J., Doe, A., and Roe, B. 2019. A study of things.")
    assert not is_statement("Why would one do that at all?")
    assert is_statement("The corpus holds 48,210 sentences.")
