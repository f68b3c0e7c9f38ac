"""One paper, whichever way it comes first: its PDF, its arXiv id, a BibTeX entry."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from kb import Library, Settings
from kb.records import AddReport
from tests.arxiv_server import ArxivServer
from tests.fakes import WordEncoder

PDF = Path(__file__).resolve().parents[2] / "kb" / "demo" / "2020.acl-main.447.pdf"
S2ORC = {
    "id": "1911.02782",
    "title": "S2ORC: The Semantic Scholar Open Research Corpus",
    "abstract": "We introduce S2ORC, a large corpus of 81.1M English-language academic papers.",
    # As arXiv lists them: the PDF prints "Daniel S. Weld".
    "authors": ["Kyle Lo", "Lucy Lu Wang", "Mark Neumann", "Rodney Kinney", "Dan S. Weld"],
    "categories": ["cs.CL", "cs.DL"],
    "published": "2019-11-07T10:12:43Z",
    "updated": "2020-07-07T01:03:20Z",
    "version": 3,
    "comment": "ACL 2020",
    "listed": ["2019-11-08"],
}
ENTRY = """@inproceedings{lo-wang-2020-s2orc, title = {{S2ORC}: The Semantic Scholar Open Research Corpus},
 author = {Lo, Kyle and Wang, Lucy Lu and Neumann, Mark and Kinney, Rodney and Weld, Daniel}, year = {2020},
 booktitle = {ACL}, eprint = {1911.02782}, archivePrefix = {arXiv}}"""
WAYS = ("pdf", "id", "bibtex")


@pytest.fixture
def arxiv(tmp_path: Path) -> Iterator[ArxivServer]:
    with ArxivServer([S2ORC], clock_day=date(2026, 3, 3)) as server:
        yield server


def add(library: Library, way: str, tmp_path: Path) -> AddReport:
    entry = tmp_path / "refs.bib"
    entry.write_text(ENTRY, encoding="utf-8")
    named = {"pdf": str(PDF), "id": S2ORC["id"], "bibtex": str(entry)}[way]
    return library.add([str(named)], fulltext=False)


@pytest.mark.parametrize("order", list(itertools.permutations(WAYS)), ids=" then ".join)
def test_pdf_id_and_bibtex_entry_are_one_paper_in_any_order(
    order: tuple[str, ...], arxiv: ArxivServer, tmp_path: Path
) -> None:
    with Library.open(Settings(home=tmp_path / "home", threads=1, **arxiv.settings())) as library:
        library._encoder = WordEncoder()
        reports = [add(library, way, tmp_path) for way in order]
        assert [len(report.added) for report in reports] == [1, 0, 0]
        (paper,) = library.list()
        assert paper.id == "arxiv:1911.02782"
        assert list(paper.authors) == S2ORC["authors"]
        assert (paper.version, paper.comment) == (3, "ACL 2020")
        assert paper.fulltext.state == "full"
        chunks = library.passages(paper.id)
        assert len({chunk.id for chunk in chunks}) == len(chunks)
        assert {chunk.paper_id for chunk in chunks} == {paper.id}
        hit = library.search("machine-readable full text extracted from PDFs", k=1, mode="lexical")[0]
        assert (hit.paper.id, hit.page is not None) == (paper.id, True)
        assert library.doctor() == []
        again = [add(library, way, tmp_path) for way in order]
        assert [(report.added, report.updated) for report in again] == [((), ())] * 3
