"""The daily job against a local arXiv: days missed, processes killed, servers down; each paper once, counts add up."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import feedparser
import pytest

from kb import Library, Settings, wire
from kb.encoders import load_encoder
from kb.errors import HomeBusy, KbError, ModelError, UsageError
from kb.library.site import read_digest
from kb.library.updating import _Update
from kb.records import Topic
from kb.rendering import plain_text
from tests.arxiv_server import ArxivServer, Fault

FORMS = ("hexo", "html", "rss", "json")
TOPICS = (
    Topic(name="Images", query='cat:cs.CV AND (ti:"image diffusion" OR abs:pixels)', limit=2),
    Topic(name="Robots / legs", query="abs:robot*", must_not=("survey",), language="zh"),  # no category: arXiv's API
    Topic(name="检索", categories=("cs.IR",), examples=("2603.00099",)),
)
SUBJECTS = (
    ("Image diffusion with {n} steps", "We draw pixels with a diffusion model in {n} steps.", ["cs.CV", "cs.LG"]),
    ("Robots that walk {n} miles", "A legged robot walks {n} miles. Its gait is learned.", ["cs.RO"]),
    ("Retrieval over {n} documents", "We rank {n} documents by dense retrieval.", ["cs.IR", "cs.CL"]),
    ("A theorem on {n} knots", "We prove that {n} knots are prime.", ["math.GT"]),
)
MONDAY = 2  # of March 2026


def day(number: int) -> date:
    """A day of March 2026."""
    return date(2026, 3, number)


def record(number: int, listed: int, subject: int, **fields: Any) -> dict[str, Any]:
    """A paper as arXiv holds it."""
    title, abstract, categories = SUBJECTS[subject]
    tail = (
        f" Earlier methods fail on {number} tasks. Ours wins by {number} points. The code is at github.com/a/b{number}."
    )
    made = {
        "id": f"2603.{number:05d}",
        "title": title.format(n=number),
        "abstract": abstract.format(n=number) + tail,
        "authors": ["Ann Lee", f"Bo {chr(65 + number % 26)}. Müller"],
        "categories": categories,
        "comment": f"{number} pages",
        "listed": [day(listed).isoformat()],
    }
    return {**made, **fields}


def records() -> list[dict[str, Any]]:
    """Eight papers on each of the announcement days 2 to 10 March, two of each subject."""
    days = (2, 3, 4, 5, 6, 9, 10)
    return [record(10 * d + n, d, n % 4) for d in days for n in range(8)]


@lru_cache(maxsize=1)
def encoder() -> Any:
    """The product's own encoder, loaded once."""
    return load_encoder(Settings.load(threads=1))


@pytest.fixture
def arxiv() -> Iterator[ArxivServer]:
    with ArxivServer(records(), clock_day=day(MONDAY)) as server:
        yield server


@contextmanager
def opened(arxiv: ArxivServer, home: Path, topics: tuple[Topic, ...] = TOPICS, **flags: Any) -> Iterator[Library]:
    """A library on a home that asks the local arXiv."""
    with Library.open(Settings.load(home=home, threads=1, **arxiv.settings(**flags))) as library:
        library._models._encoder = encoder()
        if not library._store.home.exists:
            for topic in topics:
                library.topics.add(topic)
        yield library


def update(library: Library, when: int, out: Path, **options: Any) -> dict[str, Any]:
    """One run; its counts must add up."""
    report = json.loads(
        wire.to_json(library.update(out=out, forms=FORMS, day=day(when), **{"fulltext": False, **options}))
    )
    for row in report["topics"]:
        counts = dict(row["counts"])
        assert counts.pop("found") == sum(counts.values()), row
        shown = counts["new"] + counts["updated"] + counts["withdrawn"]
        assert row["why_nothing"] or shown > 0, "a zero without a reason"
    return report


