"""Linear-chain conditional random fields: the likeliest chain of labels over things in a row.

(Lafferty et al. 2001.) Features are hashed (Weinberger et al. 2009), so that the weights of a chain, a file in
``data``, stay small. Words of references and lines of first pages are labelled with it; ``tests/benchmarks`` trains it.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from io import BytesIO

import numpy as np
from numpy.typing import NDArray


class Chain:
    """Trained weights. ``labels`` are in the order of their columns.

    Args:
        file: the weights, in ``kb/parsing/data``.
        labels: what a thing can be.
        buckets: how many features are told apart, a power of two.
    """

    def __init__(self, file: str, *, labels: Sequence[str], buckets: int) -> None:
        raw = resources.files("kb.parsing").joinpath(f"data/{file}").read_bytes()
        with np.load(BytesIO(raw)) as arrays:
            self._emissions: NDArray[np.float32] = arrays["features"].astype(np.float32) * arrays["scale"]
            self._transitions: NDArray[np.float32] = arrays["transitions"].astype(np.float32)
            self._final: NDArray[np.float32] = arrays["final"].astype(np.float32)
        self._labels = tuple(labels)
        self._buckets = buckets

    def labelled(self, rows: Sequence[Sequence[str]]) -> list[str]:
        """The label of each thing, from its features."""
        if not rows:
            return []
        emissions, buckets = self._emissions, self._buckets
        scores = np.stack([emissions[hashed(row, buckets=buckets)].sum(axis=0) for row in rows])
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


chain_of = cache(Chain)
"""The chain of a file, read once."""


def hashed(features: Sequence[str], *, buckets: int) -> list[int]:
    """The buckets of a thing's features."""
    return [zlib.crc32(feature.encode()) & (buckets - 1) for feature in features]
