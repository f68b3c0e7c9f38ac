"""Bibliographies that are written are read back to the same papers."""

from __future__ import annotations

import gzip
import itertools
import json
import re
import string
import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pybtex.database  # type: ignore[import-untyped]
import pytest
from bibtexparser.entrypoint import parse_string
from hypothesis import given
from hypothesis import strategies as st

from kb.records import Affiliation, Item, Link, Metadata, Name, Paper, SourceRecord
from kb.rendering.bibliography import citation_keys, split_name, to_bibtex, to_jsonl
from kb.sources import bibtex, jsonl
from kb.sources.json_forms import read_record
from kb.sources.jsonl_fields import RecordReading

PAPER = Paper(
    id="arxiv:2402.19481",
    aliases=("doi:10.1000/a_b", "record:0123456789abcdef"),
    version=1,
    title=r"DistriFusion & 100% of {x}: $\alpha_{i}$-free -- a \test_",
    authors=("Muyang Li", "Ludwig van Beethoven", "John Smith Jr.", "Research and Development, Inc.", "OpenAI"),
    abstract='It costs $5 and $10, na\\"{\\i}vely.',
    categories=("cs.CV", "cs.LG"),
    comment="CVPR 2024 Code: https://github.com/a/b_c",
    published=datetime(2024, 2, 29, 17, 59, tzinfo=UTC),
    announced=(date(2024, 3, 4),),
    venue="CVPR 2024",
    url="https://arxiv.org/abs/2402.19481v1",
    links=(Link(kind="code", url="https://github.com/a/b_c", source="pdf", page=1),),
    affiliation=Affiliation(text="MIT", page=1),
    keywords=("diffusion", "a, b"),
    license="http://creativecommons.org/licenses/by/4.0/",
)


def reread(papers: list[Paper]) -> list[Metadata]:
    read = list(bibtex.read(to_bibtex(papers)))
    assert all(isinstance(thing, Item) for thing in read), read
    return [thing.metadata for thing in read if isinstance(thing, Item) and thing.metadata is not None]


def folded(text: str | None) -> str:
    return unicodedata.normalize("NFC", " ".join((text or "").split()))


def assert_same(paper: Paper, metadata: Metadata) -> None:
    """What BibTeX can carry comes back, white space apart."""
    assert metadata.title == folded(paper.title)
    assert metadata.authors or tuple(filter(None, (folded(name) for name in paper.authors))) == ()
    assert folded(metadata.abstract) == folded(paper.abstract)
    assert folded(metadata.comment) == folded(paper.comment)
    assert folded(metadata.venue) == folded(paper.venue)
    assert metadata.keywords or tuple(map(folded, paper.keywords)) == ()
    if paper.id.startswith(("arxiv:", "doi:")):
        assert metadata.ids[0] == paper.id
        assert metadata.url == paper.url
    if paper.published:
        assert metadata.published is not None
        assert metadata.published.date() == paper.published.date()


def test_a_paper_comes_back_from_bibtex() -> None:
    [metadata] = reread([PAPER])
    assert_same(PAPER, metadata)
    assert metadata.ids == ("arxiv:2402.19481", "doi:10.1000/a_b")
    assert metadata.version == 1
    assert metadata.categories == ("cs.CV",)


def test_bibtex_is_what_arxiv_and_latex_expect() -> None:
    text = to_bibtex([PAPER])
    assert text.startswith("@inproceedings{li2024distrifusion,\n")
    assert r"  title = {{DistriFusion \& 100\% of \textbraceleft{}x\textbraceright{}: $\alpha_{i}$-free" in text
    assert "{Li, Muyang and van Beethoven, Ludwig and Smith, Jr., John and {Research and Development, Inc.}" in text
    assert "  eprint = {2402.19481},\n  archivePrefix = {arXiv},\n  primaryClass = {cs.CV},\n" in text
    assert "  month = feb,\n" in text
    assert r"\$5 and \$10" in text
    assert to_bibtex([PAPER]) == text


