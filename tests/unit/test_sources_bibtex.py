"""BibTeX files as a source: what an entry says, what it inherits, what is damaged, which files it names."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.records import Failure, Found, Item, Metadata, PassedOver, SourceRecord
from kb.sources.bibtex import read
from kb.sources.formats import reader_for

PDF = b"%PDF-1.4\n%%EOF\n"


def read_file(path: Path, *, max_bytes: int = 60_000_000) -> Iterator[Found]:
    """A file of this format, as the product reads it."""
    format_ = reader_for(path, named=True)
    assert format_ is not None
    return format_.read(path, max_bytes=max_bytes)


def record_of(thing: object) -> SourceRecord:
    assert isinstance(thing, Item), thing
    assert thing.record is not None
    return thing.record


def only(text: str) -> Metadata:
    [item] = read(text)
    return record_of(item).metadata


def items(text: str) -> list[Item]:
    return [thing for thing in read(text, path=Path("x.bib")) if isinstance(thing, Item)]


def reasons(text: str) -> list[tuple[str, str]]:
    """(place, reason) of all that is reported beside the items."""
    return [(thing.what, thing.reason) for thing in read(text, path=Path("x.bib")) if not isinstance(thing, Item)]


# ------------------------------------------------------------------------------------------ entries


@pytest.mark.parametrize(
    "fields",
    [
        "eprint={2402.19481v2}, archivePrefix={arXiv}",
        "eprint={2402.19481}, eprinttype={arxiv}, url={https://arxiv.org/abs/2402.19481v2}",
        "journal={arXiv preprint arXiv:2402.19481v2}",
        "journal={CoRR}, volume={abs/2402.19481v2}",
        "doi={10.48550/arXiv.2402.19481}, howpublished={\\url{http://arxiv.org/pdf/2402.19481v2.pdf}}",
        "note={arXiv: 2402.19481v2}",
    ],
)
def test_an_arxiv_id_is_found_where_bibliographies_put_it(fields: str) -> None:
    metadata = only(f"@misc{{k, title={{T}}, {fields}}}")
    assert metadata.ids == ("arxiv:2402.19481",)
    assert metadata.version == 2
    assert metadata.venue is None
    assert ("pdf", "https://arxiv.org/pdf/2402.19481v2") in [(link.kind, link.url) for link in metadata.links or ()]


def test_a_whole_entry_is_read_and_kept() -> None:
    text = """@string{cvpr = "Conference on " # {Vision}}
        @InProceedings{li:1, title = "A {B}", AUTHOR = {Li, Muyang and others}, booktitle = cvpr # { 2024}, year = 2024,
          month = mar, doi = {https://doi.org/10.1000/A\\_b}, abstract = {One
             two.}, keywords = {x; y, z; x}, file = {:home/me/secret.pdf:PDF}, note = {Oral}, x-own = 3}"""
    [item] = items(text)
    record = record_of(item)
    metadata = record.metadata
    assert (metadata.title, metadata.authors, metadata.abstract) == ("A B", ("Muyang Li",), "One two.")
    assert metadata.et_al is True
    assert metadata.venue == "Conference on Vision 2024"
    assert (metadata.published, metadata.precision) == (datetime(2024, 3, 1, tzinfo=UTC), "month")
    assert metadata.ids == ("doi:10.1000/a_b",)
    assert metadata.url == "https://doi.org/10.1000/a_b"
    assert metadata.keywords == ("x", "y, z")
    assert metadata.comment == "Oral"
    assert "secret" not in repr(metadata)
    assert (item.what, record.key, record.type) == ("li:1", "li:1", "inproceedings")
    assert [name for name, _ in record.fields] == [
        "title", "AUTHOR", "booktitle", "year", "month", "doi", "abstract", "keywords", "file", "note", "x-own",
    ]  # fmt: skip
    assert ("booktitle", "Conference on Vision 2024") in record.fields
    assert "booktitle = {Conference on Vision} # { 2024}" in record.text  # readable on its own
    assert "month = mar" in record.text


def test_an_entry_without_id_is_known_by_title_and_authors() -> None:
    one = only("@misc{a, title={The {GAN} Paper}, author={Li, Ann}}")
    other = only("@article{b, title={the gan paper}, author={Ann Li}}")
    assert one.ids == other.ids


@pytest.mark.parametrize(
    ("fields", "day", "precision"),
    [
        ("year=2001", (2001, 1, 1), "year"),
        ("year={c1999a}", (1999, 1, 1), "year"),
        ("year={in press}", None, None),
        ("date={2001-03}", (2001, 3, 1), "month"),
        ("date={2001-03-04/2002-01}", (2001, 3, 4), "day"),
        ("date={2001-21}", (2001, 1, 1), "year"),  # a season
        ("year=2001, month=sep", (2001, 9, 1), "month"),
        ("year=2001, month={Sept.}", (2001, 9, 1), "month"),
        ("year=2001, month={11}", (2001, 11, 1), "month"),
        ("year=2001, month={12 March}", (2001, 3, 12), "day"),
        ('year=2001, month=jul # "~4"', (2001, 7, 4), "day"),
        ("year=2001, month=feb, day=30", (2001, 2, 1), "month"),
        ("year=2001, month={June--July}", (2001, 1, 1), "year"),
        ("year=2001, month={Summer}", (2001, 1, 1), "year"),
        ("year=2001, day=3", (2001, 1, 1), "year"),
    ],
)
def test_a_date_says_no_more_than_was_stated(fields: str, day: tuple[int, int, int] | None, precision: str) -> None:
    metadata = only(f"@misc{{k, title={{T}}, {fields}}}")
    assert metadata.published == (datetime(*day, tzinfo=UTC) if day else None)
    assert metadata.precision == precision


def test_of_a_field_given_twice_the_first_counts_and_both_stay() -> None:
    [item] = items("@misc{a, title={One}, Title={Two}}")
    assert record_of(item).metadata.title == "One"
    assert record_of(item).fields == (("title", "One"), ("Title", "Two"))


# -------------------------------------------------------------------------------------- inheritance


def test_crossref_lends_venue_and_year_wherever_the_parent_stands() -> None:
    parent = "@proceedings{p, title={Proc. of X}, year={1999}}"
    [item] = items(f"@inproceedings{{a, title={{T}}, crossref={{P}}}}\n{parent}")
    record = record_of(item)
    assert record.metadata.venue == "Proc. of X"
    assert (record.metadata.published, record.metadata.precision) == (datetime(1999, 1, 1, tzinfo=UTC), "year")
    assert record.parent == parent


@pytest.mark.parametrize("crossref", ["", "crossref={},", "crossref={nowhere},", "crossref={ },", "crossref={a},"])
def test_an_entry_inherits_only_from_one_that_its_crossref_names(crossref: str) -> None:
    text = f"@misc{{a, title={{T}}, {crossref} year=2000}}\n@phdthesis{{, title={{No key}}, year=1990, journal={{J}}}}"
    first, second = items(text)
    assert record_of(first).metadata.venue is None
    assert record_of(first).parent == ""
    assert record_of(second).key == ""
    assert record_of(second).metadata.title == "No key"


def test_circles_of_crossrefs_end() -> None:
    found = items("@inbook{a, title={A}, crossref={b}}\n@inbook{b, title={B}, crossref={a}}")
    assert [record_of(item).metadata.venue for item in found] == ["B", "A"]


def test_a_book_that_lends_is_a_paper_and_settings_are_none() -> None:
    text = (
        "@book{b, title={B}}\n@incollection{c, title={C}, crossref={b}}\n"
        "@xdata{x, journal={J}}\n@proceedings{p, title={P}}"
    )
    assert [item.what for item in items(text)] == ["b", "c", "p"]
    assert [place for place, _ in reasons(text)] == ["x.bib:3"]


# ------------------------------------------------------------------------------------------- damage


def test_a_comma_missing_between_fields_is_named_and_no_field_is_swallowed() -> None:
    text = '@article{q, author = {Ada Quill}\n  title = {T}\n year = 1981 journal = "J" month = jan}'
    [item] = items(text)
    assert [name for name, _ in record_of(item).fields] == ["author", "title", "year", "journal", "month"]
    assert reasons(text) == [
        ("x.bib:1", f"q: comma missing after {name}: read as if it were right")
        for name in ("author", "title", "year", "journal")
    ]
    [again] = items(record_of(item).text)
    assert record_of(again).fields == record_of(item).fields
    assert reasons(record_of(item).text) == []


@pytest.mark.parametrize(
    ("text", "place", "cause"),
    [
        ("@misc{b, title={open\n@misc{ok, title={O}}", "x.bib:1", "b: closing brace missing in title"),
        ("@misc{b, title={open, year={2000}}\n@misc{ok, title={O}}", "x.bib:1", "b: closing brace missing in title"),
        (
            "@misc{b,\n title={open,\n author = {X}}\n}\n@misc{ok, title={O}}",
            "x.bib:2",
            "b: closing brace missing in title",
        ),
        ('@misc{b, title="open\n@misc{ok, title={O}}', "x.bib:1", "b: quotation mark missing at the end of title"),
        ('@misc{b, title="a "b" c"}\n@misc{ok, title={O}}', "x.bib:1", "b: quotation mark inside title"),
        ("@misc{b, year=1,\ntitle {T}}\n@misc{ok, title={O}}", "x.bib:2", "b: '=' missing after title"),
        ("@misc{b, year=2024}\n@misc{ok, title={O}}", "x.bib:1", "b: it has no title"),
        ("@ misc{b, title={B}}\n@misc{ok, title={O}}", "x.bib:1", "'@ misc{b,' begins no entry"),
        ("@string{s {x}}\n@misc{ok, title={O}}", "x.bib:1", "@string: '=' missing"),
    ],
)
def test_damage_is_named_as_what_it_is_and_the_rest_goes_in(text: str, place: str, cause: str) -> None:
    [(where, reason)] = reasons(text)
    assert where == place
    assert reason.startswith(cause)
    assert [item.what for item in items(text)] == ["ok"]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("@misc{k title={T}}", "k: comma missing after the key"),
        ("@misc{k\n title={T}}", "k: comma missing after the key"),
        ("@misc{title={T}}", "an entry: key missing"),
        ("@misc{k, title={T}, , year=2000}", "k: a second comma left out after title"),
        ("@misc{k, title={T},\n% year={1},\n note={N}}", "k: a line after % left out after title"),
        ("@misc{k, title={T}\n@misc{l, title={L}}", "k: closing brace missing at the end of the entry"),
        ("@misc{k, title={T} @misc{l, title={L}}", "k: closing brace missing at the end of the entry"),
    ],
)
def test_what_is_certain_is_mended_and_said(text: str, cause: str) -> None:
    assert [reason.removesuffix(": read as if it were right") for _, reason in reasons(text)] == [cause]
    first = record_of(items(text)[0])
    assert first.metadata.title == "T"
    assert reasons(first.text) == []


def test_a_backslash_before_a_brace_is_read_as_bibtex_does_where_that_closes_the_entry() -> None:
    text = "@misc{a, note={x\\\\}, title={A}}\n@misc{b, file={C:\\d\\}, title={B}}\n@misc{c, title={a \\{ b}}"
    assert [record_of(item).metadata.title for item in items(text)] == ["A", "B", "a { b"]


def test_lists_of_names_that_cannot_be_told_apart_are_said() -> None:
    text = "@misc{ames, title={T}, author={Ames, P., Blom, Cole, Dunn, J. J.}}"
    assert [record_of(item).metadata.authors for item in items(text)] == [("Ames, P., Blom, Cole, Dunn, J. J.",)]
    assert reasons(text) == [("x.bib:1", "the authors of ames could not be told apart: separate names with 'and'")]


def test_strings_that_double_end_in_one_line_each() -> None:
    doubling = "".join(f"@string{{a{n} = a{n - 1} # a{n - 1}}}\n" for n in range(1, 40))
    text = f"@string{{a0 = {{xxxxxxxxxx}}}}\n{doubling}@misc{{b, title=a39}}\n@misc{{ok, title=a1}}"
    assert [record_of(item).metadata.title for item in items(text)] == ["x" * 20]
    assert all("longer than" in reason or "is damaged" in reason for _, reason in reasons(text))


@pytest.mark.parametrize(
    ("text", "failures"),
    [
        ("".join(f"@article{{k{n}, title={{open {n}\n" for n in range(5_000)), 5_000),
        ("".join(f"@article{{k{n}, title={{open {n} " for n in range(5_000)) + "\n", 5_000),
        ("@misc{a, title={" + "x " * 1_500_000 + "}}\n", 1),
        ("@misc{a, title={T}, note={" + "{" * 200_000 + "}" * 200_000 + "}}\n", 0),
        ("@a{" * 200_000 + "\n", 1),
        ("@" * 1_000_000 + "\n", 1),
    ],
)
def test_hostile_files_cost_linear_time_and_a_line_for_each_fault(text: str, failures: int) -> None:
    started = time.monotonic()
    found = list(read(text + "@misc{ok, title={fine}}"))
    assert time.monotonic() - started < 30
    assert sum(isinstance(thing, Failure) for thing in found) == failures
    assert record_of(found[-1]).key == "ok"


def test_control_characters_and_inputs_are_said_once() -> None:
    text = "\\input{other}\n\\input{more}\n@misc{a, title={x\x00y\x07}}"
    assert [record_of(item).metadata.title for item in items(text)] == ["x y"]
    assert [place for place, _ in reasons(text)] == ["x.bib", "x.bib:1"]


@pytest.mark.parametrize("data", [b"", b"  \n", b"no entries here", b"@comment{x}"])
def test_a_file_without_entries_says_so(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "empty.bib"
    path.write_bytes(data)
    [failure] = read_file(path)
    assert isinstance(failure, Failure)
    assert "no entries" in failure.reason


def test_an_old_latin_file_and_one_with_a_mark_are_read(tmp_path: Path) -> None:
    for data in ("@misc{a, title={Über}}".encode("cp1252"), "@misc{a, title={Über}}".encode("utf-8-sig")):
        path = tmp_path / "x.bib"
        path.write_bytes(data)
        [record] = [record_of(thing) for thing in read_file(path) if isinstance(thing, Item)]
        assert record.metadata.title == "Über"
        assert record.origin == str(path)


def test_a_file_that_is_not_there_or_too_large_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "x.bib").write_bytes(b"@misc{a, title={T}}")
    for most, name, code in ((60_000_000, "gone.bib", "file-unreadable"), (3, "x.bib", "too-large")):
        [failure] = read_file(tmp_path / name, max_bytes=most)
        assert isinstance(failure, Failure)
        assert failure.code == code


@given(st.text(alphabet=st.sampled_from("@{}\"#=,\\$ \nab%~-'`1"), max_size=60), st.booleans())
def test_no_text_breaks_the_reader(text: str, inside: bool) -> None:
    for thing in read(f"@misc{{k, title = {{{text}}}, author = {{{text}}}}}" if inside else f"@misc{text}"):
        assert isinstance(thing, Item | Failure | PassedOver)


# ------------------------------------------------------------------------- files found in the world


@pytest.fixture
def cases(shared: Path) -> Path:
    folder = shared.parent / "cases"
    if not folder.is_dir():
        pytest.skip("the cases are not beside this checkout")
    return folder


def titles_and_venues(path: Path) -> list[tuple[str | None, str | None]]:
    found = [record_of(thing).metadata for thing in read_file(path) if isinstance(thing, Item)]
    return [(metadata.title, metadata.venue) for metadata in found]


def test_entries_without_a_key_or_with_an_empty_crossref(cases: Path) -> None:
    assert titles_and_venues(cases / "bib_keyless" / "a.bib") == [
        ("A normal article", "Journal of Things"),
        ("A preprint without a venue", None),
        ("Pressure vessels in the deep sea", None),
    ]
    assert [venue for _, venue in titles_and_venues(cases / "bib_keyless" / "c.bib")] == [None, None]


def test_entries_with_missing_commas(cases: Path) -> None:
    found = list(read_file(cases / "bib_missing_comma" / "a.bib"))
    records = [record_of(thing) for thing in found if isinstance(thing, Item)]
    assert [(record.key, record.metadata.venue) for record in records] == [
        ("quill", "J"), ("dee", "Journal of D"), ("eff", None), ("ames", None), ("jay", None),
    ]  # fmt: skip
    assert records[4].metadata.authors == ("A. Jay", "B. Kay", "C. Ell")
    assert [(thing.what, thing.reason.split(":")[0]) for thing in found if isinstance(thing, PassedOver)] == [
        ("a.bib:1", "quill"),
        ("a.bib:4", "dee"),
        ("a.bib:7", "the authors of ames could not be told apart"),
    ]


def test_accents_and_particles_of_names(cases: Path) -> None:
    found = [record_of(thing).metadata for thing in read_file(cases / "bib_accents" / "a.bib")]
    assert found[0].authors == ("Thị Nguyễn", "Hùng Trần")
    assert [name.family for name in found[1].names or ()] == [
        "Åström", "Erdős", "Węgrzyn", "Đorđević", "Straße", "Martínez", "Šimek", "Yağcı", "François", "Œuvre", "G",
        "d'Alembert",
    ]  # fmt: skip
    assert found[2].authors == ("Henri Poincaré",)
    assert found[3].title == "A naïve Schrödinger & Ω: 10% of 5°C"
    assert [name.family or name.literal for name in found[4].names or ()] == [
        "van der Maaten", "de la Vallée Poussin", "Barnes and Noble", "Smith",
    ]  # fmt: skip


def test_markup_of_crossref(cases: Path) -> None:
    [item] = read_file(cases / "bib_crossref_html" / "a.bib")
    said = record_of(item).metadata
    assert said.title == "Growth of E. coli & H2O & DNA at 5 < pH"
    assert said.authors == ("J. Smith", "K. O'Brien")
    assert (said.venue, said.abstract) == ("Science & Technology", "We show growth at p < 0.05.")


def test_attachments_of_an_exported_library(cases: Path) -> None:
    found = list(read_file(cases / "bib_zotero_files" / "zotero.bib"))
    assert [Path(thing.file or "").name for thing in found if isinstance(thing, Item)] == ["SPECTER.pdf", "N18.pdf"]
    assert [thing.what for thing in found if isinstance(thing, PassedOver)] == ["storage/D57ASCSY/snap.html"]
