"""Fault rates of daily pages of the old kind and of ours over the same papers, side by side.

    python -m tests.benchmarks.old_pages RECORDS.jsonl PAGE.md [PAGE.md ...]

RECORDS holds the records of the papers on the pages (as ``kb add`` reads them). Ours is the Hexo page over the same
papers, made without a language model. Both are read by ``kb verify`` against the same catalog. A rate is the share
of a page's papers with at least one fault of a kind; papers that are not in the records are counted and left out.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from kb import Library, Settings
from kb.records import Fault
from kb.rendering.verification import read_page

KINDS = {
    "author": "a wrong author",
    "id": "a wrong arXiv id",
    "version": "a wrong version",
    "date": "a wrong date",
    "link": "a wrong or missing link",
    "placeholder": "a placeholder",
    "affiliation": "an affiliation that nothing bears out",
    "name": "a name that is not in the record",
    "number": "a number that is not in the record",
}


def measure(library: Library, paths: Sequence[Path]) -> tuple[dict[str, set[tuple[str, str]]], int, int, list[Fault]]:
    """Per kind the (page, paper) pairs with a fault; how many papers there are; how many are not in the records."""
    wrong: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    papers = absent = 0
    faults: list[Fault] = []
    for path in paths:
        found, _ = library.pages.verify(path)
        unknown = {fault.entry for fault in found if fault.field == "paper"}
        absent += len(unknown)
        papers += len(read_page(path, path.read_text(encoding="utf-8")).entries) - len(unknown)
        for fault in found:
            if fault.entry not in unknown:
                wrong[fault.field].add((path.name, fault.entry))
                faults.append(fault)
    return wrong, papers, absent, faults


def our_page(library: Library, folder: Path) -> Path:
    """One page of ours over all papers of the library."""
    days = sorted(day for paper in library.list() for day in paper.announced)
    digest = library.digest(since=days[0], until=days[-1])
    return next(path for path in library.pages.write(digest, ["hexo"], out=folder) if path.suffix == ".md")


def main(arguments: Sequence[str]) -> int:
    """Print the table; 1 when a page of ours has a fault."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records")
    parser.add_argument("pages", nargs="+", type=Path)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, Library.open(Settings(home=Path(folder) / "home")) as library:
        library.add([options.records])
        old, old_papers, absent, _ = measure(library, options.pages)
        ours, our_papers, _, our_faults = measure(library, [our_page(library, Path(folder))])
    print(f"| papers with … | old pages ({old_papers} papers) | ours ({our_papers} papers) |\n|---|---|---|")
    for kind, words in KINDS.items():
        left, right = len(old[kind]), len(ours[kind])
        print(f"| {words} | {left} ({left / max(1, old_papers):.0%}) | {right} ({right / max(1, our_papers):.0%}) |")
    print(f"\n{absent} papers of the old pages are not in the records and were left out.")
    for fault in our_faults:
        print(f"ours: {fault}", file=sys.stderr)
    return 1 if our_faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
