"""What a screen needs besides the records: pages as pictures, figures, kept notes, and the library as a map."""

from __future__ import annotations

import hashlib
import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kb.errors import KbError, ParseError, foreign_errors
from kb.home import Home
from kb.library.indexing import index_state, open_vectors
from kb.library.parts import limits
from kb.protocols import Vectors
from kb.records import NO_FILTERS, Figure, Language, Note, Paper, Reason, Topic
from kb.rendering.reasons import told
from kb.settings import Settings

if TYPE_CHECKING:
    from kb.index.catalog import Catalog
    from kb.library.parts import Store

Plane = NDArray[np.float64]

_LARGEST_PIXELS = 12_000_000  # below what the renderer caps by itself, so that the scale asked for is the scale given
_SMALLEST_SCALE = 0.05
_PERPLEXITY = 30  # the neighbours that count for each point; van der Maaten and Hinton advise 5 to 50
_FEWEST_TO_ARRANGE = 4 * _PERPLEXITY
_ROUNDS = 500
_RECIPE = "t-sne 1"  # part of what an arrangement is kept under: a new way of making it is a new name
_BATCH_PAPERS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """A page of a PDF as a picture; its size in points places boxes (points, origin top left) on it."""

    page: int
    png: bytes
    width_points: float
    height_points: float


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


class View:
    """A store as a screen shows it."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings

    def page(self, paper: str, page: int, *, scale: float = 1.6) -> PageView:
        """A page (1-based) of the paper's stored PDF, rendered in the guarded child process.

        Raises:
            ParseError: ``no-text`` when the paper has no PDF, else as ``kb.parsing.worker.render_page``.
        """
        from kb.parsing.worker import render_page

        catalog = self._store.catalog()
        source = catalog.passages.source(catalog.papers.resolve(paper))
        if source is None or not source.file.endswith(".pdf"):
            raise ParseError("there is no PDF of this paper: kb add FILE.pdf stores one", code="no-text")
        path = self._store.home.files.get(source.file)
        while True:
            png = render_page(path, page=page, scale=scale, limits=limits(self._settings))
            width, height = struct.unpack(">II", png[16:24])  # the first chunk of a PNG is its header
            if width * height <= _LARGEST_PIXELS or scale <= _SMALLEST_SCALE:
                return PageView(page=page, png=png, width_points=width / scale, height_points=height / scale)
            scale /= 2

    def file(self, key: str) -> Path:
        """Where a file of the home (a figure, a PDF) is, by its key.

        Raises:
            BadRecord: when the text is no key.
            ParseError: when the file is missing or is not what its key says.
        """
        return self._store.home.files.get(key)

    def note(self, paper: str) -> Note | None:
        """The note of a paper if it was written already."""
        from kb.library.questions import kept_note

        catalog = self._store.catalog()
        return kept_note(catalog, self._settings, catalog.papers.resolve(paper))

    def figures(self, paper: str) -> list[Figure] | None:
        """The figures and tables of a paper if they were cut already; None when not."""
        from kb.library.questions import kept_figures

        catalog = self._store.catalog()
        return kept_figures(catalog, catalog.papers.resolve(paper))

    def told(self, reason: Reason | Iterable[Reason] | str | None, language: Language | None = None) -> str:
        """A reason, or several, as a sentence in a language (that of the library if None); "" for none."""
        return told(reason, language or self._settings.language)

    def map(self, *, limit: int = 2_000) -> PaperMap:
        """At most ``limit`` papers, evenly over all days, as points of a plane in which similar abstracts lie near each
        other; none where fewer than three have vectors.

        They lie as ``arrange`` has put them, else by their widest axes, which costs next to nothing.
        """
        home, catalog = self._store.home, self._store.catalog()
        keys, vectors = _sample(home, catalog, limit=limit)
        if len(keys) < 3:
            return PaperMap(points=(), arranged=True)
        kept = _kept(_place(home, vectors), len(keys))
        placed = project(vectors) if kept is None else kept
        papers, topics = catalog.papers.many(keys), catalog.ledger.topics()
        points = tuple(
            MapPoint(
                paper_id=key, title=papers[key].title, x=float(x), y=float(y), category=_category_of(papers[key]),
                topic=_topic_of(papers[key], topics), month=_month(papers[key]),
            )
            for key, (x, y) in zip(keys, placed, strict=True)
            if key in papers
        )  # fmt: skip
        return PaperMap(points=points, arranged=kept is not None or len(keys) < _FEWEST_TO_ARRANGE)

    def arrange_map(self, *, limit: int = 2_000) -> None:
        """Bring the papers of the map near their neighbours, and keep where they lie; about 10 s for 3,000 papers."""
        keys, vectors = _sample(self._store.home, self._store.catalog(), limit=limit)
        path = _place(self._store.home, vectors)
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

    def months(self) -> list[MonthCount]:
        """All papers by month, first category and first topic; the earliest month first."""
        catalog = self._store.catalog()
        ids, topics = catalog.papers.ids(NO_FILTERS), catalog.ledger.topics()
        counted: Counter[tuple[str, str, str]] = Counter()
        for at in range(0, len(ids), _BATCH_PAPERS):
            for paper in catalog.papers.many(ids[at : at + _BATCH_PAPERS]).values():
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
    begin = project(vectors)
    spread = begin[:, 0].std()
    with foreign_errors(lambda said: KbError(f"the map cannot be arranged ({said}): pip install -U scikit-learn")):
        from sklearn.manifold import TSNE  # type: ignore[import-untyped]
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        with threadpool_limits(limits=1, user_api="openmp"):
            placed = TSNE(
                metric="cosine", perplexity=_PERPLEXITY, max_iter=_ROUNDS, init=begin / (spread or 1.0) * 1e-4,
                random_state=0, n_jobs=1,
            ).fit_transform(vectors)  # fmt: skip
    return _within(placed - placed.mean(axis=0))


def _within(placed: Plane) -> Plane:
    reach = np.abs(placed).max(axis=0)
    return np.asarray(placed / np.where(reach > 0, reach, 1.0), dtype=np.float64)


def _sample(home: Home, catalog: Catalog, *, limit: int) -> tuple[list[str], Vectors]:
    """Ids and the vectors of their first passages, every n-th paper from the newest on."""
    ids = catalog.papers.ids(NO_FILTERS)
    keys = catalog.passages.first_keys(ids[:: max(1, -(-len(ids) // limit))])
    state = index_state(home, catalog)
    if state.encoder is None or not keys:
        return [], np.empty((0, state.dimension), dtype=np.float32)
    rows, _ = open_vectors(state.folders["vectors"], fingerprint=state.encoder, dimension=state.dimension)
    return list(keys), np.asarray(rows.get(list(keys.values())))


def _place(home: Home, vectors: Vectors) -> Path:
    """Where the arrangement of these vectors is kept."""
    digest = hashlib.sha256(f"{_RECIPE} {vectors.shape}".encode() + vectors.tobytes()).hexdigest()
    return home.cache_path / "map" / f"{digest[:32]}.npy"


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
