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
from kb.records import Failure, Found, Item, Metadata, Name, PassedOver
from kb.sources import json_forms, jsonl
from kb.sources.jsonl import holds_records
from kb.sources.jsonl import read as read_file
from kb.sources.jsonl_fields import RecordReading

GOOD = {"id": "2402.19481", "version": 1, "title": "A title", "authors": ["A. B", "C D"], "listed": ["2024-03-04"]}


def read(path: Path, **limits: Any) -> list[Found]:
    return list(jsonl.read(path, **limits))


def read_record(record: dict[str, Any]) -> Item:
    return json_forms.read_record(RecordReading(record))


def written(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), "utf-8")
    return path


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
        json.dumps({**GOOD, "title": 5}).encode(), b'"text"', b"x" * 3000,
        json.dumps({**GOOD, "id": "2402.19482"}).encode(),
    ]  # fmt: skip
    path.write_bytes(b"\n".join(lines))
    found = read(path, max_line_bytes=2000)
    assert [thing.what for thing in found if isinstance(thing, Item)] == ["2402.19481", "2402.19482"]
    failures = [thing for thing in found if isinstance(thing, Failure)]
    assert [failure.what for failure in failures] == [f"records.jsonl:{n}" for n in (2, 4, 5, 6, 7, 8, 9)]
    assert {failure.code for failure in failures} == {"bad-record"}
    assert not any(failure.what in failure.reason for failure in failures)  # every report puts it before the reason


@pytest.mark.parametrize("title", [None, 5, " \n ", "\u200b ?!", ["A title"]])
def test_without_a_title_it_is_no_record_of_a_paper(title: Any) -> None:
    with pytest.raises(BadRecord, match="title"):
        read_record({**GOOD, "title": title})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("authors", "A. B"), ("authors", [1]), ("version", 0), ("version", True), ("version", "one"),
        ("listed", "2024-03-04"), ("listed", [20240304]), ("published", "May"), ("links", [{"kind": "code"}]),
        ("links", [{"kind": "code", "url": "javascript:alert(1)"}]), ("comment", ["x"]), ("withdrawn", "no"),
        ("id", {}),
        ("affiliation", 3), ("id", 2402), ("arxiv_id", 2402.19481), ("arxiv_id", "10.1000/182"), ("version", 10**6),
        ("authors", ["A. B", " "]), ("year", -5), ("year", 99999), ("year", 2024.5), ("year", True), ("year", "soon"),
        ("published", "0001-01-01"), ("published", "9999-12-31"), ("listed", ["2024-03-04 or so"]), ("doi", "none"),
        ("listed", ["0003-03-04"]), ("url", "javascript:alert(1)"), ("affiliation", " "), ("affiliation", {"page": 1}),
        ("doi", 10), ("private", "yes"), ("keywords", "one, two"), ("published", "2024-13"), ("abstract", {}),
    ],
)  # fmt: skip
def test_a_value_that_is_not_understood_costs_its_field_and_is_named(tmp_path: Path, field: str, value: Any) -> None:
    item, beside = read(written(tmp_path / "odd.jsonl", {**GOOD, field: value}))
    assert isinstance(item, Item)
    assert isinstance(beside, PassedOver)
    assert beside.what == "odd.jsonl:1"
    assert beside.reason.startswith(f"{field} not understood: ")
    assert item.record is not None
    assert (field, value if isinstance(value, str) else json.dumps(value)) in item.record.fields
    whole = metadata_of(GOOD)
    assert item.record.metadata.title == whole.title
    assert field == "authors" or item.record.metadata.authors == whole.authors


def test_several_of_them_are_named_together(tmp_path: Path) -> None:
    row = {**GOOD, "authors": "A. B", "published": "soon"}
    _, beside = read(written(tmp_path / "odd.jsonl", row))
    assert isinstance(beside, PassedOver)
    assert beside.reason.startswith("authors, published not understood: authors must be a list")


