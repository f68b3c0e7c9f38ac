"""The library as a picture: papers as points of a plane in which similar abstracts lie near each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kb.library.indexing import open_vectors
from kb.protocols import Vectors
from kb.records import NO_FILTERS, Paper, Topic

if TYPE_CHECKING:
    from kb.library import Library


@dataclass(frozen=True, slots=True, kw_only=True)
class MapPoint:
    """One paper on the map; ``x`` and ``y`` are in [-1, 1], ``topic`` is the first that has it, else empty."""

    paper_id: str
    title: str
    x: float
    y: float
    category: str
    topic: str
    month: str


def paper_map(library: Library, *, limit: int) -> list[MapPoint]:
    """The newest ``limit`` papers as points; empty where fewer than three have vectors."""
    catalog = library.catalog()
    ids = catalog.papers.ids(NO_FILTERS, limit=limit)
    keys = catalog.passages.first_keys(ids)
    made_with = catalog.fact("encoder")
    if made_with is None or len(keys) < 3:
        return []
    dimension = int(catalog.fact("dimension") or 0)
    rows, _ = open_vectors(library.home.vectors_path, fingerprint=made_with, dimension=dimension)
    vectors = rows.get(list(keys.values()))
    papers, topics = catalog.papers.many(list(keys)), library.topics()
    return [
        MapPoint(
            paper_id=paper_id, title=papers[paper_id].title, x=float(x), y=float(y),
            category=next(iter(papers[paper_id].categories), ""), topic=_topic_of(papers[paper_id], topics),
            month=_month(papers[paper_id]),
        )
        for paper_id, (x, y) in zip(keys, project(vectors), strict=True)
    ]  # fmt: skip


def project(vectors: Vectors) -> NDArray[np.float64]:
    """(n, 2) coordinates in [-1, 1]: the first two principal components (Pearson 1901; Hotelling 1933).

    The sign of a component is free: the one is taken whose strongest loading is positive, so that the same library
    gives the same picture.
    """
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)  # ascending: the last two are the widest
    widest = axes[:, [-1, -2]]
    strongest = np.abs(widest).argmax(axis=0)
    placed = centred @ (widest * np.sign(widest[strongest, [0, 1]]))
    reach = np.abs(placed).max(axis=0)
    return np.asarray(placed / np.where(reach > 0, reach, 1.0))


def _topic_of(paper: Paper, topics: list[Topic]) -> str:
    from kb.writing.topics import judge

    return next((topic.name for topic in topics if judge(topic, paper).inside), "")


def _month(paper: Paper) -> str:
    day = paper.published or max(paper.announced, default=None)
    return day.strftime("%Y-%m") if day else ""
