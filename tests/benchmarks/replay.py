"""Thirty days of arXiv through ``kb update``: killed in between, a day missed, and played again without.

    python -m tests.benchmarks.replay records.jsonl.gz --since 2026-01-05 --days 30

The records (fields of the shared data: id, title, authors, categories, comment, abstract, listed) are served by the
local arXiv of the tests. The calm replay runs every day in this process; the wild one runs the same days, first as a
process that is killed at a random point, then again to its end. Some papers get a new version, some are
withdrawn. Shown: counts by topic, papers that were new twice, sums that do not add up, files that differ.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from kb import Library, Settings, wire
from kb.calendar import is_announcement_day, next_announcement_day
from kb.records import Topic
from tests.arxiv_server import ArxivServer

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

    def take(self, report: dict[str, Any], seconds: float) -> None:
        """Count one run."""
        self.seconds.append(seconds)
        self.failures += [f"{failure['what']}: {failure['reason']}" for failure in report["failures"]]
        for row in report["topics"]:
            counts = row["counts"]
            self.counts.setdefault(row["topic"], Counter()).update(counts)
            parts = sum(count for name, count in counts.items() if name != "found")
            self.wrong_sums += counts["found"] != parts
            self.unexplained += not (counts["new"] + counts["updated"] or row["why_nothing"])


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
    encoder = None
    for day in days:
        arxiv.clock_day = day
        if kill is not None and encoder is not None and is_announcement_day(day):
            run_and_kill(arxiv, home, out, day, chance=kill)
        with Library.open(Settings.load(home=home, threads=1, **arxiv.settings())) as library:
            if encoder is None:
                for topic in TOPICS:
                    library.topics.add(topic)
            library._models._encoder = encoder = (
                encoder or library._models.encoder()
            )  # loading it each day would only take time
            begin = time.perf_counter()
            report = json.loads(wire.to_json(library.update(out=out, forms=FORMS, day=day, fulltext=False)))
            tally.take(report, time.perf_counter() - begin)
        print(f"{day} {'wild' if kill else 'calm'} {tally.seconds[-1]:5.1f} s", file=sys.stderr)
    return tally


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


def new_twice(out: Path) -> list[tuple[str, str]]:
    """(topic, paper) that are new on the pages of more than one day."""
    seen: Counter[tuple[str, str]] = Counter()
    for path in out.glob("*/*/digest.json"):
        digest = json.loads(path.read_text(encoding="utf-8"))
        seen.update((digest["topic"], note["paper"]["id"]) for note in digest["entries"] if not note["changes"])
    return [key for key, times in seen.items() if times > 1]


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
        tallies = []
        for name, kill in (("calm", None), ("wild", random.Random(options.seed))):
            home, out = Path(folder) / name, Path(folder) / f"{name}-out"
            tallies.append(play(arxiv, days, home, out, kill=kill))
        calm, wild = tallies
        outs = Path(folder) / "calm-out", Path(folder) / "wild-out"
        pages = len(list(outs[0].glob("*/*/digest.json")))
        print(f"{len(records)} records, {changed} new versions, {options.days} days, one missed, {pages} digests")
        for topic, counts in calm.counts.items():
            print(f"{topic:<20}", "  ".join(f"{name} {counts[name]}" for name in counts))
        print(f"new twice: {len(new_twice(outs[0]))} calm, {len(new_twice(outs[1]))} wild")
        print(f"sums that do not add up: {calm.wrong_sums + wild.wrong_sums}")
        print(f"zeros without a reason: {calm.unexplained + wild.unexplained}")
        print(f"failures: {len(calm.failures)} calm, {len(wild.failures)} wild", *calm.failures[:5], sep="\n  ")
        print(f"files that differ between the two: {len(differing(*outs))}", *differing(*outs)[:5], sep="\n  ")
        median = sorted(calm.seconds)[len(calm.seconds) // 2]
        print(f"seconds a run: median {median:.1f}, most {max(calm.seconds):.1f}")


if __name__ == "__main__":
    main()