def of(report: dict[str, Any], topic: str) -> dict[str, dict[str, Any]]:
    """A topic's rows by day, with the counts that are not zero."""
    return {
        row["day"]: {name: count for name, count in row["counts"].items() if count and name != "found"}
        for row in report["topics"]
        if row["topic"] == topic
    }


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def shown(out: Path) -> dict[tuple[str, str], list[str]]:
    """(topic, paper) to the days on whose pages the paper is new."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in sorted(out.glob("*/*/digest.json")):
        digest = json.loads(path.read_text(encoding="utf-8"))
        for note in digest["entries"]:
            if note["state"] == "new":
                found.setdefault((digest["topic"], note["paper"]["id"]), []).append(digest["until"])
    return found


# ----------------------------------------------------------------------------------------- whole weeks


def play(arxiv: ArxivServer, home: Path, out: Path, disturb: Callable[[int], None]) -> list[dict[str, Any]]:
    """Monday, Tuesday, not Wednesday, Thursday (with updates), Friday, Saturday, Monday."""
    reports = []
    for when in (2, 3, 5, 6, 7, 9):
        arxiv.clock_day = day(when)
        with opened(arxiv, home):
            pass
        disturb(when)
        with opened(arxiv, home) as library:
            reports.append(update(library, when, out, fulltext=when == 3))
    return reports


def change_papers(arxiv: ArxivServer) -> None:
    """New versions on Wednesday (missed) and Thursday, one of them a withdrawal in other words."""
    arxiv.replace("2603.00021", day=day(4), abstract="A legged robot walks. It is fast. Ours wins by 9 points.")
    arxiv.withdraw("2603.00020", day=day(4))
    arxiv.replace("2603.00022", day=day(5), title="Dense retrieval, revisited")
    arxiv.replace("2603.00025", day=day(5), abstract="The authors found a mistake and withdraw.", has_pdf=False)


def kill_when(arxiv: ArxivServer, home: Path, out: Path, when: int, moment: Callable[[], bool]) -> None:
    """Start the job as a process of its own and kill it at that moment (or after it has ended)."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
    command = [sys.executable, "-m", "kb", "update", "--home", str(home), "--out", str(out), "--date", str(day(when))]
    command += ["--format", ",".join(FORMS), *(["--no-fulltext"] if when != 3 else [])]
    environment = {**clean, **arxiv.environment(threads=1)}
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not moment() and child.poll() is None and time.monotonic() < until:
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    child.wait()


def test_a_week_with_kills_and_a_missed_day_is_the_week_without(arxiv: ArxivServer, tmp_path: Path) -> None:
    change_papers(arxiv)
    calm = play(arxiv, tmp_path / "calm", tmp_path / "calm-out", lambda when: None)

    def disturb(when: int) -> None:
        asked, home, out = len(arxiv.requests), tmp_path / "wild", tmp_path / "wild-out"
        moments: dict[int, Callable[[], bool]] = {
            2: lambda: len(arxiv.requests) > asked,  # the feed is being read
            3: lambda: len([r for r in arxiv.requests[asked:] if r.path.startswith("/pdf/")]) > 1,  # full texts
            5: lambda: any(out.glob(f"*/{day(4)}/*")),  # the first page of the missed day is there
            9: lambda: any(out.glob(f"*/{day(9)}/digest.json")),
        }
        if when in moments:
            kill_when(arxiv, home, out, when, moments[when])

    wild = play(arxiv, tmp_path / "wild", tmp_path / "wild-out", disturb)
    assert tree(tmp_path / "wild-out") == tree(tmp_path / "calm-out")
    assert all(len(days) == 1 for days in shown(tmp_path / "calm-out").values())
    assert [r["status"] for r in calm] == [r["status"] for r in wild] == [0] * 6

    thursday = calm[2]
    updated, withdrawn = {"new": 2, "updated": 1}, {"new": 2, "withdrawn": 1}
    assert of(thursday, "Images") == {"2026-03-04": withdrawn, "2026-03-05": {"new": 2}}
    assert of(thursday, "Robots / legs") == {"2026-03-04": updated, "2026-03-05": withdrawn}
    assert of(thursday, "检索") == {"2026-03-04": {"new": 2}, "2026-03-05": updated}
    assert all(row["why_nothing"]["kind"] == "saturday" for row in calm[4]["topics"])
    told = {
        note["paper"]["id"]: (note["changes"][0]["kind"], note["changes"][0]["values"].get("text"))
        for path in (tmp_path / "calm-out").glob("*/2026-03-0[45]/digest.json")
        for note in json.loads(path.read_text(encoding="utf-8"))["entries"]
        if note["changes"]
    }
    assert told == {
        "arxiv:2603.00020": ("withdrawn", None),
        "arxiv:2603.00021": ("abstract-removed", "A legged robot walks 21 miles."),
        "arxiv:2603.00022": ("title-was", "Retrieval over 22 documents"),
        "arxiv:2603.00025": ("withdrawn", None),
    }


