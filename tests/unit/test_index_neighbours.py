"""Claims about the scan before the index: the same neighbours, and when the index is opened at all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pytest

from kb.index import neighbours
from kb.index.neighbours import ScanningIndex
from kb.index.vectors import VectorFile
from kb.protocols import Keys, Vectors


class CountingIndex:
    """An index that only counts what it is asked, and whether it was opened."""

    def __init__(self) -> None:
        self.asked = self.reopened = 0

    def put(self, keys: Sequence[int], vectors: Vectors) -> None:
        raise AssertionError("readers do not write")

    def drop(self, keys: Collection[int]) -> None:
        raise AssertionError("readers do not write")

    def nearest(self, vector: Vectors, *, k: int, within: Keys | None = None) -> list[tuple[int, float]]:
        self.asked += 1
        return [(-1, 1.0)]

    def reopen(self) -> None:
        self.reopened += 1


@pytest.fixture
def rows(tmp_path: Path) -> VectorFile:
    vectors = np.random.default_rng(1).normal(size=(500, 16)).astype(np.float32)
    file = VectorFile(tmp_path / "rows.f32", 16)
    file.put(range(500), vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    return file


def test_a_small_corpus_is_always_scanned(rows: VectorFile) -> None:
    behind = CountingIndex()
    index = ScanningIndex(behind, rows=rows)
    query = rows.get([7])[0]
    for _ in range(1000):
        found = index.nearest(query, k=5)
    assert found[0][0] == 7
    assert found == rows.nearest(query, k=5)
    assert behind.asked == 0


def test_a_large_corpus_is_scanned_until_opening_would_have_paid(
    rows: VectorFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "_SCAN_COST", 0.1)  # as if there were half a million: 50 ms a scan
    behind = CountingIndex()
    index = ScanningIndex(behind, rows=rows)
    query = rows.get([7])[0]
    found = [index.nearest(query, k=5) for _ in range(40)]
    scanned = 40 - behind.asked
    assert scanned == 3  # 46 ms are lost at each; the fourth would exceed what may be
    assert all(answer == found[0] for answer in found[:scanned])
    assert found[scanned:] == [[(-1, 1.0)]] * behind.asked


def test_a_narrow_filter_never_opens_the_index(rows: VectorFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "_SCAN_COST", 0.1)
    behind = CountingIndex()
    index = ScanningIndex(behind, rows=rows)
    few = np.array([3, 77, 400], np.int64)
    for _ in range(1000):
        found = index.nearest(rows.get([7])[0], k=3, within=few)
    assert sorted(key for key, _ in found) == [3, 77, 400]
    assert behind.asked == 0


def test_reopening_reaches_both(rows: VectorFile) -> None:
    behind = CountingIndex()
    index = ScanningIndex(behind, rows=rows)
    index.nearest(rows.get([7])[0], k=1)
    VectorFile(rows.path, 16).put([500], rows.get([7]))
    index.reopen()
    assert {key for key, _ in index.nearest(rows.get([7])[0], k=2)} == {7, 500}
    assert behind.reopened == 1
