"""Nearest neighbours with Chroma: ids and vectors, nothing else. The only module that imports it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from kb.errors import HomeUnwritable, IndexDamaged
from kb.index.vectors import VectorFile
from kb.protocols import Keys, Vectors

COLLECTION = "chunks"
EF_SEARCH = 200  # recall@10 .992 of exact at 88,320 chunks; 400: .996 and a millisecond more, the same hybrid hits
_BATCH = 2000  # vectors an insert: batches of 100 cost 40 % of the speed, larger ones only memory
# Measured costs in milliseconds (two cores, 384 numbers), by which a filtered search chooses its way.
_SCAN_COST = 0.00045  # an exact scan, for each key of the filter
_QUERY_COST = 4.0  # a query of Chroma at all
_FETCH_COST = 0.008  # each neighbour that it returns
_LEAST_FREE_BYTES = 1 << 20
_CURE = "make it again with kb reindex"


class ChromaIndex:
    """Approximate nearest neighbours (HNSW, Malkov & Yashunin 2016) by cosine similarity.

    Args:
        place: the folder of a local index (made by the first ``put``), or a Chroma client, e.g. ``HttpClient``.
        rows: the same vectors by key. ``put`` and ``drop`` keep it in step (rows first); exact scans under
            filters and similarities are read from it.

    One writer at a time: two writer processes corrupt Chroma silently, so hold the home's lock around ``put`` and
    ``drop`` and call ``reopen`` first when another process wrote in between. An open index never sees another
    process's vectors: call ``reopen`` for that, too.

    Raises:
        IndexDamaged: by any method, when the files cannot be read or hold vectors of another dimension.
        HomeUnwritable: when they cannot be written.
    """

    def __init__(self, place: Path | Any, *, rows: VectorFile) -> None:
        self._folder = place if isinstance(place, Path) else None
        self._given_client = None if isinstance(place, Path) else place
        self._client: Any = None
        self._collection: Any = None
        self._rows = rows

    def put(self, keys: Sequence[int], vectors: Vectors) -> None:
        """Store (n, dimension) vectors; a key that is there is replaced.

        Chroma's upsert of a known id takes ten times an insert's time, so known ids are deleted and inserted.
        """
        if not len(keys):
            return
        self._rows.put(keys, vectors)
        latest = {int(key): place for place, key in enumerate(keys)}
        numbers = np.fromiter(latest, np.int64, len(latest))
        places = np.fromiter(latest.values(), np.int64, len(latest))
        with self._foreign_errors():
            collection = self._open(create=True)
            size = min(_BATCH, self._client.get_max_batch_size())
            for at in range(0, len(numbers), size):
                ids = [str(key) for key in numbers[at : at + size].tolist()]
                if known := collection.get(ids=ids, include=[])["ids"]:
                    collection.delete(ids=known)
                collection.add(ids=ids, embeddings=np.ascontiguousarray(vectors[places[at : at + size]], np.float32))

    def drop(self, keys: Collection[int]) -> None:
        """Remove; unknown keys are no error."""
        wanted = sorted(keys)
        with self._foreign_errors():
            collection = self._open()
            if collection is not None and wanted:
                size = min(_BATCH, self._client.get_max_batch_size())
                for at in range(0, len(wanted), size):
                    ids = [str(key) for key in wanted[at : at + size]]
                    if known := collection.get(ids=ids, include=[])["ids"]:
                        collection.delete(ids=known)
        self._rows.drop(wanted)

    def nearest(self, vector: Vectors, *, k: int, within: Keys | None = None) -> list[tuple[int, float]]:
        """Up to k (key, cosine similarity in [-1, 1]), best first, ties by key; k of them whenever there are k.

        ``within`` (sorted) is applied outside Chroma, whose own filters take 58-345 ms at 100,000: its keys are
        scanned exactly, or more neighbours are fetched than asked for and the others dropped, whichever costs less.
        """
        if vector.shape != (self._rows.dimension,):
            raise IndexDamaged(
                f"a query vector of shape {vector.shape} does not fit vectors of {self._rows.dimension} numbers:"
                " was the encoder changed? make the indexes again with kb reindex"
            )
        if k < 1 or (within is not None and not len(within)):
            return []
        if self._folder is not None and self._folder.exists() and not os.access(self._folder, os.W_OK):
            return self._rows.nearest(vector, k=k, within=within)  # Chroma writes even where it only reads
        if within is None:
            found = self._query(vector, k)
            return found if len(found) == k else self._rest(vector, k, found)
        fetch = int(1.5 * k * max(1.0, len(self._rows) / len(within))) + 50
        if _SCAN_COST * len(within) > _QUERY_COST + _FETCH_COST * fetch:
            found = self._query(vector, fetch)
            kept = [pair for pair, inside in zip(found, _contains(within, found), strict=True) if inside]
            if len(kept) >= k:
                return kept[:k]
        return self._rows.nearest(vector, k=k, within=within)

    def get(self, keys: Keys) -> Vectors:
        """(n, dimension) the vectors as the index holds them, in the order of ``keys``; zeros for one it lacks."""
        found = np.zeros((len(keys), self._rows.dimension), np.float32)
        places = {str(key): place for place, key in enumerate(keys.tolist())}
        with self._foreign_errors():
            collection = self._open()
            if collection is not None and places:
                stored = collection.get(ids=list(places), include=["embeddings"])
                for key, vector in zip(stored["ids"], stored["embeddings"], strict=True):
                    found[places[key]] = vector
        return found

    def keys(self) -> Keys:
        """All keys in the index, ascending."""
        found: list[int] = []
        with self._foreign_errors():
            collection = self._open()
            total = 0 if collection is None else collection.count()
            for at in range(0, total, 10_000):  # of everything at once SQLite refuses: too many variables
                found += [int(key) for key in collection.get(limit=10_000, offset=at, include=[])["ids"]]
        return np.array(sorted(found), np.int64)

    def reopen(self) -> None:
        """See what other processes stored since."""
        self.close()

    def close(self) -> None:
        """Let go of files and connections; the next use opens them again."""
        self._collection = None
        if self._client is not None and self._folder is not None:
            self._client.close()
        self._client = None
        self._rows.reopen()

    def _open(self, *, create: bool = False) -> Any:
        """The collection, or None when nothing was stored yet."""
        if self._collection is not None:
            return self._collection
        if self._folder is not None and not create and not (self._folder / "chroma.sqlite3").exists():
            if self._folder.is_dir() and any(path.is_dir() for path in self._folder.iterdir()):
                raise IndexDamaged(f"the vector index in {self._folder} has lost its database: {_CURE}")
            return None
        from chromadb.errors import NotFoundError

        if self._client is None:
            self._client = self._given_client or _persistent_client(self._folder)
        try:
            self._collection = self._client.get_collection(COLLECTION, embedding_function=None)
        except NotFoundError:
            if create:
                configuration = {"hnsw": {"space": "cosine", "ef_search": EF_SEARCH}}
                self._collection = self._client.create_collection(
                    COLLECTION, embedding_function=None, configuration=configuration
                )
        return self._collection

    def _query(self, vector: Vectors, count: int) -> list[tuple[int, float]]:
        """Up to ``count`` neighbours as Chroma finds them, best first, ties by key."""
        with self._foreign_errors():
            collection = self._open()
            if collection is None:
                return []
            answer = collection.query(query_embeddings=vector[None, :], n_results=count, include=["distances"])
        pairs = zip(answer["ids"][0], answer["distances"][0], strict=True)
        found = [(int(key), max(-1.0, min(1.0, 1.0 - float(distance)))) for key, distance in pairs]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def _rest(self, vector: Vectors, k: int, found: list[tuple[int, float]]) -> list[tuple[int, float]]:
        """When Chroma gives fewer than asked: that is all there is, or its graph does not reach the others."""
        with self._foreign_errors():
            total = self._collection.count() if self._collection is not None else 0
        return found if len(found) >= total else self._rows.nearest(vector, k=k)

    @contextmanager
    def _foreign_errors(self) -> Iterator[None]:
        where = self._folder or "the Chroma server"
        try:
            yield
        except (IndexDamaged, HomeUnwritable):
            raise
        except OSError as err:
            raise HomeUnwritable(f"{where} cannot be used ({err.strerror or err}): check its permissions") from err
        except (ValueError, RuntimeError, KeyError, sqlite3.Error) as err:
            raise self._translated(where, err) from err
        except BaseException as err:
            if type(err).__module__.split(".")[0] not in {"chromadb", "pyo3_runtime", "httpx"}:
                raise
            raise self._translated(where, err) from err

    def _translated(self, where: Path | str, err: BaseException) -> Exception:
        self._client = self._collection = None
        message = str(err).splitlines()[0][:160] if str(err) else type(err).__name__
        if "disk is full" in message or "No space left" in message or _is_full(self._folder):
            return HomeUnwritable(f"no room to write {where}: free some disk space and try again", code="disk-full")
        if "readonly database" in message or "ermission denied" in message:
            return HomeUnwritable(f"{where} cannot be written: check its permissions")
        if self._folder is None:
            return IndexDamaged(f"the Chroma server cannot be used ({message}): check that it runs")
        return IndexDamaged(f"the vector index in {where} cannot be read ({message}): {_CURE}")


def _is_full(folder: Path | None) -> bool:
    """Whether the disk has no room: Chroma speaks of failed compactions and of logs then."""
    if folder is None or not folder.exists():
        return False
    return shutil.disk_usage(folder).free < _LEAST_FREE_BYTES


def _persistent_client(folder: Path | None) -> Any:
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    try:
        return chromadb.PersistentClient(path=str(folder), settings=settings)
    except BaseException:
        # Chroma keeps what failed to start, and gives it to whoever opens this folder next.
        from chromadb.api.shared_system_client import SharedSystemClient

        SharedSystemClient._identifier_to_system.pop(str(folder), None)
        raise


def _contains(within: Keys, found: list[tuple[int, float]]) -> list[bool]:
    keys = np.array([key for key, _ in found], np.int64)
    places = np.minimum(np.searchsorted(within, keys), len(within) - 1)
    return list(within[places] == keys)
