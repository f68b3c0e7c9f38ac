"""A home that cannot be written is read all the same, and what would write says so."""

from __future__ import annotations

import codecs
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path

import pytest

from kb import Library, Settings
from kb.encoders import load_reader
from kb.errors import HomeUnwritable
from kb.index.catalog.database import Database
from kb.library import removing, updating
from kb.library.parts import Models, Store
from kb.protocols import Reader
from kb.records import RemoveReport, Usage
from kb.rendering import plain_text
from tests.fakes import WordEncoder
from tests.strangers import reading_only

DEMO = Path(str(resources.files("kb") / "demo"))


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose parents anybody may pass through, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="kb-reading-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


# What is loaded when needed is loaded now: Python's own files may not be a stranger's to read.
assert updating
codecs.lookup("cp437")  # of zip files, as numpy's are


@cache
def _reader() -> Reader:
    """The reader, which is converted by whoever uses it first: that must not be the stranger."""
    return load_reader(Settings.load())


def _open(home: Path) -> Library:
    library = Library.open(Settings.load(home=home))
    library._models._encoder = WordEncoder()
    library._models._reader = _reader()
    return library


def _read(home: Path) -> tuple[object, ...]:
    with _open(home) as library:
        found = [library.search("multi-view consistency", mode=mode, k=3) for mode in ("lexical", "dense", "hybrid")]
        answer = replace(library.ask("What does ViewFusion do?"), usage=Usage())  # how long it took is not compared
        return library.list(), found, answer, library.status().papers


@pytest.mark.slow
def test_what_reads_gives_the_same_and_what_writes_says_that_it_cannot(folder: Path) -> None:
    with _open(folder / "home") as library:
        library.add(str(DEMO / "records.jsonl"))
        assert library.doctor() == []
    before = _read(folder / "home")
    with reading_only(folder / "home"):
        assert _read(folder / "home") == before
        with _open(folder / "home") as library:
            assert {problem.severity for problem in library.doctor()} == {"notice"}
            for write in (
                lambda: library.tag("2402.18842", add=["x"]),
                lambda: library.remove("2402.18842"),
                lambda: library.add(str(DEMO / "records.jsonl")),
                library.reindex,
            ):
                with pytest.raises(HomeUnwritable, match=r"cannot be written.*: check its permissions"):
                    write()
    assert _read(folder / "home") == before


def test_reading_files_again_where_there_are_none_to_read_claims_to_have_done_nothing(folder: Path) -> None:
    with _open(folder / "home") as library:
        library.add(str(DEMO / "records.jsonl"))
        assert plain_text.reindexed(library.reindex()).startswith("indexed ")
        there = library.reindex(parse=True)
    with reading_only(folder / "home"), _open(folder / "home") as library:
        assert library.reindex(parse=True) == there
    assert (there.read, there.rebuilt) == (0, False)
    assert plain_text.reindexed(there) == "no file has to be read again: nothing was changed"


def test_a_reader_that_stays_open_sees_what_was_written_after_it_looked(folder: Path) -> None:
    Database(folder / "catalog.sqlite", create=True).close()
    with reading_only(folder):
        reader = Database(folder / "catalog.sqlite", create=False)
        before = reader.state()
        assert reader.first("SELECT value FROM meta WHERE key = 'a'") is None
    writer = Database(folder / "catalog.sqlite", create=False)
    writer.run("INSERT INTO meta VALUES ('a', '1')")
    writer.close()
    with reading_only(folder):
        assert reader.first("SELECT value FROM meta WHERE key = 'a'") == ("1",)
        assert reader.state() != before
    reader.close()


def test_a_live_writers_last_commit_is_seen_and_a_log_left_behind_is_not_passed_over(folder: Path) -> None:
    writer = Database(folder / "catalog.sqlite", create=True)
    writer.run("INSERT INTO meta VALUES ('a', '1')")
    left = folder / "left"
    left.mkdir()
    for name in ("catalog.sqlite", "catalog.sqlite-wal"):
        shutil.copy(folder / name, left / name)
    with reading_only(folder):
        reader = Database(folder / "catalog.sqlite", create=False)
        assert reader.first("SELECT value FROM meta WHERE key = 'a'") == ("1",)
        with pytest.raises(HomeUnwritable, match="cannot be written"):
            reader.run("INSERT INTO meta VALUES ('b', '1')")
        reader.close()
        with pytest.raises(HomeUnwritable, match="not written back"):
            Database(left / "catalog.sqlite", create=False)
    writer.close()


def test_on_a_full_disk_what_reads_goes_on_and_what_writes_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    with Library.open(Settings.load(home=home, threads=1)) as library:
        library._models._encoder = WordEncoder()
        library.add(str(DEMO / "records.jsonl"))
        title = library.list(limit=1)[0].title

    def full(_: Database) -> sqlite3.Connection:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Database, "_for_writing", full)
    with Library.open(Settings.load(home=home, threads=1)) as library:
        library._models._encoder = WordEncoder()
        paper = library.list(limit=1)[0]
        assert paper.title == title
        assert library.search(title, mode="lexical")
        assert library.search(title)
        with pytest.raises(HomeUnwritable) as caught:
            library.tag(paper.id, add=["read"])
        assert (caught.value.code, "free some space" in str(caught.value)) == ("disk-full", True)


def test_remove_makes_room_from_the_caches_and_says_what_it_needs_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Library.open(Settings.load(home=tmp_path / "home", threads=1)) as library:
        library._models._encoder = WordEncoder()
        library.add(str(DEMO / "records.jsonl"))
        paper, kept = library.list()[0].id, library._store.home.cache_path / "answers" / "kept"
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(b"x" * 1000)
        whole = removing._remove

        def remove(store: Store, models: Models, names: Sequence[str]) -> RemoveReport:
            if kept.exists():
                raise HomeUnwritable("the disk is full: free some space", code="disk-full")
            return whole(store, models, names)

        monkeypatch.setattr(removing, "_remove", remove)
        assert library.remove(paper).removed == (paper,)
        monkeypatch.setattr(library._store.home, "forget_caches", lambda: None)
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(b"x")
        with pytest.raises(HomeUnwritable, match=r"delete .*index .*reindex"):
            library.remove(library.list()[0].id)


def test_a_note_that_cannot_be_kept_is_shown_and_a_digest_that_cannot_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Library.open(Settings.load(home=tmp_path / "home", threads=1)) as library:
        library._models._encoder = WordEncoder()
        library.add(str(DEMO / "records.jsonl"))
        told: list[str] = []
        library._store.on_wait = told.append
        written = library.list()[0]

        def full(database: Database) -> None:
            raise HomeUnwritable("the disk is full: free some space", code="disk-full")

        monkeypatch.setattr(Database, "_begin", full)
        assert library.note(written.id).summary
        assert told == [f"the note of {written.id} is not kept: the disk is full: free some space"]
        with pytest.raises(HomeUnwritable):
            library.digest(day=date(2024, 3, 4))
        assert len(told) == 1
