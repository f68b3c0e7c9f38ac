"""Lists and comparisons as tables: every row a claim with its mark and page."""

import pytest

from kb.records import Answer, Paper
from kb.rendering import plain_text
from kb.writing.answering import answer
from tests.memory_corpus import MemoryCorpus, chunks_of
from tests.scripted_chat import ScriptedChat

GIZMO = (
    "Gizmo is a parser for news. Gizmo is compared with the baselines Widget, GadgetNet and Doohickey (Smith et al.,"
    " 2017). Further baselines of Gizmo are Whatsit and CRF-Parse. Compared with Widget, Gizmo is better by 4 points."
)
WIDGET = "Widget is a parser for letters. Widget is slower than Gizmo on news but better on letters."


@pytest.fixture(scope="module")
def corpus() -> MemoryCorpus:
    texts = {"arxiv:1": ("Gizmo: Parsing of news", GIZMO), "arxiv:2": ("Widget: Parsing of letters", WIDGET)}
    papers = [Paper(id=key, title=title, authors=("Ada Author",)) for key, (title, _) in texts.items()]
    return MemoryCorpus(papers, {key: chunks_of(key, text) for key, (_, text) in texts.items()})


def _rows(made: Answer) -> dict[str, tuple[str, ...]]:
    return {made.claims[row.claim].text: row.names for row in made.table}


def test_a_list_has_a_row_for_each_claim_with_the_names_that_it_prints(corpus: MemoryCorpus) -> None:
    made = answer("Which baselines is Gizmo compared with?", corpus=corpus)
    assert [row.claim for row in made.table] == list(range(len(made.claims)))
    named = {name for names in _rows(made).values() for name in names}
    assert {"GadgetNet", "Doohickey", "Whatsit"} <= named
    assert not {"Smith", "Gizmo"} & named
    assert all(name in text for text, names in _rows(made).items() for name in names)


def test_a_comparison_says_which_of_the_things_compared_a_sentence_is_about(corpus: MemoryCorpus) -> None:
    made = answer("How does Gizmo compare to Widget on news?", corpus=corpus)
    assert any({"Gizmo", "Widget"} <= set(names) for names in _rows(made).values())


@pytest.mark.parametrize("question", ["What is Gizmo?", "How many points is the improvement of Gizmo?"])
def test_other_questions_have_no_table(corpus: MemoryCorpus, question: str) -> None:
    made = answer(question, corpus=corpus)
    assert made.answered
    assert made.table == ()


def test_an_answer_that_a_model_wrote_has_no_table(corpus: MemoryCorpus) -> None:
    told = {"sentences": [{"text": "Gizmo is compared with the baselines Widget and GadgetNet.", "evidence": [1]}]}
    chat = ScriptedChat({"queries": []}, told)
    made = answer("Which baselines is Gizmo compared with?", corpus=corpus, chat=chat)
    assert made.model == "scripted:model"
    assert made.table == ()


def test_the_printed_table_has_every_sentence_with_its_mark_and_page(corpus: MemoryCorpus) -> None:
    made = answer("Which baselines is Gizmo compared with?", corpus=corpus)
    printed = plain_text.answer(made)
    assert printed.splitlines()[0].split() == ["Paper", "Names", "What", "it", "says"]
    column = " ".join(line[44:].strip() for line in printed.partition("References")[0].splitlines()[1:])
    for claim in made.claims:
        assert f"{claim.text} [{claim.evidence[0].marker}] p. 1" in column
    assert all(len(line) <= 100 for line in printed.splitlines())
