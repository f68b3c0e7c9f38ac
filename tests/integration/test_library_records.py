"""What came in, what was joined, what was left in doubt: bibliographies and files through the whole library."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from kb import Library, Settings
from kb.cli import main
from kb.errors import KbError, UnknownPaper, UsageError
from kb.records import AddReport
from tests.fakes import WordEncoder
from tests.pdf_writer import Words, pdf_of

PLACEHOLDER = "10.1145/1122445.1122456"


def opened(home: Path) -> Library:
    library = Library.open(Settings(home=str(home), threads=1))
    library._models._encoder = WordEncoder()
    return library


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with opened(tmp_path / "home") as library:
        yield library


def write_pdf(path: Path, *, title: str, author: str, doi: str = "", words: str) -> Path:
    """A page with a title, an author, an abstract, a section and a DOI in the imprint."""
    page = [
        Words(140, 90, title, 18, "F2"),
        Words(260, 120, author, 12),
        Words(72, 170, "Abstract", 12, "F2"),
        *(Words(72, 190 + 12 * n, line) for n, line in enumerate(_lines(words))),
        Words(72, 330, "1 Introduction", 12, "F2"),
        *(Words(72, 350 + 12 * n, f"{line} This is said again here.") for n, line in enumerate(_lines(words))),
    ]
    if doi:
        page.append(Words(72, 760, f"https://doi.org/{doi}", 8))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pdf_of([page]))
    return path


def _lines(words: str) -> list[str]:
    parts = words.split()
    return [" ".join(parts[start : start + 12]) for start in range(0, len(parts), 12)]


def write_bib(path: Path, *entries: str) -> str:
    path.write_text("\n".join(entries), encoding="utf-8")
    return str(path)


# -------------------------------------------------------------------------------------------- another encoding


def test_the_encoding_that_was_assumed_is_said_in_the_report(
    library: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cnki.bib"
    path.write_bytes("@article{a, title={基于深度学习的图像识别研究综述}, author={李明 and 王小红}}".encode("gbk"))
    report = library.add(str(path))
    assert [paper.title for paper in library.list()] == ["基于深度学习的图像识别研究综述"]
    (notice,) = report.notices
    assert (notice.what, notice.why.kind, notice.why.values) == (str(path), "encoding-assumed", {"encoding": "GB18030"})
    assert report.skipped == ()
    assert main(["add", str(path), "--home", str(tmp_path / "other")]) == 0
    assert "cnki.bib: it is not UTF-8, and was read as GB18030: save it as UTF-8" in capsys.readouterr().out


# ------------------------------------------------------------------------------- a DOI that is not the paper's own


@pytest.mark.parametrize("doi", [PLACEHOLDER, "10.1234/conference.2020"])
def test_two_papers_that_print_one_doi_stay_two_and_keep_their_texts(
    library: Library, tmp_path: Path, doi: str
) -> None:
    """Whether it is seen to be a template's (by its form) or only by the contradiction."""
    one = write_pdf(
        tmp_path / "one.pdf", title="Fast Widget Indexing", author="Jane Doe", doi=doi,
        words="The widget index reduces latency by 41 percent. We index widgets in trees of small depth.",
    )  # fmt: skip
    two = write_pdf(
        tmp_path / "two.pdf", title="On the Birds of Iceland", author="Ono Uno", doi=doi,
        words="The birds of Iceland are counted. There are 80 kinds of birds on the island in summer.",
    )  # fmt: skip
    library.add(str(one))
    before = library.papers.text(library.list()[0].id)
    report = library.add(str(two))
    assert len(report.added) == 1
    papers = {paper.title: paper for paper in library.list()}
    assert papers.keys() == {"Fast Widget Indexing", "On the Birds of Iceland"}
    assert [chunk.text for chunk in library.papers.text(papers["Fast Widget Indexing"].id)] == [c.text for c in before]
    assert "41 percent" in library.search("widget latency", k=1, mode="lexical")[0].text
    assert not any(key.startswith("doi:") for paper in papers.values() for key in (paper.id, *paper.aliases))
    doubts = [problem for problem in library.doctor() if "kb merge" in problem.cure and "kb split" in problem.cure]
    if doi == PLACEHOLDER:
        assert doubts == []
        assert report.doubtful == ()
    else:
        assert [doubt.why.values["id"] for doubt in report.doubtful] == [f"doi:{doi}"]
        assert len(doubts) == 1
        assert doubts[0].severity == "notice"
        with pytest.raises(UnknownPaper, match="not one"):
            library.papers.get(doi)
        library.papers.split(papers["Fast Widget Indexing"].id, [papers["On the Birds of Iceland"].id])
        assert [problem for problem in library.doctor() if "kb merge" in problem.cure] == []


