"""Does ``kb verify`` find one altered letter, and is it silent on pages that are as they were made?

    python -m tests.benchmarks.pages_altered RECORDS.jsonl.gz --days 3 --places 60 --seed 1

Made are the day of the demo (its PDFs, so notes of full texts with pictures), and days of three topics over records
drawn from RECORDS, each in every form. In each file a letter or digit at random places is replaced by another, one at a
time. Found is what ends with a fault, or with an error of one line (data that can no longer be read). The same data are
then verified by a home that has the papers and never made the page ("another home"), which knows less. It prints a
table, and each place that was missed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from importlib import resources
from pathlib import Path

from kb import Library, Settings
from kb.errors import KbError
from kb.records import FORMS, Topic

DEMO = Path(str(resources.files("kb") / "demo"))
TOPICS = (
    Topic(name="Diffusion Models", query="abs:diffusion", categories=("cs.CV",), limit=6),
    Topic(name="Retrieval, RAG", query="abs:retrieval", limit=6),
    Topic(name="智能体", query="abs:agent", language="zh", limit=6),
)
RECORDS = 600
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def drawn(path: Path, days: int, *, seed: int) -> tuple[list[str], list[date]]:
    """Lines of records of some announcement days, and the days."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = [line for line in file if '"listed"' in line]
    by_day: dict[str, list[str]] = {}
    for line in lines:
        by_day.setdefault(max(json.loads(line)["listed"]), []).append(line)
    draw = random.Random(seed)
    chosen = sorted(draw.sample(sorted(day for day, some in by_day.items() if len(some) >= RECORDS // days), days))
    records = [line for day in chosen for line in draw.sample(by_day[day], RECORDS // days)]
    return records, [date.fromisoformat(day) for day in chosen]


def made(library: Library, days: Sequence[date], folder: Path) -> list[Path]:
    """Pages of every form, and notes."""
    files: list[Path] = []
    demo = library.digest(since=date(2018, 1, 1), until=date(2024, 3, 4), audience="public")
    files += library.pages.write(demo, FORMS, out=folder / "demo")
    for topic in TOPICS:
        for day in days:
            digest = library.digest(topic.name, day=day)
            files += library.pages.write(digest, FORMS, out=folder / f"{TOPICS.index(topic)}-{day}")
    for form in ("md", "html", "json"):
        files += library.pages.save(library.pages.render(library.note("2402.19481"), form), folder / "note")
    return files


def altered(data: bytes, *, places: int, draw: random.Random) -> Iterator[tuple[int, bytes]]:
    """The file with one letter or digit replaced, at random places; embedded pictures count as one place."""
    text = data.decode("utf-8")
    fit = [at for at, sign in enumerate(text) if sign.isalnum() and sign.isascii()]
    for at in sorted(draw.sample(fit, min(places, len(fit)))):
        signs = "0123456789" if text[at].isdigit() else LETTERS if text[at].islower() else LETTERS.upper()
        other = draw.choice([sign for sign in signs if sign != text[at]])
        yield at, (text[:at] + other + text[at + 1 :]).encode()


def found(library: Library, path: Path) -> int:
    """How many faults there are; an error is one."""
    try:
        verified = library.pages.verify(path)
    except KbError:
        return 1
    return len(verified[0] if isinstance(verified, tuple) else verified.faults)


def form_of(path: Path) -> str:
    """What a file is called in the table."""
    name = path.name
    if path.parent.name == "note":
        return f"note {path.suffix}"
    if path.suffix == ".md" and " " in name:
        return "obsidian"
    return next((end for end in (".plain.md", ".rss.xml", ".atom.xml") if name.endswith(end)), path.suffix)


def measure(library: Library, files: Sequence[Path], *, places: int, seed: int) -> dict[str, Counter[str]]:
    """Per form how many files and places, how many of each were told as faults."""
    table: dict[str, Counter[str]] = {}
    draw = random.Random(seed)
    by_form: Counter[str] = Counter(map(form_of, files))
    for path in files:
        counts = table.setdefault(form_of(path), Counter())
        counts["files"] += 1
        began = time.perf_counter()
        counts["alarms"] += bool(found(library, path))
        counts["ms"] += int(1000 * (time.perf_counter() - began))
        kept = path.read_bytes()
        try:
            for at, data in altered(kept, places=max(1, places // by_form[form_of(path)]), draw=draw):
                path.write_bytes(data)
                counts["places"] += 1
                if found(library, path):
                    counts["found"] += 1
                else:
                    text = kept.decode("utf-8")
                    print(f"missed: {path.name}: …{text[max(0, at - 60) : at + 40]!r}", file=sys.stderr)
        finally:
            path.write_bytes(kept)
    return table


def told(title: str, table: dict[str, Counter[str]]) -> None:
    """The table, a line a form."""
    print(f"\n{title}\n\n| form | files | false alarms | altered | found | ms a file |\n|---|---|---|---|---|---|")
    total: Counter[str] = Counter()
    for form, counts in table.items():
        total.update(counts)
        ms = counts["ms"] // counts["files"]
        print(f"| {form} | {counts['files']} | {counts['alarms']} | {counts['places']} | {counts['found']} | {ms} |")
    print(f"| all | {total['files']} | {total['alarms']} | {total['places']} | {total['found']} | |")


def filled(home: Path, records: Path) -> Library:
    """A home with the demo's papers and the records."""
    library = Library.open(Settings(home=home, mail_from="kb@example.org", mail_to=("a@example.org",)))
    library.add([str(DEMO / "records.jsonl"), *map(str, sorted(DEMO.glob("*.pdf"))), str(records)], private=False)
    return library


def main(arguments: Sequence[str]) -> int:
    """Print the tables; 1 when a clean page had a fault."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path)
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--places", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    lines, days = drawn(options.records, options.days, seed=options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "records.jsonl").write_text("".join(lines), encoding="utf-8")
        with filled(folder / "home", folder / "records.jsonl") as library:
            for topic in TOPICS:
                library.topics.add(topic)
            files = made(library, days, folder / "pages")
            here = measure(library, files, places=options.places, seed=options.seed)
            told("In the home that made them", here)
        shutil.rmtree(folder / "home")
        with filled(folder / "other", folder / "records.jsonl") as library:
            data = [path for path in files if path.suffix == ".json"]
            there = measure(library, data, places=options.places, seed=options.seed)
            told("Their data in another home", there)
    return int(any(counts["alarms"] for counts in (*here.values(), *there.values())))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