@pytest.mark.parametrize(
    ("venue", "kind"),
    [
        ("Cladistics", "article"),
        ("Acta Crystallogr. B", "article"),
        ("eLife", "article"),
        ("PROCEEDINGS OF THE IEEE", "article"),
        ("Physics in Medicine and Biology", "article"),
        ("G3", "article"),
        ("UIST ’19", "inproceedings"),
        ("Proceedings of IJCAI 2007", "inproceedings"),
        ("Proceedings of the 4th ACM Symposium", "inproceedings"),
        ("Eleventh International Conference on Birds", "inproceedings"),
        (None, "misc"),
    ],
)
def test_what_a_first_page_names_as_its_venue_is_a_journal_unless_it_is_called_by_an_event(
    venue: str | None, kind: str
) -> None:
    printed = replace(PAPER, venue=venue, provenance={"venue": "pdf"} if venue else {})
    entry = to_bibtex([printed])
    assert entry.startswith(f"@{kind}{{")
    field = {"article": "journal", "inproceedings": "booktitle"}.get(kind)
    assert field is None or f"  {field} = {{{venue}}}," in entry


def test_the_name_of_an_event_alone_in_a_record_is_no_journal() -> None:
    assert to_bibtex([replace(PAPER, venue="NeurIPS", provenance={"venue": "jsonl"})]).startswith("@inproceedings{")


def test_letters_of_a_formula_that_are_no_ascii_are_one_sign_to_latex() -> None:
    text = to_bibtex([replace(PAPER, title=r"$T_θ \leq \hatβ$ of β, $\frac1γ$", comment=r"$\fracδε$")])
    assert r"$T_{θ} \leq \hat{β}$ of β, $\frac1{γ}$" in text
    assert r"$\frac{δ}{ε}$" in text


@pytest.mark.parametrize("formula", [r"$\left\{ x \right.$", r"$\}, note = \{x$", r"$\{x$"])
def test_a_formula_whose_braces_bibtex_would_count_ends_no_field(formula: str) -> None:
    [metadata] = reread([replace(PAPER, title=f"On {formula} and $\\{{x\\}}$", comment=formula)])
    assert r"and $\{x\}$" in metadata.title
    assert metadata.abstract == PAPER.abstract
    assert to_bibtex([replace(PAPER, title=formula, abstract="")]).count(r"\textbraceleft{}") == formula.count(r"\{")


@pytest.mark.parametrize("formula", [r"$\input{/etc/passwd}$", r"$\write18{ls}$", r"$\def\a{b}$", r"$\begin{x}$"])
def test_a_title_that_would_have_latex_do_things_is_printed(formula: str) -> None:
    text = to_bibtex([replace(PAPER, title=f"On {formula} and $\\alpha_1$")])
    assert re.search(r"\\(?:input|write|def|begin)(?![A-Za-z])", text) is None
    assert r"$\alpha_1$" in text


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Muyang Li", ("Muyang", "Li", "")),
        ("Anna van der Berg", ("Anna", "van der Berg", "")),
        ("John Smith Jr.", ("John", "Smith", "Jr.")),
        ("OpenAI", ("", "OpenAI", "")),
        ("Van Nguyen", ("Van", "Nguyen", "")),
    ],
)
def test_names_are_split_at_the_particle(name: str, parts: tuple[str, str, str]) -> None:
    assert split_name(name) == parts


def test_keys_are_unique_and_do_not_depend_on_the_order() -> None:
    papers = [Paper(id=f"record:{n:016x}", title="The GAN Paper", authors=("Ann Ångström",)) for n in range(30)]
    papers += [Paper(id="record:f", title="李明的论文", authors=("李明",)), Paper(id="record:e", title="?", authors=())]
    keys = citation_keys(papers)
    assert keys == citation_keys(papers[::-1])
    assert len(set(keys.values())) == len(papers)
    assert keys["record:0000000000000000"] == "angstromgan"
    assert keys["record:0000000000000001"] == "angstromgana"
    assert all(key.isascii() and key.isalnum() for key in keys.values())


def test_jsonl_is_read_back_to_the_same_fields(tmp_path: Path) -> None:
    path = tmp_path / "papers.jsonl"
    path.write_text(to_jsonl([PAPER, Paper(id="record:0123", title="Bare")]), encoding="utf-8")
    items = [thing for thing in jsonl.read(path) if isinstance(thing, Item)]
    first, second = (item.metadata for item in items)
    assert first is not None
    assert second is not None
    assert first.ids == (PAPER.id, *PAPER.aliases)
    assert PAPER.links[0] in (first.links or ())
    for name in ("version", "title", "authors", "abstract", "categories", "comment", "published", "announced",
                 "license", "venue", "url", "affiliation", "keywords"):  # fmt: skip
        assert getattr(first, name) == getattr(PAPER, name), name
    assert (second.ids, second.title) == (("record:0123",), "Bare")


