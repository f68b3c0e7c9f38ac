"""When the papers do not say it, the answer says so: the decision and its words."""

from __future__ import annotations

import pytest

from kb.records import Paper
from kb.writing import evidence, refusal
from kb.writing.questions import read_question
from tests.memory_corpus import MemoryCorpus, chunks_of

PAPERS = {
    "arxiv:2401.00001": "We train a transformer for machine translation on WMT14. It reaches 28.4 BLEU on English"
    " to German. Training took twelve hours on eight GPUs.",
    "arxiv:2401.00002": "Dense passage retrieval encodes questions and passages with BERT. It outperforms BM25 on"
    " Natural Questions.",
    "arxiv:2401.00003": "Recipes are personalised with a decoder that attends to what the user cooked before.",
}


@pytest.fixture(scope="module")
def corpus() -> MemoryCorpus:
    papers = [Paper(id=key, title=f"Paper {key}") for key in PAPERS]
    return MemoryCorpus(papers, {key: chunks_of(key, text) for key, text in PAPERS.items()})


def judge(question: str, corpus: MemoryCorpus) -> refusal.Judgement:
    asked = read_question(question)
    return refusal.judge(asked, evidence.gather(asked, corpus=corpus))


def test_what_the_papers_say_is_answered(corpus: MemoryCorpus) -> None:
    judged = judge("How does the transformer do at machine translation on WMT14?", corpus)
    assert judged.answerable
    assert judged.missing is None


@pytest.mark.parametrize("question", ["Who painted the Mona Lisa?", "What is the capital of France?"])
def test_what_is_off_topic_is_refused(question: str, corpus: MemoryCorpus) -> None:
    judged = judge(question, corpus)
    assert not judged.answerable
    assert judged.missing


def test_nothing_found_is_always_refused() -> None:
    asked = read_question("What is attention?")
    assert not refusal.judge(asked, []).answerable
    assert "filters" in (refusal.judge(asked, [], filtered=True).missing or "")


def test_taking_the_paper_away_lowers_the_probability(corpus: MemoryCorpus) -> None:
    for question, gold in (
        ("How many hours did training the transformer take?", "arxiv:2401.00001"),
        ("Which retrieval outperforms BM25 on Natural Questions?", "arxiv:2401.00002"),
        ("How are recipes personalised?", "arxiv:2401.00003"),
    ):
        assert judge(question, corpus).probability > judge(question, corpus.without(gold)).probability


def test_a_name_that_no_paper_prints_counts_against_an_answer(corpus: MemoryCorpus) -> None:
    known = judge("Does retrieval outperform BM25 on Natural Questions?", corpus)
    unknown = judge("Does retrieval outperform BM25 on TriviaQA?", corpus)
    assert unknown.signals["names"] > known.signals["names"]
    assert unknown.probability < known.probability


def test_missing_names_the_words_that_are_not_there(corpus: MemoryCorpus) -> None:
    asked = read_question("What perplexity does the transformer reach?")
    text = refusal.describe_missing(asked, evidence.gather(asked, corpus=corpus))
    assert "“perplexity”" in text
    assert "“transformer”" not in text


def test_a_chinese_question_to_english_papers_is_told_the_language(corpus: MemoryCorpus) -> None:
    asked = read_question("BERT的检索方法是什么？")
    text = refusal.describe_missing(asked, evidence.gather(asked, corpus=corpus))
    assert text == "the papers are in English: ask in English"
