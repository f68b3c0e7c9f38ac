"""CSL-JSON as a source: every shape that is about, broken items named by their line, items kept as they stood."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.records import Failure, Found, Item, Metadata, Name, SourceRecord
from kb.sources.formats import reader_for

ITEM: dict[str, Any] = {
    "id": "dorn2017",
    "type": "article-journal",
    "title": "Intermittent signals in migrating cells",
    "author": [{"family": "Dorn", "given": "Tobias X."}, {"family": "van der Berg", "given": "A", "suffix": "Jr."}],
    "issued": {"date-parts": [[2017, 9, 3]]},
    "DOI": "10.1000/jgs.201711809",
    "container-title": "J Gen Signals",
    "volume": 12,
    "custom": {"nested": [1, 2.50]},
}


def read(path: Path, *, max_bytes: int = 60_000_000) -> Iterator[Found]:
    """A file of this format, as the product reads it."""
    format_ = reader_for(path, named=True)
    assert format_ is not None
    return format_.read(path, max_bytes=max_bytes)


def found(folder: Path, text: str | bytes) -> list[Found]:
    path = folder / "refs.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read(path))


def records(folder: Path, text: str | bytes) -> list[SourceRecord]:
    return [item.record for item in found(folder, text) if isinstance(item, Item) and item.record]


def said(folder: Path, **fields: Any) -> Metadata:
    item = {"id": "x", "type": "article-journal", "title": "A title"}
    item.update({name.replace("_", "-"): value for name, value in fields.items()})
    [record] = records(folder, json.dumps([item]))
    return record.metadata


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([ITEM]),
        json.dumps(ITEM),
        json.dumps({"items": [ITEM]}),
        json.dumps({"references": [ITEM]}, indent=2),
        "\ufeff" + json.dumps([ITEM], indent=1),
    ],
)
def test_a_list_an_object_that_holds_one_and_a_single_item_are_read(tmp_path: Path, text: str) -> None:
    [record] = records(tmp_path, text)
    assert (record.source, record.key, record.type) == ("csl", "dorn2017", "article-journal")
    assert json.loads(record.text) == ITEM
    assert [name for name, _ in record.fields] == list(ITEM)
    assert dict(record.fields)["title"] == ITEM["title"]
    assert dict(record.fields)["volume"] == "12"
    metadata = record.metadata
    assert metadata.ids == ("doi:10.1000/jgs.201711809",)
    assert metadata.names == (
        Name(given="Tobias X.", family="Dorn"),
        Name(given="A", family="van der Berg", suffix="Jr."),
    )
    assert (metadata.published, metadata.precision) == (datetime(2017, 9, 3, tzinfo=UTC), "day")
    assert metadata.venue == "J Gen Signals"


@pytest.mark.parametrize(
    "text", ["", "[]", "[1, 2]", '"text"', "{}", '{"name": "a package", "version": "1"}', "null", "[[]]", "\x00\x01"]
)
def test_json_that_is_no_csl_is_one_clear_line(tmp_path: Path, text: str) -> None:
    [failure] = found(tmp_path, text)
    assert isinstance(failure, Failure)
    assert failure.code == "bad-record"
    assert "\n" not in failure.reason


@pytest.mark.parametrize(
    "broken",
    [
        '{"id": "b", "title": "B", "author": [{"family": "A"}, {"family": "B"}',
        '{"id": "b", "type": "book"}',
        '{"id": "b", "title": NaN, "type": "book"}',
        '{"id": "b", "title": "B "quoted" twice", "type": "book"}',
        '{"id": "b", "id": "c", "title": "B"}',
        '{"id": "b", "title": "B\nbroken line"}',
        "12",
    ],
)
def test_a_broken_item_is_named_by_its_line_and_the_others_go_in(tmp_path: Path, broken: str) -> None:
    good = json.dumps(ITEM)
    things = found(tmp_path, f"[\n{good},\n{broken},\n{good},\n{good}\n]\n")
    failures = [thing for thing in things if isinstance(thing, Failure)]
    assert [failure.what for failure in failures] == ["refs.json:3"]
    assert len([thing for thing in things if isinstance(thing, Item)]) == 3


def test_a_list_that_was_cut_says_so_and_what_is_whole_goes_in(tmp_path: Path) -> None:
    text = json.dumps([ITEM, ITEM], indent=1)
    things = found(tmp_path, text[: len(text) - 60])
    assert isinstance(things[0], Item)
    assert all(isinstance(thing, Failure) for thing in things[1:])
    assert len(things) > 1


@pytest.mark.parametrize(
    ("issued", "moment", "precision"),
    [
        ({"date-parts": [[2017]]}, (2017, 1, 1), "year"),
        ({"date-parts": [["2017", "09"]]}, (2017, 9, 1), "month"),
        ({"date-parts": [[2017]], "circa": True}, (2017, 1, 1), "year"),
        ({"date-parts": [[2017, 9, 3], [2017, 9, 7]]}, (2017, 9, 1), "month"),
        ({"date-parts": [[2017, 9], [2017, 11]]}, (2017, 1, 1), "year"),
        ({"date-parts": [2017, 9]}, (2017, 9, 1), "month"),
        ({"date-parts": [[2017, 13]]}, (2017, 1, 1), "year"),
        ({"date-parts": [[2017]], "season": "2"}, (2017, 1, 1), "year"),
        ({"date-parts": [[None]]}, None, None),
        ({"date-parts": []}, None, None),
        ({"raw": "2017-09"}, (2017, 9, 1), "month"),
        ({"literal": "September 2017"}, (2017, 9, 1), "month"),
        ({"literal": "no date"}, None, None),
        ("2017-09-03", (2017, 9, 3), "day"),
        (2017, (2017, 1, 1), "year"),
        ([2017], None, None),
    ],
)
def test_a_date_says_no_more_than_was_stated(
    tmp_path: Path, issued: Any, moment: tuple[int, int, int] | None, precision: str | None
) -> None:
    metadata = said(tmp_path, issued=issued)
    assert metadata.published == (datetime(*moment, tzinfo=UTC) if moment else None)
    assert metadata.precision == precision


def test_particles_and_corporate_names_are_read_in_their_parts(tmp_path: Path) -> None:
    metadata = said(
        tmp_path,
        author=[
            {"family": "Berg", "given": "Anna", "non-dropping-particle": "van der"},
            {"family": "Humboldt", "given": "Alexander", "dropping-particle": "von"},
            {"literal": "World Health Organization"},
            {"given": "Plato"},
            {"family": "M&uuml;ller"},
            "Barnes and Noble",
            {},
            None,
            {"literal": "others"},
        ],
    )
    assert metadata.names == (
        Name(given="Anna", family="van der Berg"),
        Name(given="Alexander von", family="Humboldt"),
        Name(literal="World Health Organization"),
        Name(literal="Plato"),
        Name(family="Müller"),
        Name(literal="Barnes and Noble"),
    )
    assert metadata.et_al


def test_arxiv_ids_are_found_where_programs_put_them(tmp_path: Path) -> None:
    for fields in (
        {"URL": "http://arxiv.org/abs/2402.19481v2"},
        {"number": "arXiv:2402.19481"},
        {"note": "tldr: good\narXiv:2402.19481 [cs]"},
        {"archive": "arXiv", "archive_location": "2402.19481"},
        {"container_title": "arXiv:2402.19481 [cs]"},
    ):
        item = {
            "id": "x",
            "title": "A title",
            **{name.replace("container_", "container-"): v for name, v in fields.items()},
        }
        [record] = records(tmp_path, json.dumps([item]))
        assert record.metadata.ids == ("arxiv:2402.19481",)
        assert record.metadata.venue is None


def test_halves_of_characters_and_deep_nests_are_no_way_to_stop_the_reader(tmp_path: Path) -> None:
    [record] = records(tmp_path, '[{"id": "a\\ud800", "title": "T\\ud800"}]')
    assert record.metadata.title == "T?"
    assert record.key.encode()
    things = found(tmp_path, '[{"id": "a", "title": ' + "[" * 100_000 + f", {json.dumps(ITEM)}]")
    assert isinstance(things[0], Failure)


ANYTHING = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5)
ITEMS = st.lists(st.dictionaries(st.text(max_size=5), ANYTHING, max_size=4), min_size=1, max_size=4)


@given(ITEMS, st.sampled_from([None, 1, 2]))
def test_whatever_an_item_holds_is_kept_as_it_stood(
    tmp_path_factory: pytest.TempPathFactory, items: list[dict[str, Any]], indent: int | None
) -> None:
    items = [{"id": str(number), **item, "title": "A"} for number, item in enumerate(items)]
    got = records(tmp_path_factory.mktemp("csl"), json.dumps(items, indent=indent))
    assert [json.loads(record.text) for record in got] == items
    assert [dict(record.fields).keys() for record in got] == [item.keys() for item in items]


@pytest.mark.slow
def test_an_item_without_measure_is_one_clear_line_and_the_others_go_in(tmp_path: Path) -> None:
    flood = {"id": "b", "title": "A flood } of { brackets", "author": [{"family": "Name", "given": "A"}] * 300_000}
    things = found(tmp_path, json.dumps([{"id": "a", "title": "A"}, flood, {"id": "c", "title": "C"}]))
    assert [type(thing) for thing in things] == [Item, Failure, Item]
    assert "longer than 8,000,000 characters" in getattr(things[1], "reason", "")
