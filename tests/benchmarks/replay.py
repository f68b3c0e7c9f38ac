"""A month of arXiv through ``kb update``: on a machine that lasts, on one that is killed, and on one that forgets.

    python -m tests.benchmarks.replay records.jsonl.gz --since 2026-01-05 --days 30

The records (fields of the shared data: id, title, authors, categories, comment, abstract, listed) are served by the
local arXiv of the tests. The calm replay runs every day but one in this process; the killed one runs the same days,
first as a process that is killed at a random point, then again to its end; the forgetting one has a new home each day
with nothing but the ledger and the pages, and an arXiv that refuses the feed or some requests on every third day. Some
papers get a new version, some are withdrawn. Shown: counts by topic, papers that were new twice, papers that a topic
asks for and that are nowhere, items that left a feed before their thirty days or changed their day, sums that do not
add up, files that differ between the calm and the killed.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import feedparser

from kb import Library, Settings, wire
from kb.calendar import is_announcement_day, next_announcement_day, previous_announcement_day
from kb.encoders import load_encoder
from kb.records import Paper, Topic
from kb.writing.topics import judge
from tests.arxiv_server import ArxivServer, Fault

FORMS = ("hexo", "html", "rss", "json")
TOPICS = (
    Topic(name="Diffusion Models", query="cat:cs.CV AND abs:diffusion", must_not=("survey",), limit=10),
    Topic(name="Language agents", query='abs:agent* AND (abs:"language model*" OR ti:LLM*)', limit=10),
    Topic(name="检索 / RAG", query='(cat:cs.IR OR cat:cs.CL) AND abs:"retrieval-augmented"', limit=5, language="zh"),
)


@dataclass
class Tally:
    """What the runs of one replay reported."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    wrong_sums: int = 0
    unexplained: int = 0
    failures: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    feed: dict[str, date] = field(default_factory=dict)
    broken_feeds: int = 0
    vanished: int = 0
    moved: int = 0

    def read_feeds(self, out: Path, today: date) -> None:
        """Hold the feeds against those of the run before."""
        now: dict[str, date] = {}
        for path in sorted(out.glob("*/*.xml")):
            read = feedparser.parse(path.read_bytes())
            self.broken_feeds += bool(read.bozo)
            now |= {
                f"{path.name} {entry.id}": date(*(entry.get("updated_parsed") or entry.published_parsed)[:3])
                for entry in read.entries
            }
        for name, day in self.feed.items():
            age = (today - day).days
            self.vanished += name not in now and age < 29
            self.moved += name in now and now[name] != day
        self.feed = now

    def take(self, report: dict[str, Any], seconds: float) -> None:
        """Count one run."""
        self.seconds.append(seconds)
        self.failures += [f"{failure['what']}: {failure['reason']}" for failure in report["failures"]]
        for row in report["topics"]:
            counts = row["counts"]
            self.counts.setdefault(row["topic"], Counter()).update(counts)
            parts = sum(count for name, count in counts.items() if name != "found")
            self.wrong_sums += counts["found"] != parts
            self.unexplained += not (counts["new"] + counts["updated"] + counts["withdrawn"] or row["why_nothing"])


