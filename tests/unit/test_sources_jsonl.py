"""JSON lines as a source: real records, BEIR corpora, broken lines."""

from __future__ import annotations

import gzip
import itertools
import json
import tracemalloc
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import wire
from kb.errors import BadRecord
from kb.records import Failure, Item, Metadata
from kb.sources.jsonl import JsonlSource, read_record

GOOD = {"id": "2402.19481", "version": 1, "title": "A title", "authors": ["A. B", "C D"], "listed": ["2024-03-04"]}


def read(path: Path, **settings: Any) -> list[Item | Failure]:
    return list(JsonlSource(**settings).find(str(path)))


def metadata_of(record: dict[str, Any]) -> Metadata:
    metadata = read_record(record).metadata
    assert metadata is not None
    return metadata


def test_a_record_keeps_its_text_and_gains_id_day_and_links() -> None:
    comment = "CVPR 2024 Code: https://github.com/mit/d Website:   https://a.github.io/x"
    metadata = metadata_of({**GOOD, "comment": comment, "abstract": "One\n  two  three."})
    assert metadata.ids == ("arxiv:2402.19481",)
    assert (metadata.title, metadata.authors, metadata.comment) == ("A title", ("A. B", "C D"), comment)
    assert metadata.abstract == "One two  three."
    assert (metadata.version, metadata.announced, metadata.announced_from) == (1, (date(2024, 3, 4),), "record")
    assert metadata.url == "https://arxiv.org/abs/2402.19481v1"
    assert metadata.venue == "CVPR 2024"
    assert [(link.kind, link.url) for link in metadata.links or ()] == [
        ("pdf", "https://arxiv.org/pdf/2402.19481v1"),
        ("code", "https://github.com/mit/d"),
        ("project", "https://a.github.io/x"),
    ]


def test_optional_fields_are_read() -> None:
    metadata = metadata_of(
        {
            **GOOD,
            "doi": "https://doi.org/10.1000/XYZ",
            "published": "2024-02-29T17:59:59Z",
            "updated": "2024-03-01",
            "journal_ref": "Phys. Rev. D 76, 013009 (2007)",
            "license": "http://creativecommons.org/licenses/by/4.0/",
            "links": [{"kind": "project", "url": "https://p.example.org"}],
            "keywords": ["x", "y"],
            "withdrawn": True,
        }
    )
    assert metadata.ids == ("arxiv:2402.19481", "doi:10.1000/xyz")
    assert metadata.published == datetime(2024, 2, 29, 17, 59, 59, tzinfo=UTC)
    assert metadata.updated == datetime(2024, 3, 1, tzinfo=UTC)
    assert metadata.venue == "Phys. Rev. D 2007"
    assert metadata.withdrawn is True
    assert metadata.keywords == ("x", "y")
    assert {link.kind for link in metadata.links or ()} == {"project", "pdf", "doi"}


def test_an_id_with_its_version_and_an_old_id_are_understood() -> None:
    assert metadata_of({**GOOD, "version": None, "id": "2402.19481v3"}).version == 3
    assert metadata_of({**GOOD, "id": "hep-th/9901001"}).ids == ("arxiv:hep-th/9901001",)


def test_a_withdrawn_paper_is_known_by_its_flag_or_its_comment() -> None:
    assert metadata_of({**GOOD, "comment": "This paper has been withdrawn by the authors"}).withdrawn is True
    assert metadata_of({**GOOD, "withdrawn": False, "comment": "This paper has been withdrawn"}).withdrawn is False
    assert metadata_of(GOOD).withdrawn is None


def test_a_record_without_a_known_id_is_known_by_title_and_authors() -> None:
    one = metadata_of({"title": "A Title", "authors": ["Ann Bee"], "id": "W123"})
    other = metadata_of({"title": "a  title", "authors": ["Ann Bee"]})
    assert one.ids == other.ids
    assert one.ids[0].startswith("record:")


def test_broken_lines_name_their_number_and_the_rest_goes_in(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    lines = [
        json.dumps(GOOD).encode(), b"{broken", b"", b"[1, 2]", b'{"id": "2402.1", "title": ""}', b"\xff\xfe{}",
        json.dumps({**GOOD, "authors": "A. B"}).encode(), json.dumps({**GOOD, "listed": ["yesterday"]}).encode(),
        b"x" * 3000, json.dumps({**GOOD, "id": "2402.19482"}).encode(),
    ]  # fmt: skip
    path.write_bytes(b"\n".join(lines))
    found = read(path, max_line_bytes=2000)
    assert [thing.what for thing in found if isinstance(thing, Item)] == ["2402.19481", "2402.19482"]
    failures = [thing for thing in found if isinstance(thing, Failure)]
    assert [failure.what for failure in failures] == [f"records.jsonl:{n}" for n in (2, 4, 5, 6, 7, 8, 9)]
    assert {failure.code for failure in failures} == {"bad-record"}
    assert not any(failure.what in failure.reason for failure in failures)  # every report puts it before the reason


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", None), ("title", 5), ("title", " \n "), ("authors", "A. B"), ("authors", [1]), ("version", 0),
        ("version", True), ("version", "one"), ("listed", "2024-03-04"), ("listed", [20240304]), ("published", "May"),
        ("links", [{"kind": "code"}]), ("links", [{"kind": "code", "url": "javascript:alert(1)"}]),
        ("comment", ["x"]), ("withdrawn", "no"), ("id", {}), ("categories", "cs.CV cs.CL"), ("affiliation", 3),
        ("id", 2402), ("arxiv_id", 2402.19481), ("title", "\u200b ?!"), ("authors", ["A. B", " "]), ("version", 10**6),
        ("year", -5), ("year", 99999), ("year", 2024.5), ("year", True), ("year", "soon"), ("published", "0001-01-01"),
        ("published", "9999-12-31"), ("listed", ["2024-03-04 or so"]), ("listed", ["0003-03-04"]),
        ("url", "javascript:alert(1)"), ("affiliation", " "), ("affiliation", {"page": 1}), ("doi", 10),
    ],
)  # fmt: skip
def test_a_wrong_type_is_a_bad_record(field: str, value: Any) -> None:
    with pytest.raises(BadRecord, match=field if field != "links" else "link"):
        read_record({**GOOD, field: value})


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"title": "A title", "year": NaN}', "NaN is no number"),
        (b'{"title": "A title", "x": [-Infinity]}', "-Infinity is no number"),
        (b'{"title": "A title", "id": "2402.1", "title": "Another"}', '"title" is stated twice'),
    ],
)
def test_what_json_leaves_open_is_refused(tmp_path: Path, line: bytes, said: str) -> None:
    path = tmp_path / "odd.jsonl"
    path.write_bytes(line + b"\n" + json.dumps(GOOD).encode())
    failure, item = read(path)
    assert isinstance(failure, Failure)
    assert isinstance(item, Item)
    assert (failure.what, failure.code) == ("odd.jsonl:1", "bad-record")
    assert said in failure.reason


