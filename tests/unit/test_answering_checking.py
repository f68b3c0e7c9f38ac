"""A manuscript against its papers: what is certain is said without a model, what a sentence means only with one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from kb.answering import verifying
from kb.answering.asking import Asking
from kb.answering.checking import check
from kb.errors import ModelError
from kb.records import CheckedSentence, Citation, CitingSentence, Fulltext, ManuscriptCheck, NotInPaper, Paper
from tests.memory_corpus import MemoryCorpus, MemoryRecords, chunks_of
from tests.played_model import PlayedModel, lying

ZEBRA = Paper(
    id="arxiv:2401.00001",
    title="Zebra: A Corpus of Striped Animals",
    authors=("Ann Author", "Bea Beta"),
    published=datetime(2024, 1, 1, tzinfo=UTC),
    fulltext=Fulltext(state="full"),
)
HERON = Paper(
    id="arxiv:2401.00002",
    title="Heron: Wading Birds in Newspapers",
    authors=("Carl Cee",),
    fulltext=Fulltext(state="full"),
)
TEXTS = {
    ZEBRA.id: "The corpus was made to study how striped animals are described. It holds 48,210 sentences from nine"
    " newspapers. Each sentence was labelled by three annotators with BratTool. Agreement between the annotators"
    " reached 0.81 kappa. The classifier finds the animal in 91.4% of the test sentences.",
    HERON.id: "Herons were described in local newspapers for a century. The collection holds 12,400 sentences from two"
    " newspapers. Two annotators labelled every sentence. The agreement was 0.64 kappa.",
}
CITED = {"zebra": ZEBRA, "heron": HERON, "nobody": None}


def asking(chat: PlayedModel | None = None, **more: Any) -> Asking:
    papers = more.pop("papers", (ZEBRA, HERON))
    words = more.pop("words_per_chunk", 120)
    chunks = {key: chunks_of(key, text, section=("3 Data",), words_per_chunk=words) for key, text in TEXTS.items()}
    corpus = MemoryCorpus(papers, chunks)
    return Asking(corpus=corpus, records=MemoryRecords(corpus), chat=chat, **more)


def checked(said: str, *keys: str, made_with: Asking | None = None) -> CheckedSentence:
    (sentence,) = many([(said, keys)], made_with or asking()).sentences
    return sentence


def many(said: list[tuple[str, tuple[str, ...]]], made_with: Asking) -> ManuscriptCheck:
    sentences = [
        CitingSentence(file="a.md", line=line, text=text, said=text, keys=keys)
        for line, (text, keys) in enumerate(said, 1)
    ]
    here = {paper.id: paper for paper in made_with.corpus.mentioned("")}
    citations = {key: Citation(key=key, paper=here.get(paper.id) if paper else None) for key, paper in CITED.items()}
    return check("a.md", sentences, citations, made_with)


@pytest.mark.parametrize(
    "said",
    [
        "Zebra holds 48,210 sentences.", "About 48 thousand sentences were gathered from newspapers.",
        "In 2024 Author and Beta reached 0.81 kappa.", 'They "study how striped animals are described".',
        "Its annotators, who agreed, used BratTool on striped animals.",
        'It was "made to study … striped animals" in newspapers.',
    ],
)  # fmt: skip
def test_without_a_model_nothing_is_called_supported_and_nothing_right_is_blamed(said: str) -> None:
    one = checked(said, "zebra")
    assert (one.verdict, one.reason) == (None, None)
    assert one.missing == NotInPaper()
    assert one.passages[0].paper == ZEBRA
    assert one.passages[0].answering


@pytest.mark.parametrize(
    ("said", "kind", "numbers", "names"),
    [
        ("Zebra holds 48,211 sentences.", "number-not-cited", ("48,211",), ()),
        ("The newspapers of Zebra are at https://zebra.example/data.", "address-not-cited", (), ()),
        ('It says "how spotted animals are described".', "quotation-not-cited", (), ()),
    ],
)
def test_what_no_part_of_the_paper_prints_is_unsupported_without_a_model(
    said: str, kind: str, numbers: tuple[str, ...], names: tuple[str, ...]
) -> None:
    one = checked(said, "zebra")
    assert (one.verdict, one.reason.kind if one.reason else None) == ("unsupported", kind)
    assert (one.missing.numbers, one.missing.names) == (numbers, names)


def test_names_that_the_paper_lacks_are_listed_and_no_verdict_of_their_own() -> None:
    one = checked("The sentences were labelled with CamelTool.", "zebra")
    assert (one.verdict, one.missing.names) == (None, ("CamelTool",))


def test_what_is_printed_anywhere_in_the_paper_counts_and_is_shown() -> None:
    one = checked("Striped animals are described; agreement is 0.81.", "zebra", made_with=asking(words_per_chunk=12))
    assert one.verdict is None
    assert any("0.81" in sentence.text for passage in one.passages for sentence in passage.sentences)


def test_a_sentence_is_held_against_all_that_it_cites_together() -> None:
    said = "The corpora hold 48,210 and 12,400 sentences of newspapers."
    assert checked(said, "zebra", "heron").verdict is None
    assert {passage.paper.id for passage in checked(said, "zebra", "heron").passages} == {ZEBRA.id, HERON.id}
    assert checked(said, "zebra").missing.numbers == ("12,400",)


def test_of_what_is_not_here_nobody_says_that_it_is_not_stated() -> None:
    elsewhere = checked("The corpora hold 48,210 and 77 sentences.", "zebra", "nobody")
    assert (elsewhere.verdict, elsewhere.missing.numbers) == (None, ())
    assert elsewhere.reason is not None
    assert (elsewhere.reason.kind, elsewhere.reason.values["keys"]) == ("not-in-library", "nobody")
    part = replace(ZEBRA, fulltext=Fulltext(state="partial", reason="pages 4 to 9 are pictures"))
    unread = checked("Zebra holds 77 sentences.", "zebra", made_with=asking(papers=(part, HERON)))
    assert (unread.verdict, unread.reason.kind if unread.reason else None) == (None, "not-read-whole")
    assert unread.missing.numbers == ()


def test_with_a_model_each_sentence_has_its_verdict() -> None:
    made = many(
        [("Zebra holds 48,210 sentences.", ("zebra",)), ("Two annotators labelled Zebra's sentences.", ("zebra",))],
        asking(PlayedModel(judge=lying(about=["Two annotators"]))),
    )
    assert [one.verdict for one in made.sentences] == ["supported", "contradicted"]
    assert made.model == "played:model"
    assert (made.counts.supported, made.counts.contradicted, made.counts.sentences) == (1, 1, 2)
    assert made.usage.calls == 2  # one screens the lines of the passages


def test_the_floor_holds_whatever_the_model_says() -> None:
    chat = PlayedModel()
    assert checked("Zebra holds 48,211 sentences.", "zebra", made_with=asking(chat)).verdict == "unsupported"
    assert checked("CamelTool labelled the sentences.", "zebra", made_with=asking(chat)).verdict == "partly"


def test_a_model_is_told_what_a_citation_that_is_a_word_stands_for() -> None:
    chat = PlayedModel()
    checked("As in [@zebra], sentences are labelled.", "zebra", made_with=asking(chat))
    assert "As in Ann Author et al., 2024, sentences are labelled." in chat.prompts(verifying.SYSTEM)[0]


def test_what_is_not_found_is_looked_for_once_more_in_other_passages() -> None:
    def judge(statement: str, cited: str) -> Mapping[str, Any]:
        seen = "three annotators" in cited
        return {"verdict": "supported" if seen else "unsupported", "why": "" if seen else "not there"}

    said = "Striped animals of newspapers and the classifier and its agreement of annotators had some labels."
    made_with = asking(PlayedModel(judge=judge), words_per_chunk=8)
    quick = checked(said, "zebra", made_with=replace(made_with, effort="quick"))
    again = checked(said, "zebra", made_with=made_with)
    assert again.verdict == "supported"
    assert len(again.passages) > len(quick.passages)


def test_a_model_that_judges_what_it_cannot_know_is_not_believed() -> None:
    chat = PlayedModel(judge=lying(about=["sentences"], verdict="unsupported"))
    one = checked("The corpora hold sentences of newspapers.", "zebra", "nobody", made_with=asking(chat))
    assert (one.verdict, one.reason.kind if one.reason else None) == (None, "not-in-library")


def test_a_model_that_fails_judges_nothing() -> None:
    chat = PlayedModel(judge=ModelError("the server is down: start it"))
    one = checked("Zebra holds 48,210 sentences.", "zebra", made_with=asking(chat))
    assert (one.verdict, one.reason.kind if one.reason else None) == (None, "not-verified")


def test_a_sentence_of_the_paper_word_for_word_is_said_to_be_one() -> None:
    for chat in (None, PlayedModel()):
        said = "It holds 48,210 sentences from nine newspapers."
        one = checked(said, "zebra", made_with=asking(chat))
        assert (one.verdict, one.reason.kind if one.reason else None) == (None, "word-for-word")


def test_private_papers_are_not_shown_to_a_model_elsewhere_and_are_counted() -> None:
    papers = (replace(ZEBRA, private=True), HERON)
    said = [("Zebra holds 48,210 sentences.", ("zebra",)), ("Heron holds 12,400 sentences.", ("heron",)),
            ("Zebra holds 5 sentences.", ("zebra",))]  # fmt: skip
    chat = PlayedModel(is_local=False)
    made = many(said, asking(chat, papers=papers))
    assert [one.verdict for one in made.sentences] == [None, "supported", "unsupported"]
    assert made.not_searched.private == 1
    assert "Striped" not in "\n".join(user for _, user in chat.asked)
    allowed = many(said, asking(chat, papers=papers, allow_remote=True))
    assert allowed.sentences[0].verdict == "supported"
    assert allowed.not_searched.private == 0


def test_works_are_counted_once_and_verdicts_sum_to_the_sentences() -> None:
    said = [("Zebra holds 48,210 sentences.", ("zebra",)), ("Zebra holds 9 sentences.", ("zebra", "heron")),
            ("A thing of somebody else.", ("nobody",)), ("See also.", ("nobody", "zebra"))]  # fmt: skip
    counts = many(said, asking()).counts
    assert (counts.sentences, counts.cited, counts.not_in_library) == (4, 3, 1)
    verdicts = counts.supported + counts.partly + counts.unsupported + counts.contradicted + counts.not_judged
    assert verdicts == counts.sentences


def test_many_sentences_are_asked_in_several_calls_within_the_room() -> None:
    chat = PlayedModel()
    said = [(f"Zebra holds sentences of the newspapers, labelled {i} times.", ("zebra",)) for i in range(8)]
    many(said, asking(chat, passage_tokens=150))
    assert len(chat.asked) > 1