def test_chapters_that_carry_the_doi_of_their_book_are_papers_of_their_own(library: Library, tmp_path: Path) -> None:
    bib = write_bib(
        tmp_path / "refs.bib",
        f"@inproceedings{{a, title={{Fast Widget Indexing}}, author={{Doe, Jane}}, year=2020, doi={{{PLACEHOLDER}}}}}",
        "@article{c, title={The Birds: A First Chapter}, author={Ono, C.}, year=2001, doi={10.1007/978-3-540-70517-8}}",
        "@article{d, title={The Fish: Another Chapter}, author={Ono, C.}, year=2001, doi={10.1007/978-3-540-70517-8}}",
    )
    report = library.add(bib)
    assert len(report.added) == 3
    assert {paper.title for paper in library.list()} == {
        "Fast Widget Indexing", "The Birds: A First Chapter", "The Fish: Another Chapter",
    }  # fmt: skip


@pytest.mark.slow
def test_a_pdf_that_prints_the_id_of_another_paper_never_replaces_that_papers_text(
    library: Library, tmp_path: Path
) -> None:
    entry = "@article{w, title={Fast Widget Indexing}, author={Doe, Jane}, doi={10.1234/widgets}, year=2020}"
    own = write_pdf(
        tmp_path / "own.pdf", title="Fast Widget Indexing", author="Jane Doe", doi="10.1234/widgets",
        words="The widget index reduces latency by 41 percent.",
    )  # fmt: skip
    other = write_pdf(
        tmp_path / "other.pdf", title="A Reply Nobody Asked For", author="Ono Uno", doi="10.1234/widgets",
        words="We do not believe a word of it and count birds.",
    )  # fmt: skip
    for order in itertools.permutations([write_bib(tmp_path / "refs.bib", entry), str(own), str(other)]):
        with opened(tmp_path / f"home{abs(hash(order))}") as home:
            for what in order:
                home.add(what)
            assert len(home.list()) == 2
            assert home.papers.get("10.1234/widgets").title == "Fast Widget Indexing"
            assert "41 percent" in " ".join(chunk.text for chunk in home.papers.text("10.1234/widgets"))


# --------------------------------------------------------------------------------------- joining and parting


@pytest.fixture
def joined(library: Library, tmp_path: Path) -> Library:
    """A PDF and the entry of a bibliography that were joined by title and authors."""
    entry = "@article{w, title={Fast Widget Indexing}, author={Doe, Jane}, doi={10.1234/widgets}, year=2020, note={Hm}}"
    pdf = write_pdf(
        tmp_path / "own.pdf", title="Fast Widget Indexing", author="Jane Doe",
        words="The widget index reduces latency by 41 percent.",
    )  # fmt: skip
    library.add(str(pdf))
    library.add(write_bib(tmp_path / "refs.bib", entry))
    return library


