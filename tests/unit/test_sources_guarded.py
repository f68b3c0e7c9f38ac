"""Files of records are read in a child within limits: what was read before one struck is kept, and the next is read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kb import guard
from kb.guard import Limits
from kb.records import Failure, Item
from kb.sources.guarded import RecordReader

GOOD = b'{"title": "A title", "authors": ["Ann Bee"]}\n'


@pytest.fixture
def reader() -> Iterator[RecordReader]:
    made = RecordReader(Limits(seconds=30, memory_bytes=250_000_000))
    yield made
    made.close()


def outcome(reader: RecordReader, path: Path) -> list[str] | None:
    """The codes of failures, and "item" for what is in."""
    found = reader.read(path, named=True)
    return None if found is None else [thing.code if isinstance(thing, Failure) else "item" for thing in found]


def test_one_child_reads_many_files(reader: RecordReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    start = guard.subprocess.Popen

    def record(*args: Any, **options: Any) -> Any:
        started.append(args)
        return start(*args, **options)

    monkeypatch.setattr(guard.subprocess, "Popen", record)
    (tmp_path / "a.jsonl").write_bytes(GOOD * 3)
    (tmp_path / "b.bib").write_text("@misc{k, title={A title}}")
    (tmp_path / "c.txt").write_text("A paper, and no list of ids.\n")
    assert [outcome(reader, tmp_path / name) for name in ("a.jsonl", "b.bib", "c.txt", "a.jsonl")] == [
        ["item"] * 3, ["item"], None, ["item"] * 3,
    ]  # fmt: skip
    assert len(started) == 1


def test_what_is_found_is_as_it_was_read(reader: RecordReader, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(GOOD)
    [item] = reader.read(path, named=True) or ()
    assert isinstance(item, Item)
    assert item.record is not None
    assert (item.record.origin, item.record.metadata.authors) == (str(path), ("Ann Bee",))


def test_what_was_read_before_time_was_over_is_kept(tmp_path: Path) -> None:
    (tmp_path / "long.jsonl").write_bytes(GOOD * 200_000)
    (tmp_path / "good.jsonl").write_bytes(GOOD)
    reader = RecordReader(Limits(seconds=0.1))
    *items, failed = outcome(reader, tmp_path / "long.jsonl") or ()
    assert (set(items), failed) == ({"item"}, "parse-timeout")
    assert outcome(reader, tmp_path / "good.jsonl") == ["item"]
    reader.close()


@pytest.mark.slow
def test_what_was_read_before_memory_was_full_is_kept(reader: RecordReader, tmp_path: Path) -> None:
    (tmp_path / "objects.jsonl").write_bytes(GOOD + b'{"title": "a", "x": [' + b'{"a":{}},' * 850_000 + b"{}]}\n")
    (tmp_path / "good.jsonl").write_bytes(GOOD)
    found = list(reader.read(tmp_path / "objects.jsonl", named=True) or ())
    assert isinstance(found[0], Item)
    assert isinstance(found[1], Failure)
    assert found[1].code == "parse-memory"
    assert "after 1 records" in found[1].reason
    assert outcome(reader, tmp_path / "good.jsonl") == ["item"]


def test_a_reading_that_is_left_ends_its_child(reader: RecordReader, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(GOOD * 2_000)
    found = reader.read(tmp_path / "a.jsonl", named=True)
    assert found is not None
    next(found)
    del found
    assert outcome(reader, tmp_path / "a.jsonl") == ["item"] * 2_000


def test_of_a_file_of_broken_records_the_first_are_named_and_the_others_counted(
    reader: RecordReader, tmp_path: Path
) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"{\n" * 12_000 + GOOD)
    found = list(reader.read(tmp_path / "a.jsonl", named=True) or ())
    assert len(found) == 10_002
    assert isinstance(found[-2], Item)
    assert isinstance(found[-1], Failure)
    assert "2,000 more" in found[-1].reason
