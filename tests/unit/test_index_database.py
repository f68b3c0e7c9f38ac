"""A server's threads come and go: what they leave open is used again, and what one computed serves the others."""

from __future__ import annotations

import os
import random
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kb.errors import IndexDamaged
from kb.index.catalog.database import Database
from kb.index.catalog.schema import MIGRATIONS


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "catalog.sqlite", create=True)
    yield database
    database.close()


def in_thread(work: Callable[[], object]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_connections_do_not_grow_with_threads_that_have_ended(database: Database) -> None:
    for _ in range(20):
        in_thread(lambda: database.rows("SELECT 1"))
    assert len(database._all) == 2  # this thread's, and one for all the others


def test_threads_at_the_same_time_have_connections_of_their_own(database: Database) -> None:
    together = threading.Barrier(4)

    def read() -> None:
        database.rows("SELECT 1")
        together.wait(timeout=30)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(database._all) == 5


def test_the_state_is_the_same_for_all_threads_and_changes_with_every_commit(
    database: Database, tmp_path: Path
) -> None:
    seen = [database.state()]
    in_thread(lambda: seen.append(database.state()))
    assert seen[0] == seen[1]
    database.run("INSERT INTO meta VALUES ('a', '1')")
    seen.append(database.state())
    in_thread(lambda: database.run("INSERT INTO meta VALUES ('b', '1')"))
    seen.append(database.state())
    other = Database(tmp_path / "catalog.sqlite", create=False)  # as another process would
    other.run("INSERT INTO meta VALUES ('c', '1')")
    other.close()
    seen.append(database.state())
    assert len(set(seen)) == 4


def test_inside_a_transaction_there_is_no_state_to_remember_anything_by(database: Database) -> None:
    outside = database.state()
    with database.transaction():
        database.run("INSERT INTO meta VALUES ('a', '1')")
        inside = database.state()
        others: list[tuple[int, ...] | None] = []
        in_thread(lambda: others.append(database.state()))
        assert others == [outside]
        assert inside is None


def test_an_emptied_catalog_beside_full_indexes_is_damage_and_no_new_home(tmp_path: Path) -> None:
    (tmp_path / "index" / "lexical").mkdir(parents=True)
    (tmp_path / "index" / "lexical" / "meta.json").write_text("{}")
    (tmp_path / "catalog.sqlite").touch()
    for create in (False, True):
        with pytest.raises(IndexDamaged, match="restore"):
            Database(tmp_path / "catalog.sqlite", create=create)


def test_a_start_that_was_killed_before_anything_was_written_goes_on(tmp_path: Path) -> None:
    (tmp_path / "index" / "lexical").mkdir(parents=True)
    (tmp_path / "catalog.sqlite").touch()
    database = Database(tmp_path / "catalog.sqlite", create=True)
    assert database.rows("SELECT * FROM papers") == []
    database.close()


def test_the_file_and_its_log_are_their_owners_alone_whatever_the_mask(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        database = Database(tmp_path / "catalog.sqlite", create=True)
        database.run("INSERT INTO meta VALUES ('a', '1')")
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
        database.close()
    finally:
        os.umask(mask)
    assert modes == {"catalog.sqlite": 0o600, "catalog.sqlite-wal": 0o600, "catalog.sqlite-shm": 0o600}


def test_what_was_deleted_is_nowhere_in_the_file_nor_are_copies_of_rows_that_moved_before(tmp_path: Path) -> None:
    """To overwrite what is deleted is not enough: copies stay where SQLite had balanced pages."""
    copies = 0
    for seed in (9, 16, 17):
        draw, live, path = random.Random(seed), list[str](), tmp_path / f"{seed}.sqlite"
        database = Database(path, create=True)
        with database.transaction():
            for step in range(300):
                name = f"MARK{step}z"
                if draw.random() < 0.6 or not live:
                    words = name * draw.choice([1, 2, 10, 50, 300])
                    database.run("INSERT INTO decisions VALUES ('same', ?, ?, '')", (name, words))
                    live.append(name)
                else:
                    database.run("DELETE FROM decisions WHERE one = ?", (live.pop(draw.randrange(len(live))),))
        kept = {name.encode() for name in live}
        database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        copies += len(set(re.findall(rb"MARK\d+z", path.read_bytes())) - kept)
        database.scrub()
        assert set(re.findall(rb"MARK\d+z", path.read_bytes())) == kept
        database.close()
    assert copies


def test_a_new_file_that_another_is_about_to_fill_is_waited_for(tmp_path: Path) -> None:
    first = sqlite3.connect(tmp_path / "catalog.sqlite", isolation_level=None, check_same_thread=False)
    first.execute("BEGIN IMMEDIATE")  # as another process holds it between making the file and its first schema
    ends = threading.Timer(0.2, lambda: first.execute("COMMIT"))
    ends.start()
    database = Database(tmp_path / "catalog.sqlite", create=True)
    assert database.one("PRAGMA user_version") == (len(MIGRATIONS),)
    assert database.one("PRAGMA journal_mode") == ("wal",)
    database.close()
    ends.join()
    first.close()
