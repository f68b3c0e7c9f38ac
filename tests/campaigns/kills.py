"""Commands that are killed: ``python -m tests.campaigns.kills [KILLS|every] [SEED] [VERB…] [--by SIGTERM]``.

Every verb that writes is run on a small home and killed (SIGKILL), in turn right before a write that is drawn by lot
(``tests.failpoints``) and at a moment that is; with ``every``, once before each of its writes. ``--by SIGTERM`` (or
SIGINT) asks it to stop instead, which must take no more than three seconds. Then the same command is run until it ends
by itself, then ``doctor --fix``. What stands in the home must be what a calm run gives: papers with
all fields, joins, doubts, texts, what a search finds, the ledger, topics, collections, files, pages; ``doctor`` must
find nothing, and no byte may speak of what was removed.

Each command runs in a process that is forked off: what it needs is imported once.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tarfile
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

from kb import Library, Settings, wire
from kb.cli import main as kb
from kb.errors import INTERRUPTED
from kb.records import Topic
from tests.arxiv_server import ArxivServer
from tests.failpoints import failing
from tests.fakes import WordEncoder, WordReader

for module in (
    "chromadb", "tantivy", "kb.cli.commands", "kb.library.adding", "kb.library.health", "kb.library.jobs",
    "kb.library.announcements", "kb.library.removing", "kb.library.updating", "kb.sources.bibtex", "kb.sources.jsonl",
    "kb.notes.note",
):  # fmt: skip
    importlib.import_module(module)
ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "kb" / "demo"
OLD = ROOT / "tests" / "data" / "homes" / "schema-2.tar.gz"
BIB = """
@inproceedings{cohan, title={SPECTER: Document-level Representation Learning using Citation-informed Transformers},
  author={Cohan, Arman and Feldman, Sergey and Beltagy, Iz and Downey, Doug and Weld, Daniel S.}, year={2020},
  file={Paper:papers/specter.pdf:application/pdf}}
@article{one, title={Fast Widget Indexing}, author={Doe, Jane}, doi={10.1234/a}, year={2020}}
@article{two, title={On the Birds of Iceland}, author={Uno, Ono}, doi={10.1234/a}, year={2020}}
@article{three, title={Fast Widget Indexing}, author={Doe, Jane}, journal={J. Widgets}, year={2021}}
@article{four, title={A Paper Apart from All Others}, author={Roe, Ann}, year={2021}, abstract={Zyxquokka widgets.}}
"""
_STATUSES = (0, 1, 2, 3, 4, INTERRUPTED)
_LONGEST_STOP_SECONDS = 3.0
TRACES = (b"a paper apart from all others", b"zyxquokka")
ANNOUNCED = [
    {
        "id": f"2603.{day:02d}{n:03d}", "title": f"Image diffusion with {day * 10 + n} steps", "categories": ["cs.CV"],
        "abstract": f"We draw pixels in {day * 10 + n} steps. Ours wins.", "authors": ["Ann Lee"], "comment": None,
        "listed": [f"2026-03-{day:02d}"],
    }
    for day in (2, 3) for n in range(1, 4)
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A command on a home: ``WHAT`` in its words stands for the folder of the campaign's files."""

    words: tuple[str, ...]
    start: str = "full"


SCENARIOS = {
    "add": Scenario(words=("add", "WHAT/refs.bib", "WHAT/records.jsonl", "WHAT/n18.pdf"), start="none"),
    "remove": Scenario(words=("remove", "four")),
    "remove two": Scenario(words=("remove", "cohan", "two")),
    "reindex": Scenario(words=("reindex",)),
    "reindex --encode": Scenario(words=("reindex", "--encode")),
    "upgrade": Scenario(words=("list",), start="old"),
    "upgrade, reindex": Scenario(words=("reindex",), start="old"),  # by another encoder, too
    "merge": Scenario(words=("merge", "one", "four")),
    "split": Scenario(words=("split", "one", "three")),
    "set": Scenario(words=("set", "one", "title=Slow Widget Indexing")),
    "tag": Scenario(words=("tag", "two", "+read")),
    "like": Scenario(words=("like", "two")),
    "collection": Scenario(words=("collection", "add", "Thesis", "two", "cohan")),
    "topic add": Scenario(words=("topic", "add", "Widgets", "--query", "all:widgets")),
    "topic remove": Scenario(words=("topic", "remove", "Images")),
    "ledger": Scenario(words=("ledger", "import", "WHAT/ledger.json")),
    "note": Scenario(words=("note", "cohan", "--format", "json")),
    "digest": Scenario(words=("digest", "--since", "2020-01-01", "--until", "2024-12-31", "--format", "html,json")),
    "update": Scenario(words=("update", "--no-fulltext", "--date", "2026-03-03", "--format", "html,json,rss")),
}