def test_what_is_known_of_a_paper_does_not_hang_on_where_a_run_was_stopped(
    arxiv: ArxivServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The feed that one topic reads has papers which another asks the API for: both see what the feed says of them."""
    topics = (Topic(name="Images", query='cat:cs.RO AND ti:"image"'), Topic(name="Robots", query="abs:robot*"))
    trees = []
    for name in ("calm", "stopped"):
        with opened(arxiv, tmp_path / name, topics) as library:
            if name == "stopped":
                with monkeypatch.context() as patch:
                    patch.setattr(_Update, "_finish", interrupt)
                    with pytest.raises(KeyboardInterrupt):
                        update(library, MONDAY, tmp_path / "stopped-out")
            update(library, MONDAY, tmp_path / f"{name}-out")
        trees.append(tree(tmp_path / f"{name}-out"))
    assert trees[0] == trees[1]
    robots = json.loads((tmp_path / "calm-out" / "robots" / str(day(MONDAY)) / "digest.json").read_text())
    assert {note["paper"]["announced_from"] for note in robots["entries"]} == {"feed"}


def interrupt(*arguments: object, **named: object) -> None:
    """Ctrl-C."""
    raise KeyboardInterrupt


# ------------------------------------------------------------------------------------- what can go wrong

ONE = (TOPICS[0],)


def test_a_second_run_of_a_day_gives_the_same_pages_and_asks_nobody(arxiv: ArxivServer, tmp_path: Path) -> None:
    with opened(arxiv, tmp_path / "home") as library:
        first = update(library, 2, tmp_path / "out")
        before, asked = tree(tmp_path / "out"), len(arxiv.requests)
        second = update(library, 2, tmp_path / "out")
    assert tree(tmp_path / "out") == before
    assert len(arxiv.requests) == asked
    assert [row["counts"] for row in second["topics"]] == [row["counts"] for row in first["topics"]]
    assert {row["source"] for row in second["topics"]} == {"library"}


def test_two_at_once_do_not_collide(arxiv: ArxivServer, tmp_path: Path) -> None:
    with opened(arxiv, tmp_path / "home", ONE) as library, library._store.home.job("update"):
        with pytest.raises(HomeBusy, match=r"running already .*process"):
            update(library, 2, tmp_path / "out")
        command = [sys.executable, "-m", "kb", "update", "--home", str(tmp_path / "home")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "kb update is running already" in done.stderr
    assert not (tmp_path / "out").exists()
    with opened(arxiv, tmp_path / "home") as library:
        assert update(library, 2, tmp_path / "out")["status"] == 0


def test_an_arxiv_that_is_down_is_asked_again_the_next_day(arxiv: ArxivServer, tmp_path: Path) -> None:
    with opened(arxiv, tmp_path / "home", ONE, arxiv_retries=0) as library:
        update(library, 2, tmp_path / "out")
        arxiv.clock_day = day(3)
        arxiv.fail("/", Fault.unavailable(), times=50)
        report = update(library, 3, tmp_path / "out")
        assert (report["status"], of(report, "Images")) == (3, {"2026-03-03": {}})
        assert [row["why_nothing"]["kind"] for row in report["topics"]] == ["arxiv-not-reached"]
        assert all(failure["retry"] and failure["reason"] for failure in report["failures"])
        assert len(report["failures"]) == len({tuple(failure.items()) for failure in report["failures"]})
    arxiv._scripts.clear()
    arxiv.clock_day = day(4)
    with opened(arxiv, tmp_path / "home") as library:
        report = update(library, 4, tmp_path / "out")
    assert of(report, "Images") == {"2026-03-03": {"new": 2}, "2026-03-04": {"new": 2}}
    assert report["status"] == 0


def test_without_the_feed_the_api_is_asked_and_the_failure_is_told(arxiv: ArxivServer, tmp_path: Path) -> None:
    arxiv.fail("/atom/", Fault.unavailable(), times=9)
    with opened(arxiv, tmp_path / "home", ONE, arxiv_retries=0) as library:
        report = update(library, 2, tmp_path / "out")
    assert report["status"] == 3
    assert [failure["what"] for failure in report["failures"]] == ["arXiv's feed"]
    assert [(row["source"], row["counts"]["new"]) for row in report["topics"]] == [("api", 2)]


def test_a_listing_that_is_not_out_yet_stays_due(arxiv: ArxivServer, tmp_path: Path) -> None:
    with opened(arxiv, tmp_path / "home", ONE) as library:
        update(library, 2, tmp_path / "out")
        (row,) = update(library, 3, tmp_path / "out")["topics"]
        assert row["why_nothing"] == {"kind": "feed-is-old", "values": {"day": "2026-03-02"}, "personal": False}
        arxiv.clock_day = day(3)
        assert of(update(library, 3, tmp_path / "out"), "Images") == {"2026-03-03": {"new": 2}}


def test_a_paper_without_a_pdf_goes_in_by_its_abstract_and_is_listed(arxiv: ArxivServer, tmp_path: Path) -> None:
    arxiv.fail("/pdf/2603.00020", Fault.html(), times=9)
    arxiv.fail("/html/2603.00020", Fault(status=404), times=9)
    with opened(arxiv, tmp_path / "home", ONE, arxiv_retries=0) as library:
        report = update(library, 2, tmp_path / "out", fulltext=True)
        states = {paper.id[-2:]: paper.fulltext.state for paper in library.list()}
    assert states == {"20": "none", "24": "full"}
    assert report["status"] == 3
    assert [(failure["what"], failure["code"]) for failure in report["failures"]] == [("arxiv:2603.00020", "not-a-pdf")]
    assert of(report, "Images") == {"2026-03-02": {"new": 2}}


def test_the_full_text_of_a_new_version_takes_the_place_of_the_old(arxiv: ArxivServer, tmp_path: Path) -> None:
    with opened(arxiv, tmp_path / "home", (replace(TOPICS[0], query="id:2603.00020 AND cat:cs.CV"),)) as library:
        update(library, 2, tmp_path / "out", fulltext=True)
        arxiv.replace("2603.00020", day=day(3), abstract="We draw pixels otherwise. It is better.")
        arxiv.clock_day = day(3)
        update(library, 3, tmp_path / "out", fulltext=True)
        assert library._store.catalog().passages.document_version("arxiv:2603.00020") == 2
        assert {chunk.version for chunk in library.papers.text("2603.00020")} == {2}
    assert len(arxiv.asked("/pdf/")) == 2


def test_full_texts_are_fetched_for_what_goes_in_only(arxiv: ArxivServer, tmp_path: Path) -> None:
    topic = replace(TOPICS[0], limit=1)
    with opened(arxiv, tmp_path / "home", (topic,)) as library:
        report = update(library, 2, tmp_path / "out", fulltext=True)
    assert of(report, "Images") == {"2026-03-02": {"new": 1, "filtered": 1}}
    assert len(arxiv.asked("/pdf/")) == 1


def test_a_paper_that_moderation_held_back_is_found_on_a_missed_day(arxiv: ArxivServer, tmp_path: Path) -> None:
    # Submitted for the listing of the 3rd, announced with that of the 5th.
    held = record(77, 5, 0, published="2026-03-02T15:00:00+00:00")
    arxiv.add(held)
    with opened(arxiv, tmp_path / "home", ONE) as library:
        for when in (2, 3, 4):
            arxiv.clock_day = day(when)
            update(library, when, tmp_path / "out")
        arxiv.clock_day = day(6)
        report = update(library, 6, tmp_path / "out")
    assert of(report, "Images") == {"2026-03-05": {"new": 2, "filtered": 1}, "2026-03-06": {"new": 2}}
    assert len(shown(tmp_path / "out")) == 10


def test_a_cross_listing_counts_where_the_topic_looks(arxiv: ArxivServer, tmp_path: Path) -> None:
    with opened(arxiv, tmp_path / "home", (Topic(name="Learning", categories=("cs.LG",)),)) as library:
        assert of(update(library, 2, tmp_path / "out"), "Learning") == {"2026-03-02": {"new": 2}}


def test_a_machine_that_forgets_remembers_by_its_ledger(arxiv: ArxivServer, tmp_path: Path) -> None:
    arxiv.replace("2603.00020", day=day(3), title="Image diffusion, revisited")
    with opened(arxiv, tmp_path / "home", ONE) as library:
        update(library, 2, tmp_path / "out")
        library.topics.export_ledger(tmp_path / "ledger.json")
    arxiv.clock_day = day(3)
    with opened(arxiv, tmp_path / "other", ()) as library:
        library.topics.import_ledger(tmp_path / "ledger.json")
        report = update(library, 3, tmp_path / "out")
    assert of(report, "Images") == {"2026-03-03": {"new": 2, "updated": 1}}
    assert all(len(days) == 1 for days in shown(tmp_path / "out").values())


def fresh(arxiv: ArxivServer, folder: Path, number: int, **flags: Any) -> dict[str, Any]:
    """A day's run in a home of its own, with the ledger and the pages of the days before."""
    arxiv.clock_day = day(number)
    ledger = folder / "ledger.json"
    home = folder / f"home-{len(list(folder.glob('home-*')))}"
    with opened(arxiv, home, () if ledger.exists() else ONE, **flags) as library:
        if ledger.exists():
            library.topics.import_ledger(ledger)
        report = update(library, number, folder / "out")
        library.topics.export_ledger(ledger)
    return report


def items(out: Path) -> dict[str, str]:
    """The name of each item of a folder's RSS feeds, and its day."""
    found = {}
    for path in out.glob("*/*.rss.xml"):
        read = feedparser.parse(path.read_bytes())
        assert not read.bozo
        found |= {entry.id: entry.published for entry in read.entries}
    return found


def test_a_feed_goes_on_over_thirty_days_whatever_machine_makes_it(arxiv: ArxivServer, tmp_path: Path) -> None:
    """A new version is an item more; the item of the old one stays, under its own day."""
    arxiv.replace("2603.00020", day=day(4), abstract="We draw pixels with a diffusion model, and it is better.")
    feeds: dict[str, list[dict[str, str]]] = {}
    for name in ("lasting", "forgetting"):
        for number in (2, 3, 4, 5):
            if name == "lasting":
                arxiv.clock_day = day(number)
                with opened(arxiv, tmp_path / name / "home", ONE) as library:
                    update(library, number, tmp_path / name / "out")
            else:
                (tmp_path / name).mkdir(exist_ok=True)
                fresh(arxiv, tmp_path / name, number)
            feeds.setdefault(name, []).append(items(tmp_path / name / "out"))
    assert feeds["lasting"] == feeds["forgetting"]
    assert [len(feed) for feed in feeds["lasting"]] == [2, 4, 7, 9]
    for before, after in pairwise(feeds["lasting"]):
        assert before.items() <= after.items()
    last = feeds["lasting"][-1]
    assert "02 Mar" in last["urn:kb:arxiv:2603.00020v1"]
    assert "04 Mar" in last["urn:kb:arxiv:2603.00020v2"]


def test_after_thirty_days_an_item_leaves_the_feed(arxiv: ArxivServer, tmp_path: Path) -> None:
    late = date(2026, 3, 31)
    arxiv.add({**record(999, 2, 0), "listed": [late.isoformat()]})
    with opened(arxiv, tmp_path / "home", ONE) as library:
        update(library, 2, tmp_path / "out")
        arxiv.clock_day = late
        library.update(out=tmp_path / "out", forms=FORMS, day=late, fulltext=False)
        assert "urn:kb:arxiv:2603.00020v1" in items(tmp_path / "out")
        arxiv.clock_day = date(2026, 4, 1)
        library.update(out=tmp_path / "out", forms=FORMS, day=date(2026, 4, 1), fulltext=False)
    left = items(tmp_path / "out")
    assert "urn:kb:arxiv:2603.00020v1" not in left
    assert "urn:kb:arxiv:2603.00999v1" in left


def test_a_day_that_another_machine_made_is_not_written_over(arxiv: ArxivServer, tmp_path: Path) -> None:
    fresh(arxiv, tmp_path, 2)
    before, asked = tree(tmp_path / "out"), len(arxiv.requests)
    report = fresh(arxiv, tmp_path, 2)
    assert of(report, "Images") == {"2026-03-02": {"new": 2}}
    assert tree(tmp_path / "out") == before
    assert len(arxiv.requests) == asked
    shutil.rmtree(tmp_path / "out")
    assert of(fresh(arxiv, tmp_path, 2), "Images") == {"2026-03-02": {"new": 2}}  # asked for and made again
    assert tree(tmp_path / "out") == before


def test_a_version_that_comes_later_on_a_fresh_machine_says_that_it_knows_no_change(
    arxiv: ArxivServer, tmp_path: Path
) -> None:
    arxiv.replace("2603.00020", day=day(3), title="Image diffusion, revisited")
    fresh(arxiv, tmp_path, 2)
    fresh(arxiv, tmp_path, 3)
    made = json.loads((tmp_path / "out" / "images" / "2026-03-03" / "digest.json").read_text(encoding="utf-8"))
    (updated,) = [note for note in made["entries"] if note["state"] == "updated"]
    assert updated["changes"] == [{"kind": "replaces-unseen", "values": {"new": "2", "old": "1"}, "personal": False}]


def test_pages_lead_to_the_days_that_have_pages(arxiv: ArxivServer, tmp_path: Path) -> None:
    """The third has no paper of the topic: no page, no link, a line in the index that says why."""
    for number in (30, 34):
        arxiv._papers.pop(f"2603.{number:05d}")
    with opened(arxiv, tmp_path / "home", ONE) as library:
        for number in (2, 3, 4):
            arxiv.clock_day = day(number)
            update(library, number, tmp_path / "out")
        folder = tmp_path / "out" / "images"
        assert [path.name for path in (folder / "2026-03-03").iterdir()] == ["digest.json"]
        path = folder / "2026-03-02" / "digest.json"
        settings = library.pages._settings_at(path, read_digest(path), ["html", "hexo"])
    second, hexo = settings["html"], settings["hexo"]
    assert (second.previous, second.next) == (None, "../2026-03-04/2026-03-04-images.html")
    assert (second.index, second.week) == ("../../index.html", None)
    assert (hexo.previous, hexo.next) == (None, None)
    assert (folder / "2026-03-02" / str(second.next)).resolve().is_file()
    index = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "arXiv&#39;s feed of 2026-03-03 lists nothing in cs.CV" in index
    assert "images/2026-03-03/2026-03-03-images.html" not in index


def test_a_day_caught_up_with_a_new_version_has_that_day_in_the_library(arxiv: ArxivServer, tmp_path: Path) -> None:
    arxiv.withdraw("2603.00020", day=day(4))
    arxiv.replace("2603.00024", day=day(4), title="Image diffusion, revisited")
    with opened(arxiv, tmp_path / "home", ONE) as library:
        update(library, 2, tmp_path / "out")
        arxiv.clock_day = day(5)
        update(library, 5, tmp_path / "out")
        days = {paper.id[-2:]: paper.announced for paper in library.list() if paper.version == 2}
    assert days == {"20": (day(2), day(4)), "24": (day(2), day(4))}


def test_without_a_network_each_topic_has_a_line_and_its_days_stay_due(arxiv: ArxivServer, tmp_path: Path) -> None:
    nowhere = {
        f"arxiv_{name}_url": f"http://127.0.0.1:9/{name}" for name in ("api", "feed", "web")
    }  # the port that discards
    with opened(arxiv, tmp_path / "home", arxiv_retries=0) as library:
        update(library, 2, tmp_path / "out")
    arxiv.clock_day = day(3)
    with opened(arxiv, tmp_path / "home", arxiv_retries=0, **nowhere) as library:
        made = library.update(out=tmp_path / "out", forms=FORMS, day=day(3), fulltext=False)
    assert made.status == 3
    assert [(row.topic, row.day, row.why_nothing.kind) for row in made.topics if row.why_nothing] == [
        (topic.name, day(3), "arxiv-not-reached") for topic in sorted(TOPICS, key=lambda topic: topic.name)
    ]
    said = plain_text.update(made)
    assert said.count("arXiv could not be asked about 2026-03-03: run kb update again") == len(TOPICS)
    with opened(arxiv, tmp_path / "home") as library:
        assert of(update(library, 3, tmp_path / "out"), "Images") == {"2026-03-03": {"new": 2}}


def test_a_topic_that_arxiv_cannot_be_asked_for_does_not_stop_the_others(arxiv: ArxivServer, tmp_path: Path) -> None:
    alike = Topic(name="Alike", examples=("arxiv:2603.00020",))
    with opened(arxiv, tmp_path / "home", (alike, *ONE)) as library:
        report = update(library, 2, tmp_path / "out")
    assert report["status"] == 3
    assert [failure["what"] for failure in report["failures"]] == ["Alike"]
    assert of(report, "Images") == {"2026-03-02": {"new": 2}}


def test_no_topics_and_wrong_formats_are_said(arxiv: ArxivServer, tmp_path: Path) -> None:
    with opened(arxiv, tmp_path / "home", ()) as library:
        library.add(items=[])
        assert update(library, 2, tmp_path / "out")["topics"] == []
        with pytest.raises(UsageError, match="'hexxo' is not a form"):
            library.update(forms=("hexxo",), day=day(2))
    with opened(arxiv, tmp_path / "none", ()) as library, pytest.raises(KbError, match="no knowledge base"):
        update(library, 2, tmp_path / "out")
    assert arxiv.requests == []


def test_the_verb_prints_one_report_and_ends_with_its_status(arxiv: ArxivServer, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with opened(arxiv, home, ONE):
        pass
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
    command = [
        sys.executable,
        "-m",
        "kb",
        "update",
        "--home",
        str(home),
        "--date",
        "2026-03-02",
        "--no-fulltext",
        "--json",
    ]
    done = subprocess.run(
        [*command, "--json"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**clean, **arxiv.environment(threads=1)},
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["schema"] == "kb.update/1"
    assert report["topics"][0]["counts"]["new"] == 2
    assert all(Path(file).is_file() and Path(file).is_relative_to(home / "digests") for file in report["files"])


# --------------------------------------------------------------------------------------------- mail


class _Mailbox(socketserver.ThreadingTCPServer):
    """A mail server on localhost that keeps what it is sent, or says no."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.messages: list[EmailMessage] = []
        self.refuses = False


class _Session(socketserver.StreamRequestHandler):
    server: _Mailbox

    def handle(self) -> None:
        """RFC 5321, as much as a client needs."""
        self._say("220 localhost")
        while line := self.rfile.readline().decode().strip():
            word = line[:4].upper()
            if word == "DATA":
                self._say("354 go on")
                body = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    body += part.removeprefix(b".") if part.startswith(b"..") else part
                message = message_from_bytes(body, policy=policy.default)
                assert isinstance(message, EmailMessage)
                self.server.messages.append(message)
                self._say("250 kept")
            elif word == "QUIT":
                self._say("221 bye")
                return
            elif word == "RCPT" and self.server.refuses:
                self._say("550 no such user")
            else:
                self._say("250 ok")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def mailbox() -> Iterator[_Mailbox]:
    with _Mailbox() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_each_page_is_mailed_once_and_what_did_not_go_out_is_tried_again(
    arxiv: ArxivServer, mailbox: _Mailbox, tmp_path: Path
) -> None:
    mail = {
        "smtp_host": "127.0.0.1", "smtp_port": mailbox.server_address[1], "smtp_starttls": False,
        "mail_from": "kb@example.org", "mail_to": ("ann@example.org", "bob@example.org"),
    }  # fmt: skip
    mailbox.refuses = True
    with opened(arxiv, tmp_path / "home", ONE) as library:
        update(library, 2, tmp_path / "out")
    arxiv.clock_day = day(3)
    with opened(arxiv, tmp_path / "home", ONE, **mail) as library:
        report = update(library, 3, tmp_path / "out")
        assert (report["status"], [failure["code"] for failure in report["failures"]]) == (3, ["mail-failed"])
        assert mailbox.messages == []
        mailbox.refuses = False
        assert update(library, 3, tmp_path / "out")["status"] == 0
        assert update(library, 3, tmp_path / "out")["status"] == 0
    (message,) = mailbox.messages  # not that of the day before mail was set up
    assert (message["From"], message["To"]) == ("kb@example.org", "ann@example.org, bob@example.org")
    text, page = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert page is not None
    assert "Image diffusion with 30 steps" in text.get_content()
    assert "Image diffusion with 34 steps" in page.get_content()


def test_mail_that_did_not_go_out_is_sent_by_a_machine_that_has_the_pages_alone(
    arxiv: ArxivServer, mailbox: _Mailbox, tmp_path: Path
) -> None:
    mail = {
        "smtp_host": "127.0.0.1", "smtp_port": mailbox.server_address[1], "smtp_starttls": False,
        "mail_from": "kb@example.org", "mail_to": ("ann@example.org",),
    }  # fmt: skip
    mailbox.refuses = True
    assert fresh(arxiv, tmp_path, 2, **mail)["status"] == 3
    mailbox.refuses = False
    assert fresh(arxiv, tmp_path, 2, **mail)["status"] == 0
    (message,) = mailbox.messages
    text = message.get_body(("plain",))
    assert text is not None
    assert "Image diffusion with 20 steps" in text.get_content()


def test_a_feed_that_cannot_be_made_is_a_failure_and_the_run_goes_on(
    arxiv: ArxivServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object, **options: object) -> None:
        raise ModelError("the model does not answer: try again later")

    monkeypatch.setattr("kb.library.updating.write_feed", fails)
    with opened(arxiv, tmp_path / "home") as library:
        out = tmp_path / "out"
        made = library.update(out=out, forms=("html", "json", "rss"), day=day(MONDAY), fulltext=False)
    assert {one.what for one in made.failures} == {f"feed of {topic.name}" for topic in TOPICS}
    assert (out / "index.html").is_file()