def read_records(path: Path, *, since: date, until: date) -> list[dict[str, Any]]:
    """The records that are first listed in the period."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        every = (json.loads(line) for line in lines)
        return [one for one in every if since.isoformat() <= one["listed"][0] <= until.isoformat()]


def change(arxiv: ArxivServer, records: Sequence[dict[str, Any]], *, until: date, seed: int) -> int:
    """Give every twentieth paper a new version some days later; every fifth of these is a withdrawal."""
    chance = random.Random(seed)
    changed = 0
    for one in records[::20]:
        day = next_announcement_day(date.fromisoformat(one["listed"][0]) + timedelta(days=chance.randint(1, 9)))
        if day <= until:
            changed += 1
            if changed % 5:
                arxiv.replace(one["id"], day=day, abstract=f"{one['abstract']} This version corrects Table 2.")
            else:
                arxiv.withdraw(one["id"], day=day)
    return changed


def play(arxiv: ArxivServer, days: Iterable[date], home: Path, out: Path, *, kill: random.Random | None) -> Tally:
    """Run the job on each day; with ``kill`` once more before, in a process that is killed on the way."""
    tally = Tally()
    for number, day in enumerate(days):
        arxiv.clock_day = day
        if kill is not None and number and is_announcement_day(day):
            run_and_kill(arxiv, home, out, day, chance=kill)
        with opened(arxiv, home) as library:
            if not number:
                for topic in TOPICS:
                    library.topics.add(topic)
            run(library, out, day, tally)
        print(f"{day} {'killed' if kill else 'calm'} {tally.seconds[-1]:5.1f} s", file=sys.stderr)
    return tally


def play_forgetting(
    arxiv: ArxivServer, days: Iterable[date], folder: Path, out: Path, *, chance: random.Random
) -> Tally:
    """Run the job on each day in a home of its own, with the ledger of the days before; on every third day arXiv
    refuses its feed, or some requests."""
    tally, ledger = Tally(), folder / "ledger.json"
    folder.mkdir(parents=True)
    for number, day in enumerate(days):
        arxiv.clock_day = day
        if number % 3 == 1:
            path, times = chance.choice([("/atom", 9), ("/atom", 1), ("/api", 1), ("/", 2)])
            arxiv.fail(path, chance.choice([Fault.unavailable("0"), Fault.too_many_requests("0")]), times=times)
        with opened(arxiv, folder / f"home-{day}") as library:
            if number:
                library.topics.import_ledger(ledger)
            else:
                for topic in TOPICS:
                    library.topics.add(topic)
            run(library, out, day, tally)
            library.topics.export_ledger(ledger)
        arxiv._scripts.clear()
        shutil.rmtree(folder / f"home-{day}")
        print(f"{day} forgetting {tally.seconds[-1]:5.1f} s", file=sys.stderr)
    return tally


@lru_cache(maxsize=1)
def encoder() -> Any:
    """The product's own encoder: loading it each day would only take time."""
    return load_encoder(Settings.load(threads=1))


@contextlib.contextmanager
def opened(arxiv: ArxivServer, home: Path) -> Iterator[Library]:
    """A library on a home that asks the local arXiv."""
    with Library.open(Settings.load(home=home, threads=1, **arxiv.settings(arxiv_retries=2))) as library:
        library._models._encoder = encoder()
        yield library


def run(library: Library, out: Path, day: date, tally: Tally) -> None:
    """One run of the job, counted."""
    begin = time.perf_counter()
    report = json.loads(wire.to_json(library.update(out=out, forms=FORMS, day=day, fulltext=False)))
    tally.take(report, time.perf_counter() - begin)
    tally.read_feeds(out, previous_announcement_day(day))


