"""A home that cannot be written is read all the same, and what would write says so."""

from __future__ import annotations

import codecs
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from kb import Library, Settings
from kb.errors import HomeUnwritable
from kb.index.database import Database
from kb.library import delivering
from kb.records import Usage
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
assert delivering
codecs.lookup("cp437")  # of zip files, as numpy's are


def _open(home: Path) -> Library:
    library = Library.open(Settings.load(home=home))
    library._encoder = WordEncoder()
    return library


def _read(home: Path) -> tuple[object, ...]:
    with _open(home) as library:
        found = [library.search("multi-view consistency", mode=mode, k=3) for mode in ("lexical", "dense", "hybrid")]
        answer = replace(library.ask("What does ViewFusion do?"), usage=Usage())  # how long it took is not compared
        return library.list(), found, answer, library.status()["papers"]


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
