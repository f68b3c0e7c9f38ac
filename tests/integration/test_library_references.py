"""What the papers of a library cite, from the page to ``kb refs``: a small library whose links are known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kb import Library, Settings
from kb.cli import main
from kb.index.chunking import chunk_document
from kb.parsing.document import read_pdf
from kb.records import Document, Paper
from tests.fakes import WordEncoder
from tests.pdf_writer import Words, paragraph, pdf_of

PROSE = [
    "We count the animals of the farm, as others have done before us in many lands and at",
    "many times of the year. Counting is older than writing, and sheep are counted most.",
]


def page_of(title: str, author: str, prose: list[str], heading: str | None, entries: list[list[str]]) -> list[Words]:
    """One page: title, author, abstract, prose, and a list whose entries hang by 12 points."""
    words = [Words(120, 80, title, 17, "F2"), Words(250, 104, author, 11), Words(72, 130, "Abstract", 12, "F2")]
    words += paragraph(72, 148, PROSE)
    words += [Words(72, 190, "1 Introduction", 12, "F2"), *paragraph(72, 208, [*prose, *PROSE])]
    y = 300.0
    if heading:
        words.append(Words(72, y, heading, 12, "F2"))
    for entry in entries:
        y += 18
        for nth, line in enumerate(entry):
            words.append(Words(72 + 12 * bool(nth), y, line, 9))
            y += 11
        y -= 11
    return words


GOATS = page_of(
    "Counting Goats by Night", "Ada Byron", ["Goats are counted by their bells, for nobody sees them."], None, []
)
SHEEP = page_of(
    "On Counting Sheep with Closed Eyes",
    "Kim Lee",
    ["Goats were counted first (Byron, 2019). Cows came later (Moe, 2021), then all (Poe, 2022).", "As Byron (2019)",],
    "References",
    [
        ["Ada Byron. 2019. Counting goats by night. Journal of", "Goats 3, 4-9."],
        ["Ben Moe. 2021. Counting cows by day with very small", "machines. arXiv preprint arXiv:2101.00007."],
        ["Ann Poe. 2022. Counting all animals of the farm. Farm", "Letters 7, 8-9. doi:10.5555/farm.7.8."],
        ["Zoe Roe. 2018. Counting hens. Farm Letters 3, 1-7."],
    ],
)  # fmt: skip
BIB = """@article{poe, title={Counting All Animals of the Farm}, author={Poe, Ann}, year={2022}, doi={10.5555/farm.7.8}}
@article{other, title={Counting Hens}, author={Doe, Max}, year={1990}, abstract={Hens of another author.}}"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("farm")
    (folder / "sheep.pdf").write_bytes(pdf_of([SHEEP]))
    (folder / "goats.pdf").write_bytes(pdf_of([GOATS]))
    (folder / "farm.bib").write_text(BIB, encoding="utf-8")
    with opened(folder / "home") as library:
        report = library.add([str(folder / name) for name in ("sheep.pdf", "goats.pdf", "farm.bib")])
        assert not report.failed
    return folder / "home"


def opened(home: Path) -> Library:
    library = Library.open(Settings.load(home=home, threads=1))
    library._models._encoder = WordEncoder()
    return library


def titled(library: Library, title: str) -> Paper:
    return next(paper for paper in library.list() if paper.title.casefold() == title.casefold())


def test_entries_are_the_papers_of_the_library_and_marks_lead_to_their_sentences(home: Path) -> None:
    with opened(home) as library:
        found = library.papers.references(titled(library, "On Counting Sheep with Closed Eyes").id)
        goats, cows, farm, hens = found.references
        assert goats.paper == titled(library, "Counting Goats by Night")
        assert (goats.mentions[0].page, goats.mentions[0].quote) == (
            1, "Goats were counted first (Byron, 2019).",
        )  # fmt: skip
        assert len(goats.mentions) == 2
        assert (goats.authors, goats.title, goats.year) == (("Ada Byron",), "Counting goats by night", "2019")
        assert (cows.paper, cows.id, cows.title) == (None, "arxiv:2101.00007", cows.title)
        assert farm.paper is not None
        assert "doi:10.5555/farm.7.8" in (farm.paper.id, *farm.paper.aliases)
        assert hens.paper is None  # the library's paper of that title is by somebody else
        assert hens.mentions == ()


def test_a_paper_knows_who_cites_it(home: Path) -> None:
    with opened(home) as library:
        sheep = titled(library, "On Counting Sheep with Closed Eyes")
        for title in ("Counting Goats by Night", "Counting All Animals of the Farm"):
            assert library.papers.references(titled(library, title).id).cited_by == (sheep,)
        assert library.papers.references(sheep.id).cited_by == ()
        assert library.papers.references(titled(library, "Counting Hens").id).cited_by == ()


def test_links_follow_papers_that_come_and_go(home: Path, tmp_path: Path) -> None:
    (tmp_path / "cows.bib").write_text(
        "@misc{moe, title={Counting Cows by Day with Very Small Machines}, author={Moe, Ben}, eprint={2101.00007},"
        " archiveprefix={arXiv}, year={2021}}"
    )
    with opened(home) as library:
        sheep = titled(library, "On Counting Sheep with Closed Eyes")
        (added,) = library.add([str(tmp_path / "cows.bib")]).added
        cows = library.papers.references(sheep.id).references[1]
        assert cows.paper is not None
        assert cows.paper.id == added
        assert library.papers.references(added).cited_by == (sheep,)
        library.remove(added)
        assert library.papers.references(sheep.id).references[1].paper is None


def test_refs_is_a_document_and_a_text(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with opened(home) as library:
        sheep = titled(library, "On Counting Sheep with Closed Eyes").id
    assert main(["--home", str(home), "refs", sheep]) == 0
    told = capsys.readouterr().out
    assert "cites, in the library (2)" in told
    assert "(cited on p. 1)" in told
    assert "kb add 2101.00007" in told
    assert main(["--home", str(home), "--json", "refs", sheep]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["schema"] == "kb.refs/1"
    assert [one["paper"] is not None for one in data["references"]] == [True, False, True, False]
    assert data["references"][2]["doi"] == "10.5555/farm.7.8"


def read(page: list[Words]) -> Document:
    return read_pdf(pdf_of([page]), max_pages=9)


@pytest.mark.parametrize("heading", ["References", "Literatur", "Bibliografia", None])
def test_entries_get_into_no_passage_whatever_the_heading_of_their_list(heading: str | None) -> None:
    entries = [
        [f"{name}, {initial}.A., 19{year}. On the counting of animals", f"in winter. Journal of Farms {year}, 3-9."]
        for name, initial, year in (("Adams", "A", 71), ("Baker", "B", 72), ("Clark", "C", 73), ("Dumas", "D", 74),
                                    ("Evans", "E", 75), ("Frank", "F", 76))
    ]  # fmt: skip
    document = read(
        page_of("Counting in Winter", "Ada Byron", ["Animals are counted (Baker, 1972)."], heading, entries)
    )
    assert len(document.references) == 6
    assert [mark.entries for mark in document.citations] == [(1,)]
    chunks = chunk_document(
        Paper(id="x:1", title="x"), document, count_tokens=lambda texts: [len(t) for t in texts], max_tokens=400
    )
    assert not any("Journal of Farms" in chunk.text for chunk in chunks)
