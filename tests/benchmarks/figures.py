"""Score the figures and tables that are cut from papers against boxes drawn by eye.

    python -m tests.benchmarks.figures DATA_FOLDER [--half tuned|held-out] [--verbose]

A float is right when one is found on its page with its label and the intersection over union of the two boxes is
at least 0.8 (the criterion of PDFFigures 2.0). Precision counts every float that was returned, recall every float
of the truth; papers that are not in the folder are named and left out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from kb.parsing.document import read_pdf
from kb.parsing.figures import cut_pictures
from kb.records import Box, FigurePlace

TRUTH = Path(__file__).with_name("figures_truth.json")
MIN_OVERLAP = 0.8
_MOST_PAGES = 400


@dataclass(slots=True)
class Score:
    """Counts of one paper or of a class of papers; ``faults`` names each miss and each false find."""

    right: int = 0
    found: int = 0
    wanted: int = 0
    pages: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def add(self, other: Score) -> None:
        """Sum up."""
        self.right += other.right
        self.found += other.found
        self.wanted += other.wanted
        self.pages += other.pages
        self.seconds += other.seconds
        self.faults += other.faults

    @property
    def precision(self) -> float:
        """Right among found; 0 when nothing was found."""
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """Right among wanted."""
        return self.right / self.wanted if self.wanted else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CutFigure(FigurePlace):
    """A figure or table with its picture (PNG)."""

    png: bytes


def cut_figures(data: bytes) -> list[CutFigure]:
    """All figures and tables of a PDF, in reading order."""
    places = read_pdf(data, max_pages=_MOST_PAGES).figures or ()
    pictures = cut_pictures(data, [place.picture for place in places])
    return [
        CutFigure(**{each.name: getattr(place, each.name) for each in fields(place)}, png=png)
        for place, png in zip(places, pictures, strict=True)
    ]


def overlap(box: Box, truth: Sequence[float]) -> float:
    """Intersection over union, in [0, 1]."""
    width = min(box.x1, truth[2]) - max(box.x0, truth[0])
    height = min(box.y1, truth[3]) - max(box.y0, truth[1])
    shared = max(0.0, width) * max(0.0, height)
    both = (box.x1 - box.x0) * (box.y1 - box.y0) + (truth[2] - truth[0]) * (truth[3] - truth[1]) - shared
    return shared / both if both > 0 else 0.0


def score_paper(paper: dict[str, Any], found: Sequence[FigurePlace]) -> Score:
    """Match what was found to the truth of one paper; each truth is matched once."""
    score = Score(found=len(found), wanted=len(paper["floats"]), pages=paper["pages"])
    left = list(paper["floats"])
    for image in found:
        same = [f for f in left if f["page"] == image.page and f["label"] == image.label]
        best = max(same, key=lambda f: overlap(image.box, f["box"]), default=None)
        value = overlap(image.box, best["box"]) if best else 0.0
        if best is not None and value >= MIN_OVERLAP:
            score.right += 1
            left.remove(best)
        else:
            score.faults.append(f"{paper['file']} p{image.page} {image.label}: found, overlap {value:.2f} {image.box}")
    score.faults += [f"{paper['file']} p{f['page']} {f['label']}: missed {f['box']}" for f in left]
    return score


def locate(paper: dict[str, Any], folder: Path) -> Path | None:
    """The paper's file, when it is in the folder unchanged."""
    for path in sorted(folder.rglob(paper["file"])):
        if hashlib.sha256(path.read_bytes()).hexdigest() == paper["sha256"]:
            return path
    return None


def score_folder(folder: Path, *, half: str | None = None, truth: Path = TRUTH) -> tuple[dict[str, Score], list[str]]:
    """Scores by layout class and by paper ("latex", "odd", and each file's name), and the papers that are absent."""
    scores: dict[str, Score] = {}
    absent: list[str] = []
    for paper in json.loads(truth.read_text())["papers"]:
        if half is not None and paper["held_out"] != (half == "held-out"):
            continue
        path = locate(paper, folder)
        if path is None:
            absent.append(paper["file"])
            continue
        start = time.perf_counter()
        found = cut_figures(path.read_bytes())
        score = score_paper(paper, found)
        score.seconds = time.perf_counter() - start
        scores[paper["file"]] = score
        scores.setdefault(paper["layout"], Score()).add(score)
    return scores, absent


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--half", choices=["tuned", "held-out"])
    parser.add_argument("--truth", type=Path, default=TRUTH)
    parser.add_argument("--verbose", action="store_true")
    asked = parser.parse_args()
    scores, absent = score_folder(asked.folder, half=asked.half, truth=asked.truth)
    print(f"{'':40s} wanted found right  precision recall  pages/s")
    for name, score in scores.items():
        speed = score.pages / score.seconds if score.seconds else 0.0
        print(f"{name[:40]:40s} {score.wanted:6d} {score.found:5d} {score.right:5d}  {score.precision:9.3f}"
              f" {score.recall:6.3f}  {speed:7.1f}")  # fmt: skip
    if asked.verbose:
        for name in ("latex", "odd"):
            print(*(scores[name].faults if name in scores else []), sep="\n")
    if absent:
        print("left out, not in the folder:", ", ".join(absent))


if __name__ == "__main__":
    main()