def prepare(folder: Path) -> None:
    """The files that are added, and the homes that commands start from."""
    (folder / "papers").mkdir()
    shutil.copy(DEMO / "2020.acl-main.207.pdf", folder / "papers" / "specter.pdf")
    shutil.copy(DEMO / "N18-3011.pdf", folder / "n18.pdf")
    (folder / "refs.bib").write_text(BIB, encoding="utf-8")
    records = [json.loads(line) for line in (DEMO / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    records += [{**record, "id": f"2501.{n:05d}", "title": f"{record['title']} {n}"}
                for n in range(1, 12) for record in records[:2]]  # fmt: skip
    (folder / "records.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    with tarfile.open(OLD) as archive:
        archive.extractall(folder / "untarred", filter="data")
    (folder / "untarred" / "home").rename(folder / "old")

    def fill() -> None:
        with opened(folder / "full") as library:
            library.add([str(folder / name) for name in ("refs.bib", "records.jsonl")])
            library.topics.add(Topic(name="Images", query='ti:"image diffusion"', categories=("cs.CV",)))
        with opened(folder / "other") as library:
            catalog = library._store.catalog(create=True)
            with catalog.transaction():
                for number in range(1, 9):
                    key = f"arxiv:2501.{number:05d}"
                    catalog.ledger.show("Images", key, version=1, day=date(2025, 1, number), how="new")
            library.topics.export_ledger(folder / "ledger.json")

    assert forked(fill).status == 0


def opened(home: Path) -> Library:
    """A library with models that know words only."""
    library = Library.open(Settings.load(home=home, threads=1))
    library._models._encoder, library._models._reader = WordEncoder(), WordReader()
    return library


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a process ended: its exit status (-9: killed), how long it took in all and after the signal, and what it
    gave back."""

    status: int
    seconds: float
    seconds_after: float = 0.0
    said: Any = None

    @property
    def was_stopped(self) -> bool:
        """Killed, or stopped when it was asked to."""
        return self.status in (-signal.SIGKILL, INTERRUPTED) or bool(self.said and self.said[0] == INTERRUPTED)


def forked(work: Callable[[], Any], *, after: float | None = None, by: signal.Signals = signal.SIGKILL) -> Ended:
    """Do it in a process of its own, which gets a signal after some seconds where that is given."""
    reading, writing = os.pipe()
    started = time.monotonic()
    if not (pid := os.fork()):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if by != signal.SIGKILL:
            signal.signal(by, signal.SIG_IGN)  # what comes before the command listens, or after its end, stops nothing
        try:
            said = json.dumps(work()).encode()
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(said)
            os._exit(0)
        except BaseException:  # noqa: BLE001  (the process ends here)
            traceback.print_exc()
            os._exit(99)
    os.close(writing)
    if after is not None:
        time.sleep(after)
        os.kill(pid, by)
    signalled = time.monotonic()
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    ended = time.monotonic()
    return Ended(
        status=status, seconds=ended - started, seconds_after=0.0 if after is None else ended - signalled,
        said=json.loads(data) if data else None,
    )  # fmt: skip


def run(
    words: Sequence[str],
    home: Path,
    *,
    before_write: int = 0,
    after: float | None = None,
    by: signal.Signals = signal.SIGKILL,
) -> Ended:
    """Run the command line, with a signal before a write or after some seconds; ``said`` is (exit status, writes)."""

    def work() -> tuple[int, int]:
        light = mock.patch("kb.encoders.load_encoder", return_value=WordEncoder())
        asked = mock.patch.object(sys, "argv", ["kb", *words, "--home", str(home), "--quiet"])
        with light, asked, mock.patch("kb.encoders.load_reader", return_value=WordReader()):
            with failing(before_write, fail=lambda: os.kill(os.getpid(), by)) as done:
                status = kb()
            return status, len(done)

    ended = forked(work, after=after, by=by)
    if ended.status not in (0, -signal.SIGKILL, INTERRUPTED) or (ended.said and ended.said[0] not in _STATUSES):
        raise AssertionError(f"{words}: {ended}")
    if by != signal.SIGKILL and ended.seconds_after > _LONGEST_STOP_SECONDS:
        raise AssertionError(f"{words}: stopping took {ended.seconds_after:.1f} s")
    return ended


def state(home: Path) -> dict[str, Any]:
    """All that stands in a home after ``doctor --fix``, without when it came."""

    def work() -> dict[str, Any]:
        with opened(home) as library:
            library.doctor(fix=True)
            problems = library.doctor()
            papers = library.list(sources=True)
            ledger = library._store.catalog().ledger
            return {
                "papers": {
                    p.id: {**wire.to_data(p), "sources": sorted(wire.to_json(s) for s in p.sources)} for p in papers
                },
                "joins": {p.id: wire.to_data(library.show(p.id).joins) for p in papers},
                "texts": {p.id: [(chunk.id, chunk.text) for chunk in library.papers.text(p.id)] for p in papers},
                "hits": [hit.chunk_id for hit in library.search("citation graph of papers", k=20)],
                "complete": library.search("widgets", k=20).complete,
                "doctor": [(one.what, one.cure) for one in problems if one.severity != "notice"],
                "doubts": sorted(one.what for one in problems if one.severity == "notice"),
                "ledger": wire.to_data(ledger.all_entries()),
                "visits": [(topic, str(day), report) for topic, day, report in ledger.all_visits()],
                "topics": wire.to_data(ledger.topics()),
                "collections": {
                    name: [p.id for p in library.collections.get(name)] for name in library.collections.list()
                },
                "removals": len(library._store.catalog().removals.pending()),
                "files": sorted(library._store.home.files.keys()),
                "pages": {
                    str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
                    for path in sorted(library._store.home.digests_path.rglob("*"))
                    if path.is_file()
                },
                "folders": len(list(library._store.home.index_path.iterdir())),
            }

    ended = forked(work)
    assert ended.status == 0, home
    found: dict[str, Any] = ended.said
    data = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file()).lower()
    return {**found, "traces": [trace.decode() for trace in TRACES if trace in data]}


@contextmanager
def arxiv() -> Iterator[None]:
    """A local arXiv, in a process of its own, that the settings name meanwhile."""
    reading, writing = os.pipe()
    if not (pid := os.fork()):
        with ArxivServer(ANNOUNCED, clock_day=date(2026, 3, 3)) as server:
            os.write(writing, json.dumps(server.environment()).encode())
            signal.pause()
    try:
        with mock.patch.dict(os.environ, json.loads(os.read(reading, 65536))):
            yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def main(kills: int | None, seed: int, names: Sequence[str], *, by: signal.Signals) -> None:
    """Compare runs that are killed, at least so many, with calm ones; None: one run for each write of each verb."""
    draw, started, table = random.Random(seed), time.monotonic(), dict[str, list[int]]()
    slowest = 0.0
    with tempfile.TemporaryDirectory() as name, arxiv():
        folder = Path(name)
        prepare(folder)
        home = folder / "home"

        def start(scenario: Scenario) -> list[str]:
            shutil.rmtree(home, ignore_errors=True)
            if scenario.start != "none":
                shutil.copytree(folder / scenario.start, home)
            return [word.replace("WHAT", str(folder)) for word in scenario.words]

        share = -(-(kills or 0) // len(names))
        for verb in names:
            scenario, done, faults = SCENARIOS[verb], 0, 0
            words = start(scenario)
            calm_run = run(words, home)
            calm, writes = state(home), calm_run.said[1]
            trial = 0
            while trial < writes if kills is None else done < share:
                start(scenario)
                trial += 1
                if kills is None:
                    ended = run(words, home, before_write=trial, by=by)
                elif trial % 2:
                    ended = run(words, home, before_write=draw.randint(1, writes), by=by)
                else:
                    ended = run(words, home, after=draw.uniform(0.02, calm_run.seconds), by=by)
                done += ended.was_stopped
                slowest = max(slowest, ended.seconds_after)
                run(words, home)
                killed = state(home)
                if wrong := [part for part in calm if calm[part] != killed[part]]:
                    faults += 1
                    print(f"{verb}, trial {trial}: differing: {wrong}", flush=True)
                    for part in wrong:
                        print(f"  calm {str(calm[part])[:300]}\n  kill {str(killed[part])[:300]}", flush=True)
            table[verb] = [writes, done, faults]
            print(f"{verb:20} {writes:4} writes, {done:4} kills, {faults:3} unlike the calm run", flush=True)
    total, wrong = (sum(row[place] for row in table.values()) for place in (1, 2))
    print(
        f"{total} kills ({by.name}), {wrong} unlike the calm run, the slowest end {slowest:.2f} s after the signal,"
        f" {time.monotonic() - started:.0f} s"
    )
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("kills", nargs="?", default="40")
    parser.add_argument("seed", nargs="?", type=int, default=5)
    parser.add_argument("verbs", nargs="*")
    parser.add_argument("--by", choices=("SIGKILL", "SIGTERM", "SIGINT"), default="SIGKILL")
    told = parser.parse_args()
    main(
        None if told.kills == "every" else int(told.kills),
        told.seed,
        told.verbs or list(SCENARIOS),
        by=signal.Signals[told.by],
    )
