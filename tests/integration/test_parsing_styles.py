"""Papers set by LaTeX in the styles of the field, whose source beside them says what must be read.

Each sentence of running text in ``tests/data/papers/*.tex`` begins with "Statement", a number in the order of the
text, and "follows."; the PDFs are what pdflatex makes of them.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from kb.parsing.document import read_pdf
from kb.records import Block, Document

PAPERS = sorted((Path(__file__).resolve().parents[1] / "data" / "papers").glob("*.pdf"))
WITH_FLOATS = [path for path in PAPERS if path.stem != "three-columns"]
PROSE = ("paragraph", "list")
OTHER_PROSE = re.compile(
    r"(?:First|Second) item of the contribution list says that the method is simple and robust\."
    r"|Second item of the contribution list says that the method is fast and accurate\."
    r"|Numbered claim (?:one|two) is about the (?:data|model)\.|The end of the part is cited(?: \[\d\],?| \[1, 2\])+\."
    r"|where τ is the temperature\.|We present a method for the evaluation.* We release code and data\."
    r"|Theorem 1\. Every widget of finite size has a unique normal form\."
    r"|Proof\. By induction on the size of the widget\."
)


@cache
def document_of(path: Path) -> Document:
    return read_pdf(path.read_bytes(), max_pages=20)


def prose_of(path: Path) -> list[Block]:
    return [block for block in document_of(path).blocks if block.kind in PROSE]


def statements_of(path: Path) -> list[str]:
    return re.findall(r"Statement S\d{3} follows\. [^.]+\.", path.with_suffix(".tex").read_text().replace("\n", " "))


def named(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=[path.stem for path in paths])


@named(PAPERS)
def test_every_sentence_is_read_in_its_order(path: Path) -> None:
    wanted = statements_of(path)
    text = " ".join(block.text for block in prose_of(path))
    places = [text.find(statement) for statement in wanted]
    assert len(wanted) > 40
    assert -1 not in places
    assert places == sorted(places)


@named(PAPERS)
def test_prose_is_nothing_but_the_sentences_of_the_source(path: Path) -> None:
    text = " ".join(block.text for block in prose_of(path))
    for statement in statements_of(path):
        text = text.replace(statement, "")
    assert OTHER_PROSE.sub("", text).split() == ["∎"] * text.count("∎")


@named(PAPERS)
def test_sections_are_those_of_the_source_in_order(path: Path) -> None:
    wanted = re.findall(r"\\(?:sub)?section\{([^}]+)\}", path.with_suffix(".tex").read_text())
    found = [block.text for block in document_of(path).blocks if block.kind == "heading"]
    bare = [re.sub(r"^(?:[IVX]+|\d(?:\.\d)*|[A-Z])\.?\s", "", heading).casefold() for heading in found]
    assert [title for title in bare if title not in ("abstract", "references")] == [
        title.casefold() for title in wanted
    ]


@named(PAPERS)
def test_title_and_authors_are_those_of_the_source(path: Path) -> None:
    front = document_of(path).front
    assert front.title == "Efficient Widgets for the Evaluation of Large Collections"
    assert front.authors is not None
    assert front.authors == ("Wei Zhang", "José García-López", "Ana Müller")[: len(front.authors)]
    assert all(author in path.with_suffix(".tex").read_text().replace("~", " ") for author in front.authors)


@named([path for path in WITH_FLOATS if not path.stem.startswith("letter")])
def test_the_abstract_is_read_without_its_label(path: Path) -> None:
    abstract = document_of(path).front.abstract
    assert abstract is not None
    assert abstract.startswith("We present a method for the evaluation of widgets")
    assert abstract.endswith("We release code and data.")
    assert not any(re.match(r"Abstract\W|Index Terms|Keywords", block.text) for block in prose_of(path))


@named(WITH_FLOATS)
def test_references_are_four_and_never_prose(path: Path) -> None:
    entries = [block for block in document_of(path).blocks if block.kind == "reference"]
    assert [entry.label for entry in entries] == ["1", "2", "3", "4"]
    assert not any("Example Press" in block.text for block in prose_of(path))


@named(WITH_FLOATS)
def test_figure_and_table_have_their_captions(path: Path) -> None:
    captions = {block.label: block.text for block in document_of(path).blocks if block.kind == "caption"}
    assert captions["Figure 1"].endswith("writes the summary of it in several passes.")
    table = next(block for block in document_of(path).blocks if block.kind == "table")
    assert table.label in ("Table 1", "Table I")
    assert "75.9" in table.text


@named([path for path in WITH_FLOATS if not path.stem.startswith("letter")])
def test_a_footnote_begins_after_its_mark(path: Path) -> None:
    notes = {block.label: block.text for block in document_of(path).blocks if block.kind == "footnote"}
    assert notes["1"].startswith("Footnote alpha says that the code is at https://example.org/alpha")


@named(WITH_FLOATS)
def test_items_begin_after_their_bullet_or_number(path: Path) -> None:
    items = [block for block in prose_of(path) if block.kind == "list"]
    assert [item.text.split()[0] for item in items][:4] == ["First", "Second", "Numbered", "Numbered"]
    assert [item.label for item in items][:4] == [None, None, "1", "2"]


def test_line_numbers_of_a_version_for_review_are_dropped_and_counted() -> None:
    review = next(path for path in PAPERS if "review" in path.stem)
    assert document_of(review).dropped["line number"] > 100
    assert not any(document_of(path).dropped.get("line number") for path in PAPERS if path != review)


def test_notes_without_a_mark_on_the_first_page_are_no_prose() -> None:
    journal = next(path for path in PAPERS if "journal" in path.stem)
    notes = " ".join(block.text for block in document_of(journal).blocks if block.kind == "footnote")
    assert "Manuscript received" in notes
    assert document_of(journal).front.keywords == ("widgets", "evaluation", "large collections")
