"""What a paper mentions of itself: its own code and project, its keywords; not those of others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kb.parsing.first_page import read_keywords
from kb.parsing.own_links import read_links
from kb.parsing.page import LinkArea
from kb.records import Block, BlockKind, Line


def block(
    text: str, *, kind: BlockKind = "paragraph", page: int = 1, section: tuple[str, ...] = ("1 Introduction",)
) -> Block:
    line = Line(start=0, end=len(text), page=page, x0=72, y0=100, x1=500, y1=112)
    return Block(kind=kind, text=text, start=0, page=page, section=section, lines=(line,))


def links(*blocks: Block, areas: tuple[LinkArea, ...] = ()) -> list[tuple[str, str, int | None]]:
    return [(link.kind, link.url, link.page) for link in read_links(blocks, areas)]


@pytest.mark.parametrize(
    "text",
    [
        "Our code is available at https://github.com/example/widgets.",
        "We release the models at github.com/example/widgets and hope that they are of use.",
        "The implementation is publicly available: www.github.com/example/widgets",
    ],
)
def test_an_address_beside_words_of_ownership_is_the_papers_own(text: str) -> None:
    assert links(block(text, page=3)) == [("code", "https://github.com/example/widgets", 3)]


@pytest.mark.parametrize(
    "text",
    [
        "We use the implementation of the authors (https://github.com/others/thing).",
        "The tokenizer is https://github.com/others/thing, the version of 2019.",
        "See https://github.com/others for more.",
    ],
)
def test_an_address_of_others_or_of_a_person_is_not(text: str) -> None:
    assert links(block(text, page=3)) == []


def test_references_are_never_searched_for_links() -> None:
    assert links(block("Our code is available at https://github.com/a/b", kind="reference")) == []


def test_in_abstract_and_front_matter_every_address_is_the_papers_own() -> None:
    found = links(
        block("https://example.github.io/widgets", kind="front"),
        block("See https://gitlab.com/example/data.", section=("Abstract",)),
    )
    assert found == [
        ("project", "https://example.github.io/widgets", 1),
        ("code", "https://gitlab.com/example/data", 1),
    ]


def test_the_annotation_has_the_whole_address_where_the_text_is_broken() -> None:
    area = LinkArea(url="https://github.com/example/a-long-name", page=1, x0=72, y0=100, x1=500, y1=112)
    found = links(block("Our code is available at https://github.com/example/a- long-name"), areas=(area,))
    assert found == [("code", "https://github.com/example/a-long-name", 1)]


def test_the_same_address_is_named_once() -> None:
    text = "Our code is available at https://github.com/example/widgets"
    assert len(links(block(text), block(text.replace("widgets", "Widgets.git")))) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Keywords: widgets; large, old collections; tests", ("widgets", "large", "old collections", "tests")),
        ("Index Terms—widgets, evaluation", ("widgets", "evaluation")),
        ("Keywords: widgets · evaluation · collections.", ("widgets", "evaluation", "collections")),
        ("Keywords: widgets", None),
        ("Key insights of this work are many, and good", None),
    ],
)
def test_keywords_are_split_at_their_signs(text: str, words: tuple[str, ...] | None) -> None:
    assert read_keywords([block(text, kind="front")], join=str) == words


def test_keywords_below_a_heading_of_their_own_are_read() -> None:
    assert read_keywords([block("KEYWORDS", kind="heading"), block("widgets, evaluation")], join=str) == (
        "widgets",
        "evaluation",
    )


def test_keywords_are_looked_for_on_the_first_pages_only() -> None:
    assert read_keywords([block("Keywords: widgets, evaluation", page=5)], join=str) is None


@pytest.mark.parametrize(
    ("sentence", "own"),
    [
        ("The source code of this work can be found at https://github.com/example/widgets.", True),
        ("Code: https://github.com/example/widgets", True),
        ("All data sets and scripts are publicly available on https://gitlab.com/example/widgets.", True),
        ("Their source code is available at https://github.com/example/widgets.", False),
        ("The authors released the code at https://github.com/example/widgets.", False),
        ("We use the tokenizer at https://github.com/example/widgets.", False),
        ("The baseline is implemented with https://github.com/example/widgets.", False),
        ("Pages are parsed with GROBID (Lopez, 2009), see https://github.com/example/widgets.", False),
    ],
)
def test_a_sentence_says_whose_the_address_is(sentence: str, own: bool) -> None:
    assert bool(links(block(sentence, page=4))) == own


@pytest.mark.parametrize(
    ("sentence", "own"),
    [
        ("We make all of our code and data available", True),
        ("Pages are parsed with the usual tool in its last version", False),
    ],
)
def test_a_note_speaks_with_the_sentence_of_its_mark(sentence: str, own: bool) -> None:
    text = f"Words come before it. {sentence}. Others follow."
    said, note = block(text, page=4), block("https://github.com/example/widgets", kind="footnote", page=4)
    note = replace(note, start=len(text) + 2, label="3")
    found = read_links((said, note), (), raised=[(text.index(". Others") + 1, "3")])
    assert bool(found) == own


def test_what_the_title_names_is_the_papers_own() -> None:
    said = block("The parser is described at https://github.com/example/widget-mill", page=4)
    assert read_links((said,), (), title="Other Things") == ()
    assert [link.url for link in read_links((said,), (), title="WidgetMill: Mills of Widgets")] == [
        "https://github.com/example/widget-mill"
    ]
    short = block("The parser is described at https://github.com/example/MOW", page=4)
    assert len(read_links((short,), (), title="Mills of Widgets")) == 1
