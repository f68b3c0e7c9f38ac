"""A day of 300 entries: seconds and memory of the command that makes its page, of this version or of another.

    python -m tests.benchmarks.big_day records.jsonl.gz --python OTHER/bin/python --entries 300

Each interpreter (this one, and those named) adds the same records of one day to a home of its own, and then runs
``kb digest`` for each form, once for the notes to be made and once more with the notes that are kept. Shown: wall
seconds and the peak of the resident memory in MiB. With several interpreters the runs alternate.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

FORMS = ("hexo", "html", "rss", "json")
DAY = "2026-03-17"
TOPIC = "The whole day"


def drawn(path: Path, count: int) -> list[str]:
    """Records of one day, as lines."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return list(islice((line for line in lines if json.loads(line)["listed"][0] == DAY), count))


def measured(command: list[str]) -> tuple[float, float]:
    """Wall seconds and peak MiB of a command."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
    begin = time.perf_counter()
    child = subprocess.Popen(command, env=clean, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = child.stderr.read() if child.stderr else b""
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)}: {said.decode()}")
    return time.perf_counter() - begin, usage.ru_maxrss / 1024


def main() -> None:
    """Print a line for each run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path)
    parser.add_argument("--python", action="append", default=[], help="the interpreter of another version")
    parser.add_argument("--entries", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        lines = drawn(options.records, options.entries)
        (folder / "records.jsonl").write_text("".join(lines), encoding="utf-8")
        versions = [sys.executable, *options.python]
        homes = [folder / f"home-{number}" for number in range(len(versions))]
        print(f"{len(lines)} entries\n{'version':<10}{'run':<22}{'seconds':>9}{'MiB':>7}{'KB out':>9}")
        for number, (python, home) in enumerate(zip(versions, homes, strict=True)):
            kb = [python, "-P", "-m", "kb"]
            asked = ["--query", "all:a OR all:the OR all:we", "--limit", str(options.entries)]
            measured([*kb, "topic", "add", TOPIC, *asked, "--home", str(home)])
            taken = measured([*kb, "add", str(folder / "records.jsonl"), "--home", str(home)])
            print(f"{number:<10}{'add':<22}{taken[0]:>9.1f}{taken[1]:>7.0f}")
        for run in ("first", "again"):
            for form in FORMS:
                for number, (python, home) in enumerate(zip(versions, homes, strict=True)):
                    out = folder / f"{number}-{run}-{form}"
                    day = ["--date", DAY, "--format", form, "--out", str(out), "--home", str(home)]
                    taken = measured([python, "-P", "-m", "kb", "digest", TOPIC, *day])
                    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) // 1024
                    print(f"{number:<10}{f'{run}: {form}':<22}{taken[0]:>9.1f}{taken[1]:>7.0f}{size:>9}")


if __name__ == "__main__":
    main()
