"""Vectors on disk by chunk key: the rows that exact scans, fused scores and reindexing read.

``VectorFile`` is a memory-map in which the row number is the chunk key; ``SentenceFile`` keeps several
half-precision vectors for a key. Both are written with plain writes that are flushed to disk before ``put``
returns (a full disk is an error, never a crash), so whatever the catalog marks afterwards is really there.
A row of zeros means "none": vectors are L2-normalised, so no real one is zero.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kb.errors import IndexDamaged
from kb.home import writing_error
from kb.protocols import Keys, Vectors

_HEADER = struct.Struct("<8sII32s")  # magic, dimension, bytes a number, SHA-256 of the encoder's fingerprint
_DATA_START = 4096  # a page: rows stay aligned
_STRETCH = 4  # of rows this near to each other the whole stretch is scored: picking them costs four times more
_SCAN_ROWS = 8192  # rows gathered at once by an exact scan: about 12 MB, stays in the cache


class VectorFile:
    """float32 vectors of ``dimension`` by chunk key.

    Args:
        path: the file; it is made by the first ``put``.
        dimension: length of a vector.
        fingerprint: the encoder's; a file made with another one is refused.

    Raises:
        IndexDamaged: on first use, when the file is not one of ours, is cut off, or belongs to another encoder.
    """

    def __init__(self, path: Path, dimension: int, *, fingerprint: str = "") -> None:
        self.path = path
        self.dimension = dimension
        self._table = _Table(path, row_bytes=4 * dimension, header=_header(b"KBVEC001", dimension, 4, fingerprint))

    def put(self, keys: Sequence[int], vectors: Vectors) -> None:
        """Store (n, dimension) vectors and flush them; a key that is there is replaced.

        Raises:
            IndexDamaged: when the vectors have another dimension.
            HomeUnwritable: no permission, or no room.
        """
        _check_shape(vectors, len(keys), self.dimension)
        self._table.write(np.asarray(keys, np.int64), np.ascontiguousarray(vectors, dtype="<f4").view(np.uint8))

    def drop(self, keys: Collection[int]) -> None:
        """Overwrite rows with zeros, so that nothing of the vectors is left; unknown keys are no error."""
        self._table.zero(np.array(sorted(keys), np.int64))

    def get(self, keys: Keys | Sequence[int]) -> Vectors:
        """(n, dimension) in the order of ``keys``; zeros for a key that has no vector."""
        wanted = np.asarray(keys, np.int64)
        rows = self._rows()
        if len(wanted) and int(wanted.min()) >= 0 and int(wanted.max()) < len(rows):
            return np.asarray(rows[wanted])
        found = np.zeros((len(wanted), self.dimension), np.float32)
        there = (wanted >= 0) & (wanted < len(rows))
        found[there] = rows[wanted[there]]
        return found

    def __len__(self) -> int:
        """Rows of the file, those of dropped keys included."""
        return len(self._table.read())

    def keys(self) -> Keys:
        """All keys that have a vector, ascending."""
        rows = self._rows()
        blocks = range(0, len(rows), 1 << 16)
        return np.concatenate(
            [np.flatnonzero(rows[at : at + (1 << 16)].any(axis=1)) + at for at in blocks] or [np.zeros(0, np.int64)]
        ).astype(np.int64)

    def nearest(self, vector: Vectors, *, k: int, within: Keys | None = None) -> list[tuple[int, float]]:
        """Up to k (key, cosine similarity), best first, by scoring every vector of ``within`` (all by default).

        Exact: numpy's matrix product over rows gathered in blocks. Ties by key.
        """
        _check_shape(vector[None, :], 1, self.dimension)
        keys = np.arange(len(self._rows()), dtype=np.int64) if within is None else within
        blocks = [self._scores(vector, keys[at : at + _SCAN_ROWS]) for at in range(0, len(keys), _SCAN_ROWS)]
        if not blocks or k < 1:
            return []
        scores = np.concatenate(blocks)
        keys = keys[~np.isnan(scores)]
        scores = scores[~np.isnan(scores)]
        best = np.arange(len(keys)) if len(keys) <= k else _best_with_ties(scores, k)
        order = best[np.lexsort((keys[best], -scores[best]))][:k]
        return [(int(keys[i]), float(scores[i])) for i in order]

    def reopen(self) -> None:
        """Release the file; the next use opens it again (a file that grew is seen without)."""
        self._table.close()

    def _scores(self, vector: Vectors, keys: Keys) -> NDArray[np.float32]:
        rows, query = self._rows(), vector.astype(np.float32)
        first, last = int(keys[0]), int(keys[-1])
        if first >= 0 and last < len(rows) and last - first < _STRETCH * len(keys):
            raw = (rows[first : last + 1] @ query)[keys - first]
        else:
            raw = self.get(keys) @ query
        scores = np.asarray(np.clip(raw, -1.0, 1.0))
        zero = np.flatnonzero(scores == 0)  # a missing row, or (rarely) a vector at a right angle
        scores[zero[~self.get(keys[zero]).any(axis=1)]] = np.nan
        return scores

    def _rows(self) -> NDArray[np.float32]:
        return self._table.read().view("<f4").reshape(-1, self.dimension)


class SentenceFile:
    """Half-precision vectors of the sentences of a chunk, by chunk key.

    Two files: ``path`` holds the vectors one after another, ``path`` + ``.index`` says where those of a key begin
    and how many they are. An entry is written after its vectors were flushed, so a crash can only leave
    vectors that no key owns.
    """

    def __init__(self, path: Path, dimension: int, *, fingerprint: str = "") -> None:
        self.path = path
        self.dimension = dimension
        self._data = _Table(path, row_bytes=2 * dimension, header=_header(b"KBSEN001", dimension, 2, fingerprint))
        index_path = path.with_name(path.name + ".index")
        self._index = _Table(index_path, row_bytes=16, header=_header(b"KBSIX001", dimension, 2, fingerprint))

    def put(self, keys: Sequence[int], vectors: Sequence[Vectors]) -> None:
        """Store for each key its (m, dimension) sentence vectors; a key that is there is replaced."""
        counts = np.array([len(rows) for rows in vectors], np.int64)
        if not counts.sum():
            return
        joined = np.concatenate([rows for rows in vectors if len(rows)])
        _check_shape(joined, int(counts.sum()), self.dimension)
        self.drop(keys)
        first = len(self._data.read())
        places = np.arange(first, first + len(joined), dtype=np.int64)
        self._data.write(places, np.ascontiguousarray(joined, dtype="<f2").view(np.uint8))
        starts = first + np.cumsum(counts) - counts
        entries = np.stack([starts, counts], axis=1).astype("<i8")
        self._index.write(np.asarray(keys, np.int64), np.ascontiguousarray(entries).view(np.uint8))

    def drop(self, keys: Collection[int]) -> None:
        """Overwrite the vectors and their entries with zeros; unknown keys are no error."""
        wanted = np.array(sorted(keys), np.int64)
        starts, counts = self._places(wanted)
        self._data.zero(_ranges(starts, counts))
        self._index.zero(wanted)

    def forget_unowned(self) -> None:
        """Overwrite the vectors that no key owns (see above) with zeros."""
        starts, counts = self._places(self.keys())
        rows = self._data.read()
        written = np.flatnonzero(rows.any(axis=1)) if len(rows) else np.zeros(0, np.int64)
        self._data.zero(np.setdiff1d(written, _ranges(starts, counts)))

    def counts(self, keys: Keys | Sequence[int]) -> NDArray[np.int64]:
        """(n,) how many sentences each key has."""
        return self._places(np.asarray(keys, np.int64))[1]

    def keys(self) -> Keys:
        """All keys that have sentences, ascending."""
        return np.flatnonzero(self.counts(np.arange(len(self._index.read()), dtype=np.int64))).astype(np.int64)

    def best(self, query: Vectors, keys: Keys | Sequence[int]) -> NDArray[np.float32]:
        """(n,) the highest cosine similarity to a sentence of each key; NaN for a key without any.

        ``query`` is (m, dimension), one row a sentence of the query; over these the highest are averaged.
        """
        starts, counts = self._places(np.asarray(keys, np.int64))
        best = np.full(len(counts), np.nan, np.float32)
        there = counts > 0
        if not there.any():
            return best
        rows = self._data.read().view("<f2").reshape(-1, self.dimension)[_ranges(starts[there], counts[there])]
        scores = rows.astype(np.float32) @ query.astype(np.float32).T
        highest = np.maximum.reduceat(scores, np.cumsum(counts[there]) - counts[there], axis=0)
        best[there] = highest.mean(axis=1)
        return best

    def reopen(self) -> None:
        """Release the files; the next use opens them again (files that grew are seen without)."""
        self._data.close()
        self._index.close()

    def _places(self, keys: Keys) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        entries = self._index.read().view("<i8").reshape(-1, 2)
        there = (keys >= 0) & (keys < len(entries))
        found = np.zeros((len(keys), 2), np.int64)
        found[there] = entries[keys[there]]
        if len(found) and int(found.sum(axis=1).max()) > len(self._data.read()):
            raise IndexDamaged(f"{self.path.name} is cut off: make it again with kb reindex")
        return found[:, 0], found[:, 1]


class _Table:
    """Rows of equal size after a header: written with ``pwrite``, read through a memory-map."""

    def __init__(self, path: Path, *, row_bytes: int, header: bytes) -> None:
        self._path = path
        self._row_bytes = row_bytes
        self._header = header
        self._view: NDArray[np.uint8] | None = None
        self._inode = 0
        self._lock = threading.Lock()

    def read(self) -> NDArray[np.uint8]:
        """(rows, row_bytes), as large as the file is now."""
        with self._lock:
            try:
                state = self._path.stat()
            except FileNotFoundError:
                state = None
            except OSError as err:
                raise self._unreadable(err) from err
            if state is None or state.st_size < _DATA_START:  # never written, or stopped before its header was
                self._view = None
                return np.zeros((0, self._row_bytes), np.uint8)
            rows = (state.st_size - _DATA_START) // self._row_bytes
            if self._view is None or len(self._view) != rows or self._inode != state.st_ino:
                self._view, self._inode = self._map(rows), state.st_ino
            return self._view

    def write(self, keys: Keys, rows: NDArray[np.uint8]) -> None:
        """Write row ``keys[i]`` for each i, and flush."""
        if not len(keys):
            return
        if int(keys.min()) < 0:
            raise IndexDamaged("a chunk key is negative: make the indexes again with kb reindex")
        flat = rows.reshape(len(keys), self._row_bytes)
        order = np.argsort(keys, kind="stable")
        with self._opened() as file:
            for run in _runs(keys[order]):
                data = memoryview(flat[order[run]].tobytes())
                _write_all(file, data, at=_DATA_START + int(keys[order[run.start]]) * self._row_bytes)
            os.fsync(file)

    def zero(self, keys: Keys) -> None:
        """Overwrite the rows of those keys that the file has."""
        there = np.unique(keys[(keys >= 0) & (keys < len(self.read()))])
        self.write(there, np.zeros((len(there), self._row_bytes), np.uint8))

    def close(self) -> None:
        with self._lock:
            self._view = None

    def _map(self, rows: int) -> NDArray[np.uint8]:
        try:
            with self._path.open("rb") as file:
                self._check(file.read(len(self._header)))
                if not rows:
                    return np.zeros((0, self._row_bytes), np.uint8)
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as err:
            raise self._unreadable(err) from err
        flat = np.frombuffer(mapped, np.uint8, count=rows * self._row_bytes, offset=_DATA_START)
        return flat.reshape(rows, self._row_bytes)

    def _unreadable(self, err: OSError) -> IndexDamaged:
        return IndexDamaged(f"{self._path} cannot be read ({err.strerror}): make it again with kb reindex")

    def _check(self, header: bytes) -> None:
        if header[:16] != self._header[:16]:
            raise IndexDamaged(f"{self._path.name} is not a vector file of this kind: make it again with kb reindex")
        if header != self._header:
            raise IndexDamaged(f"{self._path.name} was made with another encoder: make it again with kb reindex")

    @contextmanager
    def _opened(self) -> Iterator[int]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as err:
            raise writing_error(err, self._path) from err
        try:
            if os.fstat(file).st_size < _DATA_START:
                _write_all(file, memoryview(self._header.ljust(_DATA_START, b"\0")), at=0)
            self._check(os.pread(file, len(self._header), 0))
            yield file
        except OSError as err:
            raise writing_error(err, self._path) from err
        finally:
            os.close(file)


def _header(magic: bytes, dimension: int, number_bytes: int, fingerprint: str) -> bytes:
    return _HEADER.pack(magic, dimension, number_bytes, hashlib.sha256(fingerprint.encode()).digest())


def _check_shape(vectors: Vectors, count: int, dimension: int) -> None:
    if vectors.shape != (count, dimension):
        raise IndexDamaged(
            f"vectors of shape {vectors.shape} do not fit {count} keys of dimension {dimension}: was the encoder"
            " changed? make the indexes again with kb reindex"
        )


def _runs(ordered: Keys) -> Iterator[slice]:
    """Slices of ascending keys that follow each other without a gap: each is one write."""
    breaks = np.flatnonzero(np.diff(ordered) != 1) + 1
    edges = [0, *breaks.tolist(), len(ordered)]
    for start, end in pairwise(edges):
        yield slice(start, end)


def _ranges(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers of all ranges ``[start, start + count)``, one after another."""
    before = np.cumsum(counts) - counts
    return np.repeat(starts - before, counts) + np.arange(int(counts.sum()), dtype=np.int64)


def _best_with_ties(scores: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Positions of the k highest scores and of all that tie with the last of them."""
    threshold = np.partition(scores, len(scores) - k)[len(scores) - k]
    return np.flatnonzero(scores >= threshold)


def _write_all(file: int, data: memoryview, *, at: int) -> None:
    while data:
        written = os.pwrite(file, data, at)
        data, at = data[written:], at + written
