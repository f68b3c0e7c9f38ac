"""What the parser reads of papers, against what was typed from their pages, beside other engines in one run.

    python -m tests.benchmarks.parsing DATA                                     # kb, over all sets but the sealed one
    python -m tests.benchmarks.parsing DATA --only tables signs --set dev --faults
    python -m tests.benchmarks.parsing DATA --peer pypdf pymupdf4llm --peers-python ENV/bin/python --keep FOLDER
    python -m tests.benchmarks.parsing DATA --sealed --out figures.json         # the sealed set alone: once an edition

DATA is the folder that holds ``pdfs``; files that are not in it are left out. What was typed stands there
(``truth.json``: title, authors, abstract, headings, labels) and in ``parsing_truth`` beside this module. Measures are
defined in ``parsing_measures.py``, figures stand in ``parsing.md``. Each file is read in a process of its own; a
file that an engine cannot read counts as one of which it read nothing. ``--keep`` keeps readings, their times too, by
the file, the engine's version (ours: the sources of ``kb``) and the program that asks it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pypdfium2

from tests.benchmarks.parsing_measures import MEASURES, UNITS, Point, Reading, Truth
from tests.benchmarks.peers.readings import ENGINES

HERE = Path(__file__).parent
TYPED = HERE / "parsing_truth"
PROGRAM = HERE / "peers" / "readings.py"
SEALED = ("ho2_0807.3577.pdf", "ho_mmda_spanless.pdf", "pf2_2.pdf", "pqa_paper.pdf", "us_layoutparser_fast.pdf")
"""Drawn by lot before the first change of this edition; of their scores nothing is learned while one works."""
SETS = ("dev", "other", "rest", "sealed")
WITNESSES = ("pdfium", "pypdf")
MOST_SECONDS = 600

Sums = dict[str, tuple[float, float]]


def set_of(file: str) -> str:
    """The set of a file, named by its path below ``pdfs``."""
    folder, name = file.split("/", 1)
    if folder == "parsing-dev":
        return "sealed" if name in SEALED else "dev"
    return "other" if folder == "other-fields" else "rest"


# ------------------------------------------------------------------------------------------ what was typed


def read_truth(pdfs: Path, *, typed: Path = TYPED) -> dict[str, Truth]:
    """All that was typed of each file that is there, by its path below ``pdfs`` (nothing of some: words and speed need
    nothing typed); what was typed for this benchmark stands above what came with the files."""
    truth: dict[str, Truth] = {f"{path.parent.name}/{path.name}": {} for path in pdfs.glob("*/*.pdf")}
    for path in sorted(pdfs.glob("*/truth.json")):
        for name, said in json.loads(path.read_text("utf-8")).items():
            record = {key: said[key] for key in said.keys() & _FRONT}
            first = said.get("first_affiliation") or said.get("affiliation")
            if first and said.get("authors"):
                record["affiliations"] = [{"author": said["authors"][0], "affiliations": [first]}]
            truth[f"{path.parent.name}/{name}"] = record
    for record in _records(typed / "front.json"):
        renamed = {key.replace("_starts", "_start").replace("_ends", "_end"): value for key, value in record.items()}
        truth.setdefault(record["file"], {}).update({key: renamed[key] for key in renamed.keys() & _FRONT})
    for record in _records(typed / "references.json"):
        truth.setdefault(record["file"], {})["references"] = record
    for record in _records(typed / "equations.json"):
        truth.setdefault(record["file"], {}).update({key: record[key] for key in record.keys() - {"file"}})
    for name in ("tables", "boxes", "signs", "order", "citations"):
        for record in _records(typed / f"{name}.json"):
            truth.setdefault(record["file"], {}).setdefault(name, []).append(record)
    return {file: truth[file] for file in sorted(truth) if (pdfs / file).exists()}


_FRONT = {"title", "authors", "affiliations", "abstract_start", "abstract_end", "keywords", "venue", "page_labels",
          "headings", "float_labels"}  # fmt: skip


def _records(path: Path) -> list[Truth]:
    return list(json.loads(path.read_text("utf-8"))) if path.exists() else []


def figure_text(path: Path, boxes: Iterable[Truth]) -> str:
    """What pdfium reads inside the boxes of figures."""
    found = []
    with pypdfium2.PdfDocument(path) as pdf:
        for box in boxes:
            if box["kind"] == "figure":
                page = pdf[box["page"] - 1]
                left, _, _, top = page.get_cropbox()
                x0, y0, x1, y1 = box["box"]
                found.append(page.get_textpage().get_text_bounded(left + x0, top - y1, left + x1, top - y0))
    return "\n".join(found)


# ------------------------------------------------------------------------------------------ what was read


class Engine:
    """One engine: its name, the Python that has it, and where readings are kept."""

    def __init__(self, name: str, *, python: str, keep: Path | None) -> None:
        self.name = name
        self._python = python
        self._keep = keep
        self.version = self._ask()
        self._made_from = f"{name} {self.version}".encode() + PROGRAM.read_bytes()
        if name == "kb":
            sources = [PROGRAM.with_name("reading_kb.py"), *sorted((HERE.parents[1] / "kb").rglob("*.py"))]
            self._made_from += b"".join(path.read_bytes() for path in sources)

    def _ask(self, *arguments: str) -> Any:
        command = [self._python, str(PROGRAM), self.name, *arguments]
        environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1]) if self.name == "kb" else ""}
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=MOST_SECONDS, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{self.name}: {(done.stderr.strip() or 'no reason given').splitlines()[-1][:300]}")
        return json.loads(done.stdout)

    def read(self, path: Path) -> Reading | None:
        """The reading of a file, None where it cannot be read."""
        made_from = hashlib.sha256(self._made_from + path.read_bytes()).hexdigest()
        kept = self._keep / f"{made_from}.json" if self._keep else None
        if kept and kept.exists():
            return dict(json.loads(kept.read_text("utf-8")))
        try:
            reading = dict(self._ask(str(path)))
        except (RuntimeError, subprocess.TimeoutExpired) as err:
            print(f"{path.name}: {err}", file=sys.stderr)
            return None
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(reading), "utf-8")
        return reading

    def read_all(self, paths: Sequence[Path], *, at_once: int) -> list[Reading]:
        """Readings of all files; one that cannot be read has all that the engine offers, empty."""
        with ThreadPoolExecutor(at_once) as pool:
            readings = list(pool.map(self.read, paths))
        empty = {key: type(value)() for reading in readings if reading for key, value in reading.items()}
        return [empty if reading is None else reading for reading in readings]


# ------------------------------------------------------------------------------------------ scores


def points_of(truth: Truth, reading: Reading, only: Sequence[str]) -> list[Point]:
    """All points of one file."""
    return [point for name in only for point in MEASURES[name](truth, reading)]


def summed(points: Iterable[Point]) -> Sums:
    """Reached and out of how much, for each figure, in the order met."""
    sums: Sums = {}
    for point in points:
        reached, of = sums.get(point.name, (0.0, 0.0))
        sums[point.name] = reached + point.reached, of + point.of
    return sums


def print_table(columns: Mapping[str, Sums], *, counted: bool) -> None:
    """A Markdown table, a row a figure; ``counted``: with what it is out of."""
    names = dict.fromkeys(name for sums in columns.values() for name in sums)
    print(f"| | {' | '.join(columns)} |\n|{' --- |' * (1 + len(columns))}")
    for name in names:
        unit, factor = UNITS.get(name, ("%", 100.0))
        cells = []
        for sums in columns.values():
            reached, of = sums.get(name, (0.0, 0.0))
            of_text = f" ({of:.0f})" if counted and unit else ""
            cells.append(f"{factor * reached / of:.1f}{of_text}" if of else "–")
        print(f"| {name}{unit and f', {unit}'} | {' | '.join(cells)} |")


def main() -> None:
    """Read, score, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", nargs="+", choices=list(MEASURES), default=list(MEASURES), metavar="MEASURE",
                        help=", ".join(MEASURES))  # fmt: skip
    parser.add_argument("--set", nargs="+", choices=SETS[:-1], default=SETS[:-1], dest="sets")
    parser.add_argument("--sealed", action="store_true", help="the sealed set, and no other")
    parser.add_argument("--file", nargs="+", default=[], help="only files whose name holds one of these")
    parser.add_argument("--peer", nargs="+", choices=[n for n in ENGINES if n != "kb"], default=[])
    parser.add_argument("--peers-python", default=sys.executable, help="the Python in whose environment peers are")
    parser.add_argument("--keep", type=Path, help="a folder for readings")
    parser.add_argument("--at-once", type=int, default=1, help="files that are read at once")
    parser.add_argument("--faults", action="store_true", help="name what kb read wrong")
    parser.add_argument("--out", type=Path, help="a JSON file for all figures, by engine and set and file")
    asked = parser.parse_args()
    pdfs = asked.data / "pdfs"
    sets = ("sealed",) if asked.sealed else asked.sets
    truth = {file: said for file, said in read_truth(pdfs).items() if set_of(file) in sets}
    truth = {file: said for file, said in truth.items() if not asked.file or any(n in file for n in asked.file)}
    if asked.sealed and (asked.faults or asked.file):
        raise SystemExit("of the sealed set there are sums alone: leave --faults and --file out")
    if not truth:
        raise SystemExit(f"no file of these sets is in {pdfs}: name the folder that holds pdfs/parsing-dev")
    paths = [pdfs / file for file in truth]
    ours = {name: Engine(name, python=sys.executable, keep=asked.keep) for name in ("kb", *WITNESSES)}
    peers = [Engine(name, python=asked.peers_python, keep=asked.keep) for name in asked.peer]
    witnesses = {
        name: [_text(reading) for reading in ours[name].read_all(paths, at_once=asked.at_once)]
        for name in (WITNESSES if "words" in asked.only else ())
    }
    for said, path in zip(truth.values(), paths, strict=True):
        if witnesses and "boxes" in said:
            said["figure_text"] = figure_text(path, said["boxes"])
    found: dict[str, dict[str, list[Point]]] = {}
    for engine in [ours["kb"], *peers]:
        readings = engine.read_all(paths, at_once=asked.at_once)
        for number, (file, reading) in enumerate(zip(truth, readings, strict=True)):
            judges = [texts[number] for name, texts in witnesses.items() if name != engine.name]
            said = {**truth[file], "witnesses": judges}
            found.setdefault(engine.name, {})[file] = points_of(said, reading, asked.only)
    _report(found, [*peers, ours["kb"]], sets=sets, asked=asked)


