"""Speed of adding, searching and starting, as Markdown tables with the versions they were measured with.

    python -m tests.benchmarks.speed add-records RECORDS.jsonl.gz [--count 500]
    python -m tests.benchmarks.speed add-pdfs FOLDER
    python -m tests.benchmarks.speed search HOME --queries RECORDS.jsonl.gz [--count 200]
    python -m tests.benchmarks.speed cold HOME [--rounds 7]
    python -m tests.benchmarks.speed memory HOME --queries RECORDS.jsonl.gz
    python -m tests.benchmarks.speed growth RECORDS.jsonl.gz --out growth.svg [--sizes 1000 3000 …]

Encoding is compared with sentence-transformers by ``tests.benchmarks.encoder_speed``. Wall times are worth what the
quiet of the machine is worth: the tables give processor time beside them, and the load average above them.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from kb import Library, Settings
from kb.records import Filters, Paper
from tests.benchmarks.stages import StageClock, TimedEncoder, children_cpu_seconds, peak_rss_mb

PACKAGES = ("chromadb", "openvino", "tantivy", "numpy")
WARM_UP = 10


def main() -> None:
    """Measure what the command line asks for, and print."""
    from tests.benchmarks.growth import SIZES, grow

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=0, help="threads for encoding and parsing; 0: all cores")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("add-records", "add-pdfs", "search", "cold", "memory", "growth"):
        verbs.add_parser(verb).add_argument("where", type=Path)
    verbs.choices["add-records"].add_argument("--count", type=int, default=500)
    for verb in ("search", "memory"):
        verbs.choices[verb].add_argument("--queries", type=Path, required=True)
        verbs.choices[verb].add_argument("--count", type=int, default=200)
    verbs.choices["cold"].add_argument("--rounds", type=int, default=7)
    verbs.choices["growth"].add_argument("--out", type=Path, required=True)
    verbs.choices["growth"].add_argument("--sizes", type=int, nargs="+", default=SIZES)
    chosen = parser.parse_args()
    print(heading())
    if chosen.verb == "add-records":
        measure_adding([_first_records(chosen.where, chosen.count)], threads=chosen.threads, what="records")
    elif chosen.verb == "add-pdfs":
        measure_adding(sorted(chosen.where.rglob("*.pdf")), threads=chosen.threads, what="files")
    elif chosen.verb == "search":
        measure_search(chosen.where, titles(chosen.queries, chosen.count), threads=chosen.threads)
    elif chosen.verb == "cold":
        measure_cold(chosen.where, rounds=chosen.rounds)
    elif chosen.verb == "memory":
        measure_memory(chosen.where, titles(chosen.queries, chosen.count))
    else:
        grow(chosen.where, sizes=chosen.sizes, out=chosen.out)


def heading() -> str:
    """The command, the machine's state and the versions."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"`python -m tests.benchmarks.speed {' '.join(sys.argv[1:])}`  \n"
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; Python {sys.version.split()[0]}, {packages}\n"
    )


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print Markdown."""
    print(f"| {' | '.join(columns)} |")
    print(f"|{' --- |' * len(columns)}")
    for row in rows:
        print(f"| {' | '.join(str(cell) for cell in row)} |")
    print(flush=True)


def titles(records: Path, count: int) -> list[str]:
    """Titles of records spread over the file: what people type is as long."""
    with gzip.open(records, "rt", encoding="utf-8") as stream:
        lines = list(stream)
    return [json.loads(line)["title"] for line in lines[:: max(1, len(lines) // count)]][:count]


def _first_records(records: Path, count: int) -> Path:
    folder = Path(tempfile.mkdtemp())
    with gzip.open(records, "rt", encoding="utf-8") as stream:
        (folder / "records.jsonl").write_text("".join(itertools.islice(stream, count)), encoding="utf-8")
    return folder / "records.jsonl"


# ------------------------------------------------------------------------------------------------ adding


def measure_adding(files: Sequence[Path], *, threads: int, what: str) -> None:
    """Add files to a new home and print rates, memory, and the share of each stage."""
    clock = StageClock()
    with tempfile.TemporaryDirectory() as folder, Library.open(Settings(home=folder, threads=threads)) as library:
        encoder = TimedEncoder(library._models.encoder())
        library._models._encoder = encoder  # type: ignore[assignment]
        cpu, wall, children = time.process_time(), time.perf_counter(), children_cpu_seconds()
        report = library.add([str(file) for file in files])
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        children = children_cpu_seconds() - children
        pages = sum(_pages(library, paper.id) for paper in library.list())
        chunks = library._store.catalog().passages.count()
    papers = len(report.added)
    rows: list[Sequence[Any]] = [
        (f"{what} added / failed", f"{papers} / {len(report.failed)}"),
        ("pages", pages),
        ("chunks; texts encoded", f"{chunks}; {encoder.texts}"),
        ("CPU s: this process + child processes", f"{cpu:.1f} + {children:.1f}"),
        ("wall s", f"{wall:.1f}"),
        ("papers a minute (wall)", f"{60 * papers / wall:.0f}"),
        ("papers a CPU minute", f"{60 * papers / (cpu + children):.0f}"),
    ]
    if pages:
        rows.append(("pages a second (wall); a CPU second", f"{pages / wall:.1f}; {pages / (cpu + children):.1f}"))
    rows.append(("peak RSS of this process, MB", f"{peak_rss_mb():.0f}"))
    table(("", ""), rows)
    stages = clock.seconds
    stages["reading files (child processes)"] = children
    stages["the rest"] = cpu + children - sum(stages.values())
    total = sum(stages.values())
    table(("stage", "CPU s", "share"), [(n, f"{s:.2f}", f"{s / total:.1%}") for n, s in stages.most_common()])


def _pages(library: Library, paper_id: str) -> int:
    document = library._store.catalog().passages.document(paper_id)
    return max((line.page for block in document.blocks for line in block.lines), default=0) if document else 0


# --------------------------------------------------------------------------------------------- searching


def measure_search(home: Path, queries: Sequence[str], *, threads: int) -> None:
    """Print p50 and p95 of a warm library by mode, by papers, and under filters of known selectivity."""
    with Library.open(Settings(home=home, threads=threads)) as library:
        catalog = library._store.catalog()
        print(f"{catalog.papers.count()} papers, {catalog.passages.count()} chunks, {len(queries)} queries\n")
        rows = [(mode, *timed_queries(library, queries, mode=mode)) for mode in ("lexical", "dense", "hybrid")]
        rows.append(("hybrid, by paper", *timed_queries(library, queries, by="paper")))
        for words, filters in selective_filters(library):
            rows.append((f"hybrid, {words}", *timed_queries(library, queries, **filters)))
    table(("search", "p50 ms", "p95 ms", "CPU p50 ms", "fewest hits of 10"), rows)


def timed_queries(library: Library, queries: Sequence[str], **how: Any) -> tuple[str, str, str, int]:
    """(p50, p95, CPU p50 in milliseconds, fewest hits)."""
    for query in queries[:WARM_UP]:
        library.search(query, **how)
    wall, cpu, hits = [], [], []
    for query in queries:
        started, spent = time.perf_counter(), time.process_time()
        hits.append(len(library.search(query, **how)))
        cpu.append(1e3 * (time.process_time() - spent))
        wall.append(1e3 * (time.perf_counter() - started))
    p95 = sorted(wall)[int(0.95 * len(wall))]
    return f"{statistics.median(wall):.1f}", f"{p95:.1f}", f"{statistics.median(cpu):.1f}", min(hits)


def selective_filters(library: Library) -> Iterator[tuple[str, dict[str, Any]]]:
    """Filters that leave about 50 %, 1 % and 0.01 % of the papers: the newest half, the newest days, a few papers."""
    papers = library.list()
    for share in (0.5, 0.01):
        since = _day(papers[round(share * len(papers)) - 1])
        left = len(library._store.catalog().papers.numbers(Filters(since=since)))
        yield f"--since {since} ({left / len(papers):.2%} of the papers)", {"since": since}
    few = [paper.id for paper in papers[:: max(1, len(papers) // max(1, round(0.0001 * len(papers))))]]
    yield f"--paper ({len(few)} papers, {len(few) / len(papers):.3%})", {"paper": few}


def _day(paper: Paper) -> date:
    if paper.announced:
        return max(paper.announced)
    return paper.published.date() if paper.published else date.min


# ----------------------------------------------------------------------------------------------- starting


def measure_cold(home: Path, *, rounds: int) -> None:
    """Print what whole processes cost, from their start to their end: median of the rounds."""
    search = ["search", "displaced patch parallelism for diffusion models", "--home", str(home), "--quiet"]
    commands = {
        "kb --help": ["--help"],
        "kb search --mode lexical": [*search, "--mode", "lexical"],
        "kb search --mode dense": [*search, "--mode", "dense"],
        "kb search (hybrid)": search,
    }
    rows = []
    for name, arguments in commands.items():
        runs = [_run_process([sys.executable, "-m", "kb", *arguments]) for _ in range(rounds + 1)][1:]
        wall, cpu = (statistics.median(run[i] for run in runs) for i in range(2))
        rows.append((name, f"{wall:.2f}", f"{cpu:.2f}", f"{min(run[1] for run in runs):.2f}"))
    print("bytecode is cached (an installed package has it); the first run of each is not counted\n")
    table(("command", "wall s", "CPU s", "least CPU s"), rows)


def _run_process(command: Sequence[str]) -> tuple[float, float]:
    """(wall seconds, processor seconds) of one child process."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - started
    if status:
        raise SystemExit(f"{' '.join(command)} failed: {child.stderr.read().decode() if child.stderr else ''}")
    child.returncode = 0
    if child.stderr:
        child.stderr.close()
    return wall, used.ru_utime + used.ru_stime


