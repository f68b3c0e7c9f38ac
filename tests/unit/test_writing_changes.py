"""What is said of a new version: each difference, and nothing else."""

from __future__ import annotations

from dataclasses import replace

from kb.records import Paper, Version
from kb.rendering.reasons import sentence
from kb.writing.changes import describe_changes

OLD = Version(
    paper_id="arxiv:1",
    version=1,
    title="A title",
    authors=("Ann", "Bob"),
    abstract="We measure. It is 5% better. We release code.",
    comment="8 pages",
)
NEW = Paper(id="arxiv:1", title=OLD.title, authors=OLD.authors, abstract=OLD.abstract, comment=OLD.comment, version=2)


def changes(**fields: object) -> list[str]:
    return [sentence(change) for change in describe_changes(OLD, replace(NEW, **fields))]  # type: ignore[arg-type]


def test_the_same_record_has_no_changes_however_its_lines_are_broken() -> None:
    assert changes() == []
    assert changes(abstract=OLD.abstract.replace(" ", "\n "), title="A\ntitle") == []


def test_each_difference_is_named() -> None:
    assert changes(title="Another") == ["title was: A title"]
    assert changes(authors=("Ann", "Cy")) == ["authors added: Cy", "authors removed: Bob"]
    assert changes(authors=("Bob", "Ann")) == ["authors are now in this order: Bob, Ann"]
    assert changes(comment="9 pages") == ["comment was: 8 pages"]
    assert changes(withdrawn=True) == ["the paper has been withdrawn"]


def test_sentences_that_went_and_came_are_quoted() -> None:
    assert changes(abstract="We measure. It is 3% better. We release code.") == [
        "abstract, removed: It is 5% better.",
        "abstract, added: It is 3% better.",
    ]


def test_silence_of_a_source_that_knows_no_comments_is_no_change() -> None:
    assert changes(comment=None) == []
    assert list(describe_changes(replace(OLD, comment=None), NEW)) == []
