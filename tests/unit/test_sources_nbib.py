"""PubMed's nbib as a source: wrapped lines, full and short names, records without a beginning."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.records import Failure, Found, Item, Metadata, Name, SourceRecord
from kb.sources.formats import reader_for

RECORD = """PMID- 28865123
OWN - NLM
DP  - 2017 Sep 3
TI  - Intermittent signals in
      migrating cells.
LID - 10.1000/jgs.201711809 [doi]
LID - e12 [pii]
AB  - Cells integrate
      signals.
FAU - Dorn, Tobias X
AU  - Dorn TX
FAU - van der Berg, A Jr
AU  - van der Berg A Jr
CN  - The Signal Group
JT  - Journal of general signals
TA  - J Gen Signals
PT  - Journal Article
OT  - migration
"""


def read(path: Path, *, max_bytes: int = 60_000_000) -> Iterator[Found]:
    """A file of this format, as the product reads it."""
    format_ = reader_for(path, named=True)
    assert format_ is not None
    return format_.read(path, max_bytes=max_bytes)


def found(folder: Path, text: str | bytes) -> list[Found]:
    path = folder / "pubmed.nbib"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read(path))


def records(folder: Path, text: str | bytes) -> list[SourceRecord]:
    return [item.record for item in found(folder, text) if isinstance(item, Item) and item.record]


def said(folder: Path, *lines: str) -> Metadata:
    [record] = records(folder, "\n".join(["PMID- 1", "TI  - A title.", *lines, ""]))
    return record.metadata


def test_a_record_is_kept_as_it_stood_and_read(tmp_path: Path) -> None:
    [record] = records(tmp_path, f"\n{RECORD}")
    assert (record.source, record.key, record.type) == ("nbib", "28865123", "Journal Article")
    assert record.text == RECORD
    assert record.fields[3] == ("TI", "Intermittent signals in migrating cells.")
    assert [value for tag, value in record.fields if tag == "LID"] == ["10.1000/jgs.201711809 [doi]", "e12 [pii]"]
    metadata = record.metadata
    assert metadata.title == "Intermittent signals in migrating cells"
    assert metadata.ids == ("doi:10.1000/jgs.201711809",)
    assert metadata.names == (
        Name(given="Tobias X", family="Dorn"),
        Name(given="A", family="van der Berg", suffix="Jr"),
        Name(literal="The Signal Group"),
    )
    assert (metadata.published, metadata.precision) == (datetime(2017, 9, 3, tzinfo=UTC), "day")
    assert (metadata.venue, metadata.keywords) == ("Journal of general signals", ("migration",))
    assert metadata.abstract == "Cells integrate signals."


def test_short_names_count_where_there_are_no_full_ones(tmp_path: Path) -> None:
    metadata = said(tmp_path, "AU  - Dorn TX", "AU  - van der Berg A Jr", "AU  - Aristotle", "AU  - et al.")
    assert metadata.names == (
        Name(given="TX", family="Dorn"),
        Name(given="A", family="van der Berg", suffix="Jr"),
        Name(literal="Aristotle"),
    )
    assert metadata.et_al


@pytest.mark.parametrize(
    ("lines", "moment", "precision"),
    [
        (["DP  - 2017"], (2017, 1, 1), "year"),
        (["DP  - 2017 Sep"], (2017, 9, 1), "month"),
        (["DP  - 2017 Sep-Oct"], (2017, 1, 1), "year"),
        (["DP  - 2017 Spring"], (2017, 1, 1), "year"),
        (["DP  - 1998 Dec-1999 Jan"], (1998, 1, 1), "year"),
        (["DP  - 2017 Sep", "DEP - 20170903"], (2017, 9, 3), "day"),
        (["DP  - 2018", "DEP - 20170903"], (2018, 1, 1), "year"),
    ],
)
def test_a_date_says_no_more_than_was_stated(
    tmp_path: Path, lines: list[str], moment: tuple[int, int, int], precision: str
) -> None:
    metadata = said(tmp_path, *lines)
    assert (metadata.published, metadata.precision) == (datetime(*moment, tzinfo=UTC), precision)


def test_an_arxiv_id_stands_among_the_article_ids(tmp_path: Path) -> None:
    metadata = said(tmp_path, "AID - arXiv:2402.19481v2 [pii]", "JT  - ArXiv")
    assert (metadata.ids, metadata.version, metadata.venue) == (("arxiv:2402.19481",), 2, None)


def test_a_record_without_a_title_or_beginning_swallows_nothing_of_its_neighbour(tmp_path: Path) -> None:
    things = found(
        tmp_path, f"{RECORD}\nPMID- 2\nDP  - 2017\n\n{RECORD}\nOWN - NLM\nTI  - Without a number\n\n{RECORD}"
    )
    assert [type(thing) for thing in things] == [Item, Failure, Item, Item, Item]
    assert isinstance(things[1], Failure)
    assert things[1].what == "pubmed.nbib:20"
    assert isinstance(things[3], Item)
    assert things[3].metadata
    assert (things[3].metadata.title, things[3].metadata.authors) == ("Without a number", None)


def test_a_file_without_records_is_one_clear_line(tmp_path: Path) -> None:
    [failure] = found(tmp_path, "no PubMed here\n")
    assert isinstance(failure, Failure)
    assert "it has no records" in failure.reason


@given(st.binary(max_size=400))
def test_no_file_stops_the_reader(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    for record in records(tmp_path_factory.mktemp("nbib"), b"PMID- 1\nTI  - A\n" + data):
        assert record.text.encode().decode() == record.text


def test_a_record_without_measure_is_one_clear_line_and_the_others_go_in(tmp_path: Path) -> None:
    things = found(tmp_path, "PMID- 1\nTI  - A flood\n" + "AU  - Name A\n" * 250_000 + "\nPMID- 2\nTI  - A title\n")
    assert [(type(thing), thing.what) for thing in things] == [(Failure, "pubmed.nbib:1"), (Item, "2")]