@pytest.mark.slow
def test_five_hundred_real_records_come_back_from_bibtex_and_jsonl(shared: Path) -> None:
    with gzip.open(shared / "arxiv" / "records.jsonl.gz") as lines:
        rows = [json.loads(line) for line in itertools.islice(lines, 0, 50_000, 100)]
    papers = []
    for row in rows:
        said = read_record(RecordReading(row)).metadata
        assert said is not None
        papers.append(
            Paper(
                id=said.ids[0], title=said.title or "", authors=said.authors or (), abstract=said.abstract or "",
                categories=said.categories or (), comment=said.comment, venue=said.venue, url=said.url,
                announced=said.announced or (), announced_from="record", links=said.links or (),
            )
        )  # fmt: skip
    assert len(papers) == 500
    for paper, metadata in zip(papers, reread(papers), strict=True):
        assert_same(paper, metadata)
    for paper, line in zip(papers, to_jsonl(papers).splitlines(), strict=True):
        said_again = read_record(RecordReading(json.loads(line))).metadata
        assert said_again is not None
        assert (said_again.title, said_again.authors, said_again.abstract) == (
            paper.title,
            paper.authors,
            paper.abstract,
        )
        assert (said_again.comment, said_again.links, said_again.announced) == (
            paper.comment,
            paper.links,
            paper.announced,
        )


# Characters that mean something to TeX or BibTeX, and some that mean nothing; no line or control characters,
# which no record has.
_text = st.text(
    alphabet=st.sampled_from("\\{}$&%#_^~-'`\"@,=()?! abcXYé李ı\u00a00123.;:/")
    | st.characters(exclude_categories=("C", "Z")),
    max_size=40,
)  # fmt: skip
_name = _text.filter(lambda text: text.strip() != "")
_title = _text.filter(lambda text: any(map(str.isalnum, text)))
_keyword = _text.map(lambda text: text.replace(";", "").replace(",", "").strip()).filter(bool)


@given(
    title=_title,
    authors=st.lists(_name, max_size=3),
    abstract=_text,
    comment=_text,
    venue=_name.filter(lambda text: "arxiv" not in text.lower() and "corr" not in text.lower() and "abs/" not in text),
    keywords=st.lists(_keyword, max_size=3, unique_by=folded),
)
def test_any_text_comes_back_from_bibtex(
    title: str, authors: list[str], abstract: str, comment: str, venue: str, keywords: list[str]
) -> None:
    paper = Paper(
        id="arxiv:2402.19481", title=title, authors=tuple(authors), abstract=abstract, comment=comment, venue=venue,
        keywords=tuple(keywords), url="https://arxiv.org/abs/2402.19481",
    )  # fmt: skip
    [metadata] = reread([paper])
    assert_same(paper, metadata)


@pytest.mark.parametrize("sign", ["!`", "?`", "``", "''", "--", "---"])
def test_signs_that_tex_joins_come_back_as_they_were(sign: str) -> None:
    paper = Paper(id="arxiv:2402.19481", title=f"What {sign} is", authors=("Ann Author",), abstract=sign)
    [metadata] = reread([paper])
    assert metadata.title == paper.title


# ------------------------------------------------------------------------------------- as it came in


def papers_of(text: str) -> list[Paper]:
    """A paper for each entry, with its record, as the catalog would give it."""
    papers = []
    for number, thing in enumerate(bibtex.read(text)):
        assert isinstance(thing, Item), thing
        assert thing.record is not None
        said = thing.record.metadata
        papers.append(
            Paper(
                id=f"record:{number:016x}", title=said.title or "", authors=said.authors or (),
                names=said.names or (), published=said.published, precision=said.precision, sources=(thing.record,),
            )
        )  # fmt: skip
    return papers


def in_bibtexparser(text: str) -> dict[str, tuple[str, dict[str, str]]]:
    library = parse_string(text)
    assert library.failed_blocks == []
    return {
        entry.key: (entry.entry_type, {field.key.lower(): str(field.value) for field in entry.fields})
        for entry in library.entries
    }


def in_pybtex(text: str) -> dict[str, tuple[str, dict[str, str], dict[str, list[str]]]]:
    data = pybtex.database.parse_string(text, "bibtex")
    return {
        key: (
            entry.type,
            {name.lower(): value for name, value in entry.fields.items()},
            {role: [str(person) for person in persons] for role, persons in entry.persons.items()},
        )
        for key, entry in data.entries.items()
    }


