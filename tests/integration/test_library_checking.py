"""What a manuscript cites is found in the library as the catalog would join it, and nothing is ever added."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from kb import Library, Settings
from kb.errors import KbError, ParseError, UsageError
from kb.records import CheckedSentence, Paper
from kb.wire import to_data
from tests.fakes import WordEncoder

DEMO = Path(str(resources.files("kb") / "demo"))
GRAPHS = (
    "# Graphs of papers read whole\n\nAnn Bee, Carl Cee, Dora Dee\n\n## Abstract\n\nWe describe a graph.\n\n"
    "## Nodes\n\nThe graph has 280 nodes, of which 12 are authors. Nodes were found by GraphTool.\n"
)
ENTRY = """@article{graphs, title = {Graphs of papers read whole}, author = {Bee, Ann and Cee, C. and Dee, Dora}}
@article{li, title={DistriFusion}, author={Li, Muyang}, eprint={2402.19481}, archiveprefix={arXiv}}
@article{others, title={Graphs of papers read whole}, author={Bee, A. and others}, year = 2021}
@article{another, title={Graphs of papers read whole}, author={Nobody, Ned and Somebody, Sue}, year = 2021}
@article{absent, title={A paper that is not here}, author={Bee, Ann}, year = 2021}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("checking")
    with Library.open(Settings(home=folder / "home", threads=1)) as library:
        library._models._encoder = WordEncoder()
        (folder / "graphs.md").write_text(GRAPHS, encoding="utf-8")
        library.add([str(folder / "graphs.md"), str(DEMO / "records.jsonl")])
        yield library


@pytest.fixture
def graphs(library: Library) -> Paper:
    (paper,) = [paper for paper in library.list() if paper.title.startswith("Graphs")]
    assert paper.authors == ("Ann Bee", "Carl Cee", "Dora Dee")
    return paper


def sentences(
    library: Library, text: str, folder: Path, *, name: str = "own.md", bib: str = ""
) -> list[CheckedSentence]:
    (folder / name).write_text(text, encoding="utf-8")
    if bib:
        (folder / "refs.bib").write_text(bib, encoding="utf-8")
    before = to_data(library.list())
    check = library.check(folder / name, bibliographies=[folder / "refs.bib"] if bib else [])
    assert to_data(library.list()) == before
    return list(check.sentences)


@pytest.mark.parametrize(
    ("key", "found"),
    [("graphs", "graphs"), ("li", "arxiv:2402.19481"), ("others", "graphs"), ("another", None), ("absent", None),
     ("2402.19481", "arxiv:2402.19481"), ("unknown2020", None)],
)  # fmt: skip
def test_a_key_is_the_paper_that_its_entry_would_be_joined_with(
    key: str, found: str | None, library: Library, graphs: Paper, tmp_path: Path
) -> None:
    (one,) = sentences(library, f"It has nodes [@{key}].", tmp_path, bib=ENTRY)
    paper = one.cites[0].paper
    assert (paper.id if paper else None) == (graphs.id if found == "graphs" else found)


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("It has nodes (Bee et al., 2021).", True),
        ("Bee, Cee, and Dee (2021) have nodes.", True),
        ("It has nodes (Bee and Cee, 2021).", False),
        ("It has nodes (Dee et al., 2021).", False),
        ("It has nodes [7].\n\n# References\n\n[7] A. Bee, C. Cee, D. Dee. Graphs of papers read whole. 2021.", True),
        ("It has nodes [7].\n\n# References\n\n[7] N. Nobody. Graphs of papers read whole. 2021.", False),
        ("It has nodes [7].\n\n# References\n\n[7] A. Bee. On other graphs. 2021.", False),
        ("It has nodes (Bee, 2021).\n\n# References\n\nBee, A. (2021). Graphs of papers read whole.", True),
        ("It has nodes (Bee et al., 2021).\n\n# References\n\nBee, A. (2021). Another one by the same.", False),
    ],
)
def test_numbers_and_names_are_resolved_by_the_printed_list_or_the_authors(
    text: str, is_found: bool, library: Library, graphs: Paper, tmp_path: Path
) -> None:
    (one,) = sentences(library, text, tmp_path)
    assert [cite.paper.id if cite.paper else None for cite in one.cites] == [graphs.id if is_found else None]


def test_a_year_that_a_record_denies_is_another_paper(library: Library, tmp_path: Path) -> None:
    for year, is_here in (("2024", True), ("2025", True), ("2019", False)):
        (one,) = sentences(library, f"It is fast (Yang et al., {year}).", tmp_path)
        assert (one.cites[0].paper is not None) is is_here, year


def test_what_may_be_no_citation_is_none_where_nobody_knows_such_a_work(library: Library, tmp_path: Path) -> None:
    assert sentences(library, "In Vancouver (2010) we met, and @somebody said so.", tmp_path) == []


def test_the_whole_text_is_searched_and_the_place_is_given(library: Library, tmp_path: Path) -> None:
    text = "It has 280 nodes [@graphs].\n\nIt has 281 nodes, found by TreeTool [@graphs]."
    right, wrong = sentences(library, text, tmp_path, bib=ENTRY)
    assert (right.line, right.verdict, right.passages[0].section[-1:]) == (1, None, ("Nodes",))
    assert (wrong.line, wrong.verdict) == (3, "unsupported")
    assert (wrong.missing.numbers, wrong.missing.names) == (("281",), ("TreeTool",))


def test_the_forms_of_a_checked_manuscript_say_the_same(library: Library, tmp_path: Path) -> None:
    hostile = "It has 281 <b>nodes</b> & *more* [@graphs; @absent]. It has 281 nodes [@graphs]."
    (tmp_path / "own.txt").write_text(hostile, encoding="utf-8")
    (tmp_path / "refs.bib").write_text(ENTRY, encoding="utf-8")
    check = library.check(tmp_path / "own.txt", bibliographies=[tmp_path / "refs.bib"])
    pages = {form: library.pages.render(check, form)[0][1].decode() for form in ("text", "md", "html", "json")}
    for form in ("text", "md", "html"):
        assert "absent: A paper that is not here" in pages[form]
        assert "does not print 281" in pages[form]
        assert "The graph has 280 nodes" in pages[form]
    assert "<b>nodes" not in pages["html"]
    assert "&lt;b&gt;nodes" in pages["html"]
    assert "<b>nodes" not in pages["md"]
    assert json.loads(pages["json"])["counts"]["unsupported"] == 1
    with pytest.raises(UsageError, match="choose from"):
        library.pages.render(check, "docx")
    chinese = library.speaking("zh").pages.render(check, "html")[0][1].decode()
    assert 'lang="zh"' in chinese
    assert "引用而不在库中" in chinese


def test_a_bibliography_that_cannot_be_read_is_said_so(library: Library, tmp_path: Path) -> None:
    (tmp_path / "own.md").write_text("It has nodes [@graphs].", encoding="utf-8")
    with pytest.raises(ParseError, match=r"name a \.bib"):
        library.check(tmp_path / "own.md", bibliographies=[tmp_path / "missing.bib"])
    with pytest.raises(KbError, match="there is no such file"):
        library.check(tmp_path / "missing.md")
    (tmp_path / "own.md").write_text("It has nodes [@graphs].", encoding="utf-8")
    assert any("--bib" in notice for notice in library.check(tmp_path / "own.md").notices)
