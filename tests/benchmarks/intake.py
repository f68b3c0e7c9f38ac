"""A library that comes over from a reference manager, and a dump that is read as a stream.

``python -m tests.benchmarks.intake library DATA [ENTRIES]``: a bibliography of so many entries (2,000), each with a PDF
of its own beside it: entries are random records of DATA/arxiv, PDFs are single pages of the demo papers, told apart by
a line of their own. Added by one command, stopped half-way (SIGINT), continued, and added again.

``python -m tests.benchmarks.intake kaggle DATA [LINES]``: so many lines (200,000) in the form of the Kaggle snapshot
of arXiv, made from the records of DATA, read and stored as records without an encoder: lines a second, most memory.
With ``PYTHONPATH`` set to another version's checkout the same is done with that version, in our own form of records.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def records(data: Path) -> list[dict[str, Any]]:
    """The records of the set, each id once."""
    with gzip.open(data / "arxiv" / "records.jsonl.gz", "rt", encoding="utf-8") as lines:
        return list({(record := json.loads(line))["id"]: record for line in lines}.values())


# ------------------------------------------------------------------------------------------------ a library


def write_library(folder: Path, some: list[dict[str, Any]]) -> Path:
    """A bibliography as Zotero exports it, its PDFs in folders of their own."""
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import NameObject, TextStringObject

    pages = [page for pdf in sorted((ROOT / "kb" / "demo").glob("*.pdf")) for page in PdfReader(pdf).pages]
    entries = []
    for number, record in enumerate(some):
        place = folder / "files" / f"{number:05d}" / "paper.pdf"
        place.parent.mkdir(parents=True)
        writer = PdfWriter()
        writer.add_page(pages[number % len(pages)])
        writer.add_metadata({NameObject("/Keywords"): TextStringObject(f"copy {number}")})
        buffer = io.BytesIO()
        writer.write(buffer)
        place.write_bytes(buffer.getvalue())
        title = record["title"].replace("{", "").replace("}", "").replace("\\", "")
        authors = " and ".join(record["authors"])
        entries.append(
            f"@article{{key{number},\n  title = {{{title}}},\n  author = {{{authors}}},\n"
            f"  year = {{{2020 + number % 6}}},\n"
            f"  file = {{Full Text:files/{number:05d}/paper.pdf:application/pdf}},\n}}\n"
        )
    bib = folder / "library.bib"
    bib.write_text("\n".join(entries), encoding="utf-8")
    return bib


def kb(*words: str, interrupt_after: float | None = None) -> tuple[int, str, float, float]:
    """Run the command line: exit status, what it printed, seconds, and its and its children's seconds of processor."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "kb", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # a background job ignores it
    )  # fmt: skip
    if interrupt_after is not None:
        try:
            process.wait(interrupt_after)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    if process.returncode not in (0, 3, 130):
        print(err[-2000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return process.returncode, out, time.monotonic() - started, cpu


def entries_of(bib: Path) -> list[str]:
    """The entries of a bibliography as they stand there, in the order of their text."""
    return sorted(part.strip() for part in ("\n" + bib.read_text(encoding="utf-8")).split("\n@"))


def add_library(data: Path, entries: int) -> None:
    """Add, stop, continue, add again."""
    some = random.Random(7).sample(records(data), entries)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bib = write_library(folder, some)
        home = ["--home", str(folder / "home")]
        status, out, seconds, cpu = kb("add", str(bib), "--json", *home, interrupt_after=entries * 0.05)
        print(f"stopped after {seconds:.0f} s: exit status {status}")
        status, out, seconds, cpu = kb("add", str(bib), "--json", *home)
        report = json.loads(out)
        counts = {
            name: len(report[name]) for name in ("added", "updated", "unchanged", "partial", "failed", "doubtful")
        }
        print(f"continued: exit status {status}, {seconds:.0f} s, {cpu:.0f} CPU s, {counts}")
        status, out, seconds, cpu = kb("add", str(bib), "--json", *home)
        report = json.loads(out)
        print(f"again: exit status {status}, {seconds:.0f} s, {len(report['unchanged'])} unchanged")
        _, out, _, _ = kb("status", "--json", *home)
        state = json.loads(out)
        print(f"papers {state['papers']}, full text {state['fulltext']}, {state['bytes'] / 1e6:.0f} MB")
        status, out, seconds, cpu = kb("export", "--format", "bibtex", "--out", str(folder / "out.bib"), *home)
        same = entries_of(folder / "out.bib") == entries_of(bib)
        print(f"exported in {seconds:.1f} s: the same entries {same}")


# ------------------------------------------------------------------------------------------------ a stream


def kaggle(record: dict[str, Any]) -> dict[str, Any]:
    """A record in the form of the Kaggle snapshot."""
    parsed = [[name.split()[-1], " ".join(name.split()[:-1]), ""] for name in record["authors"] if name.split()]
    return {
        "id": record["id"],
        "submitter": record["authors"][0] if record["authors"] else "",
        "authors": ", ".join(record["authors"]),
        "title": record["title"],
        "comments": record.get("comment"),
        "journal-ref": None,
        "doi": None,
        "report-no": None,
        "categories": " ".join(record["categories"]),
        "license": None,
        "abstract": record["abstract"],
        "versions": [{"version": "v1", "created": "Mon, 2 Apr 2007 19:18:42 GMT"}],
        "update_date": "2008-11-26",
        "authors_parsed": parsed,
    }


def write_dump(path: Path, some: list[dict[str, Any]], lines: int, *, form: str) -> None:
    """So many lines: the records again and again, each time under other ids and titles."""
    with path.open("w", encoding="utf-8") as stream:
        for number in range(lines):
            record = dict(some[number % len(some)])
            if turn := number // len(some):
                record["id"] = f"{26 + turn:02d}{record['id'][2:]}"
                record["title"] = f"{record['title']} ({turn})"
            stream.write(json.dumps(kaggle(record) if form == "kaggle" else record, ensure_ascii=False) + "\n")


def stream_dump(data: Path, lines: int) -> None:
    """Read and store a dump, with whichever version is on the path."""
    from kb.index.catalog import Catalog
    from kb.sources import jsonl

    is_old = not hasattr(jsonl, "read")
    some = records(data)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "dump.jsonl"
        write_dump(path, some, lines, form="kb" if is_old else "kaggle")
        size = path.stat().st_size
        del some
        base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        def items() -> Iterator[Any]:
            yield from jsonl.JsonlSource().find(str(path)) if is_old else jsonl.read(path, max_bytes=10**12)

        started = time.process_time()
        read = sum(1 for _ in items())
        reading = time.process_time() - started
        catalog = Catalog(Path(name) / "catalog.sqlite", create=True)
        started, stored, batch = time.process_time(), 0, []

        def store() -> None:
            with catalog.transaction():
                for item in batch:
                    if is_old:
                        catalog.papers.put(item.metadata)
                    else:
                        from kb.index.catalog.papers import Arrival  # not in the old version

                        catalog.papers.take_in([Arrival(record=item.record)])
            batch.clear()

        for item in items():
            if hasattr(item, "metadata") and item.metadata is not None:
                batch.append(item)
                stored += 1
            if len(batch) == 64:
                store()
        store()
        storing = time.process_time() - started
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"{'before' if is_old else 'now'}: {read:,} lines, {size / 1e6:.0f} MB")
        print(f"reading alone {read / reading:,.0f} lines per CPU s; reading and storing {stored / storing:,.0f}")
        print(
            f"papers {catalog.papers.count():,}; most memory {most / 1024:.0f} MB, before the stream {base / 1024:.0f}"
        )
        catalog.close()


if __name__ == "__main__":
    what, folder = sys.argv[1], Path(sys.argv[2])
    if what == "library":
        add_library(folder, int(sys.argv[3]) if len(sys.argv) > 3 else 2000)
    else:
        stream_dump(folder, int(sys.argv[3]) if len(sys.argv) > 3 else 200_000)
