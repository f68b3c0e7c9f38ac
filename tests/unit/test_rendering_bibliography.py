"""Bibliographies that are written are read back to the same papers."""

from __future__ import annotations

import gzip
import itertools
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.records import Affiliation, Item, Link, Metadata, Paper
from kb.rendering.bibliography import citation_keys, split_name, to_bibtex, to_csl, to_jsonl
from kb.sources.bibtex import read_bibtex
from kb.sources.jsonl import JsonlSource, read_record

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
    read = list(read_bibtex(to_bibtex(papers)))
    assert all(isinstance(thing, Item) for thing in read), read
    return [thing.metadata for thing in read if isinstance(thing, Item) and thing.metadata is not None]


def folded(text: str | None) -> str:
    return " ".join((text or "").split())


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


def test_csl_is_json_with_names_and_dates_in_parts() -> None:
    [item] = json.loads(to_csl([PAPER]))
    assert item["id"] == "li2024distrifusion"
    assert item["type"] == "paper-conference"
    assert item["issued"] == {"date-parts": [[2024, 2, 29]]}
    assert item["author"][:3] == [
        {"family": "Li", "given": "Muyang"},
        {"family": "van Beethoven", "given": "Ludwig"},
        {"family": "Smith", "given": "John", "suffix": "Jr."},
    ]
    assert item["DOI"] == "10.1000/a_b"
    assert item["title"] == PAPER.title


def test_jsonl_is_read_back_to_the_same_fields(tmp_path: Path) -> None:
    path = tmp_path / "papers.jsonl"
    path.write_text(to_jsonl([PAPER, Paper(id="record:0123", title="Bare")]), encoding="utf-8")
    items = [thing for thing in JsonlSource().find(str(path)) if isinstance(thing, Item)]
    first, second = (item.metadata for item in items)
    assert first is not None
    assert second is not None
    assert first.ids == (PAPER.id, *PAPER.aliases)
    assert PAPER.links[0] in (first.links or ())
    for name in ("version", "title", "authors", "abstract", "categories", "comment", "published", "announced",
                 "license", "venue", "url", "affiliation", "keywords"):  # fmt: skip
        assert getattr(first, name) == getattr(PAPER, name), name
    assert (second.ids, second.title) == (("record:0123",), "Bare")


def test_five_hundred_real_records_come_back_from_bibtex_and_jsonl(shared: Path) -> None:
    with gzip.open(shared / "arxiv" / "records.jsonl.gz") as lines:
        rows = [json.loads(line) for line in itertools.islice(lines, 0, 50_000, 100)]
    papers = []
    for row in rows:
        said = read_record(row).metadata
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
        metadata = read_record(json.loads(line)).metadata
        assert metadata is not None
        assert (metadata.title, metadata.authors, metadata.abstract) == (paper.title, paper.authors, paper.abstract)
        assert (metadata.comment, metadata.links, metadata.announced) == (paper.comment, paper.links, paper.announced)


# Characters that mean something to TeX or BibTeX, and some that mean nothing; no line or control characters,
# which no record has.
_text = st.text(
    alphabet=st.sampled_from("\\{}$&%#_^~-'`\"@,=()?! abcXYé李ı\u00a00123.;:/")
    | st.characters(exclude_categories=("C", "Z")),
    max_size=40,
)  # fmt: skip
_title = _text.filter(lambda text: text.strip() != "")
_keyword = _text.map(lambda text: text.replace(";", "").replace(",", "").strip()).filter(bool)


@settings(max_examples=100)
@given(
    title=_title,
    authors=st.lists(_title, max_size=3),
    abstract=_text,
    comment=_text,
    venue=_title.filter(lambda text: "arxiv" not in text.lower() and "corr" not in text.lower() and "abs/" not in text),
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
