"""A damaged catalog: what is not as it was written is named and left out, the rest is there, and can be saved."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from kb import Library, Settings
from kb.errors import CatalogDamaged, UsageError
from kb.home import Home
from kb.index.catalog import salvage
from kb.index.catalog.database import Database
from kb.index.catalog.schema import CHECKED
from kb.library import health
from tests.campaigns.damage import damage, make_home, run
from tests.fakes import WordEncoder

ROOT = str(Path(__file__).resolve().parents[2])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("damage")
    make_home(folder / "home", folder)
    return folder / "home"


@pytest.fixture
def home(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "home"))


def places(home: Path, text: bytes) -> list[int]:
    """Where a text stands in the catalog file."""
    return [match.start() for match in re.finditer(re.escape(text), (home / "catalog.sqlite").read_bytes())]


def change(home: Path, at: int, *, bit: int = 1) -> None:
    data = bytearray((home / "catalog.sqlite").read_bytes())
    data[at] ^= bit
    (home / "catalog.sqlite").write_bytes(data)


def opened(home: Path) -> Library:
    library = Library.open(Settings.load(home=home, threads=1))
    library._models._encoder = WordEncoder()
    return library


def test_no_letter_of_a_record_changes_unseen(whole: Path, tmp_path: Path) -> None:
    found = places(whole, b"Birds of Iceland")
    assert len(found) >= 3  # in the record, the view, the column; a longer record is compressed
    for number, at in enumerate(found):
        home = Path(shutil.copytree(whole, tmp_path / str(number)))
        change(home, at + 3)
        with opened(home) as library:
            assert [problem.cure for problem in library.doctor()][:1] == ["kb recover TO"]


def test_what_the_catalog_says_of_its_own_tables_changes_no_letter_unseen(home: Path) -> None:
    for at in places(home, b"tabletagstags"):
        change(home, at, bit=0x20)  # "Table": SQLite itself does not mind
    status, said, _ = run("doctor", home=home)
    assert status == 4
    assert "tags" in said


def test_a_damaged_paper_is_named_and_the_others_are_listed(home: Path) -> None:
    status, listed, _ = run("list", home=home)
    assert (status, "Birds of Iceland" in listed) == (0, True)
    for at in places(home, b"Birds of Iceland"):
        copied = Path(shutil.copytree(home, home.with_name(f"copy-{at}")))
        change(copied, at + 3)
        for verb in ("list", "export"):
            status, said, told = run(verb, home=copied)
            assert status in (0, 3)
            assert "Fast Widget Indexing" in said
            assert (status == 3) == (re.search(r"record .* is not as it was written .*kb recover TO", told) is not None)
    with opened(copied) as library:
        assert library.doctor()[0].severity == "error"


def test_a_file_that_sqlite_cannot_read_is_one_line_with_the_cure(home: Path) -> None:
    data = bytearray((home / "catalog.sqlite").read_bytes())
    data[100:600] = bytes(500)
    (home / "catalog.sqlite").write_bytes(data)
    for words in (("list",), ("doctor",), ("search", "widgets"), ("export",)):
        status, _, told = run(*words, home=home)
        assert (status, told.count("\n")) == (1, 1)
        assert "kb recover TO" in told


def test_what_is_whole_is_saved_and_what_is_lost_is_said(home: Path, tmp_path: Path) -> None:
    with opened(home) as library:
        before = {paper.id: paper for paper in library.list()}
    birds = next(key for key, paper in before.items() if "Birds" in paper.title)
    change(home, places(home, b"Birds of Iceland")[0] + 3)
    with opened(home) as library:
        recovery = library.recover(tmp_path / "saved")
        with pytest.raises(UsageError, match="not empty"):
            library.recover(tmp_path / "saved")
    assert recovery.lost
    with opened(tmp_path / "saved") as library:
        after = {paper.id: paper for paper in library.list()}
        assert before.keys() - {birds} <= after.keys()
        for key in before.keys() & after.keys():
            was, now = before[key], after[key]
            assert (was.tags, was.collections, was.venue) == (now.tags, now.collections, now.venue)
        assert [topic.name for topic in library.topics.list()] == ["Widgets"]
        assert library._store.catalog().ledger.all_entries()
        library.doctor(fix=True)
        assert [problem for problem in library.doctor() if problem.severity != "notice"] == []
        assert library.search("widget", mode="lexical")


def test_a_whole_home_is_saved_whole(home: Path, tmp_path: Path) -> None:
    with opened(home) as library:
        recovery = library.recover(tmp_path / "saved")
        assert (recovery.lost, recovery.kept["papers"]) == ((), library.papers.count())
        papers = library.list(sources=True)
    with opened(tmp_path / "saved") as library:
        assert library.list(sources=True) == papers


def test_views_that_are_lost_are_made_again_from_their_records(home: Path, tmp_path: Path) -> None:
    with opened(home) as library:
        papers = library.list()
    with sqlite3.connect(home / "catalog.sqlite") as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'papers'").fetchone()[0]
    connection.close()
    data = bytearray((home / "catalog.sqlite").read_bytes())
    data[(root - 1) * 4096 : root * 4096] = b"\xff" * 4096
    (home / "catalog.sqlite").write_bytes(data)
    with opened(home) as library:
        recovery = library.recover(tmp_path / "saved")
    assert any("papers" in line for line in recovery.lost)
    with opened(tmp_path / "saved") as library:
        again = library.list()
        assert {paper.id: (paper.title, paper.tags, paper.venue) for paper in again} == {
            paper.id: (paper.title, paper.tags, paper.venue) for paper in papers
        }


def test_an_error_that_a_damaged_catalog_explains_is_told_as_damage(home: Path) -> None:
    change(home, places(home, b"Birds of Iceland")[0] + 3)
    foreign = KeyError("what a value that was never written led to")
    with opened(home) as library:
        library._store.catalog()
        with pytest.raises(CatalogDamaged, match="kb recover TO"):
            library.__exit__(KeyError, foreign, None)


def test_every_table_is_checked_by_checksums_or_repeated_in_an_index(tmp_path: Path) -> None:
    database = Database(tmp_path / "catalog.sqlite", create=True)
    unchecked = []
    for table, statement in database.rows("SELECT name, sql FROM sqlite_master WHERE type = 'table'"):
        columns = database.rows(f"PRAGMA table_info({table})")
        number = {row[1] for row in columns if row[5] and row[2] == "INTEGER" and "WITHOUT ROWID" not in statement}
        wanted = {row[1] for row in columns} - (number if sum(bool(row[5]) for row in columns) == 1 else set())
        repeated = [
            {column[2] for column in database.rows(f"PRAGMA index_xinfo({index[1]})")}
            for index in database.rows(f"PRAGMA index_list({table})")
            if not ("WITHOUT ROWID" in statement and index[3] == "pk")
        ]
        if table not in CHECKED and not any(wanted <= names for names in repeated):
            unchecked.append(table)
    database.close()
    assert unchecked == ["sqlite_sequence", "dropped"]  # numbers that SQLite keeps, and keys that wait to be forgotten


@pytest.mark.slow
def test_bytes_that_flip_anywhere_are_never_a_traceback_nor_all_well(tmp_path: Path) -> None:
    outcome = damage(8, seed=5, folder=tmp_path)
    assert outcome.wrong == []


def test_a_paper_that_is_damaged_is_left_out_of_the_indexes_and_the_others_are_indexed(home: Path) -> None:
    with opened(home) as library:
        birds = next(paper.id for paper in library.list() if "Birds" in paper.title)
        catalog, indexer = library._store.catalog(), library._store.indexer()
        many = catalog.papers.many
        catalog.papers.many = lambda ids, **how: {  # type: ignore[method-assign]
            key: paper for key, paper in many(ids, **how).items() if key != birds
        }
        of_birds = {chunk.id for chunk in catalog.passages.chunks(birds)}
        catalog.set_fact("encoder", library._models.encoder().fingerprint)  # nothing is cut anew
        indexer.rebuild(encode_again=True)
        assert {chunk.id for chunk in catalog.passages.waiting(limit=100).values()} == of_birds
        assert indexer.settle() == 0
        assert birds not in {hit.paper.id for hit in library.search('"of Iceland"', mode="lexical")}
        catalog.papers.many = many  # type: ignore[method-assign]
        assert indexer.settle() == len(of_birds)


def test_what_is_saved_of_a_home_in_use_is_a_state_that_it_had(home: Path, tmp_path: Path) -> None:
    writing = (
        "import sys, itertools; from pathlib import Path; from kb.index.catalog.database import Database\n"
        "database = Database(Path(sys.argv[1]), create=False)\n"
        "for number in itertools.count():\n"
        "    with database.transaction():\n"
        "        for half in ('a', 'b'):\n"
        "            database.run('INSERT OR REPLACE INTO meta VALUES (?, ?)', (f'{half}{number % 50}', 'x' * 9000))\n"
        "            database.run('INSERT OR REPLACE INTO meta VALUES (?, ?)', (half, str(number)))\n"
        "    print(number, flush=True)\n"
        "    database.pause() if number % 3 else database.scrub()\n"
    )
    command = [sys.executable, "-c", writing, str(home / "catalog.sqlite")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": ROOT}) as writer:
        assert writer.stdout is not None
        seen = -1
        try:
            for number in range(12):
                before = int(writer.stdout.readline())
                with opened(home) as library:
                    recovery = library.recover(tmp_path / str(number))
                assert recovery.lost == ()
                saved = Database(tmp_path / str(number) / "catalog.sqlite", create=False)
                assert list(saved.faults()) == []
                halves = [int(saved.one("SELECT value FROM meta WHERE key = ?", (half,))[0]) for half in "ab"]
                saved.close()
                assert halves[0] == halves[1] >= max(before, seen)
                seen = halves[0]
        finally:
            writer.kill()


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("damaged", [False, True])
def test_what_is_saved_from_is_left_as_it_was(home: Path, tmp_path: Path, log: bool, damaged: bool) -> None:
    if log:  # left by a process that was killed
        database = Database(home / "catalog.sqlite", create=False)
        database.run("INSERT INTO meta VALUES ('late', 'x')")
        shutil.copytree(home, tmp_path / "killed")
        database.close()
        home = tmp_path / "killed"
        (home / "catalog.sqlite-shm").unlink()
    if damaged:
        change(home, 3)
    kept = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    with opened(home) as library:
        library.recover(tmp_path / "saved")
    assert {path: path.read_bytes() for path in kept} == kept
    saved = Database(tmp_path / "saved" / "catalog.sqlite", create=False)
    assert (saved.first("SELECT value FROM meta WHERE key = 'late'") is not None) == log
    saved.close()


def test_of_two_that_save_into_one_folder_one_does(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save = salvage.salvage

    def meanwhile(damaged: Path, new: Path) -> object:
        saved = save(damaged, new)
        assert not (tmp_path / "saved").exists()  # nobody finds half a home
        monkeypatch.setattr(salvage, "salvage", save)
        health.recover(Home(shutil.copytree(home, tmp_path / "other")), tmp_path / "saved", on_wait=None)
        return saved

    monkeypatch.setattr(salvage, "salvage", meanwhile)
    with opened(home) as library, pytest.raises(UsageError, match="not empty"):
        library.recover(tmp_path / "saved")
    assert not list(tmp_path.glob(".saved*"))
    with opened(tmp_path / "saved") as library:
        assert library.list()