def _text(reading: Reading) -> str:
    return "\n".join(reading["page_texts"].values())


def _report(
    found: dict[str, dict[str, list[Point]]], engines: Sequence[Engine], *, sets: Sequence[str], asked: Any
) -> None:
    def of_set(engine: str, name: str) -> Sums:
        return summed(p for file, points in found[engine].items() if set_of(file) == name for p in points)

    counts = {name: sum(set_of(file) == name for file in found["kb"]) for name in sets}
    print(f"`python -m tests.benchmarks.parsing {' '.join(sys.argv[1:])}`, load {os.getloadavg()[0]:.1f}\n")
    print(f"kb, {', '.join(f'{name}: {count} files' for name, count in counts.items())}\n")
    print_table({name: of_set("kb", name) for name in sets if counts[name]}, counted=True)
    versions = {engine.name: engine.version for engine in engines}
    if len(found) > 1:
        for name in (name for name in sets if counts[name]):
            print(f"\nSide by side, {name}\n")
            print_table({engine: of_set(engine, name) for engine in found}, counted=False)
        print(f"\n{', '.join(f'{engine} {versions[engine]}' for engine in found)}")
    if asked.faults:
        for file, points in found["kb"].items():
            print(*(f"{file} · {point.name} · {point.fault}" for point in points if point.fault), sep="\n")
    if asked.out:
        figures: dict[str, Any] = {"versions": versions}
        figures["sets"] = {engine: {name: of_set(engine, name) for name in sets} for engine in found}
        if not asked.sealed:
            figures["files"] = {
                e: {file: summed(points) for file, points in files.items()} for e, files in found.items()
            }
        asked.out.write_text(json.dumps(figures, ensure_ascii=False, indent=1), "utf-8")


if __name__ == "__main__":
    main()
