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


# Heads of each kind, as a question may have them.
HEADS = (
    "optimizer optimiser license licence copyright hardware GPU machine machines device accelerator server servers"
    " processor framework library libraries toolkit software tool package platform activation nonlinearity tokenizer"
    " objective objectives loss losses regularizer regularization parameter funding sponsor grant grants money"
    " annotators raters judges evaluators participants workers labelers subjects people agreement time duration hours"
    " days minutes weeks months memory storage disk footprint dataset datasets data corpus corpora benchmark collection"
    " metric metrics measure criteria criterion score scores baseline baselines language languages embeddings vectors"
    " encoder decoder backbone classifier parser retriever country cities journal ontology source sources origin code"
    " repository implementation url link website address task tasks year date cost price limitation weakness drawback"
    " size scale improvement gain increase"
).split()


@pytest.mark.parametrize("head", HEADS)
def test_the_noun_that_is_asked_for_is_of_its_own_kind(head: str) -> None:
    attribute = asked_for(f"Which {head} do they name?")
    assert attribute is not None
    assert gives(f"The {head} of Gizmo has a name and a colour.", attribute)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Which machine is used?", "It advances machine learning and machine translation."),
        ("Which languages are covered?", "Natural language processing and language modelling are hard."),
        ("How long does training take?", "It is for the first time three times as good as before."),
        ("What is the address of the code?", "We address a problem to address another."),
        ("Which date was it collected?", "It is the largest to date, after two years."),
        ("Which optimizer is used?", "We optimized it; the optimization was hard."),
        ("Which metric is used?", "We map each token to a vector and fid it."),
        ("What did you pay, and what was the price?", "It was $ per word."),
    ],
)
def test_the_noun_as_a_part_of_another_thing_or_as_a_verb_gives_nothing(question: str, text: str) -> None:
    attribute = asked_for(question)
    assert attribute is not None
    assert not gives(text, attribute)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What is the cost of a label?", "A label was $0.05."),
        ("What was the price of a task?", "Each was US$ 12 in all."),
        ("What did it cost in all, and which costs were paid?", "It came to €3,000."),
        ("Which metric is reported?", "We report MAP."),
        ("Under which licence is it released?", "It is released under MIT."),
        ("Under which license is it released?", "The weights are BSD, the data ODC-By."),
        ("What was the training time?", "It was trained for two days."),
    ],
)
def test_amounts_of_money_acronyms_and_short_names_are_of_their_kinds(question: str, text: str) -> None:
    attribute = asked_for(question)
    assert attribute is not None
    assert gives(text, attribute)


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


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("How many documents was Gizmo trained on?", "Gizmo was trained on 2048 documents."),
        ("How many documents was Gizmo trained on?", "Gizmo was trained on 2000 documents."),
        ("How many hidden units does Gizmo have?", "Gizmo has 2048 hidden units."),
        ("What is the website of Gizmo?", "The website of Gizmo has a demo and a manual."),
        ("Which machine was Gizmo trained on?", "Gizmo was trained on one machine with 64 of them."),
        (
            "Which criteria do the annotators of Gizmo rate?",
            "The criteria of Gizmo's annotators are fluency and adequacy.",
        ),
        ("Which datasets is Gizmo evaluated on?", "We evaluate Gizmo on SQuAD and MNLI."),
        ("Which datasets is Gizmo evaluated on?", "SQuAD is what we evaluate Gizmo on."),
        ("Which objective is Gizmo trained with?", "We train Gizmo with InfoNCE in batches."),
        ("In which language are the tweets of Gizmo?", "All tweets of Gizmo are in Vietnamese."),
        ("Which languages does Gizmo parse?", "Gizmo parses Swahili, Yoruba and Hausa."),
        ("Which library is Gizmo written with?", "Gizmo is written with DyNet."),
        ("Which encoder does Gizmo use?", "We use BERT to read the sentences for Gizmo."),
        ("Which pretrained encoder reads the sentences in Gizmo?", "Gizmo reads the sentences with Longformer."),
        ("Under which licence is Gizmo released?", "Gizmo is released under MIT."),
        ("What is the cost of a label in Gizmo?", "Each label in Gizmo is paid with $0.05."),
    ],
)
def test_what_a_paper_states_is_not_refused_for_the_words_it_states_it_in(question: str, sentence: str) -> None:
    told = MemoryCorpus(
        [Paper(id="arxiv:gizmo", title="Gizmo: Parsing of sentences")],
        {"arxiv:gizmo": chunks_of("arxiv:gizmo", f"Gizmo is a model for parsing of sentences. {sentence}")},
    )
    made = answer(question, corpus=told)
    assert made.answered
    assert any(sentence in claim.text for claim in made.claims)


@pytest.mark.parametrize("question", ["Which datasets is Gizmo evaluated on?", "Which languages does Gizmo parse?"])
def test_the_names_of_the_question_and_of_cited_work_are_not_what_is_asked_for(question: str) -> None:
    text = "Then Gizmo is a model that parses (Smith et al., 2011). Later Gizmo was made better."
    told = MemoryCorpus(
        [Paper(id="arxiv:gizmo", title="Gizmo: Parsing of sentences")],
        {"arxiv:gizmo": chunks_of("arxiv:gizmo", text)},
    )
    assert not answer(question, corpus=told).answered


def test_another_papers_attribute_is_not_the_one_asked_for() -> None:
    other = "Widget is a model for parsing of sentences. Widget has 65M parameters and a free licence, the GPL."
    assert not answer("Under which licence is Gizmo released?", corpus=_corpus(other=other)).answered


def _corpus(**others: str) -> MemoryCorpus:
    texts = {"gizmo": ("Gizmo: Parsing of sentences", GIZMO)}
    texts |= {key: (f"Widget {key}: Parsing again", text) for key, text in others.items()}
    papers = [Paper(id=f"arxiv:{key}", title=title) for key, (title, _) in texts.items()]
    return MemoryCorpus(papers, {f"arxiv:{key}": chunks_of(f"arxiv:{key}", text) for key, (_, text) in texts.items()})
