"""First pages of papers whose authors, places, abstract, venue and year are known: they were set from them.

    python -m tests.benchmarks.front_pages DATA OUT [--each 10] [--own 400]

DATA is the folder that holds ``arxiv``: titles, names and abstracts are those of its records (CC0), places are made of
parts. OUT gets a PDF and a JSON file a paper. Pages are set in two ways: by the classes of journals, conferences and
societies that TeX Live brings (``CLASSES``; Debian: texlive-publishers, texlive-latex-extra, texlive-science,
texlive-fonts-extra, texlive-plain-generic, lmodern, cm-super), and in styles of our own making, in which everything is
drawn at random: columns, type, marks, who stands where, what head and foot say. ``HELD_BACK`` names the classes, drawn
by lot before the first was set, of which only sums are looked at.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pypdf

from tests.benchmarks.front_classes import CLASSES
from tests.benchmarks.front_styles import own
from tests.benchmarks.front_works import Front, Matter
from tests.benchmarks.latex_pages import set_pdf

_TWICE = re.compile(r"\\documentclass(?:\[[^]]*\])?\{(?:elsarticle|cas-|acmart|apa7|asme|aastex|llncs)")
"""Classes whose marks are references, which LaTeX knows at the second run."""
_MOST_PAGES = 12


def set_page(source: str, *, to: Path) -> bool:
    """Sets a LaTeX file and keeps what comes of it; whether it is a paper of few pages."""
    made = set_pdf(source, to=to, steps=["pdflatex"] * (2 if _TWICE.match(source) else 1))
    if made and len(pypdf.PdfReader(to).pages) > _MOST_PAGES:
        to.unlink()
        return False
    return made


def main() -> None:
    """Set pages by the classes and in styles of our own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--each", type=int, default=10, help="papers of a class")
    parser.add_argument("--own", type=int, default=400, help="papers in styles of our own")
    parser.add_argument("--only", nargs="+", help="these classes alone")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    matter = Matter(asked.data, random.Random(1))
    makers = {name: made for name, made in CLASSES.items() if not asked.only or name in asked.only}
    jobs: list[tuple[str, int, Callable[[Front, random.Random], str]]] = []
    share = -(-asked.own // max(1, asked.each))
    for at in range(asked.each):
        jobs += [("own", number, own) for number in range(at * share, min((at + 1) * share, asked.own))]
        jobs += [(name, at, made) for name, made in makers.items()]
    failed: dict[str, int] = {}
    for name, at, made in jobs:
        draw = matter.draw = random.Random(f"{name} {at}")
        front, to = matter.front(), asked.out / f"{name}.{at:04}.pdf"
        if to.with_suffix(".json").exists():
            continue
        if set_page(made(front, draw), to=to):
            said = {key: value for key, value in asdict(front).items() if key != "text"}
            to.with_suffix(".json").write_text(json.dumps(said, ensure_ascii=False), "utf-8")
        else:
            failed[name] = failed.get(name, 0) + 1
    print(f"{len(jobs)} papers, not set: {failed or 'none'}")


if __name__ == "__main__":
    main()
