"""The library's rooms in a browser: removing and taking it back, curing, trying again, exporting, comparing."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from kb import Library, Settings
from tests.end_to_end.chromium import Visitor, chromium_path, served
from tests.end_to_end.contrast import FAINT

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(chromium_path() is None, reason="no Chromium on this machine"),
]
DATA = Path(__file__).parents[1] / "data"
_ROW_PIXELS = 35


def record(number: int, title: str) -> dict[str, Any]:
    abstract = f"{title} are measured by hand. The survey counts {40 + number} stations on the coast."
    return {
        "id": f"2401.0000{number}", "title": title, "authors": ["Ada Tide"], "abstract": abstract,
        "categories": ["physics.ao-ph"], "published": f"2024-01-0{number}T00:00:00Z",
    }  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("rooms") / "home"
    records = home.parent / "records.jsonl"
    titles = ("Tidal gauges", "Harbour lights", "Sea walls")
    records.write_text("".join(json.dumps(record(n, title)) + "\n" for n, title in enumerate(titles, start=1)))
    with Library.open(Settings(home=home)) as library:
        assert len(library.add([str(records), str(DATA / "own-sample.pdf")]).added) == 4
        library.ask("How many stations does the survey of sea walls count?", session="kept")
    (home / "kb.toml").write_text("max_calls = 77\n")
    return home


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with served(home, KB_LANGUAGE="en") as where:
        yield where


def tick(visitor: Visitor, row: int) -> None:
    """Tick a row (0-based) of the table, which is drawn as a picture."""
    table = visitor.page.locator(".stDataFrameGlideDataEditor").first
    table.scroll_into_view_if_needed()
    table.click(position={"x": 20, "y": _ROW_PIXELS * (row + 1.5)})
    visitor.sees("1 selected")


def test_a_click_on_a_title_opens_the_paper(visitor: Visitor) -> None:
    visitor.open("/library?order=title")
    table = visitor.page.locator(".stDataFrameGlideDataEditor").first
    table.click(position={"x": 120, "y": _ROW_PIXELS * 1.5})
    visitor.page.wait_for_url("**/paper?id=*2401.00002")
    visitor.rest()
    assert visitor.page.get_by_role("heading").first.inner_text() == "Harbour lights"


def test_what_is_liked_or_put_by_stays_so_and_the_reading_list_is_a_tag(visitor: Visitor, home: Path) -> None:
    visitor.open("/paper?id=2401.00002")
    for name, then in (("Like", "Liked"), ("Read later", "On your reading list")):
        visitor.page.get_by_role("button", name=name, exact=True).click()
        visitor.page.get_by_role("button", name=then).wait_for()
    visitor.open("/library?tag=later")
    visitor.sees("1–1 of 1 (4 papers in all)")
    visitor.open("/paper?id=2401.00002")
    for name, then in (("Liked", "Like"), ("On your reading list", "Read later")):
        visitor.page.get_by_role("button", name=name).click()
        visitor.page.get_by_role("button", name=then, exact=True).wait_for()
    with Library.open(Settings(home=home)) as library:
        paper = library.papers.get("2401.00002")
        assert (library.papers.liking(paper.id), paper.tags) == (0, ())


def test_the_chosen_result_is_exported_in_each_form(visitor: Visitor, tmp_path: Path) -> None:
    visitor.open("/search?q=stations+on+the+coast&by=paper&category=physics.ao-ph")
    visitor.sees("3 results")
    chosen = visitor.page.locator('[class*="st-key-title-"] a').first.inner_text().strip()
    visitor.click("Select", exact=True)
    visitor.page.get_by_role("button", name="1 selected").click()
    said = {}
    for name in ("BibTeX", "Markdown", "CSV"):
        with visitor.page.expect_download() as download:
            visitor.page.get_by_role("button", name=name).click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        said[path.name] = path.read_text(encoding="utf-8")
    assert list(said) == ["kb-search.bib", "kb-search.md", "kb-search.csv"]
    for text in said.values():
        assert [title for title in ("Tidal gauges", "Harbour lights", "Sea walls") if title in text] == [chosen]
    assert len(list(csv.DictReader(said["kb-search.csv"].splitlines()))) == 1


def test_an_equation_that_answers_is_its_picture_and_its_signs_in_one_line_are_not_shown(
    visitor: Visitor, home: Path
) -> None:
    with Library.open(Settings(home=home)) as library:
        paper = next(paper for paper in library.list() if paper.fulltext.state == "full")
        (equation,) = library.show(paper.id, equation="1").equations
    visitor.open("/ask")
    visitor.type("Ask your papers a question", f"What does equation 1 say in {paper.title}?")
    picture = visitor.page.locator('img[alt^="Equation 1: "]').first
    picture.wait_for()
    assert equation.box is not None
    (place,) = visitor.places(picture)
    points = equation.box.x1 - equation.box.x0
    assert points < place["width"] < 3 * points  # about as large as the text around it
    marked = [
        one.inner_text() for one in visitor.page.locator(".stMarkdown").all() if "[Equation 1]" in one.inner_text()
    ]
    assert marked
    assert not any("exp(sj )" in text for text in marked)


def test_a_cell_of_a_comparison_leads_to_its_page_and_the_answer_is_found_under_its_paper(
    visitor: Visitor, home: Path
) -> None:
    with Library.open(Settings(home=home)) as library:
        paper = next(paper for paper in library.list() if paper.fulltext.state == "full")
        said = next(chunk for chunk in library.papers.text(paper.id) if "a parser can be tested against" in chunk.text)
    asked = "What can a parser be tested against?"
    visitor.open("/compare")
    visitor.type("Find papers to choose from", paper.title)
    visitor.page.get_by_label("Papers", exact=True).click()
    visitor.page.get_by_role("option", name=paper.title).click()
    visitor.page.keyboard.press("Escape")
    visitor.page.get_by_label("Questions, one a line").fill(asked)
    visitor.rest()
    visitor.page.get_by_role("button", name="Compare", exact=True).click()
    visitor.sees("Quoted from the papers")
    visitor.page.locator('[class*="st-key-mark-cell-"] button').first.click()
    visitor.page.locator(".kb-box").first.wait_for()
    told = visitor.page.get_by_role("dialog").inner_text()
    assert paper.title in told
    assert f"page {said.page}" in told
    visitor.page.keyboard.press("Escape")
    visitor.click("The whole passages")
    visitor.page.get_by_role("button", name="See it on the page").first.wait_for()
    visitor.open("/ask")
    visitor.type("Ask your papers a question", asked)
    visitor.sees("Best passages")
    visitor.open(f"/paper?id={paper.id}&tab=cited")
    visitor.page.get_by_role("link", name=asked).click()
    visitor.page.wait_for_url("**/ask?session=*")
    visitor.sees("Best passages")
    assert asked in visitor.text


def test_settings_say_where_each_value_comes_from(visitor: Visitor, home: Path) -> None:
    visitor.open("/library?room=settings")
    rows = visitor.page.locator('[data-testid="stDataFrame"] canvas tr')
    for name, value, source in (("home", str(home), "environment"), ("max_calls", "77", "kb.toml")):
        row = rows.filter(has=visitor.page.get_by_text(name, exact=True))
        expect(row.locator("td").nth(1)).to_have_text(value)
        expect(row.locator("td").nth(2)).to_have_text(source)
    expect(rows.filter(has=visitor.page.get_by_text("max_tokens", exact=True)).locator("td").nth(2)).to_have_text(
        "default"
    )


def test_a_fault_of_the_home_is_found_and_cured_by_a_click(visitor: Visitor, home: Path) -> None:
    stray = home / "files" / "ff" / f"{'f' * 64}.pdf"  # where such a file is kept
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"%PDF-1.4 of nobody")
    visitor.open("/library?room=health")
    visitor.page.get_by_role("button", name="Check now").click()
    visitor.sees("kb doctor --fix removes them", seconds=300)
    visitor.page.get_by_role("button", name="Cure it").click()
    visitor.sees("cured: 1 stray file(s)", seconds=300)
    visitor.sees("Everything is in order.")
    assert not stray.exists()


def test_a_file_that_failed_is_tried_again(visitor: Visitor, home: Path, tmp_path: Path) -> None:
    late = tmp_path / "breakwaters.markdown"
    visitor.open("/library?room=add_papers")
    visitor.page.get_by_label("arXiv ids, addresses or paths, one a line").fill(str(late))
    visitor.page.get_by_role("button", name="Add", exact=True).first.click()
    visitor.sees("breakwaters.markdown: ", seconds=300)
    late.write_text("# Breakwaters of the south\n\nBreakwaters hold the waves back. They are built of stone.\n")
    visitor.page.get_by_role("button", name="Try again").click()
    visitor.sees("1 added, 0 updated, 0 already there", seconds=300)
    with Library.open(Settings(home=home)) as library:
        assert library.remove(next(paper.id for paper in library.list() if "Breakwaters" in paper.title))


def test_removing_is_taken_back_while_there_is_time(visitor: Visitor, home: Path) -> None:
    visitor.open("/library?order=title")
    visitor.sees("1–4 of 4")
    tick(visitor, 0)
    visitor.page.get_by_role("button", name="Remove", exact=True).click()
    visitor.sees("1–3 of 3")
    visitor.page.get_by_role("button", name="Undo").click()
    visitor.sees("1–4 of 4")
    visitor.open("/library?order=title")
    tick(visitor, 0)
    visitor.page.get_by_role("button", name="Remove", exact=True).click()
    visitor.sees("1–3 of 3")
    visitor.page.get_by_role("link", name="Search").first.click()  # to leave the page is to agree
    with Library.open(Settings(home=home)) as library:
        visitor.until(lambda: library.papers.count() == 3, seconds=300)
        assert "Harbour lights" not in {paper.title for paper in library.list()}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(browser: Any, address: str, scheme: str) -> None:
    pages = (
        "/search?q=stations", "/?day=2024-01-03", "/compare?paper=2401.00003&question=What+is+counted%3F", "/ask",
        "/ask?session=kept", "/library?room=topics", "/paper?id=2401.00003", "/map",
    )  # fmt: skip
    someone = Visitor(browser, address, height=1600, color_scheme=scheme)
    for where in pages:
        someone.open(where)
        assert someone.page.evaluate(FAINT) == [], where
    someone.close()
