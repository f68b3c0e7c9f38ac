"""The one table of entry types: every type is read as one kind, and what is written is read back as the same."""

from __future__ import annotations

import pytest

from kb.bibliographic import PARTS, WHOLES, TypeOf, kind_of, month_number, stated_kind, type_of
from kb.records import Metadata, SourceName, SourceRecord


@pytest.mark.parametrize(
    ("type_", "of", "kind"),
    [
        ("article", "bibtex", "article-journal"), ("InProceedings", "bibtex", "paper-conference"),
        ("mastersthesis", "bibtex", "thesis"), ("proceedings", "bibtex", "book"), ("online", "bibtex", "webpage"),
        ("misc", "bibtex", None), ("whatever", "bibtex", None),
        ("JOUR", "ris", "article-journal"), ("conf", "ris", "paper-conference"), ("UNPB", "ris", "manuscript"),
        ("SER", "ris", "periodical"), ("ELEC", "ris", "webpage"),
        ("preprint", "zotero", "article"), ("bookSection", "zotero", "chapter"), ("note", "zotero", None),
    ],
)  # fmt: skip
def test_a_type_is_read_as_one_kind(type_: str, of: TypeOf, kind: str | None) -> None:
    assert kind_of(type_, of=of) == kind


@pytest.mark.parametrize("of", ["bibtex", "ris", "zotero"])
@pytest.mark.parametrize("kind", ["article-journal", "paper-conference", "chapter", "book", "thesis", "report"])
def test_the_type_that_is_written_is_read_as_the_same_kind(kind: str, of: TypeOf) -> None:
    written = type_of(kind, of=of)
    assert written is not None
    assert kind_of(written, of=of) == kind


def test_what_a_format_has_no_type_for_is_none() -> None:
    assert type_of("article", of="bibtex") is None
    assert type_of("no such kind", of="ris") is None
    assert not PARTS & WHOLES


def record(source: SourceName, type_: str, **fields: str) -> SourceRecord:
    return SourceRecord(
        source=source, type=type_, fields=tuple(fields.items()), metadata=Metadata(source=source, ids=())
    )


def test_the_first_record_that_says_a_kind_decides() -> None:
    assert stated_kind([record("jsonl", "kb"), record("bibtex", "misc"), record("ris", "THES")]) == "thesis"
    assert stated_kind([record("csl", "song"), record("ris", "THES")]) == "song"
    assert stated_kind([record("nbib", "Review", BTI="A book")]) == "chapter"
    assert stated_kind([record("nbib", "Review")]) == "article-journal"
    assert stated_kind([record("pdf", "")]) is None


@pytest.mark.parametrize(("word", "number"), [("Sep", 9), ("sept", 9), ("September", 9), ("DEC", 12), ("may", 5)])
def test_a_month_is_known_by_its_first_letters(word: str, number: int) -> None:
    assert month_number(word) == number


@pytest.mark.parametrize("word", ["", "j", "ma", "mayor", "Sommer"])
def test_other_words_are_no_months(word: str) -> None:
    assert month_number(word) is None
