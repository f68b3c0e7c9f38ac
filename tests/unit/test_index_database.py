"""A server's threads come and go; what they leave open is used again."""

from __future__ import annotations

import threading
from pathlib import Path

from kb.index.database import Database


def test_connections_do_not_grow_with_threads_that_have_ended(tmp_path: Path) -> None:
    database = Database(tmp_path / "catalog.sqlite", create=True)
    seen: list[int] = []

    def read() -> None:
        seen.append(database.state()[0])

    for _ in range(20):
        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
    assert len(set(seen)) == 1
    assert seen[0] != database.state()[0]  # that of the living thread is its own
    database.close()


def test_threads_at_the_same_time_have_connections_of_their_own(tmp_path: Path) -> None:
    database = Database(tmp_path / "catalog.sqlite", create=True)
    together = threading.Barrier(4)
    seen: list[int] = []

    def read() -> None:
        seen.append(database.state()[0])
        together.wait(timeout=30)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(seen)) == 4
    database.close()
