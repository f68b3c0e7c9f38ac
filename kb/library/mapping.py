"""The library as a picture: papers as points of a plane in which similar abstracts lie near each other."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kb.library.indexing import open_vectors
from kb.protocols import Vectors
from kb.records import NO_FILTERS, Paper, Topic

if TYPE_CHECKING:
    from kb.library import Library

Plane = NDArray[np.float64]

_PERPLEXITY = 30  # the neighbours that count for each point; van der Maaten and Hinton advise 5 to 50
_FEWEST_TO_ARRANGE = 4 * _PERPLEXITY
_ROUNDS = 500
_RECIPE = "t-sne 1"  # part of what an arrangement is kept under: a new way of making it is a new name
_BATCH_PAPERS = 2_000


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperMap:
    """The points; ``arranged`` when neighbours were brought together, else they lie as the widest axes have them."""

    points: tuple[MapPoint, ...]
    arranged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthCount:
    """How many papers of a month (``2024-03``) have this first category and this first topic."""

    month: str
    category: str
    topic: str
    count: int


def paper_map(library: Library, *, limit: int) -> PaperMap:
    """At most ``limit`` papers, evenly over all days, as points; none where fewer than three have vectors.

    They lie as ``arrange_map`` has put them, else by their widest axes, which costs next to nothing.
    """
    keys, vectors = _sample(library, limit=limit)
    if len(keys) < 3:
        return PaperMap(points=(), arranged=True)
    kept = _kept(_place(library, vectors), len(keys))
    placed = project(vectors) if kept is None else kept
    papers, topics = library.catalog().papers.many(keys), library.topics()
    points = tuple(
        MapPoint(
            paper_id=key, title=papers[key].title, x=float(x), y=float(y), category=_category_of(papers[key]),
            topic=_topic_of(papers[key], topics), month=_month(papers[key]),
        )
        for key, (x, y) in zip(keys, placed, strict=True)
        if key in papers
    )  # fmt: skip
    return PaperMap(points=points, arranged=kept is not None or len(keys) < _FEWEST_TO_ARRANGE)


def arrange_map(library: Library, *, limit: int) -> None:
    """Bring the papers of the map near their neighbours, and keep where they lie; about 10 s for 3,000 papers."""
    keys, vectors = _sample(library, limit=limit)
    path = _place(library, vectors)
    if len(keys) < _FEWEST_TO_ARRANGE or _kept(path, len(keys)) is not None:
        return
    placed = arrange(vectors)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in path.parent.glob("*.npy"):
        old.unlink(missing_ok=True)
    writing = path.with_suffix(".part")
    with writing.open("wb") as file:
        np.save(file, placed)
    writing.replace(path)


def month_counts(library: Library) -> list[MonthCount]:
    """All papers by month, first category and first topic; the earliest month first."""
    papers, topics = library.catalog().papers, library.topics()
    ids = papers.ids(NO_FILTERS)
    counted: Counter[tuple[str, str, str]] = Counter()
    for at in range(0, len(ids), _BATCH_PAPERS):
        for paper in papers.many(ids[at : at + _BATCH_PAPERS]).values():
            counted[_month(paper), _category_of(paper), _topic_of(paper, topics)] += 1
    return [
        MonthCount(month=month, category=category, topic=topic, count=count)
        for (month, category, topic), count in sorted(counted.items())
        if month
    ]


def project(vectors: Vectors) -> Plane:
    """(n, 2) coordinates in [-1, 1]: the first two principal components (Pearson 1901; Hotelling 1933).

    The sign of a component is free: the one is taken whose strongest loading is positive, so that the same library
    gives the same picture.
    """
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)  # ascending: the last two are the widest
    widest = axes[:, [-1, -2]]
    strongest = np.abs(widest).argmax(axis=0)
    return _within(centred @ (widest * np.sign(widest[strongest, [0, 1]])))


def arrange(vectors: Vectors) -> Plane:
    """(n, 2) coordinates in [-1, 1] by t-SNE (van der Maaten and Hinton 2008; Barnes-Hut: van der Maaten 2014).

    It begins with the principal components, as Kobak and Berens (2019) advise, and works on one thread, so that the
    same library gives the same picture. ``n`` must be 120 or more.
    """
    from sklearn.manifold import TSNE  # type: ignore[import-untyped]
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    begin = project(vectors)
    spread = begin[:, 0].std()
    with threadpool_limits(limits=1, user_api="openmp"):
        placed = TSNE(
            metric="cosine", perplexity=_PERPLEXITY, max_iter=_ROUNDS, init=begin / (spread or 1.0) * 1e-4,
            random_state=0, n_jobs=1,
        ).fit_transform(vectors)  # fmt: skip
    return _within(placed - placed.mean(axis=0))


def _within(placed: Plane) -> Plane:
    reach = np.abs(placed).max(axis=0)
    return np.asarray(placed / np.where(reach > 0, reach, 1.0), dtype=np.float64)


def _sample(library: Library, *, limit: int) -> tuple[list[str], Vectors]:
    """Ids and the vectors of their first passages, every n-th paper from the newest on."""
    catalog = library.catalog()
    ids = catalog.papers.ids(NO_FILTERS)
    keys = catalog.passages.first_keys(ids[:: max(1, -(-len(ids) // limit))])
    made_with = catalog.fact("encoder")
    dimension = int(catalog.fact("dimension") or 0)
    if made_with is None or not keys:
        return [], np.empty((0, dimension), dtype=np.float32)
    rows, _ = open_vectors(library.home.vectors_path, fingerprint=made_with, dimension=dimension)
    return list(keys), np.asarray(rows.get(list(keys.values())))


def _place(library: Library, vectors: Vectors) -> Path:
    """Where the arrangement of these vectors is kept."""
    digest = hashlib.sha256(f"{_RECIPE} {vectors.shape}".encode() + vectors.tobytes()).hexdigest()
    return library.home.cache_path / "map" / f"{digest[:32]}.npy"


def _kept(path: Path, count: int) -> Plane | None:
    try:
        placed = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None  # not made yet, or half of a file: it is made again
    return placed if placed.shape == (count, 2) and np.isfinite(placed).all() else None


def _category_of(paper: Paper) -> str:
    return next(iter(paper.categories), "")


def _topic_of(paper: Paper, topics: Sequence[Topic]) -> str:
    from kb.writing.topics import judge

    return next((topic.name for topic in topics if judge(topic, paper).inside), "")


def _month(paper: Paper) -> str:
    day = paper.published or max(paper.announced, default=None)
    return day.strftime("%Y-%m") if day else ""