def test_a_join_is_reported_with_its_evidence_and_shown(library: Library, tmp_path: Path) -> None:
    entry = "@article{w, title={Fast Widget Indexing}, author={Doe, Jane}, doi={10.1234/widgets}, year=2020}"
    pdf = write_pdf(tmp_path / "own.pdf", title="Fast Widget Indexing", author="Jane Doe", words="It is by 41 percent.")
    library.add(str(pdf))
    report: AddReport = library.add(write_bib(tmp_path / "refs.bib", entry))
    (one,) = report.joined
    assert (one.id, one.why.kind) == ("doi:10.1234/widgets", "same-title-and-authors")
    show = library.show("w")
    assert {record.source for record in show.paper.sources} == {"pdf", "bibtex"}
    assert [join.why.kind for join in show.joins] == ["same-title-and-authors"]


def test_split_undoes_a_join_text_and_all_and_merge_does_it_again(joined: Library) -> None:
    whole = joined.papers.get("w")
    assert whole.fulltext.state == "full"
    texts = [chunk.text for chunk in joined.papers.text("w")]
    parted = joined.papers.split("w")
    assert len(parted.papers) == 2
    entry = joined.papers.get("w")
    file = next(paper for paper in joined.list() if paper.id != entry.id)
    assert (entry.fulltext.state, file.fulltext.state) == ("none", "full")
    assert entry.comment == "Hm"
    assert [c.text for c in joined.papers.text(file.id) if c.page] == texts[
        -len(joined.papers.text(file.id)) :
    ] or texts
    assert joined.search("latency percent", k=1, mode="lexical")[0].paper.id == file.id
    assert joined.doctor() == []
    again = joined.papers.merge(file.id, "w")
    assert (again.id, again.fulltext.state) == (whole.id, "full")
    assert [chunk.text for chunk in joined.papers.text("w")] == texts
    assert joined.doctor() == []


def test_removing_a_joined_paper_removes_all_its_records_and_files(joined: Library) -> None:
    joined.remove("w")
    assert joined.list() == []
    assert list(joined._store.home.files.keys()) == []
    joined.close()
    # Not looked at: the vector store's own files, whose unused places hold whatever was in memory.
    kept = [path for path in joined._store.home.path.rglob("*") if path.is_file() and "dense" not in path.parts]
    assert kept
    for path in kept:
        assert b"41 percent" not in path.read_bytes()


def test_there_is_nothing_to_split_in_a_paper_of_one_record(library: Library, tmp_path: Path) -> None:
    library.add(write_bib(tmp_path / "refs.bib", "@misc{x, title={A Lonely Paper of Mine}, author={Doe, Jane}}"))
    with pytest.raises(UsageError, match="one source record"):
        library.papers.split("x")


def test_a_corrected_bibliography_corrects_its_papers(library: Library, tmp_path: Path) -> None:
    library.add(
        write_bib(tmp_path / "refs.bib", "@misc{x, title={Fast Wigdet Indexing}, author={Doe, Jane}, year=2019}")
    )
    library.tag("x", add=["read"])
    corrected = "@misc{x, title={Fast Widget Indexing}, author={Doe, Jane}, year=2020}"
    report = library.add(write_bib(tmp_path / "refs.bib", corrected))
    assert (report.added, len(report.updated)) == ((), 1)
    (paper,) = library.list()
    assert (paper.title, paper.tags) == ("Fast Widget Indexing", ("read",))
    assert library.papers.export("bibtex").strip() == corrected


def test_two_files_of_one_name_are_two_bibliographies(library: Library, tmp_path: Path) -> None:
    for folder, title, author in (("a", "Fast Widget Indexing", "Doe, Jane"), ("b", "Birds of Iceland", "Uno, Ono")):
        (tmp_path / folder).mkdir()
        entry = f"@misc{{smith2020, title={{{title}}}, author={{{author}}}, year=2020}}"
        assert len(library.add(write_bib(tmp_path / folder / "refs.bib", entry)).added) == 1
    assert {paper.title for paper in library.list()} == {"Fast Widget Indexing", "Birds of Iceland"}


