"""The map: the same library gives the same picture, and near vectors stay near."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kb.library.mapping import project


@given(st.integers(0, 1000), st.integers(3, 40), st.integers(2, 16))
def test_points_stay_inside_and_do_not_depend_on_the_order(seed: int, count: int, dimension: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    placed = project(vectors)
    assert placed.shape == (count, 2)
    assert np.abs(placed).max() <= 1 + 1e-9
    assert np.allclose(project(vectors[::-1])[::-1], placed, atol=1e-6)


def test_two_groups_are_told_apart() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(scale=0.1, size=(20, 8)).astype(np.float32)
    vectors[10:, 0] += 3
    x = project(vectors)[:, 0]
    assert (x[:10] < 0).all() != (x[10:] < 0).all()
    assert np.sign(x[:10]).min() == np.sign(x[:10]).max()


def test_equal_papers_lie_on_one_point() -> None:
    assert not project(np.ones((5, 4), dtype=np.float32)).any()