# ------------------------------------------------------------------------------------------------- memory


def measure_memory(home: Path, queries: Sequence[str]) -> None:
    """Print what serving takes in memory: each way of searching in a process of its own."""
    rows = []
    for mode in ("lexical", "dense", "hybrid"):
        served = serve_apart(home, queries, mode=mode)
        rows.append((mode, f"{served['before']:.0f}", f"{served['peak']:.0f}", f"{served['mapped']:.0f}"))
    table(("mode", "RSS MB before the first search", f"peak after {len(queries)} searches", "of it mapped files"), rows)


def serve_apart(home: Path, queries: Sequence[str], *, mode: str) -> dict[str, float]:
    """Search in a fresh process: its memory in MB, p50 and p95 in milliseconds."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_serve, (home, list(queries), mode))


def _serve(home: Path, queries: list[str], mode: str) -> dict[str, float]:
    with Library.open(Settings(home=home)) as library:
        library._store.catalog().papers.count()
        before = peak_rss_mb()
        p50, p95, cpu, _ = timed_queries(library, queries, mode=mode)
        memory = psutil.Process().memory_info()
        mapped = getattr(memory, "shared", 0) / 1e6
    return {"before": before, "peak": peak_rss_mb(), "mapped": mapped,
            "p50": float(p50), "p95": float(p95), "cpu": float(cpu)}  # fmt: skip


if __name__ == "__main__":
    main()
