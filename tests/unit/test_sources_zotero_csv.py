"""Zotero's CSV as a source: rows by their columns, broken rows named by their line, files that are there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.records import Failure, Found, Item, Metadata, Name, PassedOver, SourceRecord
from kb.sources.formats import reader_for

ROW = {
    "Key": "ABCD1234",
    "Item Type": "journalArticle",
    "Publication Year": "2017",
    "Author": "Dorn, Tobias X.; van der Berg, A, Jr.",
    "Title": 'Intermittent "signals", in migrating cells',
    "Publication Title": "J Gen Signals",
    "DOI": "10.1000/jgs.201711809",
    "Date": "2017-09-03",
    "Pages": "",
    "Manual Tags": "cells; signals",
}


def read(path: Path, *, max_bytes: int = 60_000_000) -> Iterator[Found]:
    """A file of this format, as the product reads it."""
    format_ = reader_for(path, named=True)
    assert format_ is not None
    return format_.read(path, max_bytes=max_bytes)


def table(*rows: dict[str, str]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, quoting=csv.QUOTE_ALL, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def found(folder: Path, text: str | bytes, **options: Any) -> list[Found]:
    path = folder / "zotero.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read(path, **options))


def records(folder: Path, text: str | bytes) -> list[SourceRecord]:
    return [item.record for item in found(folder, text) if isinstance(item, Item) and item.record]


def said(folder: Path, **fields: str) -> Metadata:
    [record] = records(folder, table({**ROW, **{name.replace("_", " "): value for name, value in fields.items()}}))
    return record.metadata


def test_a_row_is_kept_and_read(tmp_path: Path) -> None:
    [record] = records(tmp_path, "\ufeff" + table(ROW))
    assert (record.source, record.key, record.type) == ("zotero", "ABCD1234", "journalArticle")
    assert dict(record.fields) == {name: value for name, value in ROW.items() if value}
    metadata = record.metadata
    assert metadata.ids == ("doi:10.1000/jgs.201711809",)
    assert metadata.names == (
        Name(given="Tobias X.", family="Dorn"),
        Name(given="A", family="van der Berg", suffix="Jr."),
    )
    assert (metadata.published, metadata.precision) == (datetime(2017, 9, 3, tzinfo=UTC), "day")
    assert (metadata.venue, metadata.keywords) == ("J Gen Signals", ("cells", "signals"))


def test_a_suffix_alone_belongs_to_the_name_before_it(tmp_path: Path) -> None:
    assert said(tmp_path, Author="van der Berg, A; Jr.; OpenAI").authors == ("A van der Berg Jr.", "OpenAI")


@pytest.mark.parametrize(
    ("date", "precision"),
    [("2017", "year"), ("2017-09", "month"), ("09/2017", "year"), ("septembre 2017", "year"), ("03/09/2017", "year")],
)
def test_a_date_says_no_more_than_was_stated(tmp_path: Path, date: str, precision: str) -> None:
    metadata = said(tmp_path, Date=date)
    assert metadata.published
    assert (metadata.published.year, metadata.precision) == (2017, precision)


def test_arxiv_ids_are_found_where_zotero_puts_them(tmp_path: Path) -> None:
    for fields in (
        {"Url": "http://arxiv.org/abs/2402.19481"},
        {"Extra": "arXiv:2402.19481 [cs]\nfield: x"},
        {"Archive": "arXiv", "Archive_Location": "2402.19481"},
    ):
        assert said(tmp_path, DOI="", **fields).ids == ("arxiv:2402.19481",)


def test_a_table_that_is_none_of_zotero_is_one_clear_line(tmp_path: Path) -> None:
    for text in ("", "a,b\n1,2\n", '"Key","Title"\n"A","B"\n', '"Key","Item Type","Title"\n', '"Key\n'):
        [failure] = found(tmp_path, text)
        assert isinstance(failure, Failure)
        assert failure.code == "bad-record"


@pytest.mark.parametrize(
    "broken",
    [
        '"BBBB1234","journalArticle","2017","A","An open quote\n',
        '"BBBB1234","journalArticle"\n',
        '"BBBB1234","journalArticle","2017","A","A "bare" quote","J","","","",""\n',
        '"BBBB1234","journalArticle","2017","A","","J","","","",""\n',
        '"BBBB1234","journalArticle","2017","A","One\ntoo many","J","","","","",""\n',
    ],
)
def test_a_broken_row_is_named_by_its_line_and_the_others_go_in(tmp_path: Path, broken: str) -> None:
    header, good = table(ROW).split("\n", 1)
    things = found(tmp_path, f"{header}\n{good}{broken}{good}{good}")
    assert [thing.what for thing in things if isinstance(thing, Failure)] == ["zotero.csv:3"]
    assert [thing.what for thing in things if isinstance(thing, Item)] == ["ABCD1234"] * 3


def test_what_zotero_calls_no_paper_is_passed_over(tmp_path: Path) -> None:
    things = found(tmp_path, table(ROW, {**ROW, "Item Type": "note", "Title": ""}))
    assert [thing.what for thing in things] == ["ABCD1234", "zotero.csv:3"]
    assert isinstance(things[1], PassedOver)


def test_long_notes_are_no_broken_rows(tmp_path: Path) -> None:
    [record] = records(tmp_path, table({**ROW, "Notes": "long\n" * 100_000}))
    assert len(dict(record.fields)["Notes"]) == 500_000


@given(
    st.lists(st.dictionaries(st.sampled_from([*ROW, "Extra", "Notes"]), st.text(), max_size=5), min_size=1, max_size=4)
)
def test_every_filled_field_of_every_row_is_kept(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]]
) -> None:
    rows = [{"Key": "A", "Item Type": "book", **row, "Title": "A title"} for row in rows]
    rows = [{name: text.replace("\r", "").replace("\0", "") for name, text in row.items()} for row in rows]
    rows = [row for row in rows if row["Item Type"] not in ("note", "attachment", "annotation")]
    got = records(tmp_path_factory.mktemp("csv"), table(*rows).encode("utf-8"))
    kept = [{name: value for name, value in row.items() if value.strip()} for row in rows]
    assert [dict(record.fields) for record in got] == kept


def test_a_row_without_measure_is_one_clear_line_and_the_others_go_in(tmp_path: Path) -> None:
    things = found(tmp_path, table(ROW, {**ROW, "Author": "A; " * 150_000}, {**ROW, "Notes": "n" * 9_000_000}, ROW))
    assert [type(thing) for thing in things] == [Item, Failure, Failure, Item]
    assert "more than 100,000 authors" in getattr(things[1], "reason", "")
