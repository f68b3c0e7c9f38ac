"""What is asked of every program: the same task on stdin, the same figures on stdout. Standard library only.

A program is a class with ``add_pdfs(paths)``, ``add_abstracts([(id, title, text)])``, ``chunks()`` and
``search(query) -> ids, best first``. Each step is charged with the processor time of the process and its children.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

_WARM_UP = 5


class Program(Protocol):
    """A program that finds papers."""

    packages: tuple[str, ...]

    def add_pdfs(self, paths: Sequence[str]) -> None: ...
    def add_abstracts(self, abstracts: Sequence[tuple[str, str, str]]) -> None: ...
    def chunks(self) -> int: ...
    def search(self, query: str) -> list[str]: ...


def measure(make: Callable[[str, str], Program]) -> None:
    """Do the task of stdin with ``make(model folder, work folder)`` and write the figures to stdout."""
    task = json.load(sys.stdin)
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # nothing but the figures may reach stdout, whatever a library prints
    figures: dict[str, Any] = {}
    program = make(task["model"], os.path.join(task["folder"], "pdfs"))  # noqa: PTH118
    if task["pdfs"]:
        figures["pdfs"] = _timed(lambda: program.add_pdfs(task["pdfs"])) | {"chunks": program.chunks()}
    program = make(task["model"], os.path.join(task["folder"], "abstracts"))  # noqa: PTH118
    figures["abstracts"] = _timed(lambda: program.add_abstracts([tuple(a) for a in task["abstracts"]]))
    figures["abstracts"]["chunks"] = program.chunks()
    queries = task["queries"]
    for query in list(queries.values())[:_WARM_UP]:
        program.search(query)
    wall, cpu, found = [], [], {}
    for name, query in queries.items():
        started, spent = time.perf_counter(), time.process_time()
        found[name] = program.search(query)
        cpu.append(1e3 * (time.process_time() - spent))
        wall.append(1e3 * (time.perf_counter() - started))
    figures["search"] = {"p50_ms": statistics.median(wall), "p95_ms": sorted(wall)[int(0.95 * len(wall))],
                         "cpu_p50_ms": statistics.median(cpu), "found": found}  # fmt: skip
    figures["whole_cpu_s"] = _cpu_seconds()  # imports and loading included, which each does at another moment
    figures["peak_rss_mb"] = _peak_rss_mb()
    figures["versions"] = {name: version(name) for name in program.packages}
    json.dump(figures, answer)
    answer.flush()


def _timed(work: Callable[[], None]) -> dict[str, float]:
    wall, cpu = time.perf_counter(), _cpu_seconds()
    work()
    return {"cpu_s": _cpu_seconds() - cpu, "wall_s": time.perf_counter() - wall}


def _peak_rss_mb() -> float:
    """Most memory this program ever held; ``ru_maxrss`` would begin with the parent's on Linux."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + used.ru_utime + used.ru_stime
