"""What every dense index must do: Chroma on disk, Chroma on a server, and the exact scan over the vector file."""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kb.errors import IndexDamaged
from kb.index.dense import ChromaIndex, _blank_unused
from kb.index.vectors import VectorFile
from kb.protocols import DenseIndex, Vectors

DIMENSION = 24
MakeIndex = Callable[[Path], DenseIndex]


def unit_vectors(count: int, *, seed: int = 0) -> Vectors:
    """(count, DIMENSION) normalised vectors in clusters, as texts are."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(max(1, count // 20), DIMENSION))
    vectors = centres[np.arange(count) % len(centres)] + 0.5 * random.normal(size=(count, DIMENSION))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def exact(vectors: Vectors, keys: np.ndarray, query: Vectors, k: int) -> list[int]:
    """Keys of the k nearest by definition."""
    scores = vectors @ query
    return [int(keys[i]) for i in np.lexsort((keys, -scores))[:k]]


@pytest.fixture(scope="module")
def chroma_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("chroma_server")
    program = Path(sys.executable).with_name("chroma")
    if not program.exists():
        pytest.skip("the chroma program is not beside this Python")
    command = [str(program), "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, server)
        import chromadb

        client = chromadb.HttpClient(host="127.0.0.1", port=port)
        yield client
        for part in (client, client._admin_client):
            part._server._session.close()  # Chroma's close() leaves its connections open
        client.close()
    finally:
        server.terminate()
        server.wait(timeout=20)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(1200):  # two minutes: two busy cores need one
        assert server.poll() is None, "the Chroma server ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the Chroma server does not answer")


@pytest.fixture(params=["chroma folder", "chroma server", "exact scan"])
def make_index(request: pytest.FixtureRequest) -> Iterator[MakeIndex]:
    opened: list[Any] = []

    def make(folder: Path) -> DenseIndex:
        rows = VectorFile(folder / "vectors.f32", DIMENSION)
        if request.param == "exact scan":
            return rows
        if request.param == "chroma folder":
            index = ChromaIndex(folder / "chroma", rows=rows)
        else:
            client = request.getfixturevalue("chroma_client")
            for collection in client.list_collections():
                client.delete_collection(collection.name)
            index = ChromaIndex(client, rows=rows)
        opened.append(index)
        return index

    yield make
    for index in opened:
        index.close()


@pytest.fixture
def index(make_index: MakeIndex, tmp_path: Path) -> DenseIndex:
    return make_index(tmp_path)


@pytest.mark.slow
def test_nothing_stored_finds_nothing(index: DenseIndex) -> None:
    assert index.nearest(unit_vectors(1)[0], k=5) == []
    index.drop([1, 2, 3])


def test_neighbours_are_those_of_the_exact_cosine(index: DenseIndex) -> None:
    vectors, keys = unit_vectors(600), np.arange(7, 607)
    index.put(keys.tolist(), vectors)
    for query in unit_vectors(20, seed=1):
        found = index.nearest(query, k=10)
        assert [key for key, _ in found] == exact(vectors, keys, query, 10)
        assert [score for _, score in found] == pytest.approx(
            [float(vectors[k - 7] @ query) for k, _ in found], abs=1e-5
        )


def test_similarity_of_a_vector_with_itself_and_its_opposite(index: DenseIndex) -> None:
    vector = unit_vectors(1)[0]
    index.put([1, 2], np.stack([vector, -vector]))
    assert index.nearest(vector, k=2) == [(1, pytest.approx(1, abs=1e-6)), (2, pytest.approx(-1, abs=1e-6))]


def test_a_vector_at_a_right_angle_is_still_found(index: DenseIndex) -> None:
    index.put([3, 9], np.eye(DIMENSION, dtype=np.float32)[:2])
    assert index.nearest(np.eye(DIMENSION, dtype=np.float32)[2], k=5) == [(3, 0.0), (9, 0.0)]


@pytest.mark.parametrize("share", [0.5, 0.05, 0.002])
def test_a_filter_leaves_k_results_whatever_its_selectivity(index: DenseIndex, share: float) -> None:
    count, k = 3000, 5
    vectors, keys = unit_vectors(count), np.arange(count)
    index.put(keys.tolist(), vectors)
    random = np.random.default_rng(2)
    for query in unit_vectors(5, seed=3):
        within = np.sort(random.choice(count, int(count * share), replace=False)).astype(np.int64)
        found = [key for key, _ in index.nearest(query, k=k, within=within)]
        assert found == exact(vectors[within], within, query, k)


@pytest.mark.slow
def test_a_broad_filter_that_cuts_off_the_nearest_still_gives_k(index: DenseIndex) -> None:
    """The worst case for over-fetching: everything near the query is filtered away."""
    count = 9000
    vectors, keys = unit_vectors(count), np.arange(count, dtype=np.int64)
    index.put(keys.tolist(), vectors)
    query = vectors[0]
    within = np.sort(np.argsort(vectors @ query)[:6000]).astype(np.int64)
    found = index.nearest(query, k=10, within=within)
    assert [key for key, _ in found] == exact(vectors[within], within, query, 10)


def test_more_asked_than_there_is_gives_all(index: DenseIndex) -> None:
    index.put([5, 6, 7], unit_vectors(3))
    query = unit_vectors(1, seed=4)[0]
    assert sorted(key for key, _ in index.nearest(query, k=1000)) == [5, 6, 7]
    within = np.array([2, 6, 7, 99], np.int64)
    assert sorted(key for key, _ in index.nearest(query, k=1000, within=within)) == [6, 7]
    assert index.nearest(query, k=3, within=np.zeros(0, np.int64)) == []
    assert index.nearest(query, k=0) == []


def test_put_again_replaces(index: DenseIndex) -> None:
    old, new = unit_vectors(2, seed=5)
    index.put([1, 2], np.stack([old, -old]))
    index.put([1, 3], np.stack([new, old]))
    assert index.nearest(new, k=1) == [(1, pytest.approx(1, abs=1e-6))]
    assert len(index.nearest(new, k=10)) == 3


def test_the_last_of_two_vectors_for_one_key_counts(index: DenseIndex) -> None:
    old, new = unit_vectors(2, seed=6)
    index.put([4, 4], np.stack([old, new]))
    assert index.nearest(new, k=5) == [(4, pytest.approx(1, abs=1e-6))]


def test_dropped_keys_are_never_found_again(index: DenseIndex) -> None:
    vectors = unit_vectors(200)
    index.put(list(range(200)), vectors)
    index.drop([*range(0, 200, 2), 5000])
    for within in (None, np.arange(200, dtype=np.int64)):
        found = [key for key, _ in index.nearest(vectors[0], k=200, within=within)]
        assert sorted(found) == list(range(1, 200, 2))


def test_what_was_stored_is_there_after_reopening(index: DenseIndex) -> None:
    vectors = unit_vectors(50)
    index.put(list(range(50)), vectors)
    index.reopen()
    assert index.nearest(vectors[7], k=1) == [(7, pytest.approx(1, abs=1e-6))]


def test_vectors_of_another_dimension_are_refused_with_the_cure(index: DenseIndex) -> None:
    index.put([1], unit_vectors(1))
    with pytest.raises(IndexDamaged, match="kb reindex"):
        index.put([2], np.ones((1, DIMENSION + 1), np.float32))
    with pytest.raises(IndexDamaged, match="kb reindex"):
        index.nearest(np.ones(DIMENSION + 1, np.float32), k=1)


# ------------------------------------------------------------------------------------- Chroma's own


def test_another_open_index_sees_the_vectors_after_reopening(tmp_path: Path) -> None:
    writer = ChromaIndex(tmp_path / "chroma", rows=VectorFile(tmp_path / "v", DIMENSION))
    reader = ChromaIndex(tmp_path / "chroma", rows=VectorFile(tmp_path / "v", DIMENSION))
    vectors = unit_vectors(20)
    assert reader.nearest(vectors[0], k=1) == []
    writer.put(list(range(10)), vectors[:10])
    assert reader.nearest(vectors[3], k=1)[0][0] == 3
    writer.put(list(range(10, 20)), vectors[10:])
    reader.reopen()
    assert reader.nearest(vectors[15], k=1)[0][0] == 15
    writer.close()
    reader.close()


def test_chroma_lists_its_keys(tmp_path: Path) -> None:
    index = ChromaIndex(tmp_path / "chroma", rows=VectorFile(tmp_path / "v", DIMENSION))
    assert index.keys().tolist() == []
    index.put([9, 3, 12], unit_vectors(3))
    index.drop([3])
    assert index.keys().tolist() == [9, 12]
    index.close()


@pytest.mark.parametrize("damage", ["garbage", "database gone"])
def test_a_damaged_folder_is_an_error_with_its_cure(tmp_path: Path, damage: str) -> None:
    index = ChromaIndex(tmp_path / "chroma", rows=VectorFile(tmp_path / "v", DIMENSION))
    index.put(list(range(1500)), unit_vectors(1500))
    index.close()
    database = tmp_path / "chroma" / "chroma.sqlite3"
    if damage == "garbage":
        database.write_bytes(b"no database at all" * 500)
    else:
        database.unlink()
    copy = tmp_path / "elsewhere"  # Chroma keeps one system for each path in a process: look with fresh eyes
    shutil.copytree(tmp_path / "chroma", copy)
    broken = ChromaIndex(copy, rows=VectorFile(tmp_path / "v", DIMENSION))
    with pytest.raises(IndexDamaged, match="kb reindex"):
        broken.nearest(unit_vectors(1)[0], k=1)


def test_reading_makes_nothing(tmp_path: Path) -> None:
    index = ChromaIndex(tmp_path / "chroma", rows=VectorFile(tmp_path / "v", DIMENSION))
    assert index.nearest(unit_vectors(1)[0], k=1) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [40, 1200])
def test_the_places_of_a_graph_that_no_vector_has_are_blank(tmp_path: Path, count: int) -> None:
    """Chroma writes them as they are in memory, which may hold the text of anything that was read."""
    memory = [bytearray(b"a secret text " * 200) for _ in range(2000)]
    del memory
    index = ChromaIndex(tmp_path / "chroma", rows=VectorFile(tmp_path / "rows", DIMENSION))
    index.put(list(range(1, count + 1)), unit_vectors(count))
    (head,) = (tmp_path / "chroma").glob("*/header.bin")
    _, _, places, used, size = struct.unpack_from("<iQQQQ", head.read_bytes())
    data = head.with_name("data_level0.bin").read_bytes()
    assert used * size <= len(data) <= places * size
    assert not data[used * size :].strip(b"\0")
    assert not head.with_name("length.bin").read_bytes()[used * 4 :].strip(b"\0")
    head.with_name("data_level0.bin").write_bytes(data[: used * size] + b"x" * (len(data) - used * size))
    _blank_unused(head.parent)
    assert head.with_name("data_level0.bin").read_bytes() == data
    assert [key for key, _ in index.nearest(unit_vectors(count)[5], k=1)] == [6]
    index.close()
