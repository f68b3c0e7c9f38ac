"""BibTeX files as a source: names, LaTeX, ids wherever they hide, broken entries."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.records import Failure, Item, Metadata
from kb.sources.bibtex import BibtexSource, read_bibtex
from kb.sources.bibtex_fields import read_names
from kb.sources.latex import decode_latex


def only(text: str) -> Metadata:
    [item] = read_bibtex(text)
    assert isinstance(item, Item)
    assert item.metadata is not None
    return item.metadata


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"{\"U}ber {GAN}s \& 5\% of \#1", "Über GANs & 5% of #1"),
        (r"Ren{\'e} Bront\"e, na\"{\i}ve, {\O}rsted", "René Brontë, naïve, Ørsted"),
        (r"\v{S}koda, Fran\c{c}ois, \'{A}lvarez, \H{o}", "Škoda, François, Álvarez, ő"),
        ("{{DistriFusion}}: {Parallel}  {I}nference", "DistriFusion: Parallel Inference"),
        ("``Why'' a--b---c~d", "“Why” a–b—c d"),
        (r"$k$-means, $\alpha_{i}$ and \emph{more} {\bf bold}", r"$k$-means, $\alpha_{i}$ and more bold"),
        (r"a\_b \textbackslash{}x \textasciitilde{} \{y\} \$5", r"a_b \x ~ {y} $5"),
        (r"\unknowncommand{x}", r"\unknowncommandx"),
    ],
)  # fmt: skip
def test_latex_is_read_as_text(latex: str, text: str) -> None:
    assert decode_latex(latex) == text


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("Li, Muyang and Tianle Cai and others", ("Muyang Li", "Tianle Cai")),
        ("van der Berg, Anna and Ludwig van Beethoven", ("Anna van der Berg", "Ludwig van Beethoven")),
        ("Smith, Jr., John", ("John Smith Jr.",)),
        ("{OpenAI} and {Research and Development, Inc.}", ("OpenAI", "Research and Development, Inc.")),
        (r"Jos{\'e} {\'A}lvarez  and\n Anderson, Ann".replace(r"\n", "\n"), ("José Álvarez", "Ann Anderson")),
        ("Sandoval AND Brand", ("Sandoval AND Brand",)),
        ("", ()),
    ],
)
def test_names_are_read_first_to_last(value: str, names: tuple[str, ...]) -> None:
    assert read_names(value) == names


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


def test_a_whole_entry_is_read() -> None:
    metadata = only(
        """@string{cvpr = "Conference on " # {Vision}}
        @InProceedings{li, title = "A {B}", AUTHOR = {Li, Muyang}, booktitle = cvpr # { 2024}, year = 2024,
          month = mar, doi = {https://doi.org/10.1000/A\\_b}, abstract = {One
             two.}, keywords = {x; y, z; x}, file = {:home/me/secret.pdf:PDF}, note = {Oral}}"""
    )
    assert (metadata.title, metadata.authors, metadata.abstract) == ("A B", ("Muyang Li",), "One two.")
    assert metadata.venue == "Conference on Vision 2024"
    assert metadata.published == datetime(2024, 3, 1, tzinfo=UTC)
    assert metadata.ids == ("doi:10.1000/a_b",)
    assert metadata.url == "https://doi.org/10.1000/a_b"
    assert metadata.keywords == ("x", "y, z")
    assert metadata.comment == "Oral"
    assert "secret" not in repr(metadata)


def test_an_entry_without_id_is_known_by_title_and_authors() -> None:
    one = only("@misc{a, title={The {GAN} Paper}, author={Li, Ann}}")
    other = only("@article{b, title={the gan paper}, author={Ann Li}}")
    assert one.ids == other.ids


def test_crossref_lends_venue_and_year_wherever_the_parent_stands() -> None:
    text = "@inproceedings{a, title={T}, crossref={P}}\n@proceedings{p, title={Proc. of X}, year={1999}}"
    metadata = only(text)
    assert metadata.venue == "Proc. of X"
    assert metadata.published == datetime(1999, 1, 1, tzinfo=UTC)


def test_broken_entries_name_their_line_and_the_rest_goes_in(tmp_path: Path) -> None:
    path = tmp_path / "refs.bib"
    path.write_text(
        "% comment\n@article{a, title={One}}\n\n@article{b, title={open\n@misc{c, title={Two}}\n@misc{d, year=2024}\n"
        "@misc{nokey title={x}}\n@misc(e, title = \"Three\")\n@misc{a, title={Again}, title={Twice}}\n"
        "@misc{f, title={End",
        encoding="utf-8",
    )  # fmt: skip
    found = list(BibtexSource().find(str(path)))
    assert [thing.metadata.title for thing in found if isinstance(thing, Item) and thing.metadata] == [
        "One", "Two", "Three", "Again",
    ]  # fmt: skip
    failures = [thing for thing in found if isinstance(thing, Failure)]
    assert [failure.what for failure in failures] == ["refs.bib:4", "refs.bib:6", "refs.bib:7", "refs.bib:10"]
    assert {failure.code for failure in failures} == {"bad-record"}


@pytest.mark.parametrize("data", [b"", b"  \n", b"no entries here", b"@comment{x}"])
def test_a_file_without_entries_says_so(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "empty.bib"
    path.write_bytes(data)
    [failure] = BibtexSource().find(str(path))
    assert isinstance(failure, Failure)
    assert "no entries" in failure.reason


def test_an_old_latin_file_and_one_with_a_mark_are_read(tmp_path: Path) -> None:
    for data in ("@misc{a, title={Über}}".encode("cp1252"), "@misc{a, title={Über}}".encode("utf-8-sig")):
        path = tmp_path / "x.bib"
        path.write_bytes(data)
        [item] = BibtexSource().find(str(path))
        assert isinstance(item, Item)
        assert item.metadata is not None
        assert item.metadata.title == "Über"


def test_a_file_that_is_not_there_or_too_large_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "x.bib").write_bytes(b"@misc{a, title={T}}")
    for source, name, code in (
        (BibtexSource(), "gone.bib", "file-unreadable"),
        (BibtexSource(max_file_bytes=3), "x.bib", "too-large"),
    ):
        [failure] = source.find(str(tmp_path / name))
        assert isinstance(failure, Failure)
        assert failure.code == code


@given(st.text(alphabet=st.sampled_from("@{}\"#=,\\$ \nab%~-'`1"), max_size=60), st.booleans())
def test_no_text_breaks_the_reader(text: str, inside: bool) -> None:
    for thing in read_bibtex(f"@misc{{k, title = {{{text}}}, author = {{{text}}}}}" if inside else f"@misc{text}"):
        assert isinstance(thing, Item | Failure)
