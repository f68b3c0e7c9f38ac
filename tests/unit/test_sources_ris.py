"""RIS as a source: records as other programs write them, damage named by its line, nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.records import Failure, Found, Item, Metadata, Name, SourceRecord
from kb.sources.formats import reader_for

RECORD = """TY  - JOUR
ID  - dorn2017
TI  - Intermittent signals in migrating cells
AU  - Dorn, Tobias X.
AU  - van der Berg, A, Jr.
PY  - 2017
JO  - J Gen Signals
DO  - 10.1000/jgs.201711809
AB  - Cells integrate signals.
KW  - cells
KW  - signals; migration
ER  -
"""


def read(path: Path, *, max_bytes: int = 60_000_000) -> Iterator[Found]:
    """A file of this format, as the product reads it."""
    format_ = reader_for(path, named=True)
    assert format_ is not None
    return format_.read(path, max_bytes=max_bytes)


def _written(folder: Path, text: str | bytes) -> Path:
    path = folder / "refs.ris"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def found(folder: Path, text: str | bytes) -> list[Found]:
    return list(read(_written(folder, text)))


def records(folder: Path, text: str | bytes) -> list[SourceRecord]:
    return [item.record for item in found(folder, text) if isinstance(item, Item) and item.record]


def only(folder: Path, text: str | bytes) -> Metadata:
    [record] = records(folder, text)
    return record.metadata


def said(folder: Path, *lines: str, kind: str = "JOUR") -> Metadata:
    return only(folder, "\n".join([f"TY  - {kind}", "TI  - A title", *lines, "ER  - ", ""]))


def test_a_record_is_kept_as_it_stood_and_read(tmp_path: Path) -> None:
    [record] = records(tmp_path, RECORD)
    assert (record.source, record.key, record.type, record.origin) == (
        "ris",
        "dorn2017",
        "JOUR",
        str(tmp_path / "refs.ris"),
    )
    assert record.text == RECORD
    assert record.fields[0] == ("TY", "JOUR")
    assert [value for tag, value in record.fields if tag == "KW"] == ["cells", "signals; migration"]
    metadata = record.metadata
    assert metadata.ids == ("doi:10.1000/jgs.201711809",)
    assert metadata.authors == ("Tobias X. Dorn", "A van der Berg Jr.")
    assert metadata.names == (
        Name(given="Tobias X.", family="Dorn"),
        Name(given="A", family="van der Berg", suffix="Jr."),
    )
    assert (metadata.published, metadata.precision) == (datetime(2017, 1, 1, tzinfo=UTC), "year")
    assert (metadata.venue, metadata.keywords) == ("J Gen Signals", ("cells", "signals", "migration"))


def test_a_record_without_an_end_ends_at_the_next_or_with_the_file(tmp_path: Path) -> None:
    text = "TY  - JOUR\nTI  - One\n\nTY  - JOUR\nTI  - Two\nER  - \nTY  - JOUR\nTI  - Three"
    assert [record.metadata.title for record in records(tmp_path, text)] == ["One", "Two", "Three"]


def test_a_record_without_a_title_is_named_by_its_line_and_the_others_go_in(tmp_path: Path) -> None:
    things = found(tmp_path, f"{RECORD}\nTY  - JOUR\nAU  - Nobody, A.\nER  - \n\n{RECORD}")
    assert [type(thing) for thing in things] == [Item, Failure, Item]
    assert isinstance(things[1], Failure)
    assert (things[1].what, things[1].code) == ("refs.ris:14", "bad-record")


def test_fields_outside_of_a_record_are_no_part_of_the_one_before(tmp_path: Path) -> None:
    things = found(tmp_path, f"{RECORD}TI  - Lost its first line\nAU  - Nobody, A.\n\n{RECORD}")
    assert isinstance(things[1], Failure)
    assert things[1].what == "refs.ris:13"
    assert [record.text for record in records(tmp_path, f"{RECORD}\n1.\n{RECORD}")] == [RECORD, RECORD]


def test_a_line_without_a_tag_continues_the_one_before_it(tmp_path: Path) -> None:
    metadata = only(
        tmp_path, "TY  - JOUR\nTI  - A long\ntitle, on\n  three lines\nAB  - Said in\r\ntwo\u2028lines.\nER  -\n"
    )
    assert metadata.title == "A long title, on three lines"
    assert metadata.abstract == "Said in two lines."


@pytest.mark.parametrize(
    ("lines", "moment", "precision"),
    [
        (["PY  - 2017///"], (2017, 1, 1), "year"),
        (["PY  - 2017/09//"], (2017, 9, 1), "month"),
        (["PY  - 2017/09/03/Autumn"], (2017, 9, 3), "day"),
        (["PY  - 2017", "DA  - 2017/09/03/"], (2017, 9, 3), "day"),
        (["PY  - 2017", "DA  - Sep 3"], (2017, 9, 3), "day"),
        (["PY  - 2017", "DA  - 2018/01/01/"], (2017, 1, 1), "year"),
        (["Y1  - 2017/09"], (2017, 9, 1), "month"),
        (["DA  - 3 September 2017"], (2017, 9, 3), "day"),
        (["DA  - 2017-02-31"], (2017, 2, 1), "month"),
        (["PY  - 2017", "DA  - 2017 Sep-Oct"], (2017, 1, 1), "year"),
        (["PY  - 2017-2018"], (2017, 1, 1), "year"),
        (["PY  - in press"], None, None),
        (["PY  - 0000"], None, None),
    ],
)
def test_a_date_says_no_more_than_was_stated(
    tmp_path: Path, lines: list[str], moment: tuple[int, int, int] | None, precision: str | None
) -> None:
    metadata = said(tmp_path, *lines)
    assert metadata.published == (datetime(*moment, tzinfo=UTC) if moment else None)
    assert metadata.precision == precision


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("Smith, Jr., John", Name(given="John", family="Smith", suffix="Jr.")),
        ("Smith, John, III", Name(given="John", family="Smith", suffix="III")),
        ("World Health Organization", Name(literal="World Health Organization")),
        ("M&uuml;ller, J&#246;rg", Name(given="Jörg", family="Müller")),
        ("de la Cruz, María", Name(given="María", family="de la Cruz")),
        ("Plato,", Name(literal="Plato")),
    ],
)
def test_names_are_read_in_their_parts(tmp_path: Path, author: str, name: Name) -> None:
    assert said(tmp_path, f"AU  - {author}").names == (name,)


def test_a_list_that_says_that_there_are_more_authors_is_no_whole_list(tmp_path: Path) -> None:
    metadata = said(tmp_path, "AU  - Dorn, T.", "AU  - et al.")
    assert (metadata.authors, metadata.et_al) == (("T. Dorn",), True)
    assert said(tmp_path, "AU  - Dorn, T.; Li, W.; Jr.").authors == ("T. Dorn", "W. Li Jr.")


@pytest.mark.parametrize(
    ("lines", "ids"),
    [
        (["DO  - https://doi.org/10.1000/ABC."], ("doi:10.1000/abc",)),
        (["UR  - https://dx.doi.org/10.1000/abc"], ("doi:10.1000/abc",)),
        (["UR  - https://arxiv.org/abs/2402.19481v2"], ("arxiv:2402.19481",)),
        (["DO  - 10.48550/arXiv.2402.19481"], ("arxiv:2402.19481",)),
        (["AN  - arXiv:2402.19481", "DO  - 10.1000/abc"], ("arxiv:2402.19481", "doi:10.1000/abc")),
        (["JO  - CoRR", "VL  - abs/2402.19481"], ("arxiv:2402.19481",)),
        (["N1  - arXiv:2402.19481 [cs]"], ("arxiv:2402.19481",)),
    ],
)
def test_ids_are_found_where_programs_put_them(tmp_path: Path, lines: list[str], ids: tuple[str, ...]) -> None:
    assert said(tmp_path, *lines).ids == ids


@pytest.mark.parametrize(
    "lines",
    [
        ["N1  - It builds on arXiv:2402.19481 and others"],
        ["UR  - https://arxiv.org/abs/2402.19481", "L2  - https://arxiv.org/abs/1706.03762"],
        ["AN  - 2402.19481"],
    ],
)
def test_an_id_of_another_paper_or_of_two_is_none(tmp_path: Path, lines: list[str]) -> None:
    assert said(tmp_path, *lines).ids[0].startswith("record:")


@pytest.mark.parametrize(
    ("kind", "venue"), [("CHAP", "The Book"), ("CPAPER", "The Book"), ("BOOK", None), ("THES", "A School")]
)
def test_what_a_record_stands_in_depends_on_its_type(tmp_path: Path, kind: str, venue: str | None) -> None:
    assert said(tmp_path, "T2  - The Book", "PB  - A School", kind=kind).venue == venue


def test_encodings_and_line_ends_of_other_programs_are_read(tmp_path: Path) -> None:
    text = RECORD.replace("Dorn,", "Dörn,")
    windows = text.replace("\n", "\r\n").encode("cp1252")
    mixed = text.encode() + text.encode("cp1252")
    old = text.replace("\n", "\r").encode()
    sparse = text.replace("  - ", " - ").encode()
    for data in (b"\xef\xbb\xbf" + text.encode(), text.encode("utf-16"), windows, mixed, old, sparse):
        for record in records(tmp_path, data):
            assert record.metadata.authors == ("Tobias X. Dörn", "A van der Berg Jr.")


@pytest.mark.parametrize("text", ["", "\n\n", "nothing of the kind\nat all\n"])
def test_a_file_without_records_is_one_clear_line(tmp_path: Path, text: str) -> None:
    [failure] = found(tmp_path, text)
    assert isinstance(failure, Failure)
    assert "it has no records" in failure.reason


def test_a_file_that_is_too_large_or_not_there_is_one_clear_line(tmp_path: Path) -> None:
    [large] = read(_written(tmp_path, RECORD), max_bytes=10)
    [gone] = read(tmp_path / "gone.ris")
    assert isinstance(large, Failure)
    assert isinstance(gone, Failure)
    assert (large.code, gone.code) == ("too-large", "file-unreadable")


@given(st.binary(max_size=400))
def test_no_file_stops_the_reader(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("ris")
    for record in records(folder, b"TY  - JOUR\nTI  - A\n" + data):
        record.text.encode()
        assert record.metadata.title


@pytest.mark.slow
@pytest.mark.parametrize(
    "flood",
    ["AU  - Name, A.\n" * 250_000, "AB  - " + "word " * 1_700_000 + "\n", "AU  - " + "A;" * 200_000 + "\n"],
    ids=["lines", "characters", "names"],
)
def test_a_record_without_measure_is_one_clear_line_and_the_others_go_in(tmp_path: Path, flood: str) -> None:
    things = found(tmp_path, RECORD + "TY  - JOUR\nTI  - A flood\n" + flood + "ER  - \n" + RECORD)
    assert [type(thing) for thing in things] == [Item, Failure, Item]
    failure = things[1]
    assert isinstance(failure, Failure)
    assert (failure.what, failure.code) == ("refs.ris:13", "bad-record")
    assert "more than" in failure.reason