IN = r"""@string{acm = {ACM {Press}}}
@article{Knuth:1984, author={Knuth, Donald E.}, title={Literate Programming and {BERT}}, journal={The Computer Journal},
  volume={27}, number={2}, pages={97--111}, year={1984}, keywords={a, b}, x-mine = "kept"}
@phdthesis{kay2001, author={Kay, Ada and others}, title={My Thesis}, school={TU Wien}, year={2001}}
@inproceedings{b, author={Devlin, Jacob and {Google AI Team}}, title={BERT}, booktitle={NAACL}, year={2019}, month=jun,
  publisher = acm # { Books}, crossref={p}}
@proceedings{p, title={All of it}, editor={Ed, A.}, year=2019}
"""


def test_what_came_in_goes_out_as_it_stood() -> None:
    out = to_bibtex(papers_of(IN))
    assert in_pybtex(out) == in_pybtex(IN)
    before, after = in_bibtexparser(IN), in_bibtexparser(out)
    del before["b"][1]["publisher"], after["b"][1]["publisher"]  # bibtexparser does not join what "#" joins
    assert after == before
    assert list(after) == ["Knuth:1984", "kay2001", "b", "p"]
    for line in ('x-mine = "kept"}', "publisher = {ACM {Press}} # { Books}", "month=jun"):
        assert line in out
    assert to_bibtex(papers_of(out)) == out


def test_a_parent_of_several_goes_out_once_and_after_them() -> None:
    text = (
        "@inproceedings{a, title={A}, crossref={p}}\n@inproceedings{b, title={B}, crossref={p}}\n"
        "@proceedings{p, title={P}, crossref={q}}\n@proceedings{q, title={Q}, year=1999}\n"
        "@book{k, title={K}}\n@incollection{c, title={C}, crossref={k}}"
    )
    assert [line[:15] for line in to_bibtex(papers_of(text)).splitlines()] == [
        "@inproceedings{", "", "@inproceedings{", "", "@book{k, title=", "", "@incollection{c", "",
        "@proceedings{p,", "", "@proceedings{q,",
    ]  # fmt: skip


def test_keys_stay_the_users_own_and_clash_with_no_other() -> None:
    text = "@misc{li2020gan, title={One}}\n@misc{Li2020GAN, title={Two}}\n@misc{, title={Three}}\n@misc{o, title={O}}"
    papers = [
        *papers_of(text),
        Paper(
            id="arxiv:2001.00001", title="GAN", authors=("Ann Li",), published=datetime(2020, 1, 1, tzinfo=UTC),
            precision="year",
        ),
    ]  # fmt: skip
    keys = list(in_bibtexparser(to_bibtex(papers)))
    assert keys[0] == "li2020gan"
    assert keys[1] == "Li2020GANa"
    assert keys[2] == "anonthree"
    assert keys[3] == "o"
    assert len({key.lower() for key in keys}) == 5


def test_what_the_user_decided_is_put_in_and_the_rest_stays() -> None:
    [paper] = papers_of(
        "@article{k, title={Old}, author={Li, A.}, date={2001-02-03}, journaltitle={J {X}}, x=1, month=jan}"
    )
    decided = Paper(
        id=paper.id, title="New & Old", authors=("Bo Ek",), names=(Name(given="Bo", family="Ek"),), venue="J2",
        published=datetime(1999, 5, 1, tzinfo=UTC), precision="month", sources=paper.sources, abstract="Said.",
        provenance={"title": "user", "authors": "bibtex", "published": "user", "venue": "user", "abstract": "user"},
    )  # fmt: skip
    kind, fields, persons = in_pybtex(to_bibtex([decided]))["k"]
    assert kind == "article"
    assert persons == {"author": ["Li, A."]}
    assert fields == {
        "title": r"{New \& Old}", "year": "1999", "month": "May", "journaltitle": "J2", "x": "1", "abstract": "Said.",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("precision", "stated"),
    [
        ("year", ["year"]),
        ("month", ["year", "month"]),
        ("day", ["year", "month", "day"]),
        (None, ["year", "month", "day"]),
    ],
)
def test_a_composed_date_says_no_more_than_was_stated(precision: str | None, stated: list[str]) -> None:
    paper = Paper(id="doi:10.1/x", title="T", published=datetime(2001, 1, 1, tzinfo=UTC), precision=precision)  # type: ignore[arg-type]
    [(_, fields)] = in_bibtexparser(to_bibtex([paper])).values()
    assert [name for name in fields if name in ("year", "month", "day")] == stated


