"""What a person waits for while a long ``kb add`` runs beside her: each kind of small write, and questions.

    python -m tests.benchmarks.waiting [--records 3000] [--pdfs FOLDER] [--writes 200] [--questions 20] [--json OUT]

A new home holds 200 records and the three demo papers. Questions are asked of it alone. Then ``kb add`` takes in so
many further records (and the PDFs of a folder) in a process of its own, while this one, with its library open as the
app has it, makes small writes spread over the time that the add should take, and asks the questions in a thread beside.
Shown are the seconds of each, whether the writes fell within the add, and what is missing afterwards: nothing should
be; ``doctor`` looks at it from the process that had it open all the while, and from a new one.
Without a model, with the default encoder, without the network. The records are those of ``shared/data`` beside the
repository, or of ``--source``: lines of JSON, gzipped or not.

Exit status 1: a write took 0.3 s or longer, questions took more than twice as long (p50), or something was lost.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from kb import Library, Settings
from kb.records import Answer, Note
from tests.benchmarks.speed import table

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "kb" / "demo"
QUESTIONS = Path(__file__).with_name("thirty_questions.jsonl")
HELD = 200  # records that are there before
LONGEST_WRITE = 0.3  # seconds
SLOWEST_RATIO = 2.0
HASTE = 0.6  # of the time that the add should take: a long one is faster by the record, and all should fall inside
MARK = "waiting"  # the topic, collection and conversation of the writes


def main() -> int:
    """Measure, print, and say by the status whether it is good enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=3000, help="further records that are added")
    parser.add_argument("--pdfs", type=Path, help="a folder of PDFs that are added with them")
    parser.add_argument("--writes", type=int, default=200)
    parser.add_argument("--questions", type=int, default=20)
    parser.add_argument("--source", type=Path, default=shared_records(), help="lines of records")
    parser.add_argument("--json", type=Path, help="a file for all that was measured")
    chosen = parser.parse_args()
    if chosen.source is None:
        parser.error("there is no shared/data beside the repository: give --source RECORDS.jsonl.gz")
    os.environ.pop("KB_VERIFIER", None)
    os.environ.update(KB_MODEL="none", HF_HUB_OFFLINE="1", PYTHONPATH=str(ROOT))  # also of the add
    questions = list(itertools.islice(itertools.cycle(_questions()), chosen.questions))
    with tempfile.TemporaryDirectory() as name:
        held, further = write_records(Path(name), chosen.source, chosen.records)
        with Library.open(Settings(home=Path(name) / "home")) as library:
            pace = fill(library, held)
            what = [further, *([chosen.pdfs] if chosen.pdfs else [])]
            expected = pace.seconds(chosen.records, len(list(chosen.pdfs.rglob("*.pdf"))) if chosen.pdfs else 0)
            measured = measure(library, what, questions=questions, writes=chosen.writes, expected=expected)
            lost = missing(library, measured, records=further)
    show(measured, lost, writes=chosen.writes)
    failed = shortcomings(measured, lost)
    if chosen.json:
        chosen.json.write_text(json.dumps({**asdict(measured), "lost": lost, "failed": failed}, indent=1) + "\n")
    print("\n".join(failed) or "good enough")
    return 1 if failed else 0


# ------------------------------------------------------------------------------------------------ the home


def shared_records() -> Path | None:
    """The records of the data folder beside the repository."""
    places = (folder / "shared" / "data" / "arxiv" / "records.jsonl.gz" for folder in ROOT.parents)
    return next((place for place in places if place.exists()), None)


def _questions() -> list[str]:
    """Questions to the demo papers, and some that no paper answers."""
    return [json.loads(line)["question"] for line in QUESTIONS.read_text("utf-8").splitlines()]


def write_records(folder: Path, source: Path, count: int) -> tuple[Path, Path]:
    """Random records, each id and title once, as two files: those that are there before, and those that are added."""
    with (
        gzip.open(source, "rt", encoding="utf-8") if source.suffix == ".gz" else source.open(encoding="utf-8") as lines
    ):
        by_id = {(record := json.loads(line))["id"]: record for line in lines}
    known = list({_plain(record["title"]): record for record in by_id.values()}.values())
    if len(known) < HELD + count:
        raise SystemExit(f"{source} has {len(known)} records, {HELD + count} are needed: give fewer --records")
    some = random.Random(7).sample(known, HELD + count)
    held, further = folder / "held.jsonl", folder / "further.jsonl"
    for path, part in ((held, some[:HELD]), (further, some[HELD:])):
        path.write_text("".join(json.dumps(record) + "\n" for record in part), encoding="utf-8")
    return held, further