def test_a_name_stated_twice_among_very_many_is_found(tmp_path: Path) -> None:
    names = [f'"n{number}": 0' for number in range(500_000)]
    (tmp_path / "wide.jsonl").write_text("{" + ", ".join([*names, names[-1]]) + "}\n")
    (failure,) = JsonlSource().find(str(tmp_path / "wide.jsonl"))
    assert isinstance(failure, Failure)
    assert '"n499999" is stated twice' in failure.reason


def test_a_year_alone_is_the_day_of_publication_and_an_arxiv_id_is_an_id() -> None:
    metadata = metadata_of({"title": "A title", "year": 2019, "arxiv_id": "1901.00001"})
    assert metadata.published == datetime(2019, 1, 1, tzinfo=UTC)
    assert metadata.ids == ("arxiv:1901.00001",)
    assert metadata_of({**GOOD, "year": "2024", "published": "2024-02-29"}).published == datetime(
        2024, 2, 29, tzinfo=UTC
    )


def test_nul_and_half_surrogates_do_not_get_in() -> None:
    metadata = metadata_of({**GOOD, "title": "A\x00 title \ud800", "authors": ["B\x00"]})
    assert metadata.title == "A title ?"
    assert metadata.authors == ("B",)


def test_a_cut_gzip_gives_what_was_read_and_says_where_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl.gz"
    rows = [json.dumps({**GOOD, "id": f"2402.{n:05d}", "abstract": f"{n * 7919}" * 50}) for n in range(2000)]
    whole = gzip.compress("\n".join(rows).encode())
    path.write_bytes(whole[: len(whole) // 2])
    found = read(path)
    assert len(found) > 10
    assert all(isinstance(thing, Item) for thing in found[:-1])
    assert isinstance(found[-1], Failure)
    assert (found[-1].code, "after line" in found[-1].reason) == ("file-unreadable", True)


@pytest.mark.parametrize("data", [b"", b"\n\n"])
def test_a_file_without_records_says_so(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "empty.jsonl"
    path.write_bytes(data)
    [failure] = read(path)
    assert isinstance(failure, Failure)
    assert "no records" in failure.reason


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "bom.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(GOOD).encode())
    assert isinstance(read(path)[0], Item)


def test_beir_texts_are_told_apart_by_their_id_and_text() -> None:
    one = read_record({"_id": "4983", "title": "Editorial", "text": "First text."})
    same = read_record({"_id": "4983", "title": "Editorial", "text": "First text.", "metadata": {}})
    other = read_record({"_id": "4983", "title": "Editorial", "text": "Text of another corpus."})
    assert one == same
    assert one.what == "4983"
    assert one.metadata is not None
    assert other.metadata is not None
    assert not set(one.metadata.ids) & set(other.metadata.ids)
    assert one.metadata.ids[1].startswith("beir:4983#")
    assert one.metadata.abstract == "First text."
    assert metadata_of({"_id": 7, "title": "", "text": "Only text."}).title == "[untitled: 7]"


def test_the_seed_records_come_out_as_they_are(shared: Path) -> None:
    path = shared / "seed" / "records.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    items = [item for item in read(path) if isinstance(item, Item)]
    assert len(items) == len(rows) == 5
    for item, row in zip(items, rows, strict=True):
        assert item.metadata is not None
        assert item.metadata.title == row["title"]
        assert list(item.metadata.authors or ()) == row["authors"]
        assert item.metadata.comment == row["comment"]
        assert item.metadata.version == row["version"]
        assert item.metadata.abstract == row["abstract"]


def test_memory_stays_flat_over_many_real_records(shared: Path) -> None:
    stream = JsonlSource().find(str(shared / "arxiv" / "records.jsonl.gz"))
    for _ in itertools.islice(stream, 500):
        pass
    tracemalloc.start()
    for thing in itertools.islice(stream, 1000):
        assert isinstance(thing, Item)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_500_000


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_names = st.sampled_from(["_id", "id", "version", "title", "authors", "abstract", "comment", "listed", "links", "text",
                          "published", "doi", "aliases", "withdrawn", "affiliation", "journal_ref"])  # fmt: skip


@given(st.dictionaries(_names, _json, max_size=8))
def test_any_object_is_an_item_or_a_bad_record(record: dict[str, Any]) -> None:
    try:
        item = read_record(record)
    except BadRecord:
        return
    assert item.metadata is not None
    assert item.metadata.title
    assert item.metadata.ids
    wire.unpack(wire.pack(item.metadata), Metadata)
