"""A question that names a paper is about that paper."""

from __future__ import annotations

from kb.records import Paper
from kb.writing.evidence import gather
from kb.writing.ownership import owners
from kb.writing.questions import read_question
from tests.memory_corpus import MemoryCorpus, chunks_of

PAPERS = {
    "arxiv:2401.00001": (
        "ZEBRA: A Corpus of Striped Animals",
        "ZEBRA holds 48,210 sentences. It was pretrained on a single TPU for one week.",
    ),
    "arxiv:2401.00002": (
        "Dense Passage Search for Question Answering",
        "Dense passage search trains on eight GPUs. We trained our models on 8 GPUs for two days.",
    ),
    "arxiv:2401.00003": ("Attention Alone", "We propose a simple network, the Gazelle, for translation."),
}


def corpus() -> MemoryCorpus:
    papers = [Paper(id=key, title=title) for key, (title, _) in PAPERS.items()]
    chunks = {key: chunks_of(key, text, section=("Abstract",)) for key, (_, text) in PAPERS.items()}
    return MemoryCorpus(papers, chunks)


def owned(question: str) -> set[str]:
    return set(owners(read_question(question), corpus().search(question, k=10)))


def test_an_acronym_a_phrase_of_the_title_and_a_proposed_name_name_their_paper() -> None:
    assert owned("How many sentences does ZEBRA hold?") == {"arxiv:2401.00001"}
    assert owned("How is dense passage search trained?") == {"arxiv:2401.00002"}
    assert owned("What is the Gazelle made for?") == {"arxiv:2401.00003"}


def test_what_stands_behind_the_head_of_a_title_names_no_paper() -> None:
    assert owned("How good is question answering today?") == set()


def test_a_question_across_papers_names_none() -> None:
    assert owned("Which papers use ZEBRA?") == set()


def test_sentences_of_other_papers_than_the_named_one_count_less() -> None:
    found = gather("On how many GPUs was ZEBRA trained?", corpus=corpus())
    elsewhere = {c.hit.paper.id: c.signals["elsewhere"] for c in found}
    assert elsewhere == {"arxiv:2401.00001": 0.0, "arxiv:2401.00002": 1.0, "arxiv:2401.00003": 1.0}
