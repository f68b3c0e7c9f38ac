"""Headings and openings of paragraphs say what their sentences are about."""

from __future__ import annotations

from kb.records import Hit, Paper
from kb.text import sentence_spans
from kb.writing.evidence import gather
from kb.writing.places import continue_from, find_places, is_headed
from kb.writing.questions import read_question
from tests.memory_corpus import MemoryCorpus, chunks_of

SCALED = (
    "We call our particular attention by this name (Figure 2). The input consists of queries and keys. We compute dot"
    " products of the query with all keys and apply a softmax. The two most used functions are compared elsewhere."
)
NODES = (
    "Authors. Each node of this type stands for a person with a first name and a last name.\n\nEntity mentions. Each"
    " node of this type represents a textual reference of an entity in one of the papers.\n\nWe use the same encoder"
    " for the entity mention and the name of the entity mention candidate."
)


def hit_of(text: str, *section: str) -> Hit:
    return Hit(
        rank=1,
        score=1.0,
        found_by=("dense",),
        paper=Paper(id="arxiv:2401.00001", title="On attention"),
        chunk_id="a",
        section=section,
        page=1,
        text=text,
    )


def test_a_definition_below_a_heading_of_its_name_goes_on_with_its_sentences() -> None:
    asked = read_question("What is scaled dot-product attention?")
    hit = hit_of(SCALED, "3 Model", "3.2.1 Scaled Dot-Product Attention")
    spans = sentence_spans(SCALED)
    first, *_, last = find_places(hit, spans)
    assert is_headed(first, asked)
    told = [SCALED[a:b] for a, b in continue_from(first, spans, asked)]
    assert told[0].startswith("The input consists")
    assert "softmax" in told[1]
    assert len(told) == 2
    assert continue_from(last, spans, asked) == ()


def test_a_heading_of_another_name_opens_nothing() -> None:
    hit = hit_of(SCALED, "3 Model", "3.1 Encoder")
    place = find_places(hit, sentence_spans(SCALED))[0]
    assert not is_headed(place, read_question("What is scaled dot-product attention?"))


def test_the_opening_of_a_paragraph_is_a_heading() -> None:
    papers = [Paper(id="arxiv:2401.00002", title="On graphs")]
    corpus = MemoryCorpus(papers, {papers[0].id: chunks_of(papers[0].id, NODES, section=("2.1 Node Types",))})
    forms = {c.text: c.signals["form"] for c in gather("What is an entity mention?", corpus=corpus)}
    best = max(forms, key=lambda text: forms[text])
    assert best.startswith("Each node of this type represents a textual reference")


def test_a_paragraph_that_only_mentions_the_term_in_its_first_words_is_not_headed_by_it() -> None:
    hit = hit_of("One decision in Specter is to use hard negatives. It helps a lot in our tests.", "6 Analysis")
    place = find_places(hit, sentence_spans(hit.text))[0]
    assert not is_headed(place, read_question("What is Specter?"))
