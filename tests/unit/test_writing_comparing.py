"""Papers × questions: quotes with markers, honest gaps, numbers that disagree."""

from __future__ import annotations

import pytest

from kb.records import Comparison, Paper
from kb.writing.comparing import compare
from tests.memory_corpus import MemoryCorpus, chunks_of

TEXTS = {
    "arxiv:2401.00001": "We study image models. Our network reaches an accuracy of 92.3% on CIFAR-10."
    " Training uses Adam with a learning rate of 0.001.",
    "arxiv:2401.00002": "We repeat the study of others."
    " The network reaches an accuracy of 94.1% on CIFAR-10 in our hands.",
    "arxiv:2401.00003": "Recipes are personalised with a decoder that attends to what the user cooked before.",
}
QUESTIONS = ("What accuracy does the network reach on CIFAR-10?", "Which learning rate is used for training with Adam?")


@pytest.fixture(scope="module")
def corpus() -> MemoryCorpus:
    papers = [Paper(id=key, title=f"Paper {i}") for i, key in enumerate(TEXTS, 1)]
    return MemoryCorpus(papers, {key: chunks_of(key, text) for key, text in TEXTS.items()})


@pytest.fixture(scope="module")
def table(corpus: MemoryCorpus) -> Comparison:
    return compare(list(corpus.papers.values()), QUESTIONS, corpus=corpus)


def test_each_cell_quotes_its_own_paper_under_its_own_marker(table: Comparison, corpus: MemoryCorpus) -> None:
    assert [len(row) for row in table.cells] == [2, 2, 2]
    for i, row in enumerate(table.cells):
        for cell in row:
            assert (cell.state == "found") == bool(cell.claims)
            for claim in cell.claims:
                assert {item.paper_id for item in claim.evidence} == {table.papers[i].id}
                assert {item.marker for item in claim.evidence} == {str(i + 1)}
    assert "92.3%" in " ".join(claim.text for claim in table.cells[0][0].claims)
    assert "0.001" in " ".join(claim.text for claim in table.cells[0][1].claims)


def test_what_a_paper_does_not_say_is_not_stated(table: Comparison) -> None:
    assert table.cells[2][0].state == "not stated"
    assert table.cells[2][1].state == "not stated"


def test_other_numbers_for_the_same_metric_on_the_same_dataset_are_flagged(table: Comparison) -> None:
    assert [flag.cells for flag in table.disagreements] == [((0, 0), (1, 0))]
    assert "accuracy on CIFAR-10" in table.disagreements[0].reason
    assert "92.3%" in table.disagreements[0].reason


def test_the_same_number_is_no_disagreement(corpus: MemoryCorpus) -> None:
    texts = {key: text.replace("94.1%", "92.30%") for key, text in TEXTS.items()}
    same = MemoryCorpus(corpus.papers.values(), {key: chunks_of(key, text) for key, text in texts.items()})
    assert compare(list(same.papers.values()), QUESTIONS[:1], corpus=same).disagreements == ()


def test_a_number_on_another_dataset_is_no_disagreement(corpus: MemoryCorpus) -> None:
    texts = {**TEXTS, "arxiv:2401.00002": "The network reaches an accuracy of 94.1% on ImageNet in our hands."}
    other = MemoryCorpus(corpus.papers.values(), {key: chunks_of(key, text) for key, text in texts.items()})
    question = ["What accuracy does the network reach?"]
    assert compare(list(other.papers.values()), question, corpus=other).disagreements == ()


def test_progress_counts_cells(corpus: MemoryCorpus) -> None:
    told: list[tuple[int, int]] = []
    compare(list(corpus.papers.values())[:2], QUESTIONS[:1], corpus=corpus, progress=lambda n, of: told.append((n, of)))
    assert told == [(1, 2), (2, 2)]