def test_an_entry_that_is_edited_away_from_its_paper_leaves_what_it_had_joined(
    library: Library, tmp_path: Path
) -> None:
    """The other record of its paper stays what it is, text and all, wherever the edited one goes."""
    one = "@misc{k1, title={Fast Widget Indexing}, author={Doe, Jane}, year=2020, doi={10.1234/a}}"
    other = "@misc{r, title={Fast Widget Indexing}, author={Doe, Jane}, year=2020, doi={10.1234/a}, note={Mine}}"
    third = "@misc{q, title={On Trees of Widgets}, author={Doe, Jane}, year=2020, doi={10.1234/q}}"
    mine = write_bib(tmp_path / "refs.bib", one)
    library.add([mine, write_bib(tmp_path / "others.bib", other, third)])
    assert len(library.list()) == 2
    edited = "@misc{k1, title={On Trees of Widgets}, author={Doe, Jane}, year=2020, doi={10.1234/q}}"
    library.add(write_bib(tmp_path / "refs.bib", edited))
    papers = {paper.title: paper for paper in library.list(sources=True)}
    assert {title: {one.key for one in paper.sources} for title, paper in papers.items()} == {
        "Fast Widget Indexing": {"r"},
        "On Trees of Widgets": {"q", "k1"},
    }
    assert papers["Fast Widget Indexing"].comment == "Mine"
    for paper in papers.values():
        assert library.papers.text(paper.id)
    assert library.doctor() == []


def test_what_two_papers_have_alike_is_both_papers_again_after_a_split(library: Library, tmp_path: Path) -> None:
    library.add(
        write_bib(
            tmp_path / "refs.bib",
            "@misc{a, title={Fast Widget Indexing}, author={Doe, Jane}, year=2020}",
            "@misc{b, title={On the Birds of Iceland}, author={Uno, Ono}, year=2020}",
        ),
        collection="Both",
    )
    for key, liking in (("a", 1), ("b", -1)):
        library.tag(key, add=["shared"])
        library.like(key, liking)
    before = {key: (library.papers.get(key), library.show(key).liking) for key in ("a", "b")}
    library.papers.merge("a", "b")
    assert library.collections.list() == {"Both": 1}
    assert library.papers.get("a").tags == ("shared",)
    library.papers.split("a", ["b"])
    assert {key: (library.papers.get(key), library.show(key).liking) for key in ("a", "b")} == before
    assert [paper.title for paper in library.collections.get("Both")] == [
        "Fast Widget Indexing",
        "On the Birds of Iceland",
    ]


def test_a_join_leaves_the_texts_of_its_neighbours_alone(library: Library, tmp_path: Path) -> None:
    """Three papers with one doubtful DOI: two are joined, the third is still found."""
    titles = {"k1": "Fast Widget Indexing", "k2": "Birds of Iceland", "k3": "Trees in Winter"}
    entries = [
        f"@misc{{{key}, title={{{title}}}, author={{Nobody {key}}}, doi={{10.1234/x}}, abstract={{We {title}.}}}}"
        for key, title in titles.items()
    ]
    library.add(write_bib(tmp_path / "refs.bib", *entries))
    library.papers.merge("k1", "k2")
    assert all(library.papers.text(key) for key in titles)
    assert library.search("trees in winter", k=1, mode="lexical")[0].paper.title == "Trees in Winter"
    library.papers.split("k1")
    assert all(library.papers.text(key) for key in titles)
    library.remove("k2")
    assert library.papers.text("k1")
    assert library.papers.text("k3")
    assert [problem for problem in library.doctor() if problem.severity != "notice"] == []


def test_the_same_bytes_under_another_ending_are_the_same_file(library: Library, tmp_path: Path) -> None:
    page = (
        "<!doctype html><title>Widgets of the North</title><h1>Widgets of the North</h1><p>They are many and cold.</p>"
    )
    for name in ("x.html", "x.txt"):
        (tmp_path / name).write_text(page, encoding="utf-8")
        report = library.add(str(tmp_path / name))
        assert report.failed == ()
    assert len(library.list()) == 1


