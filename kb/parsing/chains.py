"""Linear-chain conditional random fields: the likeliest chain of labels over things in a row.

(Lafferty et al. 2001.) Features are hashed (Weinberger et al. 2009), so that the weights of a chain, a file in
``data``, stay small. Words of references and lines of first pages are labelled with it; ``tests/benchmarks`` trains it.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Chain:
    """A trained chain.

    Args:
        weights: ``features`` (buckets, labels) in units of ``scale``; ``transitions`` (labels + 1, labels) from label
            to label, the last row to the first thing; ``final`` (labels,) behind the last.
        labels: what a thing can be, in the order of the columns.
    """

    def __init__(self, weights: Mapping[str, NDArray[Any]], *, labels: Sequence[str]) -> None:
        self._emissions: NDArray[np.float32] = weights["features"].astype(np.float32) * weights["scale"]
        self._transitions: NDArray[np.float32] = weights["transitions"].astype(np.float32)
        self._final: NDArray[np.float32] = weights["final"].astype(np.float32)
        self._labels = tuple(labels)

    def labelled(self, rows: Sequence[Sequence[str]]) -> list[str]:
        """The label of each thing, from its features."""
        if not rows:
            return []
        emissions = self._emissions
        scores = np.stack([emissions[hashed(row, buckets=len(emissions))].sum(axis=0) for row in rows])
        reached = scores[0] + self._transitions[-1]
        came_from: list[NDArray[np.int64]] = []
        for row in scores[1:]:
            ways = reached[:, None] + self._transitions[:-1]
            came_from.append(ways.argmax(axis=0))
            reached = ways.max(axis=0) + row
        chain = [int((reached + self._final).argmax())]
        for back in reversed(came_from):
            chain.append(int(back[chain[-1]]))
        return [self._labels[label] for label in reversed(chain)]


@cache
def chain_of(file: str, *, labels: Sequence[str]) -> Chain:
    """The chain whose weights are a file of ``kb/parsing/data``, read once."""
    raw = resources.files("kb.parsing").joinpath(f"data/{file}").read_bytes()
    with np.load(BytesIO(raw)) as weights:
        return Chain(weights, labels=labels)


def hashed(features: Sequence[str], *, buckets: int) -> list[int]:
    """The buckets of a thing's features; there is a power of two of them."""
    return [zlib.crc32(feature.encode()) & (buckets - 1) for feature in features]
