"""The map: the same library gives the same picture, and near vectors stay near."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import Library, Settings
from kb.library.viewing import arrange, project
from kb.records import Topic
from tests.fakes import WordEncoder


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


def test_an_arrangement_brings_groups_together_and_is_the_same_each_time() -> None:
    rng = np.random.default_rng(1)
    middles = rng.normal(size=(6, 24))
    vectors = np.repeat(middles, 25, axis=0) + rng.normal(scale=0.3, size=(150, 24))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    placed = arrange(vectors)
    assert np.array_equal(arrange(vectors), placed)
    assert np.abs(placed).max() <= 1
    group = np.repeat(np.arange(6), 25)
    away = np.linalg.norm(placed[:, None] - placed[None], axis=2)
    np.fill_diagonal(away, np.inf)
    nearest = np.argsort(away, axis=1)[:, :5]
    assert (group[nearest] == group[:, None]).mean() > 0.95


def records(count: int) -> list[dict[str, object]]:
    subjects = ("neural translation of languages", "galaxies and dark matter", "protein folding in cells")
    return [
        {"id": f"24{1 + n % 3:02}.{n:05}", "title": f"Work {n} on {subjects[n % 3]}", "authors": ["A. Author"],
         "abstract": f"We study {subjects[n % 3]} in setting {n}.",
         "categories": [("cs.CL", "astro-ph", "q-bio")[n % 3]],
         "published": f"2024-{1 + n % 3:02}-02T00:00:00Z"}
        for n in range(count)
    ]  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Library]:
    path = tmp_path / "records.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in records(130)))
    with Library.open(Settings(home=tmp_path / "home")) as opened:
        opened._models._encoder = WordEncoder()
        opened.add([str(path)])
        yield opened


def test_the_map_is_there_at_once_and_better_when_it_was_arranged(desk: Library) -> None:
    desk.topics.add(Topic(name="Stars", query="abs:galaxies"))
    first = desk.view.map()
    assert not first.arranged
    desk.view.arrange_map()
    second = desk.view.map()
    assert second.arranged
    assert [point.paper_id for point in first.points] == [point.paper_id for point in second.points]
    assert [(p.x, p.y) for p in first.points] != [(p.x, p.y) for p in second.points]
    assert {point.topic for point in second.points if point.category == "astro-ph"} == {"Stars"}
    kept = list((desk._store.home.cache_path / "map").iterdir())
    assert len(kept) == 1
    kept[0].write_bytes(b"\x93NUMPY half of a file")
    assert not desk.view.map().arranged  # what is broken is made again


def test_a_large_library_is_drawn_evenly_over_its_days(desk: Library) -> None:
    drawn = desk.view.map(limit=30).points
    assert 20 < len(drawn) <= 30
    assert {point.month for point in drawn} == {"2024-01", "2024-02", "2024-03"}


def test_every_paper_is_counted_in_its_month(desk: Library) -> None:
    counts = desk.view.months()
    assert sum(one.count for one in counts) == 130
    assert {(one.month, one.category) for one in counts} == {
        ("2024-01", "cs.CL"), ("2024-02", "astro-ph"), ("2024-03", "q-bio"),
    }  # fmt: skip
