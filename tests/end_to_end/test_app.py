"""The app as people use it: whole journeys in a real headless Chromium."""

from __future__ import annotations

import difflib
import itertools
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pypdfium2 as pdfium
import pytest
from playwright.sync_api import expect

from kb import Library, Settings
from kb.cli.commands import DAY, run_demo
from kb.cli.streams import Reporter
from kb.records import Answer
from tests.end_to_end.chromium import Visitor, chromium_path, served
from ui import markup

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(chromium_path() is None, reason="no Chromium on this machine"),
]
DATA = Path(__file__).parents[1] / "data"
SCRIPT = "<script>alert(1)</script>"
RECORDS = [
    {
        "id": "2401.00001",
        "title": f"{SCRIPT} and its *neighbours* :tada: [x](javascript:alert(2))",
        "authors": ["A. **Bold** Author", "<img src=x onerror=alert(3)>"],
        "abstract": "We pay $5 and $6 for $\\alpha_i^2$ of it. # No heading\n- no list ![no](http://example.org/a.png) "
        "<blink>no bold</blink> :red[no colour] ~~not struck~~ `no code`.",
        "published": "2024-01-02T00:00:00Z",
        "categories": ["cs.CL"],
    }
]


def pdf_text(path: Path, page: int, box: tuple[float, float, float, float]) -> str:
    """The words of a PDF's page inside a box: points, origin top left."""
    with pdfium.PdfDocument(path) as document:
        sheet = document[page - 1]
        height = sheet.get_height()
        x0, y0, x1, y1 = box
        return str(sheet.get_textpage().get_text_bounded(left=x0, bottom=height - y1, right=x1, top=height - y0))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo papers and the digest of their day."""
    home = tmp_path_factory.mktemp("app") / "home"
    with Library.open(Settings(home=home)) as library:
        run_demo(library, Reporter(quiet=True))
        library.pages.write(library.digest(day=DAY), ["json"], out=library.pages.folder(None, DAY))
    return home


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with served(home) as where:
        yield where


@pytest.fixture(scope="module")
def conversation(home: Path) -> Answer:
    """An answer that is kept under the name "kept"."""
    with Library.open(Settings(home=home)) as library:
        return library.ask("Does SPECTER need citations at inference time?", session="kept")


def test_an_empty_home_greets_the_demo_papers_come_in_and_their_day_is_read(browser: Any, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with served(home) as address:
        visitor = Visitor(browser, address)
        visitor.open("/")
        for way in ("Try the demo papers", "Drop a PDF", "Follow a topic"):
            visitor.sees(way)
        visitor.click("Add the demo papers")
        visitor.sees("Days with papers", seconds=300)
        visitor.page.locator('[class*="st-key-job-"]').first.wait_for(state="detached")  # the work has ended well
        with Library.open(Settings(home=home)) as library:
            assert {paper.fulltext.state for paper in library.list()} >= {"full"}
        visitor.open("/?day=2024-03-04")
        visitor.click("Make this day's digest")
        visitor.sees("5 found: 5 new", seconds=300)
        visitor.sees("Key takeaways")
        visitor.rest()
        visitor.page.get_by_role("button", name="Like", exact=True).first.click()
        visitor.sees("Liked")
        with Library.open(Settings(home=home)) as library:
            assert 1 in library._store.catalog().papers.opinions().values()
        visitor.close()


def test_a_search_leads_to_its_words_on_the_page(visitor: Visitor, home: Path) -> None:
    visitor.open("/search")
    visitor.type("Search your papers", "machine-readable full text of open access papers")
    assert "q=machine-readable" in visitor.page.url
    visitor.click("See it on the page")
    visitor.page.locator(".kb-box").first.wait_for()
    figure = visitor.page.locator(".kb-page").first
    assert "highlighted" in figure.locator("img").get_attribute("alt")
    visible, whole, *boxes = visitor.places(figure, "img", ".kb-box")
    assert all(visible["y"] - 1 <= box["y"] <= visible["y"] + visible["height"] for box in boxes[:1])
    with Library.open(Settings(home=home)) as library:
        hit = library.search("machine-readable full text of open access papers", k=1)[0]
        source = library._store.catalog().passages.source(hit.paper.id)
        assert source is not None
        path = library.view.file(source.file)
        page = int(figure.get_attribute("data-page"))
        view = library.view.page(hit.paper.id, page)
    scale = view.width_points / whole["width"]
    marked = " ".join(
        pdf_text(path, page, tuple(  # type: ignore[arg-type]
            scale * edge for edge in (
                box["x"] - whole["x"], box["y"] - whole["y"],
                box["x"] - whole["x"] + box["width"], box["y"] - whole["y"] + box["height"],
            )
        ))
        for box in boxes
    )  # fmt: skip
    said, quoted = (re.sub(r"[\W\d_]", "", text.lower()) for text in (marked, hit.text))
    assert len(said) > 200
    assert difflib.SequenceMatcher(None, said, quoted, autojunk=False).ratio() > 0.97


def test_asking_following_up_and_finding_nothing(visitor: Visitor) -> None:
    visitor.open("/ask")
    visitor.type("Ask your papers a question", "How many nodes does the literature graph have?")
    visitor.sees("Best passages")
    visitor.sees("Quoted from the papers")
    number = visitor.page.locator(".stMarkdownColoredBackground strong", has_text="280M")
    expect(number).to_have_count(1)  # in the sentence that answers the number is bold
    assert "session=" in visitor.page.url
    visitor.type("Ask your papers a question", "And how many authors?")
    visitor.sees("Read as: How many nodes does the literature graph have? And how many authors?")
    visitor.type("Ask your papers a question", "Who won the football world cup in 1998?")
    visitor.sees("Nearest passages: none seems to state it")
    visitor.page.reload()
    visitor.sees("How many nodes does the literature graph have?")  # the conversation is kept, and so is its address
    visitor.sees("Nearest passages: none seems to state it")
    visitor.page.get_by_role("button", name="See it on the page").first.click()
    visitor.page.locator(".kb-box").first.wait_for()
    visitor.page.keyboard.press("Escape")
    visitor.page.locator(".kb-box").first.wait_for(state="detached")


def test_passages_stand_under_their_paper_and_what_is_around_them_is_a_click_away(
    visitor: Visitor, conversation: Answer, home: Path
) -> None:
    visitor.open("/ask?session=kept")
    cards = visitor.page.locator('[class*="st-key-passage-"]')
    expect(cards).to_have_count(3)
    papers = [passage.paper.id for passage in conversation.passages[:3]]
    titles = visitor.page.locator('[class*="st-key-title-passages-"]')
    assert titles.count() == 1 + sum(one != other for one, other in itertools.pairwise(papers))
    first = conversation.passages[0]
    with Library.open(Settings(home=home)) as library:
        chunks = library.papers.text(first.paper.id)
    place = next(place for place, chunk in enumerate(chunks) if chunk.id == first.chunk_id)
    near = [" ".join(chunk.text.split())[:60] for chunk in (chunks[place - 1], chunks[place + 1])]
    assert not any(text in cards.first.inner_text() for text in near)
    cards.first.get_by_text("Before and after").click()
    visitor.rest()
    before, after = (cards.first.inner_text().replace("\u2060", "").find(text) for text in near)
    assert 0 <= before < cards.first.inner_text().find(first.sentences[0].text[:40]) < after
    visitor.click("more passages")
    expect(cards).to_have_count(len(conversation.passages))


def test_the_map_has_a_point_for_each_paper_and_opens_one(visitor: Visitor, home: Path) -> None:
    with Library.open(Settings(home=home)) as library:
        papers = {markup.shortened(paper.title, 90): paper.id for paper in library.list()}
    visitor.open("/map?find=S2ORC")
    charts = visitor.page.locator('[data-testid="stVegaLiteChart"]')
    charts.nth(1).locator("path[aria-roledescription=bar]").first.wait_for()  # the last that the page draws
    visitor.rest()
    points = charts.first.locator("path[aria-roledescription=circle]")
    expect(points).to_have_count(len(papers))
    assert sorted(point.get_attribute("aria-label") for point in points.all()) == sorted(papers)
    title = "S2ORC: The Semantic Scholar Open Research Corpus"
    one = visitor.page.locator(f'path[aria-label="{title}"]')
    sizes = {point.get_attribute("aria-label"): point.bounding_box()["width"] for point in points.all()}
    assert max(sizes, key=lambda label: sizes[label]) == title  # what was looked for stands out
    assert visitor.page.locator(".st-key-map-found a").first.inner_text().strip() == title
    one.hover()
    visitor.page.locator("#vg-tooltip-element", has_text=title).wait_for()
    one.click()
    visitor.page.wait_for_url(lambda url: unquote(url).endswith(f"/paper?id={papers[title]}"))
    visitor.sees(title)


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        ("/search?q=citation+graph", "Today|Map|Search your papers|See it on the page|More like this"),
        ("/?day=2024-03-04", "Today|Topic|Choose date|Update now|[1]|The whole note|Why is it here?|Read later"),
        (
            "/ask?session=kept",
            "Ask|Only in these|SPECTER: Document|See it on|Before and after|more passages|Copy with|Ask your papers",
        ),
        ("/library", "Library|Papers|Find by words or author|Order|With full text only|CANVAS"),
    ],
)
def test_the_keyboard_reaches_everything_in_reading_order(
    visitor: Visitor, conversation: Answer, where: str, wanted: str
) -> None:
    visitor.open(where)
    order: list[str] = []
    for _ in range(60):
        visitor.page.keyboard.press("Tab")
        order.append(visitor.page.evaluate(_FOCUSED))
    places = [next((i for i, name in enumerate(order) if one in name), -1) for one in wanted.split("|")]
    assert places == sorted(places), order
    assert -1 not in places, order


@pytest.mark.parametrize(
    ("where", "button", "shown"),
    [
        ("/search?q=citation+graph", "See it on the page", ".kb-box"),
        ("/ask?session=kept", "See it on the page", ".kb-box"),
        ("/?day=2024-03-04", "[1]", "[role=dialog] [data-testid=stCaptionContainer]"),
    ],
)
def test_the_evidence_opens_and_closes_by_keys(
    visitor: Visitor, conversation: Answer, where: str, button: str, shown: str
) -> None:
    visitor.open(where)
    visitor.page.get_by_role("button", name=button).first.focus()
    visitor.page.keyboard.press("Enter")
    visitor.page.locator(shown).first.wait_for()
    visitor.page.wait_for_function("!!document.activeElement.closest('[role=dialog]')")  # one is inside the dialog
    assert visitor.page.get_by_role("dialog").count() == 1
    visitor.page.keyboard.press("Escape")
    visitor.page.locator(shown).first.wait_for(state="detached")
    assert visitor.page.get_by_role("dialog").count() == 0


def test_a_row_of_the_table_is_ticked_and_opened_by_keys(visitor: Visitor) -> None:
    visitor.open("/library?order=title")
    visitor.page.locator('[data-testid="stDataFrame"] canvas').first.focus()
    visitor.page.keyboard.press("ArrowDown")
    visitor.page.keyboard.press("Shift+Space")
    visitor.sees("1 selected")
    ticked = visitor.page.locator('canvas tr[aria-selected="true"] td[aria-colindex="1"]').inner_text()
    visitor.page.get_by_role("button", name="Open paper").focus()
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_url("**/paper?id=*")
    visitor.rest()
    assert visitor.page.get_by_role("heading").first.inner_text() == ticked


def test_back_and_bookmarks(visitor: Visitor) -> None:
    visitor.open("/search")
    visitor.type("Search your papers", "citation graph")
    visitor.type("Search your papers", "open research corpus")
    visitor.click("one a paper")
    assert "by=paper" in visitor.page.url
    visitor.page.locator('[class*="st-key-title-"] a').first.click()
    visitor.page.wait_for_url("**/paper?id=*")
    visitor.rest()
    box = visitor.page.get_by_label("Search your papers")
    for _ in range(4):  # a change of page may leave an entry of its own
        visitor.page.go_back()
        address = urlsplit(visitor.page.url)
        (asked,) = parse_qs(address.query).get("q", [""])
        if address.path == "/search":  # the page follows its address
            visitor.until(lambda asked=asked: box.count() == 1 and box.input_value() == asked)
        if asked == "citation graph":
            break
    assert box.input_value() == "citation graph"
    bookmark = visitor.page.url
    other = Visitor(visitor.context.browser, visitor.address)
    other.page.goto(bookmark)
    found = other.page.get_by_label("Search your papers")
    other.until(lambda: found.count() == 1 and found.input_value() == "citation graph")
    other.page.locator('[class*="st-key-title-"]').first.wait_for()
    other.close()


@pytest.mark.parametrize(
    "where", ["/?day=2024-03-04", "/search?q=graph", "/ask?session=kept", "/library?room=add_papers"]
)
def test_a_narrow_screen_never_scrolls_sideways(browser: Any, address: str, conversation: Answer, where: str) -> None:
    someone = Visitor(browser, address, width=400, height=800)
    someone.open(where)
    assert someone.page.evaluate("document.documentElement.scrollWidth") <= 400
    assert someone.page.evaluate(_UNNAMED) == []
    someone.close()


_FOCUSED = """() => {
    const e = document.activeElement;
    const named = ['A', 'BUTTON', 'SUMMARY'].includes(e.tagName);  // a room's text is all that is in it
    const text = named ? e.innerText : e.tagName === 'CANVAS' ? 'CANVAS' : '';
    return [e.getAttribute('aria-label'), text, e.placeholder].filter(Boolean).join(' ').trim();
}"""
"""The name of what has the focus."""

_UNNAMED = """() => [...document.querySelectorAll('main img, main button, main input')]
    .filter(e => e.offsetParent !== null && e.tabIndex >= -(e.tagName === 'IMG'))
    .filter(e => !(e.getAttribute('aria-label') || e.getAttribute('alt') || e.innerText || e.title
        || e.getAttribute('aria-labelledby') || (e.labels && e.labels.length)))
    .map(e => e.outerHTML.slice(0, 200))"""
"""Pictures and controls that a screen reader could not name."""


def test_a_chinese_browser_gets_a_chinese_interface(browser: Any, address: str) -> None:
    someone = Visitor(browser, address, locale="zh-CN")
    someone.open("/search?q=graph")
    someone.sees("搜索")
    someone.sees("条结果")
    assert someone.foreign == []
    someone.close()


def test_uploads_good_scanned_and_hostile(visitor: Visitor, home: Path, tmp_path: Path) -> None:
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (600, 800), "white")
    ImageDraw.Draw(picture).rectangle((80, 100, 500, 300), fill="black")
    picture.save(tmp_path / "scanned.pdf")
    (tmp_path / "hostile.pdf").write_bytes(
        b"%PDF-1.7\n1 0 obj <</Type /Catalog /Pages 9 0 R>>" + bytes(range(256)) * 40
    )
    good = DATA / "own-sample.pdf"
    visitor.open("/library?room=add_papers")
    visitor.page.locator('input[type="file"]').set_input_files(
        [str(good), str(tmp_path / "scanned.pdf"), str(tmp_path / "hostile.pdf")]
    )
    visitor.uploaded(3)
    visitor.page.get_by_role("button", name="Add", exact=True).last.click()
    visitor.sees("hostile.pdf:", seconds=300)
    visitor.sees("scanned.pdf:")
    visitor.sees("Try again")
    with Library.open(Settings(home=home)) as library:
        job = next(job for job in library.jobs.list() if job.command[0] == "add")
        assert job.state == "partial"
        assert job.report is not None
        assert [len(job.report[name]) for name in ("added", "failed")] == [1, 2]


def test_a_dropped_pdf_gets_its_note_without_being_added(visitor: Visitor, home: Path) -> None:
    with Library.open(Settings(home=home)) as library:
        before = library.status().papers
    visitor.open("/?day=2024-03-04")
    visitor.page.locator('input[type="file"]').set_input_files(str(DATA / "own-sample.pdf"))
    visitor.uploaded(1)
    visitor.click("Write the note")
    visitor.sees("Add it to the library", seconds=300)
    with Library.open(Settings(home=home)) as library:
        assert library.status().papers == before
    visitor.page.locator('[class*="st-key-job-"] a').first.click()
    visitor.sees("This file is not part of your library.")
    visitor.sees("Summary")


def test_markup_of_a_paper_is_text_and_its_maths_is_maths(visitor: Visitor, home: Path, tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    records.write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    command = [sys.executable, "-m", "kb", "add", str(records), "--home", str(home), "--quiet"]
    subprocess.run(command, check=True, timeout=120)  # beside the running app, which sees it at once
    for where in ("/search?q=script+alert+neighbours", "/library?find=neighbours", "/map"):
        visitor.open(where)
    visitor.open("/paper?id=2401.00001")
    for text in ("tada", "<blink>no bold</blink>", "We pay $5 and $6 for"):
        visitor.sees(text)
    assert f"{SCRIPT} and its *neighbours* :" in visitor.text.replace("\u2060", "")
    main = visitor.page.locator('[data-testid="stMain"]')
    expect(main.locator(".katex")).to_have_count(1)
    assert main.locator("script, blink, b, img, del, code, em").count() == 0
    assert main.locator('a[href^="javascript"]').count() == 0


def test_two_tabs_do_not_disturb_each_other(visitor: Visitor) -> None:
    visitor.open("/search?q=citation+graph")
    second = visitor.context.new_page()
    second.goto(visitor.address + "/search?q=open+research+corpus")
    expect(second.get_by_label("Search your papers")).to_have_value("open research corpus")
    visitor.click("one a paper")
    expect(visitor.page.get_by_label("Search your papers")).to_have_value("citation graph")
    expect(second.get_by_label("Search your papers")).to_have_value("open research corpus")
