"""Bytes flipped in a catalog: ``python -m tests.campaigns.damage [FLIPS] [SEED]``.

A small home is made: records, a bibliography, a page with its text, tags, a collection, opinions, fields of the user's,
a topic, a ledger. Again and again, in a fresh copy, one bit or a few bytes of ``catalog.sqlite`` are changed, mostly
where something is written, and the verbs are run. No verb may end with a traceback; doctor may not say that all is well
when any row reads otherwise than it was written; what ``recover`` saves must open, be whole by doctor's own check, and
hold nothing that was never written.
"""

from __future__ import annotations

import contextlib
import io
import random
import shutil
import sqlite3
import sys
import tempfile
import traceback
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from kb import Library, Settings
from kb.cli import main
from kb.index.catalog.database import row_checksum
from kb.records import Topic

DEMO = Path(__file__).resolve().parents[2] / "kb" / "demo"
BIB = """
@article{one, title={Fast Widget Indexing}, author={Doe, Jane}, doi={10.1234/a}, year={2020}}
@article{two, title={On the Birds of Iceland}, author={Uno, Ono}, year={2020}, journal={Birds}}
"""
PAGE = "# A Study of Small Marsupials\n\nJane Roe\n\n## Abstract\n\nWe study them.\n\n## Methods\n\nNumbats are seen.\n"
DAY = date(2024, 3, 4)
VERBS = (("doctor",), ("list",), ("export",), ("search", "widget indexing", "--mode", "lexical"))


@dataclass
class Outcome:
    """What the flips led to: counts by verb and exit status, and each thing that must not be, with its place."""

    counts: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def make_home(home: Path, folder: Path) -> None:
    """The home that is damaged."""
    (folder / "refs.bib").write_text(BIB, encoding="utf-8")
    (folder / "page.md").write_text(PAGE, encoding="utf-8")
    with Library.open(Settings(home=str(home))) as library:
        report = library.add([str(DEMO / "records.jsonl"), str(folder / "refs.bib"), str(folder / "page.md")])
        first, second = report.added[:2]
        library.tag(first, add=["read", "numbats"])
        library.collections.add("Project", [first, second])
        library.like(first)
        library.set(second, venue="A Venue of Mine")
        library.topics.add(Topic(name="Widgets", query="ti:widget"))
        with library._store.writing("campaign"), library._store.catalog().transaction():
            library._store.catalog().ledger.show(
                "Widgets", first, version=1, day=__import__("datetime").date(2024, 3, 4), how="new"
            )
        library._store.catalog().scrub()


def contents(path: Path) -> dict[str, list[Any]]:
    """Every row of every table, bytes as they are; a table that cannot be read is None."""
    found: dict[str, Any] = {}
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.create_function("row_checksum", -1, row_checksum, deterministic=True)
        connection.text_factory = bytes
        try:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1").fetchall()
        except (sqlite3.Error, UnicodeDecodeError):
            return {}
        for (table,) in tables:
            try:
                name = table.decode()
                found[name] = sorted(connection.execute(f"SELECT * FROM {name} NOT INDEXED").fetchall(), key=repr)
            except (sqlite3.Error, UnicodeDecodeError, OverflowError):
                found[repr(table)] = None
    return found


def run(*words: str, home: Path) -> tuple[int, str, str]:
    """One command in this process: exit status and what it wrote; a traceback is -1."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main([*words, "--home", str(home), "--quiet"])
        except SystemExit as end:
            status = int(end.code or 0)
        except BaseException:  # noqa: BLE001  (whatever comes is what this looks for)
            return -1, out.getvalue(), traceback.format_exc()
    return status, out.getvalue(), err.getvalue()


def flip(path: Path, draw: random.Random) -> str:
    """Change one bit, or up to sixteen bytes; returns where."""
    data = bytearray(path.read_bytes())
    at, length = draw.randrange(len(data)), draw.choice((1, 1, 1, 4, 16))
    while not data[at] and draw.random() < 0.99:
        at = draw.randrange(len(data))
    if length == 1:
        data[at] ^= 1 << draw.randrange(8)
    else:
        for place in range(at, min(len(data), at + length)):
            data[place] = draw.randrange(256)
    path.write_bytes(data)
    return f"byte {at} (page {at // 4096 + 1}), {length} long"


def damage(flips: int, *, seed: int, folder: Path, recovering: bool = True) -> Outcome:
    """Flip and run the verbs; ``folder`` is emptied of each copy again."""
    home, draw, outcome = folder / "home", random.Random(seed), Outcome()
    make_home(home, folder)
    before = contents(home / "catalog.sqlite")
    for number in range(flips):
        copied, saved = folder / f"copy-{number}", folder / f"saved-{number}"
        shutil.copytree(home, copied)
        where = flip(copied / "catalog.sqlite", draw)
        after = contents(copied / "catalog.sqlite")
        for words in VERBS:
            status, said, told = run(*words, home=copied)
            outcome.counts[words[0], status] += 1
            if status == -1:
                outcome.wrong.append(f"{number}: {words[0]}, {where}: {told.strip().splitlines()[-1]}\n{told}")
            if words[0] == "doctor" and status == 0 and after != before:
                changed = [name for name in {*before, *after} if before.get(name) != after.get(name)]
                outcome.wrong.append(f"{number}: doctor says {said.strip()!r}, {where}, changed: {changed}")
        if recovering:
            status, _, told = run("recover", str(saved), home=copied)
            outcome.counts["recover", status] += 1
            if status == -1:
                outcome.wrong.append(f"{number}: recover, {where}: {told}")
            elif status in (0, 3):
                outcome.wrong += [f"{number}: recover, {where}: {fault}" for fault in faults_of(saved, before)]
        shutil.rmtree(copied)
        shutil.rmtree(saved, ignore_errors=True)
    return outcome


def faults_of(saved: Path, before: dict[str, list[Any]]) -> list[str]:
    """What is wrong with a home that was recovered."""
    found = []
    status, _, told = run("list", home=saved)
    if status != 0:
        found.append(f"list ends with {status}: {told}")
    with Library.open(Settings(home=str(saved))) as library:
        found += library._store.catalog().faults()
    after = contents(saved / "catalog.sqlite")
    known = {row[-1] for row in before["documents"]}
    found += ["a text was never written" for row in after["documents"] if row[-1] not in known]
    known, papers = {row[1] for row in before["records"]}, {row[1] for row in before["papers"]}
    # Of a paper that lost all its records its view becomes one, named by its id.
    made = [row for row in after["records"] if row[1] not in known and row[4] not in papers]
    found += [f"the record {row[4]!r} was never written" for row in made]
    for table in ("tags", "decisions", "shown", "topics"):
        rows = set(before[table])
        found += [f"{row} of {table} was never written" for row in after[table] if row not in rows]
    return found


if __name__ == "__main__":
    count, chosen = (int(word) for word in [*sys.argv[1:], *("200", "0")[len(sys.argv) - 1 :]])
    with tempfile.TemporaryDirectory() as place:
        result = damage(count, seed=chosen, folder=Path(place))
    for line in result.wrong:
        print(line)
    for (verb, status), times in sorted(result.counts.items()):
        print(f"{verb:10} exit {status:2}: {times}")
    print(f"{count} flips, {len(result.wrong)} wrong")
    sys.exit(bool(result.wrong))
