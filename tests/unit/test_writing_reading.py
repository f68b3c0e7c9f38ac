"""What a reader of answers changes: the order of the evidence; when it is not asked; who paid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from kb.protocols import Vectors
from kb.records import Paper
from kb.writing import evidence, reading, refusal
from kb.writing.questions import read_question
from tests.memory_corpus import MemoryCorpus, chunks_of

PAPER = "arxiv:2401.00001"
TEXT = (
    "The models were trained with a fixed budget of updates. All models were trained on machines of one kind."
    " We let the optimizer be Adam with warm-up, as is usual for models of this size. The policy was kept frozen for"
    " the first 50 steps. Training of the models ran for 250 steps altogether. Models of other sizes were not trained."
)
THANKS = "This work was supported by the Vienna Science and Technology Fund. We thank the reviewers for their comments."


class SureOf:
    """A reader that is sure of the sentences that have the words told it, by question."""

    def __init__(self, told: dict[str, str]) -> None:
        self.told = told
        self.contexts: list[str] = []

    def answers(self, question: str, sentences: Sequence[tuple[str, str]]) -> Vectors:
        self.contexts += [context for _, context in sentences]
        word = next((word for begins, word in self.told.items() if question.startswith(begins)), None)
        assert word is not None, f"the reader was not to be asked {question!r}"
        return np.array([4.0 if word in sentence else -4.0 for sentence, _ in sentences], dtype=np.float32)


def corpus_with(reader: SureOf | None) -> MemoryCorpus:
    paper = Paper(id=PAPER, title="Budgets: how long to train")
    chunks = [*chunks_of(PAPER, TEXT, section=("3 Setup",)), *chunks_of(PAPER, THANKS, section=("Acknowledgements",))]
    return MemoryCorpus([paper], {PAPER: chunks}, reader=reader)


def read(question: str, corpus: MemoryCorpus) -> list[evidence.Candidate]:
    asked = read_question(question)
    return reading.read(asked, evidence.gather(asked, corpus=corpus), corpus=corpus)


def test_among_sentences_that_are_as_near_the_one_that_answers_leads() -> None:
    question = "How were the models trained?"
    blind = read(question, corpus_with(None))
    found = read(question, corpus_with(SureOf({"How": "Adam"})))
    assert "Adam" not in blind[0].text
    assert "Adam" in found[0].text
    assert found[0].signals["answers"] > 0.9 > 0.1 > found[1].signals["answers"]
    assert "answers" not in blind[0].signals


def test_a_sentence_is_read_after_its_papers_title_and_the_sentence_before_it() -> None:
    reader = SureOf({"How": "Adam"})
    read("How were the models trained?", corpus_with(reader))
    assert any(c.startswith("Budgets: how long to train: All models were trained on") for c in reader.contexts)


@pytest.mark.parametrize("question", ["模型是如何训练的？", "Как обучались модели?"])
def test_a_question_in_a_script_that_it_never_learned_is_not_put_to_the_reader(question: str) -> None:
    reader = SureOf({})
    assert read(question, corpus_with(reader))
    assert reader.contexts == []


@pytest.mark.parametrize("question", ["Which optimizers are used?", "How do Adam and SGD differ?"])
def test_a_question_for_several_things_is_not_put_to_the_reader(question: str) -> None:
    reader = SureOf({})
    assert read(question, corpus_with(reader))
    assert reader.contexts == []


@pytest.mark.parametrize("question", ["Who funded the work?", "Who paid for the training?", "Which grants helped?"])
def test_acknowledgements_are_evidence_of_who_paid(question: str) -> None:
    told = [candidate.text for candidate in evidence.gather(question, corpus=corpus_with(None))]
    assert any("Vienna" in text for text in told)


@pytest.mark.parametrize(
    "question",
    [
        "How were the models trained?",
        "Which science does the work use?",
        "What evidence supports the claim?",
        "Which financial data are used?",
        "What hardware supports such a training?",
    ],
)
def test_acknowledgements_are_evidence_of_nothing_else(question: str) -> None:
    told = [candidate.text for candidate in evidence.gather(question, corpus=corpus_with(None))]
    assert told
    assert not any("Vienna" in text or "thank" in text for text in told)


def test_words_that_ask_for_nothing_in_particular_are_not_said_to_be_missing() -> None:
    asked = read_question("Which methods and results does the zebra paper contribute?")
    text = refusal.describe_missing(asked, evidence.gather(asked, corpus=corpus_with(None)))
    assert "“zebra”" in text
    assert "methods" not in text
    assert "results" not in text