def test_fields_of_nobodys_are_kept_and_named_once_a_file(tmp_path: Path) -> None:
    rows = [{**GOOD, "id": f"2402.{n:05d}", "creators": ["A"], "empty": None} for n in range(3)]
    *items, beside = read(written(tmp_path / "odd.jsonl", *rows, GOOD))
    assert len(items) == 4
    assert isinstance(beside, PassedOver)
    assert beside.what == str(tmp_path / "odd.jsonl")
    assert "creators (3)" in beside.reason
    assert "empty" not in beside.reason


def test_every_field_is_kept_as_it_came() -> None:
    row = {"title": "A <i>title</i> &amp; more", "id": "X1", "n": 1.5, "deep": {"é": [None, True]}, "none": None}
    record = read_record(row).record
    assert record is not None
    assert (record.source, record.type, record.key) == ("jsonl", "kb", "X1")
    assert record.metadata.title == "A title & more"
    assert record.fields == (
        ("title", "A <i>title</i> &amp; more"), ("id", "X1"), ("n", "1.5"), ("deep", '{"é": [null, true]}'),
        ("none", "null"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stated", "at", "precision"),
    [
        ({"published": "2017"}, datetime(2017, 1, 1, tzinfo=UTC), "year"),
        ({"year": 2017}, datetime(2017, 1, 1, tzinfo=UTC), "year"),
        ({"published": "2017-06"}, datetime(2017, 6, 1, tzinfo=UTC), "month"),
        ({"published": "2017-06-12"}, datetime(2017, 6, 12, tzinfo=UTC), "day"),
        ({"published": "2017-06-12T01:00:00+02:00"}, datetime(2017, 6, 11, 23, tzinfo=UTC), None),
        ({"published": "2017-06-12T01:00:00", "year": 2016}, datetime(2017, 6, 12, 1, tzinfo=UTC), None),
        ({"published": None, "year": "2016"}, datetime(2016, 1, 1, tzinfo=UTC), "year"),
    ],
)
def test_a_date_says_as_much_as_is_stated(stated: dict[str, Any], at: datetime, precision: str | None) -> None:
    metadata = metadata_of({"title": "A title", **stated})
    assert (metadata.published, metadata.precision) == (at, precision)


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
    (failure,) = jsonl.read(tmp_path / "wide.jsonl")
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
    assert one.metadata == same.metadata
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
    stream = jsonl.read(shared / "arxiv" / "records.jsonl.gz")
    for _ in itertools.islice(stream, 500):
        pass
    tracemalloc.start()
    for thing in itertools.islice(stream, 1000):
        assert isinstance(thing, Item)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_500_000


# ------------------------------------------------------------------------------------------- dumps

KAGGLE = {
    "id": "0805.0001", "submitter": "A. Submitter",
    "authors": "Ann B\\'ee, C.-P. D\\\"uff (Univ. of E) and Fay Gee, Jr.",
    "title": "On graphs\n  and trees", "comments": "12 pages", "journal-ref": "Ann.Phys.12:34,2009",
    "doi": "10.1000/abc.1", "report-no": "R-1", "categories": "math.CO cs.CG", "license": None,
    "abstract": "  We count &lt; 5\ntrees.\n",
    "versions": [{"version": "v1", "created": "Thu, 1 May 2008 10:00:01 GMT"},
                 {"version": "v3", "created": "Fri, 2 Jan 2009 00:00:00 GMT"}],
    "update_date": "2010-01-02",
    "authors_parsed": [["Bée", "Ann", ""], ["Düff", "C. -P.", "", "Univ. of E"], ["Gee", "Fay", "Jr."],
                       ["The Tree Collaboration", "", ""]],
}  # fmt: skip
OPENALEX = {
    "id": "https://openalex.org/W1234567890", "doi": "https://doi.org/10.1000/abc.1", "title": "On <i>graphs</i>",
    "publication_year": 2009, "publication_date": "2009-02-03", "type": "article", "ids": {"mag": "1"},
    "authorships": [{"author": {"display_name": "Ann Bée"}}, {"raw_author_name": "Duff, C."}],
    "abstract_inverted_index": {"We": [0], "trees": [3, 1], "count": [2]},
    "primary_location": {"source": {"display_name": "Annals of Trees", "type": "journal"},
                         "landing_page_url": "https://doi.org/10.1000/abc.1"},
    "locations": [{"source": {"display_name": "arXiv (Cornell University)", "type": "repository"},
                   "landing_page_url": "http://arxiv.org/abs/0805.0001", "pdf_url": "https://arxiv.org/pdf/0805.0001"}],
    "biblio": {"volume": "1"}, "is_authors_truncated": True,
}  # fmt: skip
S2 = {
    "paperId": "0123456789abcdef0123456789abcdef01234567", "corpusId": 7, "title": "On graphs &amp; trees",
    "externalIds": {"ArXiv": "0805.0001", "DOI": "10.1000/abc.1", "CorpusId": 7}, "year": 2009,
    "publicationDate": "2009-02-03", "venue": "Annals of Trees", "journal": {"name": "Ann. Trees", "volume": "1"},
    "authors": [{"authorId": "1", "name": "Ann Bée"}, {"authorId": None, "name": "C. Duff"}], "abstract": "We count.",
    "openAccessPdf": {"url": "https://a.example/1.pdf", "status": "GREEN"}, "url": "https://s2.example/paper/1",
}  # fmt: skip


def test_a_record_of_the_arxiv_snapshot() -> None:
    item = read_record(KAGGLE)
    assert item.record is not None
    assert (item.what, item.record.type, item.record.key) == ("0805.0001", "kaggle", "0805.0001")
    metadata = item.record.metadata
    assert metadata.ids == ("arxiv:0805.0001", "doi:10.1000/abc.1")
    assert metadata.title == "On graphs and trees"
    assert metadata.authors == ("Ann Bée", "C.-P. Düff", "Fay Gee Jr.", "The Tree Collaboration")
    assert metadata.names is not None
    assert metadata.names[2:] == (
        Name(given="Fay", family="Gee", suffix="Jr."), Name(literal="The Tree Collaboration")
    )  # fmt: skip
    assert metadata.abstract == "We count < 5 trees."
    assert (metadata.published, metadata.precision) == (datetime(2008, 5, 1, 10, 0, 1, tzinfo=UTC), None)
    assert (metadata.updated, metadata.version) == (datetime(2009, 1, 2, tzinfo=UTC), 3)
    assert (metadata.venue, metadata.categories) == ("Ann.Phys 2009", ("math.CO", "cs.CG"))
    assert ("report-no", "R-1") in item.record.fields
    assert ("license", "null") in item.record.fields
    assert metadata.url == "https://arxiv.org/abs/0805.0001v3"


def test_without_parsed_names_the_snapshots_own_list_is_read() -> None:
    metadata = metadata_of({**KAGGLE, "authors_parsed": None})
    assert metadata.authors == ("Ann Bée", "C.-P. Düff", "Fay Gee, Jr.")
    assert metadata.names is None


def test_a_work_of_openalex() -> None:
    item = read_record(OPENALEX)
    assert item.record is not None
    assert (item.record.type, item.record.key) == ("openalex", "https://openalex.org/W1234567890")
    metadata = item.record.metadata
    assert metadata.ids == ("arxiv:0805.0001", "doi:10.1000/abc.1")
    assert (metadata.title, metadata.abstract) == ("On graphs", "We trees count trees")
    assert (metadata.authors, metadata.et_al) == (("Ann Bée", "Duff, C."), True)
    assert (metadata.published, metadata.precision) == (datetime(2009, 2, 3, tzinfo=UTC), "day")
    assert metadata.venue == "Annals of Trees"


def test_a_work_whose_locations_name_two_papers_of_arxiv_has_neither_id(tmp_path: Path) -> None:
    other = {"landing_page_url": "https://arxiv.org/abs/2402.19481"}
    row = {**OPENALEX, "locations": [*OPENALEX["locations"], other]}  # type: ignore[misc]
    item, beside = read(written(tmp_path / "works.jsonl", row))
    assert isinstance(item, Item)
    assert item.metadata is not None
    assert item.metadata.ids == ("doi:10.1000/abc.1",)
    assert isinstance(beside, PassedOver)
    assert "0805.0001 and 2402.19481" in beside.reason
    own = read_record({**row, "doi": "https://doi.org/10.48550/arXiv.2402.19481"})
    assert own.metadata is not None
    assert own.metadata.ids == ("arxiv:2402.19481",)


def test_a_repository_is_no_venue_and_places_far_apart_cost_nothing() -> None:
    row = {**OPENALEX, "primary_location": OPENALEX["locations"][0]}  # type: ignore[index]
    assert metadata_of(row).venue is None
    far = metadata_of({**OPENALEX, "abstract_inverted_index": {"one": [0], "two": [10**15]}})
    assert far.abstract == "one two"


@pytest.mark.parametrize(
    "row",
    [
        S2,
        {**{name: S2[name] for name in ("title", "year", "venue", "journal", "authors", "abstract")},
         "corpusid": 7, "externalids": {"ArXiv": "0805.0001", "DOI": "10.1000/abc.1", "MAG": None},
         "publicationdate": "2009-02-03"},
        {"corpusid": 7, "externalids": {"arxiv": "0805.0001", "doi": "10.1000/abc.1"}, "year": 2009,
         "authors": [{"name": "Ann Bée"}, {"name": "C. Duff"}], "venue": "Annals of Trees",
         "publicationdate": "2009-02-03", "content": {"text": "On graphs & trees\nWe count.",
                     "annotations": {"title": '[{"start": 0, "end": 17}]',
                                     "abstract": '[{"start": "18", "end": "27"}]'}}},
        {"paper_id": "7", "mag_id": "8", "title": "On graphs & trees", "arxiv_id": "0805.0001", "doi": "10.1000/abc.1",
         "authors": [{"first": "Ann", "middle": [], "last": "Bée", "suffix": ""},
                     {"first": "C.", "middle": [], "last": "Duff", "suffix": ""}],
         "abstract": "We count.", "year": "2009-02-03", "venue": "Annals of Trees"},
    ],
    ids=["graph-api", "papers", "s2orc", "s2orc-of-2020"],
)  # fmt: skip
def test_records_of_semantic_scholar_in_all_their_shapes(row: dict[str, Any]) -> None:
    item = read_record(row)
    assert item.record is not None
    assert item.record.type == "semantic-scholar"
    assert item.record.key in (S2["paperId"], "7")
    metadata = item.record.metadata
    assert metadata.ids == ("arxiv:0805.0001", "doi:10.1000/abc.1")
    assert (metadata.title, metadata.abstract) == ("On graphs & trees", "We count.")
    assert metadata.authors == ("Ann Bée", "C. Duff")
    assert (metadata.published, metadata.precision) == (datetime(2009, 2, 3, tzinfo=UTC), "day")
    assert metadata.venue == "Annals of Trees"


def test_a_place_for_preprints_is_no_venue_and_a_year_stays_a_year() -> None:
    metadata = metadata_of({**S2, "venue": "arXiv.org", "publicationDate": None})
    assert metadata.venue is None
    assert (metadata.published, metadata.precision) == (datetime(2009, 1, 1, tzinfo=UTC), "year")
    assert ("pdf", "https://a.example/1.pdf") in [(link.kind, link.url) for link in metadata.links or ()]


@pytest.mark.parametrize(
    ("row", "field", "value"),
    [
        (KAGGLE, "authors_parsed", [["Bée", 5]]), (KAGGLE, "authors_parsed", "Bée, Ann"), (KAGGLE, "versions", ["x"]),
        (KAGGLE, "versions", [{"version": "v1", "created": "yesterday"}]), (KAGGLE, "doi", "n/a"),
        (KAGGLE, "id", "n/a"),
        (KAGGLE, "versions", [{"version": "v1", "created": "Thu, 31 Feb 2008 10:00:01 GMT"}]), (KAGGLE, "abstract", 5),
        (KAGGLE, "authors_parsed", [["", "", ""]]), (KAGGLE, "categories", 7), (S2, "authors", "A. Bee"),
        (S2, "authors", [{"authorId": "1"}]), (S2, "externalIds", [1]), (S2, "venue", {}),
        (S2, "journal", 5), (OPENALEX, "authorships", [{}]), (OPENALEX, "authorships", {}), (OPENALEX, "doi", "none"),
        (OPENALEX, "abstract_inverted_index", {"We": ["0"]}), (OPENALEX, "abstract_inverted_index", {"We": [-1]}),
        (OPENALEX, "abstract_inverted_index", {"We": [True]}), (OPENALEX, "publication_date", "12.6.2017"),
        (OPENALEX, "primary_location", "x"), (OPENALEX, "locations", "x"),
    ],
)  # fmt: skip
def test_what_is_not_understood_of_a_dump_costs_its_field_and_is_named(
    tmp_path: Path, row: dict[str, Any], field: str, value: Any
) -> None:
    item, beside = read(written(tmp_path / "odd.jsonl", {**row, field: value}))
    assert isinstance(item, Item)
    assert isinstance(beside, PassedOver)
    assert field in beside.reason
    assert item.metadata is not None
    assert item.metadata.title == metadata_of(row).title


def test_an_id_of_arxiv_in_semantic_scholar_that_is_none_is_named(tmp_path: Path) -> None:
    _, beside = read(written(tmp_path / "s2.jsonl", {**S2, "externalIds": {"ArXiv": "x", "DOI": 5}}))
    assert isinstance(beside, PassedOver)
    assert "externalIds.arxiv, externalIds.doi" in beside.reason


@pytest.mark.parametrize("row", [KAGGLE, S2, OPENALEX])
def test_whole_records_say_nothing_beside_themselves(tmp_path: Path, row: dict[str, Any]) -> None:
    path = tmp_path / "dump.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(row).encode()))
    assert [type(thing) for thing in read(path)] == [Item]


def test_the_cases_of_public_dumps(shared: Path) -> None:
    folder = shared.parent / "cases" / "jsonl_shapes"
    if not folder.is_dir():
        pytest.skip("the cases are not beside this checkout")
    first, second = (thing.metadata for thing in read(folder / "kaggle.jsonl") if isinstance(thing, Item))
    assert first is not None
    assert second is not None
    assert first.authors == ("C. Balázs", "E. L. Berger", "P. M. Nadolsky", "C.-P. Yuan")
    assert (first.venue, first.published) == ("Phys.Rev.D 2007", datetime(2007, 4, 2, 19, 18, 42, tzinfo=UTC))
    assert (second.authors or ())[2] == "John Smith Jr."
    [work] = (thing.metadata for thing in read(folder / "openalex.jsonl") if isinstance(thing, Item))
    assert work is not None
    assert (work.ids, work.authors, work.abstract) == (("arxiv:1706.03762",), ("Ashish Vaswani",), "The dominant")


# ------------------------------------------------------------------------- files with other endings


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (json.dumps(KAGGLE) + "\n" + json.dumps(KAGGLE), True),
        (json.dumps(S2), True),
        (json.dumps(GOOD), True),
        (json.dumps([S2, S2], indent=1), True),
        (json.dumps({"meta": {"count": 1}, "results": [OPENALEX]}), True),
        ('[{"id": "a", "type": "book", "title": "T", "author": []}]', False),
        ('{"id": "a", "type": "book", "title": "T"}', False),
        ('{"name": "x"}\n{"name": "y"}\n', False),
        ("[1, 2]", False),
        ("[" * 100_000, False),
        ("", False),
    ],
)
def test_a_json_file_holds_records_by_its_content(tmp_path: Path, text: str, holds: bool) -> None:
    path = tmp_path / "file.json"
    path.write_text(text)
    assert holds_records(path) is holds


def test_the_answer_of_an_api_is_read_as_its_records(tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    whole = json.dumps({"meta": {"count": 3}, "results": [OPENALEX, 5, {"title": None, "authorships": []}, OPENALEX]})
    path.write_text(whole)
    found = list(read_file(path))
    assert [type(thing) for thing in found] == [Item, Failure, Failure, Item]
    path.write_text(whole[:-20])
    cut = list(read_file(path))
    assert [type(thing) for thing in cut] == [Item, Failure, Failure, Failure]
    assert cut[1:][0].what == "answer.json:2"


# --------------------------------------------------------------------------------------- any object

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_names = st.sampled_from(["authors_parsed", "versions", "paperId", "externalIds", "authorships", "content", "doi",
                          "abstract_inverted_index", "locations", "categories", "publication_date", "year", "_id",
                          "id", "version", "title", "authors", "abstract", "comment", "listed", "links", "text",
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
