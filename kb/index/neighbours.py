"""Nearest neighbours for readers: exact scans for as long as they cost less than opening Chroma would."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from kb.index.vectors import VectorFile
from kb.protocols import DenseIndex, Keys, Vectors

# Measured costs in milliseconds (one core, 384 numbers).
_SCAN_COST = 0.00015  # an exact scan of everything, for each row: it is bound by memory, rows lie side by side
_PICK_COST = 0.00045  # the same of single rows, for each
_QUERY_COST = 4.0  # a query of an open Chroma at all
_FETCH_COST = 0.008  # each neighbour that it returns
# Opening Chroma costs 800 (its import, then the graph). Whoever has already lost a part of that by scanning is
# no single search but somebody who goes on asking.
_PATIENCE = 150.0


class ScanningIndex:
    """An index behind exact scans: the same neighbours, all of them (recall 1), and no second to start.

    A small corpus is scanned in less time than the approximate index takes. For a larger one it is the question of
    renting or buying (ski rental, Karlin et al. 1988): scan until the scans have cost ``_PATIENCE`` more than queries
    of the index would have, then open it. So a process that asks once never pays for opening, and one that asks for
    hours loses next to nothing.

    Args:
        index: the approximate index; it is opened by its first use.
        rows: the same vectors by key.
    """

    def __init__(self, index: DenseIndex, *, rows: VectorFile) -> None:
        self._index = index
        self._rows = rows
        self._overspent = 0.0

    def put(self, keys: Sequence[int], vectors: Vectors) -> None:
        """Store (n, dimension) vectors; a key that is there is replaced."""
        self._index.put(keys, vectors)

    def drop(self, keys: Collection[int]) -> None:
        """Remove; unknown keys are no error."""
        self._index.drop(keys)

    def nearest(self, vector: Vectors, *, k: int, within: Keys | None = None) -> list[tuple[int, float]]:
        """Up to k (key, cosine similarity in [-1, 1]), best first, ties by key; k of them whenever there are k."""
        if self._scan_pays(k, within):
            return self._rows.nearest(vector, k=k, within=within)
        return self._index.nearest(vector, k=k, within=within)

    def reopen(self) -> None:
        """See what was stored since, by this or another process; the next use opens the index again."""
        self._index.reopen()
        self._rows.reopen()

    def _scan_pays(self, k: int, within: Keys | None) -> bool:
        everything = _SCAN_COST * len(self._rows)
        scan = everything if within is None else min(everything, _PICK_COST * len(within))
        share = 1.0 if within is None else max(1, len(within)) / max(1, len(self._rows))
        excess = scan - (_QUERY_COST + _FETCH_COST * k / share)
        if excess <= 0.0:
            return True
        self._overspent += excess
        return self._overspent < _PATIENCE