def test_an_id_that_is_also_somebodys_citation_key_means_the_paper(library: Library, tmp_path: Path) -> None:
    bib = write_bib(
        tmp_path / "refs.bib",
        "@misc{a, title={Fast Widget Indexing}, author={Doe, Jane}, eprint={2401.00001}, archivePrefix={arXiv}}",
        "@misc{2401.00001, title={On the Birds of Iceland}, author={Uno, Ono}}",
    )
    library.add(bib)
    assert library.papers.get("2401.00001").title == "Fast Widget Indexing"


# --------------------------------------------------------------------------------------------- collections


def test_a_collection_keeps_the_users_order_and_filters_everything(library: Library, tmp_path: Path) -> None:
    titles = ("Alpha Widgets at Large", "Beta Widgets at Large", "Gamma Widgets at Large")
    bib = write_bib(
        tmp_path / "refs.bib",
        *(f"@misc{{{t[0]}, title={{{t}}}, author={{Doe, Jane}}, abstract={{Widgets.}}}}" for t in titles),
    )
    library.add(bib, collection="Thesis")
    assert [paper.title for paper in library.collections.get("thesis")] == list(titles)
    library.collections.arrange("Thesis", ["G", "A"])
    assert [paper.title[0] for paper in library.collections.get("Thesis")] == ["G", "A", "B"]
    library.collections.drop("Thesis", ["A"])
    assert library.collections.list() == {"Thesis": 2}
    assert {hit.paper.title[0] for hit in library.search("widgets", collection=["Thesis"])} == {"G", "B"}
    assert library.papers.get("G").collections == ("Thesis",)
    library.collections.rename("Thesis", "Dissertation")
    assert [paper.title[0] for paper in library.collections.get("Dissertation")] == ["G", "B"]
    with pytest.raises(KbError, match="Dissertation"):
        library.collections.get("Thesis")
    library.collections.remove("Dissertation")
    assert library.collections.list() == {}
    assert len(library.list()) == 3


