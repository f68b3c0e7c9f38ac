"""The app with a world around it: a local arXiv, a chat model that streams, another process that adds papers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from kb import Library, Settings
from kb.calendar import EASTERN, previous_announcement_day
from kb.records import Topic
from tests.arxiv_server import ArxivServer, Fault
from tests.end_to_end.chromium import Visitor, chromium_path, served
from tests.end_to_end.contrast import FAINT
from tests.openai_server import OpenAIServer
from tests.played_model import PlayedModel

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(chromium_path() is None, reason="no Chromium on this machine"),
]
SENTENCE = "The corpus of tidal records holds 412 gauges"
STORED = {
    "id": "2401.00007",
    "title": "Tidal records of the northern coast",
    "authors": ["Ada Tide"],
    "abstract": f"{SENTENCE}. They were read by hand.",
    "categories": ["physics.ao-ph"],
    "published": "2024-01-02T00:00:00Z",
}
# A draft with a statement that is borne out, one that is in part, and one that is not.
DRAFT = (
    f"The tidal corpus holds **412 gauges** [{{{SENTENCE}}}]."
    " People read the gauges by hand every day [{read by hand}]."
    f" It was built on the moon [{{{SENTENCE}}}].\nMISSING: how long it took to read them"
)


def judged(statement: str, cited: str) -> dict[str, Any]:
    if "every day" in statement:
        return {"verdict": "partly", "why": "how often is not said"}
    return {"verdict": "unsupported", "why": "no moon is there"} if "moon" in statement else {"verdict": "supported"}


def newest_day() -> str:
    return previous_announcement_day(datetime.now(EASTERN).date()).isoformat()


def announced() -> list[dict[str, Any]]:
    """What arXiv announces today: three papers, one of them not of the topic."""
    subjects = ("Robots that walk on sand", "Robots that climb stairs", "Knots and their primes")
    return [
        {"id": f"2603.{n:05}", "title": title, "authors": ["Ann Lee"], "categories": ["cs.RO" if n < 2 else "math.GT"],
         "abstract": f"{title} are studied. The gait is learned in {n + 3} hours. It wins by 7 points.",
         "comment": "8 pages", "listed": [newest_day()]}
        for n, title in enumerate(subjects)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def arxiv() -> Iterator[ArxivServer]:
    with ArxivServer(announced(), clock_day=datetime.fromisoformat(newest_day()).date()) as server:
        yield server


@pytest.fixture(scope="module")
def model() -> Iterator[OpenAIServer]:
    with OpenAIServer(PlayedModel(DRAFT, judge=judged)) as server:
        yield server


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("online") / "home"
    records = home.parent / "records.jsonl"
    records.write_text(json.dumps(STORED) + "\n")
    with Library.open(Settings(home=home)) as library:
        library.add([str(records)])
        library.topics.add(Topic(name="Walking", query="cat:cs.RO AND abs:gait"))
    return home


@pytest.fixture(scope="module")
def address(home: Path, arxiv: ArxivServer, model: OpenAIServer) -> Iterator[str]:
    with served(home, **arxiv.environment(arxiv_retries=0), **model.environment()) as where:
        yield where


@pytest.fixture
def held(model: OpenAIServer) -> Iterator[OpenAIServer]:
    """The model's server, stopping before the last statement of an answer's draft until it is let go."""
    model.hold("It was built")
    yield model
    model.let_go()


def test_an_answer_is_seen_while_it_is_written_and_checked_when_it_is_whole(
    visitor: Visitor, held: OpenAIServer
) -> None:
    visitor.open("/ask")
    field = visitor.page.get_by_placeholder("Ask your papers a question")
    field.fill("How many gauges does the corpus of tidal records hold?")
    field.press("Enter")
    visitor.sees("Draft, not yet checked")
    visitor.sees("412 gauges")
    assert "built on the moon" not in visitor.text  # what has not come is not there
    held.let_go()
    visitor.sees("Sources")
    expect(visitor.page.get_by_text("Draft, not yet checked")).to_have_count(0)
    visitor.sees("The tidal corpus holds 412 gauges [1.1].")
    visitor.sees("Not said in the papers: how long it took to read them")
    visitor.sees("Borne out only in part")
    visitor.sees("how often is not said")  # why it is in doubt
    doubtful = visitor.page.locator(".stMarkdownColoredBackground").first
    expect(doubtful).to_have_text("People read the gauges by hand every day [1.2]")
    visitor.click("Left out, because the papers do not bear it out")
    visitor.sees("It was built on the moon")
    assert visitor.page.locator("del", has_text="moon").count() == 1  # what no paper says is struck
    assert visitor.page.evaluate(FAINT) == []
    visitor.page.get_by_role("button", name=f"[1.1] {SENTENCE}").click()
    dialog = visitor.page.get_by_role("dialog")
    expect(dialog.locator(".stMarkdownColoredBackground")).to_have_text(f"{SENTENCE}.")


def test_an_answer_is_read_while_it_waits_to_be_kept_and_what_was_opened_in_it_stays_open(
    visitor: Visitor, held: OpenAIServer, home: Path
) -> None:
    visitor.open("/ask")
    field = visitor.page.get_by_placeholder("Ask your papers a question")
    field.fill("How many gauges are in the records of the tides?")
    field.press("Enter")
    visitor.sees("412 gauges")
    struck = visitor.page.locator("del", has_text="moon")
    with Library.open(Settings(home=home)) as library:
        with library._store.catalog().transaction():  # somebody writes for as long as it takes
            held.let_go()
            visitor.page.get_by_text("Left out, because the papers do not bear it out").click()
            struck.wait_for()
            session = parse_qs(urlsplit(visitor.page.url).query)["session"][0]
            assert library.conversations.get(session) == []
        visitor.page.get_by_test_id("stSpinner").wait_for(state="detached")
        visitor.rest()
    assert struck.is_visible()


def test_an_answer_is_not_lost_when_one_turns_to_another_page(visitor: Visitor, held: OpenAIServer, home: Path) -> None:
    visitor.open("/ask")
    field = visitor.page.get_by_placeholder("Ask your papers a question")
    field.fill("Who read the tidal records of the northern coast?")
    field.press("Enter")
    visitor.sees("Draft, not yet checked")
    asked = visitor.page.url
    assert "session=" in asked
    visitor.page.get_by_role("link", name="Search").first.click()
    visitor.page.get_by_label("Search your papers").wait_for()
    held.let_go()
    with Library.open(Settings(home=home)) as library:
        visitor.until(lambda: library.conversations.get(asked.partition("session=")[2]))
    visitor.open(asked.removeprefix(visitor.address))
    visitor.sees("Sources")


def test_update_now_goes_on_while_one_reads_and_the_page_is_there_afterwards(visitor: Visitor, home: Path) -> None:
    with Library.open(Settings(home=home)) as library:
        before = library.status().papers
    visitor.open("/")
    visitor.page.get_by_role("button", name="Update now").click()
    visitor.sees("kb update")
    visitor.page.get_by_role("link", name="Search").first.click()
    visitor.page.get_by_label("Search your papers").wait_for()
    visitor.page.get_by_role("link", name="Today").first.click()
    visitor.sees("2 new, 0 updated", seconds=300)
    visitor.page.get_by_role("button", name="Walking").first.click()
    visitor.page.wait_for_url(lambda url: f"day={newest_day()}" in url)
    visitor.sees("Robots that climb stairs")
    visitor.sees("Key takeaways")
    assert "Knots and their primes" not in visitor.text
    visitor.page.get_by_text("Why is it here?").first.click()
    visitor.sees(f"announced or published on {newest_day()}")
    with Library.open(Settings(home=home)) as library:
        assert library.status().papers == before + 2


def test_ids_are_added_from_arxiv_and_what_failed_is_tried_again(
    visitor: Visitor, home: Path, arxiv: ArxivServer
) -> None:
    arxiv.fail("/api/query", Fault.unavailable(), times=20)
    visitor.open("/library?room=add_papers")
    visitor.page.get_by_label("arXiv ids, addresses or paths, one a line").fill("2603.00002")
    visitor.page.get_by_text("Fetch full texts from arXiv").click()
    visitor.page.get_by_role("button", name="Add", exact=True).first.click()
    visitor.sees("Try again", seconds=300)
    while arxiv.take_fault("/api/query") is not None:
        pass  # the server has come back
    visitor.page.get_by_role("button", name="Try again").first.click()
    visitor.sees("1 added, 0 updated, 0 already there", seconds=300)
    with Library.open(Settings(home=home)) as library:
        assert library.papers.get("2603.00002").title == "Knots and their primes"


def test_two_tabs_and_a_process_that_adds_do_not_disturb_each_other(visitor: Visitor, home: Path) -> None:
    many = home.parent / "many.jsonl"
    with many.open("w") as lines:
        for n in range(60):
            one = {
                **STORED,
                "id": f"2402.{n:05}",
                "title": f"Tidal station {n}",
                "abstract": f"Station {n} has a gauge.",
            }
            lines.write(json.dumps(one) + "\n")
    visitor.open("/search?q=tidal+records")
    second = visitor.context.new_page()
    second.goto(visitor.address + "/library?find=tidal")
    adding = subprocess.Popen([sys.executable, "-m", "kb", "add", str(many), "--home", str(home), "--quiet"])
    try:
        while adding.poll() is None:
            visitor.type("Search your papers", "gauges read by hand")
            visitor.sees("Tidal records of the northern coast")
            visitor.type("Search your papers", "tidal records")
            assert "could not be done" not in visitor.text
    finally:
        assert adding.wait(timeout=300) == 0
    visitor.open("/search?q=tidal+station+59&mode=lexical")
    visitor.sees("Tidal station 59")  # what the other process added is found at once
    second.reload()
    second.get_by_text("1–61 of 61").first.wait_for()
    expect(second.get_by_label("Find by words or author")).to_have_value("tidal")