def test_names_are_composed_from_their_parts() -> None:
    names = (
        Name(given="Charles", family="de la Vallée Poussin"), Name(literal="Barnes and Noble"),
        Name(given="John", family="Smith", suffix="Jr."), Name(family="Plato"), Name(given="Ann", family="Foo, Inc."),
    )  # fmt: skip
    paper = Paper(id="doi:10.1/x", title="T", names=names, authors=tuple(map(str, names)), et_al=True)
    text = to_bibtex([paper])
    assert (
        "{de la Vallée Poussin, Charles and {Barnes and Noble} and Smith, Jr., John and {Plato}"
        " and {Ann Foo, Inc.} and others}"
    ) in text
    [metadata] = reread([paper])
    assert metadata.authors == paper.authors
    assert metadata.et_al is True


def test_the_type_of_another_format_is_kept() -> None:
    record = SourceRecord(source="ris", type="THES", metadata=Metadata(source="ris", ids=("doi:10.1/x",)))
    text = to_bibtex([Paper(id="doi:10.1/x", title="T", venue="TU Wien", sources=(record,))])
    assert text.startswith("@phdthesis{")
    assert "school = {TU Wien}" in text


_word = st.text(alphabet=string.ascii_letters + "éßŁ", min_size=1, max_size=8)
_piece = st.one_of(
    _word, st.sampled_from([r"{\'e}", r"{\"o}", r"{GAN}", r"\&", "--", "$x_{1}$", r"Nguy{\~{\^e}}n", "a, b"])
)
_value = st.lists(_piece, min_size=1, max_size=5).map(" ".join)
_person = st.one_of(
    st.tuples(_word, _word).map(", ".join),
    st.tuples(_word, st.just("von"), _word).map(" ".join),
    _word.map(lambda word: f"{{{word} and Sons}}"),
)
_names = st.tuples(st.lists(_person, min_size=1, max_size=4), st.booleans()).map(
    lambda told: " and ".join([*told[0], "others"] if told[1] else told[0])
)
_key = st.text(alphabet=string.ascii_letters + string.digits + ":-_./+", min_size=1, max_size=10)
_written = st.one_of(
    _value.map(lambda text: f"{{{text}}}"),
    _value.filter(lambda text: '"' not in text).map(lambda text: f'"{text}"'),
    st.integers(0, 3000).map(str),
    st.sampled_from(["mac", 'mac # "x"', "{a} # mac", "jan", 'jan # "~1"']),
)
_entry = st.tuples(
    st.sampled_from(["article", "Book", "phdthesis", "online", "inproceedings", "software"]),
    st.fixed_dictionaries(
        {"title": _value.map(lambda text: f"{{x{text}}}"), "author": _names.map(lambda text: f"{{{text}}}")},
        optional=dict.fromkeys(
            ("year", "month", "Journal", "note", "x-own", "isbn", "date", "pages", "school"), _written
        ),
    ),
)


@pytest.mark.slow
@given(st.dictionaries(_key, _entry, min_size=1, max_size=4))
def test_any_bibliography_goes_out_as_it_came_in(entries: dict[str, tuple[str, dict[str, str]]]) -> None:
    own = {key.lower(): (key, entry) for key, entry in entries.items()}.values()
    text = "@string{mac = {A {Macro} of mine}}\n" + "\n".join(
        f"@{kind}{{{key},\n" + ",\n".join(f"  {name} = {value}" for name, value in fields.items()) + "}"
        for key, (kind, fields) in own
    )
    out = to_bibtex(papers_of(text))
    assert in_bibtexparser(out).keys() == {key for key, _ in own}
    before, after = in_pybtex(text), in_pybtex(out)
    assert after == before
    for key, (kind, fields) in in_bibtexparser(text).items():
        assert in_bibtexparser(out)[key][0] == kind
        assert in_bibtexparser(out)[key][1].keys() == fields.keys()


def test_a_library_found_in_the_world_comes_back(shared: Path) -> None:
    path = shared.parent / "cases" / "bib_roundtrip" / "in.bib"
    if not path.is_file():
        pytest.skip("the cases are not beside this checkout")
    text = path.read_text(encoding="utf-8")
    out = to_bibtex(papers_of(text))
    assert in_bibtexparser(out) == in_bibtexparser(text)
    assert in_pybtex(out) == in_pybtex(text)
