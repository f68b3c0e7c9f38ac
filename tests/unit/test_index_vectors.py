"""Vectors on disk by key: what is put is read, what is dropped is gone, what is broken says so."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.errors import HomeUnwritable, IndexDamaged
from kb.index.vectors import SentenceFile, VectorFile

DIMENSION = 8


def unit_rows(count: int, *, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(count, DIMENSION))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(
    batches=st.lists(
        st.tuples(st.booleans(), st.lists(st.integers(0, 400), max_size=12, unique=True)), min_size=1, max_size=8
    )
)
def test_the_file_behaves_like_a_dictionary(
    batches: list[tuple[bool, list[int]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = VectorFile(tmp_path_factory.mktemp("v") / "vectors", DIMENSION)
    model: dict[int, np.ndarray] = {}
    for number, (is_put, keys) in enumerate(batches):
        if is_put:
            vectors = unit_rows(len(keys), seed=number)
            file.put(keys, vectors)
            model.update(zip(keys, vectors, strict=True))
        else:
            file.drop(keys)
            for key in keys:
                model.pop(key, None)
    wanted = [-1, *range(402)]
    expected = np.stack([model.get(key, np.zeros(DIMENSION, np.float32)) for key in wanted])
    assert np.array_equal(file.get(wanted), expected)
    assert file.keys().tolist() == sorted(model)
    again = VectorFile(file.path, DIMENSION)
    assert np.array_equal(again.get(wanted), expected)


def test_a_reader_sees_what_is_written_while_it_is_open(tmp_path: Path) -> None:
    writer, reader = VectorFile(tmp_path / "v", DIMENSION), VectorFile(tmp_path / "v", DIMENSION)
    vectors = unit_rows(6)
    assert not reader.get([1]).any()
    writer.put([1, 2], vectors[:2])
    assert np.array_equal(reader.get([2, 1]), vectors[[1, 0]])
    writer.put([1, 900], vectors[4:])
    assert np.array_equal(reader.get([1, 2, 900]), vectors[[4, 1, 5]])


def test_a_file_made_again_is_read_again(tmp_path: Path) -> None:
    file = VectorFile(tmp_path / "v", DIMENSION)
    old, new = unit_rows(2)
    file.put([0], old[None, :])
    assert np.array_equal(file.get([0])[0], old)
    (tmp_path / "v").rename(tmp_path / "old")
    VectorFile(tmp_path / "v", DIMENSION).put([0], new[None, :])
    assert np.array_equal(file.get([0])[0], new)


def test_dropped_vectors_are_overwritten_on_disk(tmp_path: Path) -> None:
    file = VectorFile(tmp_path / "v", DIMENSION)
    vectors = unit_rows(3)
    file.put([0, 1, 2], vectors)
    assert vectors[1].tobytes() in (tmp_path / "v").read_bytes()
    file.drop([1, 77])
    assert vectors[1].tobytes() not in (tmp_path / "v").read_bytes()
    assert vectors[2].tobytes() in (tmp_path / "v").read_bytes()


def test_a_file_of_another_kind_encoder_or_dimension_is_refused(tmp_path: Path) -> None:
    VectorFile(tmp_path / "v", DIMENSION, fingerprint="one").put([0], unit_rows(1))
    (tmp_path / "noise").write_bytes(b"noise" * 5000)
    refused = [
        VectorFile(tmp_path / "v", DIMENSION, fingerprint="two"),
        VectorFile(tmp_path / "v", DIMENSION * 2, fingerprint="one"),
        VectorFile(tmp_path / "noise", DIMENSION),
    ]
    for file in refused:
        with pytest.raises(IndexDamaged, match="kb reindex"):
            file.get([0])
        with pytest.raises(IndexDamaged, match="kb reindex"):
            file.put([0], np.zeros((1, file.dimension), np.float32))


def test_a_file_that_was_stopped_before_its_header_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(b"KB")
    file = VectorFile(tmp_path / "v", DIMENSION)
    assert not file.get([0]).any()
    file.put([0], unit_rows(1))
    assert np.array_equal(file.get([0]), unit_rows(1))


def test_a_full_disk_is_an_error_with_its_cure_and_loses_nothing(tmp_path: Path) -> None:
    file = VectorFile(tmp_path / "v", DIMENSION)
    file.put([0, 1], unit_rows(2))
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.getsignal(signal.SIGXFSZ)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))
    try:
        with pytest.raises(HomeUnwritable, match=r"try again|permissions"):
            file.put(list(range(2, 500)), unit_rows(498))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert np.array_equal(file.get([0, 1]), unit_rows(2))


def test_sentences_give_the_nearest_one_of_each_key(tmp_path: Path) -> None:
    file = SentenceFile(tmp_path / "s", DIMENSION)
    rows = unit_rows(9)
    file.put([4, 2, 9], [rows[:3], rows[3:4], rows[4:]])
    query = unit_rows(2, seed=1)
    best = file.best(query[:1], [2, 4, 9, 3, -1, 10_000])
    groups = (rows[3:4], rows[:3], rows[4:])
    assert best[:3] == pytest.approx([float((group @ query[0]).max()) for group in groups], abs=2e-3)
    assert np.isnan(best[3:]).all()
    averaged = file.best(query, [9])
    assert averaged[0] == pytest.approx(float((rows[4:] @ query.T).max(axis=0).mean()), abs=2e-3)


def test_sentences_can_be_replaced_and_dropped(tmp_path: Path) -> None:
    file = SentenceFile(tmp_path / "s", DIMENSION)
    rows = unit_rows(6)
    file.put([1, 2], [rows[:2], rows[2:4]])
    file.put([1], [rows[4:5]])
    assert file.best(rows[4:5], [1])[0] == pytest.approx(1, abs=2e-3)
    assert file.best(rows[0:1], [1])[0] < 0.99
    file.drop([2, 5])
    assert np.isnan(file.best(rows[2:3], [2])[0])
    assert rows[2].astype(np.float16).tobytes() not in (tmp_path / "s").read_bytes()
    assert np.isnan(SentenceFile(tmp_path / "none", DIMENSION).best(rows[:1], [1, 2])).all()


def test_sentences_that_lost_their_end_are_an_error_with_its_cure(tmp_path: Path) -> None:
    file = SentenceFile(tmp_path / "s", DIMENSION)
    file.put([1, 2], [unit_rows(3), unit_rows(3)])
    data = tmp_path / "s"
    data.write_bytes(data.read_bytes()[:-32])
    with pytest.raises(IndexDamaged, match="kb reindex"):
        SentenceFile(data, DIMENSION).best(unit_rows(1), [1, 2])


def test_vectors_that_no_key_owns_are_overwritten_and_no_others(tmp_path: Path) -> None:
    file = SentenceFile(tmp_path / "sentences", DIMENSION)
    kept, orphan = unit_rows(3), unit_rows(2, seed=1)
    file.put([1], [kept])
    file._data.write(np.array([3, 4]), np.ascontiguousarray(orphan, "<f2").view(np.uint8))  # stopped before the entry
    stopped = orphan.astype("<f2").tobytes()
    assert stopped in file.path.read_bytes()
    file.forget_unowned()
    assert stopped not in file.path.read_bytes()
    assert file.best(kept[:1], [1])[0] == pytest.approx(1, abs=1e-2)
