"""Does the order of a day follow what a reader likes? Tried on simulated readers.

``python -m tests.benchmarks.interest DATA``

A simulated reader has one area of interest, a pattern over title and abstract that no way of ordering is shown. From
the first days he likes twenty papers of it and dislikes ten others, drawn by lot. On each later day the papers are put
in order, and it is counted how many of the first eight are of his area, out of as many as there could be (at most
eight). ``DATA`` holds ``arxiv/records.jsonl.gz``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import numpy as np

from kb.records import Paper, Topic
from kb.writing import relevance
from kb.writing.relevance import Anchor, rank
from tests.benchmarks.encoding import load_encode

AREAS = {
    "Gaussian splatting": r"gaussian splat",
    "medical segmentation": r"(medical|lesion|tumou?r|organ)\b.{0,60}segment|segment.{0,60}(medical|lesion|tumou?r)",
    "hallucination": r"hallucinat",
    "autonomous driving": r"autonomous driving",
    "machine translation": r"machine translation",
    "fast diffusion": r"(accelerat|few-step|distill).{0,60}diffusion|diffusion.{0,60}(accelerat|few-step|distill)",
    "remote sensing": r"remote sensing|satellite",
    "code generation": r"code generation|program synthesis",
    "retrieval augmented": r"retrieval-augmented",
    "speech": r"\bspeech\b",
    "robot manipulation": r"robot(ic)? manipulation|vision-language-action",
    "video generation": r"video generation",
    "learning to reason": r"reinforcement learning.{0,80}reason|reason.{0,80}reinforcement learning",
    "forgeries": r"deepfake|forger",
    "fairness": r"\bfairness\b|gender bias",
    "poses": r"pose estimation|human motion",
    "law": r"\blegal\b",
    "anomalies": r"anomaly detection",
}
FIRST, SEEN, LAST = "2026-03-08", "2026-03-22", "2026-03-31"  # likes are from the days before the second
LIKED, DISLIKED, SHOWN, LOTS = 20, 10, 8, 3
_FEWEST = 50  # papers of a day that is looked at

Order = Callable[[Sequence[Paper], Sequence[Paper], Sequence[Paper], str], list[str]]


def main() -> None:
    """Print a line for each way, and one for each area."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    days = _days(parser.parse_args().data / "arxiv" / "records.jsonl.gz")
    encode = load_encode()
    encode([relevance.text_of(paper) for papers in days.values() for paper in papers])

    def product(papers: Sequence[Paper], liked: Sequence[Paper], disliked: Sequence[Paper], area: str) -> list[str]:
        anchors = [Anchor(paper=one, weight=1.0, standing="liked") for one in liked]
        anchors += [Anchor(paper=one, weight=-1.0, standing="disliked") for one in disliked]
        return [paper.id for paper, _ in rank(papers, topic=None, anchors=anchors, encode=encode)]

    def without_dislikes(papers: Sequence[Paper], liked: Sequence[Paper], _: Sequence[Paper], area: str) -> list[str]:
        return product(papers, liked, (), area)

    def nearest(papers: Sequence[Paper], liked: Sequence[Paper], _: Sequence[Paper], area: str) -> list[str]:
        ours, theirs = (encode([relevance.text_of(one) for one in some]) for some in (papers, liked))
        return _by(papers, (ours @ theirs.T).max(axis=1).tolist())

    def by_date(papers: Sequence[Paper], *_: object) -> list[str]:
        return sorted((paper.id for paper in papers), reverse=True)

    def by_match(papers: Sequence[Paper], liked: Sequence[Paper], _: Sequence[Paper], area: str) -> list[str]:
        words = " OR ".join(f"all:{word}" for word in re.findall(r"[a-z]{4,}", area.lower()))
        topic = Topic(name="t", query=words)
        return [paper.id for paper, _ in rank(papers, topic=topic, anchors=(), encode=encode)]

    ways: dict[str, Order] = {
        "by date": by_date, "by search match (the area's name as a query)": by_match, "nearest liked paper": nearest,
        "the product": product, "the product, nothing disliked": without_dislikes,
    }  # fmt: skip
    for name, way in ways.items():
        started, ordered = time.perf_counter(), [0]
        shares = {area: _shares(area, pattern, days, way, ordered) for area, pattern in AREAS.items()}
        every = np.array([share for several in shares.values() for share in several])
        took = (time.perf_counter() - started) / ordered[0]
        halves = [np.mean([s for area in list(shares)[half::2] for s in shares[area]]) for half in (0, 1)]
        print(f"| {name} | {every.mean():.3f} | {halves[0]:.3f} / {halves[1]:.3f} | {1000 * took:.0f} |", flush=True)
        if name == "the product":
            told = {area: round(float(np.mean(several)), 2) for area, several in shares.items()}
    print(f"{len(every)} days of {len(AREAS)} areas x {LOTS} readers;", json.dumps(told))


def _days(path: Path) -> dict[str, list[Paper]]:
    days: dict[str, list[Paper]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            made = json.loads(line)
            day = max((one for one in made.get("listed") or [] if one <= LAST), default="")
            if day >= FIRST:
                paper = Paper(
                    id=f"arxiv:{made['id']}", title=made["title"], abstract=" ".join(made["abstract"].split()),
                    announced=(date.fromisoformat(day),),
                )  # fmt: skip
                days.setdefault(day, []).append(paper)
    return {day: papers for day, papers in sorted(days.items()) if len(papers) >= _FEWEST}


def _shares(area: str, pattern: str, days: dict[str, list[Paper]], order: Order, ordered: list[int]) -> list[float]:
    """For each reader of an area and later day the share of the area among the first eight."""
    own = {paper.id for several in days.values() for paper in several if _is_of(pattern, paper)}
    before = [paper for day, several in days.items() if day < SEEN for paper in several]
    inside = [paper for paper in before if paper.id in own]
    found = []
    for reader in range(LOTS):
        lots = random.Random(f"{area} {reader}")
        liked = lots.sample(inside, min(LIKED, len(inside)))
        disliked = lots.sample([paper for paper in before if paper.id not in own], DISLIKED)
        for day, papers in days.items():
            could = min(SHOWN, sum(paper.id in own for paper in papers))
            if day >= SEEN and could:
                first = order(papers, liked, disliked, area)[:SHOWN]
                ordered[0] += 1
                found.append(sum(one in own for one in first) / could)
    return found


def _is_of(pattern: str, paper: Paper) -> bool:
    return re.search(pattern, relevance.text_of(paper).lower(), re.DOTALL) is not None


def _by(papers: Sequence[Paper], scores: Sequence[float]) -> list[str]:
    ordered = sorted(zip(papers, scores, strict=True), key=lambda pair: (-round(pair[1], 6), pair[0].id))
    return [paper.id for paper, _ in ordered]


if __name__ == "__main__":
    main()