def run_and_kill(arxiv: ArxivServer, home: Path, out: Path, day: date, *, chance: random.Random) -> None:
    """Start the job as a process; kill it after so many requests, or once so many of the day's pages are there."""
    command = [sys.executable, "-m", "kb", "update", "--home", str(home), "--out", str(out), "--date", str(day)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
    asked, requests, pages = len(arxiv.requests), chance.randint(0, 7), chance.choice([1, 2, 4, 99])
    child = subprocess.Popen(
        [*command, "--no-fulltext", "--format", ",".join(FORMS)],
        env={**clean, **arxiv.environment(threads=1)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    by_pages = chance.random() < 0.5
    while child.poll() is None:
        reached = len(list(out.glob(f"*/{day}/*"))) >= pages if by_pages else len(arxiv.requests) - asked >= requests
        if reached:
            time.sleep(chance.uniform(0.0, 0.5))
            child.send_signal(signal.SIGKILL)
            child.wait()
        time.sleep(0.01)


def digests(out: Path) -> Iterator[dict[str, Any]]:
    """What lies below a folder as data."""
    for path in out.glob("*/*/digest.json"):
        yield json.loads(path.read_text(encoding="utf-8"))


def new_twice(out: Path) -> list[tuple[str, str]]:
    """(topic, paper) that are new on the pages of more than one day."""
    seen: Counter[tuple[str, str]] = Counter()
    for digest in digests(out):
        seen.update((digest["topic"], note["paper"]["id"]) for note in digest["entries"] if note["state"] == "new")
    return [key for key, times in seen.items() if times > 1]


def lost(out: Path, records: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """(topic, paper) that a topic asks for and that no page has: neither shown nor among what its limit cut."""
    named = set()
    for digest in digests(out):
        ids = {note["paper"]["id"] for note in digest["entries"]}
        ids |= {one["paper_id"] for name in ("also_matched", "skipped") for one in digest[name]}
        named |= {(digest["topic"], key) for key in ids}
    papers = [
        Paper(
            id=f"arxiv:{one['id']}", title=one["title"], authors=tuple(one["authors"]), abstract=one["abstract"],
            categories=tuple(one["categories"]), comment=one["comment"] or "",
        )
        for one in records
    ]  # fmt: skip
    asked = {(topic.name, paper.id) for topic in TOPICS for paper in papers if judge(topic, paper).inside}
    return sorted(asked - named)


def differing(left: Path, right: Path) -> list[str]:
    """Files that are not the same below two folders."""
    trees = [{str(p.relative_to(top)): p.read_bytes() for p in top.rglob("*") if p.is_file()} for top in (left, right)]
    return sorted(name for name in trees[0].keys() | trees[1].keys() if trees[0].get(name) != trees[1].get(name))


def main() -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path)
    parser.add_argument("--since", type=date.fromisoformat, required=True)
    parser.add_argument("--days", type=int, default=30, help="days of the calendar")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a new folder for homes and pages, to look at them afterwards")
    options = parser.parse_args()
    until = options.since + timedelta(days=options.days - 1)
    days = [options.since + timedelta(days=n) for n in range(options.days)]
    working = [day for day in days if is_announcement_day(day)]
    days.remove(working[len(working) // 2])  # the machine is off
    records = read_records(options.records, since=options.since, until=until)
    with contextlib.ExitStack() as stack:
        folder = options.keep or stack.enter_context(tempfile.TemporaryDirectory())
        arxiv = stack.enter_context(ArxivServer(records))
        changed = change(arxiv, records, until=until, seed=options.seed)
        top = Path(folder)
        played = {
            "calm": play(arxiv, days, top / "calm", top / "calm-out", kill=None),
            "killed": play(arxiv, days, top / "killed", top / "killed-out", kill=random.Random(options.seed)),
            "forgetting": play_forgetting(
                arxiv, days, top / "forgetting", top / "forgetting-out", chance=random.Random(options.seed)
            ),
        }
        pages = len(list((top / "calm-out").glob("*/*/digest.json")))
        print(f"{len(records)} records, {changed} new versions, {options.days} days, one missed, {pages} digests")
        for topic, counts in played["calm"].counts.items():
            print(f"{topic:<20}", "  ".join(f"{name} {counts[name]}" for name in counts))
        shown = ("new twice", "lost", "vanished", "moved", "bad feeds", "bad sums", "no reason", "failures", "median s")
        print(f"{'':<12}", *(f"{name:>10}" for name in shown))
        for name, tally in played.items():
            out = top / f"{name}-out"
            figures = (
                len(new_twice(out)), len(lost(out, records)), tally.vanished, tally.moved, tally.broken_feeds,
                tally.wrong_sums, tally.unexplained, len(tally.failures),
            )  # fmt: skip
            median = sorted(tally.seconds)[len(tally.seconds) // 2]
            print(f"{name:<12}", *(f"{figure:>10}" for figure in figures), f"{median:>10.1f}")
        differ = differing(top / "calm-out", top / "killed-out")
        print(f"files that differ between calm and killed: {len(differ)}", *differ[:5], sep="\n  ")
        print("failures while arXiv refused:", *sorted(set(played["forgetting"].failures))[:5], sep="\n  ")


if __name__ == "__main__":
    main()
