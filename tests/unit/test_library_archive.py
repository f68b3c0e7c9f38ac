"""The digests in a home: which is of which topic and day, whatever else lies beside them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from kb import Library, Settings, wire
from kb.records import Digest, DigestCounts, MadeWith

DAY = date(2024, 3, 4)


def write(home: Path, name: str, topic: str | None, *, since: date = DAY, query: str = "") -> Path:
    made = MadeWith(version="1", encoder="none")
    digest = Digest(topic=topic, query=query, since=since, until=DAY, made_with=made, counts=DigestCounts())
    path = home / "digests" / name / "digest.json"
    path.parent.mkdir(parents=True)
    path.write_text(wire.to_json(digest), encoding="utf-8")
    return path


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library.open(Settings(home=tmp_path))


def test_the_digest_of_a_topic_and_day_is_found(library: Library, tmp_path: Path) -> None:
    write(tmp_path, "a", None)
    write(tmp_path, "b", "Graphs", since=date(2024, 3, 1), query='all:"entries"')
    write(tmp_path, "c", '"entries": {}, "topic": "x"')
    for topic, day in ((None, DAY), ("Graphs", date(2024, 3, 2)), ('"entries": {}, "topic": "x"', DAY)):
        found = library.pages.digest(topic, day)
        assert found is not None
        assert found.topic == topic
    assert library.pages.digest("Graphs", date(2024, 2, 29)) is None
    assert library.pages.digest("entries", DAY) is None


def test_the_shortest_period_is_preferred(library: Library, tmp_path: Path) -> None:
    write(tmp_path, "a", None, since=date(2024, 2, 1))
    write(tmp_path, "b", None)
    found = library.pages.digest(None, DAY)
    assert found is not None
    assert found.since == DAY


def test_fields_may_come_in_another_order(library: Library, tmp_path: Path) -> None:
    path = write(tmp_path, "a", "Graphs")
    data = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(dict(reversed(data.items()))), encoding="utf-8")
    assert library.pages.digest("Graphs", DAY) is not None


@pytest.mark.parametrize("text", ["", "[]", "no JSON", '{"topic": null, "entries": []}'])
def test_another_file_of_the_name_is_passed_over(library: Library, tmp_path: Path, text: str) -> None:
    path = write(tmp_path, "a", None)
    path.write_text(text)
    assert library.pages.kept() == []
    assert library.pages.digest(None, DAY) is None


def test_a_digest_that_breaks_off_is_passed_over(library: Library, tmp_path: Path) -> None:
    path = write(tmp_path, "a", None)
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole[: whole.index('"entries"') + 12], encoding="utf-8")
    assert library.pages.digest(None, DAY) is None
    write(tmp_path, "b", None)
    assert library.pages.digest(None, DAY) is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [("topic", 5), ("topic", ["x"]), ("language", ["x"]), ("language", "de"), ("since", 20240304), ("until", None)],
)
def test_a_head_with_a_value_that_cannot_be_is_passed_over(
    library: Library, tmp_path: Path, name: str, value: object
) -> None:
    path = write(tmp_path, "a", "Graphs")
    write(tmp_path, "b", "Graphs")
    data = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(data | {name: value}), encoding="utf-8")
    assert [kept.path.parent.name for kept in library.pages.kept()] == ["b"]


def test_a_head_nested_without_end_is_passed_over(library: Library, tmp_path: Path) -> None:
    path = write(tmp_path, "a", None)
    for depth in (900, 3_500, 100_000):
        path.write_text(f'{{"topic": {"[" * depth}{"]" * depth}, "entries": []}}')
        assert library.pages.kept() == []
        path.touch()
