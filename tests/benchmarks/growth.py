"""Growth curves: adding, searching, memory and disk from a thousand chunks to half a million, on log axes.

Above the records that there are, records are made of them: the words of each sentence shuffled, ids and titles
counted on. Vectors are made, too, or the encoder's arithmetic (a constant for each chunk, measured by
``add-records``) would hide everything else: each is a real passage's vector of a pool, turned a little at random.
"""

from __future__ import annotations

import gzip
import itertools
import json
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from kb import Library, Settings
from kb.protocols import Encoder, Vectors
from kb.records import Item, Metadata, SourceRecord
from tests.benchmarks.plots import log_plot
from tests.benchmarks.stages import peak_rss_mb

SIZES = (1_000, 3_000, 10_000, 30_000, 54_000, 100_000, 200_000, 500_000)
_POOL = 512
_NOISE = 0.6  # of a vector's length: neighbours of one pool vector have a cosine near .7
_QUERIES = 100


class PerturbingEncoder:
    """Counts and encodes queries as the real encoder; passages get vectors of a pool with noise."""

    def __init__(self, encoder: Encoder, pool: Vectors) -> None:
        self._encoder, self._pool = encoder, pool
        self.fingerprint, self.dimension = encoder.fingerprint, encoder.dimension
        self.max_tokens = encoder.max_tokens
        self._random = np.random.default_rng(0)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._encoder.count_tokens(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        chosen = self._pool[self._random.integers(len(self._pool), size=len(texts))]
        noise = self._random.standard_normal(chosen.shape, dtype=np.float32) * (_NOISE / np.sqrt(self.dimension))
        vectors = chosen + noise
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    def encode_query(self, text: str) -> Vectors:
        return self._encoder.encode_query(text)


def grow(records: Path, *, sizes: Sequence[int], out: Path) -> None:
    """Grow one home through the sizes (chunks); print a table and write the plot."""
    from tests.benchmarks.speed import serve_apart, table, titles

    queries = titles(records, _QUERIES)
    rows: list[tuple[int, float, float, float, float, float, float]] = []
    with tempfile.TemporaryDirectory() as folder, Library.open(Settings(home=folder)) as library:
        real = library._models.encoder()
        items = endless(records)
        pool = real.encode_passages([item.metadata.abstract or "" for item in itertools.islice(items, _POOL)])  # type: ignore[union-attr]
        library._models._encoder = PerturbingEncoder(real, pool)  # type: ignore[assignment]
        chunks = 0
        for size in sizes:
            cpu, wall, before = time.process_time(), time.perf_counter(), chunks
            while chunks < size:
                library.add(items=itertools.islice(items, max(64, min(5_000, (size - chunks) // 2))))
                chunks = library._store.catalog().passages.count()
            added = max(1, chunks - before)
            cpu, wall = 1e3 * (time.process_time() - cpu) / added, 1e3 * (time.perf_counter() - wall) / added
            served = serve_apart(library._store.home.path, queries, mode="hybrid")
            disk = library._store.home.size_bytes() / 1e6
            rows.append((chunks, cpu, wall, served["p50"], served["peak"], peak_rss_mb(), disk))
            print(f"done: {rows[-1]}", flush=True)
    columns = ("chunks", "add CPU ms/chunk", "add wall ms/chunk", "search p50 ms", "serving RSS MB", "adding RSS MB",
               "disk MB")  # fmt: skip
    table(columns, [(row[0], *(f"{value:.2f}" for value in row[1:4]), *(f"{v:.0f}" for v in row[4:])) for row in rows])
    curves = {name: [(row[0], row[i]) for row in rows] for i, name in enumerate(columns) if i}
    out.write_text(log_plot(curves, title="Growth; vectors perturbed, text shuffled above the real records"))


def endless(records: Path) -> Iterator[Item]:
    """The records, then the same with the words of every sentence shuffled, again and again."""
    for turn in itertools.count():
        shuffler = random.Random(turn)
        with gzip.open(records, "rt", encoding="utf-8") as stream:
            for line in stream:
                record = json.loads(line)
                title, abstract = record["title"], record["abstract"]
                if turn:
                    title = f"{_shuffled(title, shuffler)} {turn}"
                    abstract = " ".join(_shuffled(part, shuffler) for part in abstract.split(". "))
                key = f"arxiv:{record['id']}" if not turn else f"doi:10.9999/{turn}.{record['id']}".lower()
                authors, categories = tuple(record["authors"]), tuple(record["categories"])
                metadata = Metadata(source="jsonl", ids=(key,), title=title, authors=authors, abstract=abstract,
                                    categories=categories)  # fmt: skip
                yield Item(what=key, record=SourceRecord(source="jsonl", type="kb", key=key, metadata=metadata))


def _shuffled(sentence: str, shuffler: random.Random) -> str:
    words = sentence.rstrip(".").split()
    shuffler.shuffle(words)
    return f"{' '.join(words)}.".capitalize()
