"""Nearest neighbours with Chroma: ids and vectors, nothing else. The only module that imports it."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import struct
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from kb.errors import HomeUnwritable, IndexDamaged
from kb.home import writing_error
from kb.index.fusion import among
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
_opening = threading.Lock()
_GRAPH_HEAD = struct.Struct("<iQQQQ")
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
        self._is_blank = self._has_written = False
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
        self._insert(numbers, vectors[np.fromiter(latest.values(), np.int64, len(latest))])

    def follow_rows(self) -> None:
        """Store the vectors of all rows."""
        keys = self._rows.keys()
        for at in range(0, len(keys), _BATCH):
            self._insert(keys[at : at + _BATCH], self._rows.get(keys[at : at + _BATCH]))

    def _insert(self, keys: Keys, vectors: Vectors) -> None:
        with self._foreign_errors():
            collection = self._open(create=True)
            self._has_written = True
            size = min(_BATCH, self._client.get_max_batch_size())
            for at in range(0, len(keys), size):
                ids = [str(key) for key in keys[at : at + size].tolist()]
                if known := collection.get(ids=ids, include=[])["ids"]:
                    collection.delete(ids=known)
                collection.add(ids=ids, embeddings=np.ascontiguousarray(vectors[at : at + size], np.float32))
            self._is_blank = False

    def _blank_unused(self) -> None:
        """Chroma writes the files of a graph when one is stored and let go of, and those of an empty one when it is
        first looked at. A reader leaves all others alone: another process may be storing vectors there."""
        self._is_blank = True
        for segment in self._folder.iterdir() if self._folder is not None and self._folder.is_dir() else ():
            _blank_unused(segment, only_empty=not self._has_written)

    def drop(self, keys: Collection[int]) -> None:
        """Remove; unknown keys are no error."""
        wanted = sorted(keys)
        with self._foreign_errors():
            collection = self._open()
            if collection is not None and wanted:
                self._has_written = True
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
        try:
            return self._nearest(vector, k=k, within=within)
        except HomeUnwritable:  # a full disk
            return self._rows.nearest(vector, k=k, within=within)

    def _nearest(self, vector: Vectors, *, k: int, within: Keys | None) -> list[tuple[int, float]]:
        if within is None:
            found = self._query(vector, k)
            return found if len(found) == k else self._rest(vector, k, found)
        fetch = int(1.5 * k * max(1.0, len(self._rows) / len(within))) + 50
        if _SCAN_COST * len(within) > _QUERY_COST + _FETCH_COST * fetch:
            found = self._query(vector, fetch)
            kept = among(within, found)
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
            self._blank_unused()
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
            self._is_blank = False
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
            if not self._is_blank:
                self._blank_unused()
        except (IndexDamaged, HomeUnwritable):
            raise
        except OSError as err:
            raise writing_error(err, Path(where)) from err
        except (ValueError, RuntimeError, KeyError, sqlite3.Error) as err:
            raise self._translated(where, err) from err
        except BaseException as err:
            if not _is_of_chroma(err):
                raise
            raise self._translated(where, err) from err

    def _translated(self, where: Path | str, err: BaseException) -> Exception:
        if self._client is not None and self._folder is not None:
            try:
                self._client.close()
            except BaseException as broken:  # what broke may not let itself be closed; an interruption still ends us
                if not isinstance(broken, Exception) and not _is_of_chroma(broken):
                    raise
        self._client = self._collection = None
        message = str(err).splitlines()[0][:160] if str(err) else type(err).__name__
        if "disk is full" in message or "No space left" in message or _is_full(self._folder):
            return writing_error(OSError(errno.ENOSPC, message), Path(where))
        if "readonly database" in message or "ermission denied" in message:
            return HomeUnwritable(f"{where} cannot be written: check its permissions")
        if self._folder is None:
            return IndexDamaged(f"the Chroma server cannot be used ({message}): check that it runs")
        return IndexDamaged(f"the vector index in {where} cannot be read ({message}): {_CURE}")


def _is_of_chroma(err: BaseException) -> bool:
    """Whether Chroma raised it: a panic of its Rust code is no ``Exception``."""
    return type(err).__module__.split(".")[0] in {"chromadb", "pyo3_runtime", "httpx"}


def _blank_unused(segment: Path, *, only_empty: bool = False) -> None:
    """Overwrite the places that no vector has in the files of a graph: they hold whatever was in memory.

    The head of hnswlib's format, as Chroma writes it: its version (4 bytes), then eight bytes each: offset, places,
    places in use, bytes a place. What has another form is left alone.
    """
    try:
        _, _, places, used, size = _GRAPH_HEAD.unpack_from((segment / "header.bin").read_bytes())
    except (OSError, struct.error):
        return
    if used and only_empty:
        return
    for name, bytes_each in (("data_level0.bin", size), ("length.bin", 4)):
        path = segment / name
        if not os.access(path, os.W_OK):
            return
        if used * bytes_each < path.stat().st_size <= places * bytes_each:
            with path.open("r+b") as file:
                file.seek(used * bytes_each)
                rest = file.read()
                if rest.strip(b"\0"):
                    file.seek(used * bytes_each)
                    file.write(bytes(len(rest)))


def _is_full(folder: Path | None) -> bool:
    """Whether the disk has no room: Chroma speaks of failed compactions and of logs then."""
    if folder is None or not folder.exists():
        return False
    return shutil.disk_usage(folder).free < _LEAST_FREE_BYTES


def _persistent_client(folder: Path | None) -> Any:
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    with _opening:
        # Chroma gives all clients of one address one engine, which goes on with what it read first until the last of
        # them is closed: after another process wrote, a second client would write over what it never saw.
        path = str(folder)
        while path in SharedSystemClient._identifier_to_system:
            path += "/."
        try:
            return chromadb.PersistentClient(path=path, settings=settings)
        except BaseException:
            # Chroma keeps what failed to start, and gives it to whoever opens this address next.
            SharedSystemClient._identifier_to_system.pop(path, None)
            raise
