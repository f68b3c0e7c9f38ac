"""One paper, whichever way it comes first: its PDF, its arXiv id, a BibTeX entry."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from kb import Library, Settings
from kb.records import AddReport, Answer, Evidence, Reference, Table, TableCell, TableRow
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


@pytest.mark.slow
@pytest.mark.parametrize("order", list(itertools.permutations(WAYS)), ids=" then ".join)
def test_pdf_id_and_bibtex_entry_are_one_paper_in_any_order(
    order: tuple[str, ...], arxiv: ArxivServer, tmp_path: Path
) -> None:
    with Library.open(Settings(home=tmp_path / "home", threads=1, **arxiv.settings())) as library:
        library._models._encoder = WordEncoder()
        reports = [add(library, way, tmp_path) for way in order]
        assert [len(report.added) for report in reports] == [1, 0, 0]
        (paper,) = library.list()
        assert paper.id == "arxiv:1911.02782"
        assert list(paper.authors) == S2ORC["authors"]
        assert (paper.version, paper.comment) == (3, "ACL 2020")
        assert paper.fulltext.state == "full"
        chunks = library.papers.text(paper.id)
        assert len({chunk.id for chunk in chunks}) == len(chunks)
        assert {chunk.paper_id for chunk in chunks} == {paper.id}
        hit = library.search("machine-readable full text extracted from PDFs", k=1, mode="lexical")[0]
        assert (hit.paper.id, hit.page is not None) == (paper.id, True)
        assert library.doctor() == []
        again = [add(library, way, tmp_path) for way in order]
        assert [(report.added, report.updated) for report in again] == [((), ())] * 3


def test_why_two_records_are_one_paper_stays_with_them_through_merge_and_split(tmp_path: Path) -> None:
    entry = "@article{{{key}, title = {{Words of Widgets}}, author = {{Ann Author}}, doi = {{10.1234/abc.1}}{more}}}"
    other = "@article{third, title = {Another Thing}, author = {Carl Cee}}"
    entries = [entry.format(key="one", more=""), entry.format(key="two", more=", year = {2020}"), other]
    for number, text in enumerate(entries):
        (tmp_path / f"{number}.bib").write_text(text, encoding="utf-8")

    def reasons(library: Library) -> dict[frozenset[str], str]:
        shown = [library.show(paper.id) for paper in library.list()]
        return {frozenset(join.records): join.why.kind for one in shown for join in one.joins}

    with Library.open(Settings(home=tmp_path / "home", threads=1)) as library:
        library._models._encoder = WordEncoder()
        library.add([str(path) for path in sorted(tmp_path.glob("*.bib"))])
        both = frozenset({"one", "two"})
        assert reasons(library) == {both: "same-doi"}
        merged = library.papers.merge(*(paper.id for paper in library.list()))
        kinds = reasons(library)
        assert kinds.pop(both) == "same-doi"
        assert list(kinds.values()) == ["joined-by-you"]
        library.papers.split(merged.id)
        assert reasons(library) == {both: "same-doi"}
        parted = library.papers.split("doi:10.1234/abc.1")
        assert reasons(library) == {}
        library.papers.merge(*parted.papers)
        assert reasons(library) == {both: "same-doi"}


# ------------------------------------------------------------------------------------- what was answered before


def _asked(library: Library, question: str, *, showing: str = "") -> Answer:
    """The kept answer to a question, with those of its passages that have these words."""
    answer = library.ask(question, session="reading")
    chosen = tuple(passage for passage in answer.passages if any(showing in s.text for s in passage.sentences))
    assert chosen
    cited = {passage.paper.id: passage for passage in reversed(chosen)}
    references = tuple(Reference(marker=passage.marker, paper=passage.paper) for passage in cited.values())
    answer = replace(answer, passages=chosen, references=references)
    with library._store.writing("ask"), library._store.catalog().transaction():
        library._store.catalog().ledger.replace_turn("reading", 0, answer)
    return answer


def _quotes(library: Library) -> list[tuple[str, str, str]]:
    """(paper, marker, quote) of the kept answers, each looked up in the text that it names."""
    (answer,) = library._store.catalog().ledger.turns("reading")
    found = []
    for passage in answer.passages:
        for sentence in passage.sentences:
            chunk = next(one for one in library.papers.text(passage.paper.id) if one.id == passage.chunk_id)
            assert chunk.text[sentence.start : sentence.end] == sentence.text
            found.append((passage.paper.id, passage.marker, sentence.text))
    cited = {(one.paper.id, one.marker) for one in answer.references}
    assert cited <= {(paper, marker) for paper, marker, _ in found}  # under a mark stands the paper that is quoted
    assert {paper for paper, _ in cited} == {paper for paper, _, _ in found}
    return found


@pytest.fixture
def widgets(tmp_path: Path) -> Iterator[Library]:
    """An entry with an abstract of its own, and a text, of one title and author."""
    entry = """@article{quill, title={Fast Widget Indexing for Everybody}, author={Quill, Ada and Dee, Bela},
      year={2020}, doi={10.1234/widgets}, abstract={The entry says that widgets weigh nine grams. No more.}}"""
    (tmp_path / "refs.bib").write_text(entry, encoding="utf-8")
    with Library.open(Settings(home=tmp_path / "home", threads=1)) as library:
        library._models._encoder = WordEncoder()
        library.add(str(tmp_path / "refs.bib"))
        library.add(str(_page(tmp_path / "own.html", "The widget index reduces latency by 41 percent.")))
        assert len(library.list()) == 1
        yield library


def _page(path: Path, words: str, more: str = "") -> Path:
    path.write_text(
        '<html><head><title>Fast Widget Indexing for Everybody</title><meta name="citation_title"'
        ' content="Fast Widget Indexing for Everybody"><meta name="citation_author" content="Ada Quill">'
        '<meta name="citation_author" content="Bela Dee"></head><body><article><h1>Fast Widget Indexing for Everybody'
        f"</h1><h2>1 Results</h2><p>{words} We measured it on three machines and report the mean of five runs."
        f"</p>{more}</article></body></html>",
        encoding="utf-8",
    )
    return path


def test_a_kept_answer_follows_the_text_that_it_quotes_through_a_split_and_back(widgets: Library) -> None:
    whole = widgets.papers.get("quill").id
    _asked(widgets, "By how much does the widget index reduce latency?", showing="latency")
    asked = _quotes(widgets)
    assert {paper for paper, _, _ in asked} == {whole}
    parted = widgets.papers.split("quill")
    (text,) = [key for key in parted.papers if key != widgets.papers.get("quill").id]
    assert parted.answers_left == ()
    assert _quotes(widgets) == [(text, marker, quote) for _, marker, quote in asked]
    assert [session for session, _ in widgets.conversations.citing(text)] == ["reading"]
    assert widgets.conversations.citing("quill") == []
    widgets.papers.merge(text, "quill")
    assert _quotes(widgets) == asked
    widgets.papers.split("quill")
    widgets.remove("quill")  # which the answer quotes no more
    assert len(widgets._store.catalog().ledger.turns("reading")) == 1
    widgets.remove(text)
    assert widgets._store.catalog().ledger.turns("reading") == []


def test_the_cells_of_a_table_follow_the_text_that_they_quote(widgets: Library) -> None:
    answer = _asked(widgets, "By how much does the widget index reduce latency?", showing="latency")
    (passage, *_), ledger = answer.passages, widgets._store.catalog().ledger
    said = next(sentence for sentence in passage.sentences if "latency" in sentence.text)
    quoted = Evidence(
        marker=passage.marker, paper_id=passage.paper.id, version=passage.paper.version, chunk_id=passage.chunk_id,
        start=said.start, end=said.end, quote=said.text, page=passage.page,
    )  # fmt: skip
    row = TableRow(paper_id=passage.paper.id, cells=(TableCell(text="41 percent", evidence=(quoted,)),))
    with widgets._store.writing("ask"), widgets._store.catalog().transaction():
        ledger.replace_turn("reading", 0, replace(answer, table=Table(columns=("latency",), rows=(row,))))
    parted = widgets.papers.split("quill")
    (text,) = [key for key in parted.papers if key != widgets.papers.get("quill").id]
    (now,) = ledger.turns("reading")
    assert now.table is not None
    ((cell,),) = [one.cells for one in now.table.rows]
    (moved,) = cell.evidence
    chunk = next(one for one in widgets.papers.text(text) if one.id == moved.chunk_id)
    assert (moved.paper_id, chunk.text[moved.start : moved.end]) == (text, said.text)


def test_an_answer_from_both_parts_of_a_split_has_a_mark_for_each(widgets: Library) -> None:
    _asked(widgets, "By how much does the widget index reduce latency, and what do widgets weigh?")
    before = _quotes(widgets)
    widgets.papers.split("quill")
    after = _quotes(widgets)
    assert [quote for _, _, quote in after] == [quote for _, _, quote in before]
    assert len({paper for paper, _, _ in after}) == 2
    (answer,) = widgets._store.catalog().ledger.turns("reading")
    assert len(answer.references) == 2
    widgets.papers.merge(*{paper for paper, _, _ in after})
    assert _quotes(widgets) == before


def test_a_quotation_that_stands_in_both_parts_stays_and_is_named(widgets: Library, tmp_path: Path) -> None:
    _asked(widgets, "By how much does the widget index reduce latency?", showing="latency")
    more = "<h2>2 Thanks</h2><p>We thank the people who lent us their three machines for five runs.</p>"
    widgets.add(str(_page(tmp_path / "copy.html", "The widget index reduces latency by 41 percent.", more)))
    assert len(widgets.list()) == 1
    before = widgets._store.catalog().ledger.turns("reading")
    copy = next(one for one in widgets.papers.get("quill", sources=True).sources if one.origin == "copy.html")
    parted = widgets.papers.split("quill", [copy.key])
    assert parted.answers_left == ("reading: By how much does the widget index reduce latency?",)
    (now,) = widgets._store.catalog().ledger.turns("reading")
    assert now.passages == before[0].passages
