"""What a question asks for, and whether a text gives it."""

import pytest

from kb.records import Paper
from kb.writing.answering import answer
from kb.writing.attributes import asked_for, gives
from kb.writing.questions import read_question, variants
from tests.memory_corpus import MemoryCorpus, chunks_of


@pytest.mark.parametrize(
    ("question", "noun"),
    [
        ("Under which licence is the corpus released?", ("licenc",)),
        ("Which optimizer trains the linking model of the graph?", ("optim",)),
        ("How many human raters judged the summaries?", ("rater",)),
        ("What is the learning rate?", ("learn", "rat")),
        ("What batch size was used?", ("batch",)),
        ("What activation function do they use in their model?", ("activ",)),
        ("Which pretrained encoder uses BERT?", ("encod",)),
        ("Who funded the work?", ("fund",)),
    ],
)
def test_the_attribute_is_the_head_of_what_is_asked_for(question: str, noun: tuple[str, ...]) -> None:
    attribute = asked_for(question)
    assert attribute is not None
    assert attribute.noun == noun


@pytest.mark.parametrize(
    "question",
    ["How does it work?", "What is the main idea?", "Is it fast?", "Why was it built?", "Which papers use BERT?"],
)
def test_a_question_that_names_no_attribute_asks_for_none(question: str) -> None:
    assert asked_for(question) is None


@pytest.mark.parametrize(
    ("question", "text", "given"),
    [
        ("Which optimizer is used?", "We train for 40 epochs using Adam.", True),
        ("Which optimizer is used?", "It is faster than optimization-based methods.", False),
        ("Under which license is it released?", "The data is shared under CC BY 4.0.", True),
        ("Under which license is it released?", "We release the data for research.", False),
        ("What is the learning rate?", "The learning rate is 0.1.", True),
        ("What is the learning rate?", "This is the first learning-based solution.", False),
        ("Which annotation guidelines were given?", "The guideline has ten pages.", True),
        ("Which annotation guidelines were given?", "Annotators agreed on the label.", False),
    ],
)
def test_a_text_gives_an_attribute_by_its_noun_or_a_thing_of_its_kind(question: str, text: str, given: bool) -> None:
    attribute = asked_for(question)
    assert attribute is not None
    assert gives(text, attribute) is given


def test_a_search_is_also_made_for_things_of_the_kind_asked_for() -> None:
    ways = variants(read_question("Which optimizer does Gizmo use?"), acronyms={})
    assert any("adam" in way and "Gizmo" in way for way in ways)


GIZMO = (
    "Gizmo is a model for parsing of sentences. Gizmo has six layers and is trained on news. We train Gizmo with Adam"
    " for ten epochs. We release Gizmo to the public. Gizmo was compared with other parsers by nine annotators."
    " We tried 9 parameter combinations of Gizmo, as (Smith, 2011) parameters of parsers go."
    " Users of Gizmo parse sentences of news."
)


@pytest.mark.parametrize(
    ("question", "printed"),
    [("Which optimizer trains Gizmo?", "Adam"), ("How many layers does Gizmo have?", "six layers")],
)
def test_what_is_asked_for_leads_the_answer_when_a_paper_states_it(question: str, printed: str) -> None:
    made = answer(question, corpus=_corpus())
    assert made.answered
    assert printed in made.claims[0].text


@pytest.mark.parametrize(
    "question",
    [
        "Under which licence is Gizmo released?",
        "How many parameters does Gizmo have?",
        "How many users does Gizmo have?",
        "Which guidelines were given to the annotators of Gizmo?",
    ],
)
def test_a_question_for_an_attribute_that_its_paper_does_not_state_is_refused(question: str) -> None:
    made = answer(question, corpus=_corpus())
    assert not made.answered
    assert made.missing
    assert made.nearest


def test_another_papers_attribute_is_not_the_one_asked_for() -> None:
    other = "Widget is a model for parsing of sentences. Widget has 65M parameters and a free licence, the GPL."
    assert not answer("Under which licence is Gizmo released?", corpus=_corpus(other=other)).answered


def _corpus(**others: str) -> MemoryCorpus:
    texts = {"gizmo": ("Gizmo: Parsing of sentences", GIZMO)}
    texts |= {key: (f"Widget {key}: Parsing again", text) for key, text in others.items()}
    papers = [Paper(id=f"arxiv:{key}", title=title) for key, (title, _) in texts.items()]
    return MemoryCorpus(papers, {f"arxiv:{key}": chunks_of(f"arxiv:{key}", text) for key, (_, text) in texts.items()})
