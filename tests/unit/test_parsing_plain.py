"""Markdown and plain text as documents."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.errors import ParseError
from kb.parsing.plain import parse_markdown, parse_text
from kb.records import Document

MARKDOWN = r"""
---
title: "A Paper"
authors:
  - Jane Roe
  - Bo Li
arxiv: 2402.19481v2
keywords: [diffusion, parallelism]
---
# A Paper

## Abstract
We do *this* and **that**, see [the page](https://a.github.io/x) and `code_here`.
It goes on; our code is at https://github.com/a/b.

<!-- a hidden
comment -->

Methods
-------

1. One
   goes on
2. Two $x_{i}*y*z$
- three_four_five

| a | b |
|---|:-:|
| 1 | **2** |

$$
E = mc^2
$$

```python
# not a heading
```

> quoted
> text[^1]

[^1]: A note.

Figure 2: A plot.

### References

1. Knuth 1984.
- Lamport 1994.
"""

TEXT = """A Paper on Words

Jane Roe, Bo Li

Abstract
This is exam-
ple text, a well-
known one, and well-known again.
It goes on.

1 Introduction

First paragraph. Here is an example.
- item one
- item two

Table 1: Numbers.

RELATED WORK

More.

References

[1] Knuth. Literate
programming. 1984.
[2] Lamport. 1994.
"""


def check(document: Document) -> None:
    assert document.text == "\n\n".join(block.text for block in document.blocks)
    assert all(document.text[block.start : block.end] == block.text for block in document.blocks)
    assert document.front.source == "text"
    assert document.front.ids[-1].startswith("file:")


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in document.blocks]


def test_markdown_is_read_by_its_marks() -> None:
    document = parse_markdown(MARKDOWN.encode())
    check(document)
    assert blocks(document) == [
        ("heading", "A Paper"),
        ("heading", "Abstract"),
        (
            "paragraph",
            "We do this and that, see the page and code_here. It goes on; our code is at https://github.com/a/b.",
        ),
        ("heading", "Methods"),
        ("list", "1. One goes on"),
        ("list", "2. Two $x_{i}*y*z$"),
        ("list", "• three_four_five"),
        ("equation", "E = mc^2"),
        ("code", "# not a heading"),
        ("paragraph", "quoted text"),
        ("table", "a | b\n1 | 2"),
        ("footnote", "A note."),
        ("caption", "Figure 2: A plot."),
        ("heading", "References"),
        ("reference", "1. Knuth 1984."),
        ("reference", "Lamport 1994."),
    ]
    assert document.blocks[4].section == ("A Paper", "Methods")
    assert document.dropped == {"invisible": len("a hidden comment")}


def test_text_in_angle_brackets_is_text_and_html_is_not() -> None:
    source = "The label <SELF-LOOP> where a<b and c>d.<br>H<sub>2</sub>O, see <a href=x>it</a>, <https://a.org/b>."
    document = parse_markdown(f"# T\n\n<div>\n\n{source}\n\n</div>\n".encode())
    said = "The label <SELF-LOOP> where a<b and c>d. H2O, see it, https://a.org/b."
    assert blocks(document) == [("heading", "T"), ("paragraph", said)]


def test_the_front_matter_of_markdown_is_the_front() -> None:
    front = parse_markdown(MARKDOWN.encode()).front
    assert front.ids[0] == "arxiv:2402.19481"
    assert (front.title, front.authors, front.version) == ("A Paper", ("Jane Roe", "Bo Li"), 2)
    assert front.keywords == ("diffusion", "parallelism")
    assert (front.abstract or "").startswith("We do this and that")
    assert [link.url for link in front.links or ()] == ["https://github.com/a/b"]


def test_text_is_read_by_its_blank_lines_and_headings() -> None:
    document = parse_text(TEXT.replace("\n", "\r\n").encode())
    check(document)
    assert blocks(document) == [
        ("paragraph", "A Paper on Words"),
        ("paragraph", "Jane Roe, Bo Li"),
        ("heading", "Abstract"),
        ("paragraph", "This is example text, a well-known one, and well-known again. It goes on."),
        ("heading", "1 Introduction"),
        ("paragraph", "First paragraph. Here is an example."),
        ("list", "- item one"),
        ("list", "- item two"),
        ("caption", "Table 1: Numbers."),
        ("heading", "RELATED WORK"),
        ("paragraph", "More."),
        ("heading", "References"),
        ("reference", "[1] Knuth. Literate programming. 1984."),
        ("reference", "[2] Lamport. 1994."),
    ]
    assert [block.label for block in document.blocks[-2:]] == ["1", "2"]
    assert (document.front.title, document.front.authors) == ("A Paper on Words", ("Jane Roe", "Bo Li"))
    assert (document.front.abstract or "").startswith("This is example text")


@pytest.mark.parametrize(
    "line",
    [
        "Jane Roe, University of Examples", "We study words and their order", "12 May 2024",
        "Ada Roe, Universidad de Chile", "Politecnico di Torino", "Jane Roe and Siemens Healthineers",
    ],
)  # fmt: skip
def test_what_is_not_clearly_names_is_no_author(line: str) -> None:
    assert parse_text(f"A Title\n\n{line}\n\nText.".encode()).front.authors is None


@pytest.mark.parametrize(
    "line",
    ["Ludwig van Beethoven, Ada Roe", "José Ortega y Gasset and Jean-Luc d’Arc", "Kenji Amazonas; Meta Labitzke"],
)
def test_names_of_any_language_are_authors(line: str) -> None:
    names = tuple(re.split("; |, | and ", line))
    assert parse_text(f"A Title\n\n{line}\n\nText.".encode()).front.authors == names


def test_an_old_encoding_is_read() -> None:
    assert "Müller" in parse_text("Herr Müller sagt.".encode("latin-1")).text


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "no-text"), (b" \n\n ", "no-text"), (bytes(range(1, 32)) * 9, "no-text"), (b"a" * 20_000_001, "too-large")],
)
def test_what_cannot_be_read_says_why(data: bytes, code: str) -> None:
    for parse in (parse_text, parse_markdown):
        with pytest.raises(ParseError) as caught:
            parse(data)
        assert caught.value.code == code


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("#-=*_`~|[]()!$<>:1. \n\tab^é\\"), max_size=200))
def test_any_marks_are_a_document_or_a_stated_error(text: str) -> None:
    for parse in (parse_text, parse_markdown):
        try:
            document = parse(text.encode())
        except ParseError as err:
            code = err.code
        else:
            code = ""
            check(document)
        assert code in ("", "no-text")


@settings(deadline=None)
@given(st.lists(st.from_regex(r"[A-Za-z][a-z]{1,8}", fullmatch=True), min_size=1, max_size=60))
def test_no_word_of_a_paragraph_is_lost(words: list[str]) -> None:
    text = "Title here.\n\n" + " ".join(words) + " end."
    for parse in (parse_text, parse_markdown):
        assert parse(text.encode()).text.split() == text.split()