def _plain(title: str) -> str:
    return " ".join(title.casefold().split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long one of a kind took to be added while nothing else ran."""

    record: float
    pdf: float

    def seconds(self, records: int, pdfs: int) -> float:
        """How long an add of so many should take at least."""
        return self.record * records + self.pdf * pdfs


def fill(library: Library, held: Path) -> Pace:
    """Add what is there before."""
    library._models.encoder().encode_query("load it")
    pdfs = sorted(DEMO.glob("*.pdf"))
    started = time.perf_counter()
    added = len(library.add([str(held)]).added)
    between = time.perf_counter()
    added += len(library.add([str(pdf) for pdf in pdfs]).added)
    ended = time.perf_counter()
    if library.papers.count() != added or added != HELD + len(pdfs):
        raise SystemExit(f"the home holds {library.papers.count()} papers, not {HELD + len(pdfs)}")
    return Pace(record=(between - started) / HELD, pdf=(ended - between) / len(pdfs))


# ------------------------------------------------------------------------------------------------ measuring


class Waits:
    """How long each thread waited until it could write to a library's catalog."""

    def __init__(self, library: Library) -> None:
        store = library._store
        changing, self._seconds = store.changing, threading.local()

        @contextmanager
        def watched(*, cuts: bool = False) -> Iterator[None]:
            began = time.perf_counter()
            with changing(cuts=cuts):
                self._seconds.value = time.perf_counter() - began
                yield

        store.changing = watched  # type: ignore[method-assign]

    def last(self) -> float:
        """Of this thread's last write; told once."""
        seconds: float = getattr(self._seconds, "value", 0.0)
        self._seconds.value = 0.0
        return seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One write or question: its kind, on which paper or in which conversation, its value, when it was made, and how
    many seconds of it went into waiting until it could write."""

    kind: str
    where: str
    value: str
    began: float
    ended: float
    waited: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began


@dataclass(kw_only=True)
class Measured:
    """All that was measured; the moments are of one clock."""

    papers_before: int
    expected: float
    began: float  # the first batch of the add
    ended: float  # the add's process
    status: int
    report: dict[str, Any]
    writes: list[Timed]
    alone: list[Timed]
    beside: list[Timed]
    afterwards: list[Timed]

    def within(self, some: Sequence[Timed]) -> int:
        """How many fell inside the add, from their beginning to their end."""
        return sum(self.began <= one.began and one.ended <= self.ended for one in some)


def measure(
    library: Library, what: Sequence[Path], *, questions: Sequence[str], writes: int, expected: float
) -> Measured:
    """Ask alone, add with writes and questions beside, ask alone again."""
    before = library.papers.count()
    waits = Waits(library)
    write = Writer(library, waits)
    alone = list(asked(library, questions, waits=waits, when="alone"))
    with ThreadPoolExecutor(2) as pool, adding(library, what) as process:
        ending = pool.submit(_result, process)
        while process.poll() is None and library.papers.count() == before:  # it is still loading
            time.sleep(0.005)
        began = time.perf_counter()
        spread = HASTE * expected
        steps = paced(len(questions), spread, until=ending)
        asking = pool.submit(lambda: list(asked(library, questions, waits=waits, when="beside", steps=steps)))
        written = [write(number) for number in paced(writes, spread, until=ending)]
        beside = asking.result()
        status, report, ended = ending.result()
    afterwards = list(asked(library, questions, waits=waits, when="afterwards"))
    return Measured(
        papers_before=before, expected=expected, began=began, ended=ended, status=status, report=report,
        writes=written, alone=alone, beside=beside, afterwards=afterwards,
    )  # fmt: skip


@contextmanager
def adding(library: Library, what: Sequence[Path]) -> Iterator[subprocess.Popen[str]]:
    """``kb add`` in a process of its own, ended with whatever goes wrong here."""
    words = ["add", *map(str, what), "--home", str(library._store.home.path), "--json", "--quiet"]
    with subprocess.Popen([sys.executable, "-m", "kb", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()


def _result(process: subprocess.Popen[str]) -> tuple[int, dict[str, Any], float]:
    """Exit status, report, and the moment it ended."""
    out, _ = process.communicate()
    ended = time.perf_counter()
    return process.returncode, json.loads(out) if out.strip() else {}, ended


def paced(count: int, seconds: float, *, until: Future[Any]) -> Iterator[int]:
    """Numbers from 0, spread evenly over so many seconds, until something is done; what was late is not caught up."""
    due = time.perf_counter()
    for number in range(count):
        while (left := due - time.perf_counter()) > 0 and not until.done():
            time.sleep(min(left, 0.05))
        if until.done():
            return
        yield number
        due = max(due, time.perf_counter() - seconds / count) + seconds / count


def asked(
    library: Library, questions: Sequence[str], *, waits: Waits, when: str, steps: Iterator[int] | None = None
) -> Iterator[Timed]:
    """Ask each question in a conversation of its own, where the answer is kept; warm."""
    if steps is None:
        library.ask(questions[0])
    for number in steps if steps is not None else range(len(questions)):
        session, began = f"{when} {number}", time.perf_counter()
        library.ask(questions[number], session=session)
        ended = time.perf_counter()
        yield Timed(
            kind="question", where=session, value=questions[number], began=began, ended=ended, waited=waits.last()
        )


# -------------------------------------------------------------------------------------------------- writes


class Writer:
    """Makes the writes in turn, each on the next of the papers that were there before."""

    def __init__(self, library: Library, waits: Waits) -> None:
        self._library, self._waits = library, waits
        self._papers = [paper.id for paper in library.list()]
        self._answer: Answer = library.ask(_questions()[0])
        full = next(paper.id for paper in library.list(fulltext=True))
        self._note: Note = library.note(full)
        self._ways: dict[str, Callable[[str, str], object]] = {
            "like": lambda paper, _: library.like(paper),
            "tag": lambda paper, value: library.tag(paper, add=[value]),
            "set": lambda paper, value: library.set(paper, venue=value),
            "mark": lambda paper, _: library.like(paper, -1, topic=MARK),
            "turn": self._keep_turn,
            "note": self._keep_note,
            "collection": lambda paper, _: library.collections.add(MARK, paper),
        }

    def __call__(self, number: int) -> Timed:
        """Make one write."""
        kind = list(self._ways)[number % len(self._ways)]
        paper, value = self._papers[number % len(self._papers)], f"{MARK} {number}"
        began = time.perf_counter()
        self._ways[kind](paper, value)
        ended, waited = time.perf_counter(), self._waits.last()
        return Timed(kind=kind, where=paper, value=value, began=began, ended=ended, waited=waited)

    def _keep_turn(self, _: str, value: str) -> None:
        """As ``kb.library.questions`` keeps an answer."""
        catalog, answer = self._library._store.catalog(), replace(self._answer, question=value)
        with self._library._store.changing():
            if len(catalog.papers.many(answer.paper_ids)) == len(answer.paper_ids):
                catalog.ledger.put_turn(MARK, answer)

    def _keep_note(self, paper: str, value: str) -> None:
        """As ``kb.library.questions`` keeps a note; the recipe is a name of ours, so that none is there before."""
        catalog = self._library._store.catalog()
        with self._library._store.changing():
            record = catalog.papers.get(paper)
            catalog.ledger.put_note(paper, value, replace(self._note, paper=record))


# ------------------------------------------------------------------------------------------------ afterwards


def missing(library: Library, measured: Measured, *, records: Path) -> list[str]:
    """What was lost, is there twice, or is not as it should be."""
    found = [f"kb add ended with status {measured.status}"] if measured.status not in (0, 3) else []
    papers = library.list()
    if len(papers) != (right := measured.papers_before + len(measured.report.get("added", ()))):
        found.append(f"{len(papers)} papers, not {right}")
    names = {name for paper in papers for name in (paper.id, *paper.aliases)}
    ids = [json.loads(line)["id"] for line in records.read_text("utf-8").splitlines()]
    if gone := [key for key in ids if f"arxiv:{key}" not in names]:
        found.append(f"{len(gone)} records are not there: {', '.join(gone[:3])}")
    titles = Counter(_plain(paper.title) for paper in papers)
    found += [f"{count} papers have the title {title!r}" for title, count in titles.items() if count > 1]
    found += [f"lost: {one.kind} {one.value!r} on {one.where}" for one in not_kept(library, measured.writes)]
    for one in (*measured.alone, *measured.beside, *measured.afterwards):
        if [turn.question for turn in library._store.catalog().ledger.turns(one.where)] != [one.value]:
            found.append(f"lost: the answer of {one.where!r}")
    open_here = [asdict(problem) for problem in library.doctor()]
    words = [sys.executable, "-m", "kb", "doctor", "--home", str(library._store.home.path), "--json", "--quiet"]
    elsewhere = json.loads(subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False).stdout)
    for where, problems in (("in this process", open_here), ("in a new process", elsewhere["problems"])):
        severe = [problem for problem in problems if problem["severity"] != "notice"]
        found += [f"doctor {where}: {problem['severity']}: {problem['what']}" for problem in severe]
    return found


def not_kept(library: Library, writes: Sequence[Timed]) -> list[Timed]:
    """The writes of which nothing is to be seen; of two that decide the same thing the later one."""
    catalog = library._store.catalog()
    papers = {paper.id: paper for paper in library.list()}
    liked, marked = catalog.papers.opinions(), catalog.papers.opinions(topic=MARK)
    collected = {paper.id for paper in library.collections.get(MARK)} if MARK in library.collections.list() else set()
    turns = {answer.question for answer in catalog.ledger.turns(MARK)}
    last_set = {one.where: one.value for one in writes if one.kind == "set"}
    is_kept: dict[str, Callable[[Timed], bool]] = {
        "like": lambda one: liked.get(one.where) == 1,
        "tag": lambda one: one.value in papers[one.where].tags,
        "set": lambda one: papers[one.where].venue == last_set[one.where],
        "mark": lambda one: marked.get(one.where) == -1,
        "turn": lambda one: one.value in turns,
        "note": lambda one: catalog.ledger.note(one.where, one.value) is not None,
        "collection": lambda one: one.where in collected,
    }
    return [one for one in writes if one.where not in papers or not is_kept[one.kind](one)]


# --------------------------------------------------------------------------------------------------- showing


def show(measured: Measured, lost: Sequence[str], *, writes: int) -> None:
    """Print what was measured as Markdown."""
    print(f"`python -m tests.benchmarks.waiting {' '.join(sys.argv[1:])}`  ")
    took = measured.ended - measured.began
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; Python {sys.version.split()[0]}; the add took")
    counts = ", ".join(f"{name} {len(measured.report.get(name, ()))}" for name in ("added", "partial", "failed"))
    print(f"{took:.1f} s from its first batch (alone it should take {measured.expected:.1f} s): {counts}\n")
    kinds = {kind: [one for one in measured.writes if one.kind == kind] for kind in _kinds(measured.writes)}
    rows = [(kind, *_spread(some)) for kind, some in (*kinds.items(), ("all writes", measured.writes))]
    table(("write", "n", "p50 s", "p95 s", "longest s", "longest wait to write s"), rows)
    asked_when = (("alone", measured.alone), ("beside", measured.beside), ("alone, afterwards", measured.afterwards))
    table(
        ("questions", "n", "p50 s", "p95 s", "longest s", "longest wait to write s"),
        [(when, *_spread(some)) for when, some in asked_when],
    )
    print(f"questions beside / alone, p50: {ratio(measured.beside, measured.alone):.2f}", end="")
    print(f" (of those alone afterwards: {ratio(measured.beside, measured.afterwards):.2f})")
    within, asked_within = measured.within(measured.writes), measured.within(measured.beside)
    print(f"all writes fell inside the add: {'yes' if within == writes else 'no'} ({within} of {writes};", end="")
    print(f" questions {asked_within} of {len(measured.alone)})")
    print(f"afterwards: {'; '.join(lost) or 'nothing is lost, nothing is there twice, doctor finds no problem'}")


def _kinds(writes: Sequence[Timed]) -> list[str]:
    return list(dict.fromkeys(one.kind for one in writes))


def _spread(some: Sequence[Timed]) -> tuple[int, str, str, str, str]:
    """(n, p50, p95, longest, longest wait to write)."""
    if not some:
        return 0, "", "", "", ""
    taken = sorted(one.seconds for one in some)
    p95 = taken[int(0.95 * len(taken))]
    return (
        len(taken),
        f"{statistics.median(taken):.3f}",
        f"{p95:.3f}",
        f"{taken[-1]:.3f}",
        f"{max(one.waited for one in some):.3f}",
    )


def ratio(some: Sequence[Timed], others: Sequence[Timed]) -> float:
    """The p50 of some as a multiple of that of others; not a number where there are none."""
    if not some or not others:
        return float("nan")
    return statistics.median(one.seconds for one in some) / statistics.median(one.seconds for one in others)


def shortcomings(measured: Measured, lost: Sequence[str]) -> list[str]:
    """Why it is not good enough."""
    longest = max(measured.writes, key=lambda one: one.seconds, default=None)
    found = []
    if longest is None or not measured.beside:
        found.append("not measured: the add ended before anything was written or asked beside it")
    if longest is not None and longest.seconds >= LONGEST_WRITE:
        late = sum(one.seconds >= LONGEST_WRITE for one in measured.writes)
        found.append(
            f"too slow: {late} write(s) took {LONGEST_WRITE} s or longer,"
            f" the longest ({longest.kind}) {longest.seconds:.3f} s"
        )
    if (times := ratio(measured.beside, measured.alone)) > SLOWEST_RATIO:
        found.append(f"too slow: questions took {times:.2f} times as long (p50), {SLOWEST_RATIO} are allowed")
    if lost:
        found.append(f"lost or wrong: {len(lost)} thing(s)")
    return found


if __name__ == "__main__":
    raise SystemExit(main())