def test_the_command_line_joins_parts_and_collects(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--home", str(tmp_path / "home"), "--json"]

    def kb(*words: str) -> dict[str, object]:
        assert main([*words, *home]) == 0
        answer: dict[str, object] = json.loads(capsys.readouterr().out)
        return answer

    bib = write_bib(
        tmp_path / "refs.bib",
        "@misc{a, title={Fast Widget Indexing}, author={Doe, Jane}, year=2020}",
        "@misc{b, title={The Same by Another Name}, author={Doe, Jane}, year=2020}",
    )
    assert kb("add", bib, "--collection", "Mine")["schema"] == "kb.add/2"
    assert kb("collection", "list")["collections"] == {"Mine": 2}
    merged = kb("merge", "a", "b")["paper"]
    assert isinstance(merged, dict)
    show = kb("show", "a")["paper"]
    assert isinstance(show, dict)
    assert [(one["source"], one["key"], one["type"]) for one in show["sources"]] == [
        ("bibtex", "a", "misc"),
        ("bibtex", "b", "misc"),
    ]
    assert ["year", "2020"] in show["sources"][0]["fields"]
    parted = kb("split", "a")
    assert len(parted["papers"]) == 2  # type: ignore[arg-type]
    assert kb("collection", "show", "Mine")["name"] == "Mine"


# --------------------------------------------------------------------------------------- questions of the record


def test_a_paper_counts_for_the_year_that_the_filters_find_it_by(library: Library, tmp_path: Path) -> None:
    said = {"id": "2402.00001", "title": "Only Announced So Far", "authors": ["Jane Doe"], "listed": ["2024-03-04"]}
    (tmp_path / "records.jsonl").write_text(json.dumps(said), encoding="utf-8")
    library.add(str(tmp_path / "records.jsonl"))
    asking = library.papers.stated()
    assert asking.counts("year") == [("2024", 1)]
    assert asking.count(library._store.filters(since=date(2024, 1, 1), until=date(2024, 12, 31))) == 1
    assert library.ask("How many papers are from 2024?").text == "1 paper from 2024."
    assert library.ask("When was Only Announced So Far published?").text == "announced on 2024-03-04 (from jsonl)."


def test_the_catalog_answers_who_when_how_many_and_which(library: Library, tmp_path: Path) -> None:
    bib = write_bib(
        tmp_path / "refs.bib",
        "@article{a, title={Fast Widget Indexing}, author={Doe, Jane and Ørsted, Søren}, year=2020,"
        " journal={J. Widgets}, abstract={We index with SPECTER-2. It is fast.}}",
        "@article{b, title={Slow Widget Indexing}, author={Doe, Jane}, year=2021, journal={J. Widgets},"
        " abstract={We use no SPECTER here, but trees.}}",
        "@article{c, title={On the Birds of Iceland}, author={Uno, Ono}, year=2021, abstract={Birds. Inspecters.}}",
    )
    library.add(bib)
    asking = library.papers.stated()
    assert asking.count() == 3
    assert asking.counts("year") == [("2021", 2), ("2020", 1)]
    assert asking.counts("venue") == [("J. Widgets", 2)]
    assert asking.counts("author")[0] == ("Jane Doe", 2)
    by_her = asking.papers(library._store.filters(author=["Soren Orsted"]))
    assert [paper.title for paper in by_her] == ["Fast Widget Indexing"]
    stated = asking.stated("a", "published")
    assert (stated.value.year, stated.source) == (2020, "bibtex")
    mentions = {mention.paper.title: mention.evidence.quote for mention in asking.naming("Specter")}
    assert mentions == {
        "Fast Widget Indexing": "We index with SPECTER-2.",
        "Slow Widget Indexing": "We use no SPECTER here, but trees.",
    }


def test_a_note_of_a_file_is_of_the_one_paper_that_it_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two = write_bib(tmp_path / "two.bib", "@misc{a, title={On Wombats}}", "@misc{b, title={On Numbats and Bilbies}}")
    assert main(["note", two, "--home", str(tmp_path / "home")]) == 2
    assert "several papers" in capsys.readouterr().err


def test_one_name_is_as_good_as_a_list_of_one_and_a_misspelt_choice_is_told(library: Library, tmp_path: Path) -> None:
    library.add(write_bib(tmp_path / "a.bib", "@misc{a, title={On Gears}, author={Roe, Ann}, year={2020}}"))
    key = library.list()[0].id
    assert library.tag(key, add="machines").tags == ("machines",)
    assert [paper.id for paper in library.list(tag="machines", author="Roe", paper=key)] == [key]
    with pytest.raises(UsageError, match="'colection' is nothing that papers can be chosen by"):
        library.list(colection=["x"])  # type: ignore[call-arg]
    with pytest.raises(UsageError, match="'athor'"):
        library.search("gears", athor=["Roe"])  # type: ignore[call-arg]


def test_paths_are_taken_as_text_too(library: Library, tmp_path: Path) -> None:
    bib = Path(write_bib(tmp_path / "a.bib", "@misc{a, title={On Gears}, author={Roe, Ann}, date={2020-05-04}}"))
    assert len(library.add([bib]).added) == 1
    manuscript = tmp_path / "m.md"
    manuscript.write_text("Gears turn [@a].", encoding="utf-8")
    checked = library.check(str(manuscript), bibliographies=[str(bib)])
    assert [one.line for one in checked.sentences] == [1]
    digest = library.digest()
    (page, *_) = library.pages.write(digest, ["html", "json"], out=str(tmp_path / "out"))
    assert library.pages.verify(str(page)).faults == ()
    assert library.topics.export_ledger(str(tmp_path / "ledger.json")) == library.topics.import_ledger(
        str(tmp_path / "ledger.json")
    )
