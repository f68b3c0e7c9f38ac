"""SQLite as the catalog uses it: one connection a thread, a versioned schema, transactions. Only sqlite3 user.

WAL lets readers read while the one writer writes. ``secure_delete`` overwrites what is deleted, so that a removed
paper leaves no text in free pages. Where nothing can be written (a mount that is read-only, the home of somebody
else) the file is opened for reading alone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from kb.errors import HomeTooNew, HomeUnwritable, IndexDamaged
from kb.index.schema import FILL_RECORDS, MIGRATIONS
from kb.index.upgrading import fill_records
from kb.names import answers_to

Row = tuple[Any, ...]


class Database:
    """A SQLite file with the catalog's schema.

    Args:
        path: the file; it is made when ``create`` is true.
        create: make or upgrade the schema (a writer does); otherwise an old or missing one is an error.

    Raises:
        HomeTooNew: the schema is newer than this version of the product knows.
        HomeUnwritable: the file cannot be opened or written.
    """

    def __init__(self, path: Path, *, create: bool) -> None:
        self._path = path
        self._local = threading.local()
        self._all: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._guard = threading.Lock()
        self._watcher: sqlite3.Connection | None = None
        self._watching = threading.Lock()
        self._frozen: tuple[int, int] | None = None  # of the file that is read as it stands: see _for_reading
        if not create and not path.exists():
            raise HomeUnwritable(
                f"there is no knowledge base in {path.parent}: add something first, e.g. kb add FILE.pdf"
            )
        if path.exists() and not path.stat().st_size and any(f.is_file() for f in (path.parent / "index").rglob("*")):
            raise IndexDamaged(f"{path} is empty, its indexes are not: restore this file from a backup of the home")
        self._writable = os.access(path.parent, os.W_OK) and (not path.exists() or os.access(path, os.W_OK))
        if create and not path.exists():
            self._make()
        self._upgrade()

    def _make(self) -> None:
        """The file, for its owner's eyes only whatever the process's mask; SQLite gives its companions the same."""
        try:
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as err:
            raise HomeUnwritable(
                f"{self._path} cannot be made ({err.strerror}): check the permissions or choose another --home"
            ) from err

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._frozen is not None and self._frozen != self._stamp():
            self._look_again()
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._left_behind() or self._connect()
            self._local.connection = connection
        return connection

    def _left_behind(self) -> sqlite3.Connection | None:
        """The connection of a thread that has ended: a server's threads come and go, its open files must not grow."""
        with self._guard:
            for place, (thread, connection) in enumerate(self._all):
                if not thread.is_alive() and not connection.in_transaction:
                    self._all[place] = (threading.current_thread(), connection)
                    return connection
        return None

    def _connect(self, *, owned: bool = True) -> sqlite3.Connection:
        try:
            connection = self._for_writing() if self._writable else self._for_reading()
        except sqlite3.Error as err:
            raise self._ours(err) from err
        if owned:
            with self._guard:
                self._all.append((threading.current_thread(), connection))
        return connection

    def _for_writing(self) -> sqlite3.Connection:
        connection = self._open("mode=rwc")
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _for_reading(self) -> sqlite3.Connection:
        """A connection that writes nothing, not even the log's index that SQLite wants beside the file.

        While somebody else writes, that index is there and is used. Otherwise the file is all there is, and is read
        as it stands, unless a log was left that nobody has written back into it; when the file changes it is opened
        anew, for SQLite would not look.
        """
        connection = self._open("mode=ro")
        try:
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
            return connection
        except sqlite3.OperationalError:
            connection.close()
            log = self._path.with_name(self._path.name + "-wal")
            if log.exists() and log.stat().st_size:
                raise HomeUnwritable(
                    f"{log} holds changes that were not written back, and {self._path.parent} cannot be written: "
                    "open it once where it can be, e.g. with kb status, or copy the home"
                ) from None
        self._frozen = self._stamp()
        return self._open("mode=ro&immutable=1")

    def _stamp(self) -> tuple[int, int]:
        """Modification time and size of the file."""
        try:
            state = self._path.stat()
        except OSError:
            return 0, 0
        return state.st_mtime_ns, state.st_size

    def _look_again(self) -> None:
        """Let go of all connections, without closing what another thread may be reading from."""
        with self._guard, self._watching:
            self._all.clear()
            self._local = threading.local()
            self._watcher = self._frozen = None

    def _open(self, how: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?{how}", uri=True, timeout=60.0, isolation_level=None,
            check_same_thread=False, cached_statements=256,
        )  # fmt: skip
        connection.create_function("answers_to", 2, answers_to, deterministic=True)
        return connection

    def _upgrade(self) -> None:
        have = self.one("PRAGMA user_version")[0]
        if have > len(MIGRATIONS):
            raise HomeTooNew(
                f"{self._path.parent} was made by a newer kb (schema {have}, this one knows {len(MIGRATIONS)}): "
                "upgrade with pip install -U paper-kb"
            )
        if have < len(MIGRATIONS) and not self._writable:
            raise HomeUnwritable(
                f"{self._path.parent} was made by an older kb and cannot be written: open it once where it can be, "
                "e.g. with kb status, or copy the home"
            )
        for number in range(have, len(MIGRATIONS)):
            with self.transaction():
                # Another process may have upgraded while this one waited for the lock.
                if self.one("PRAGMA user_version")[0] == number:
                    for statement in MIGRATIONS[number]:
                        if statement == FILL_RECORDS:
                            fill_records(self)
                        else:
                            self.run(statement)
                    self.run(f"PRAGMA user_version = {number + 1}")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. A transaction inside a transaction is part of the outer one."""
        connection = self._connection
        if connection.in_transaction:
            yield
            return
        try:
            self.run("BEGIN IMMEDIATE")
            yield
            self.run("COMMIT")
        except BaseException:
            # Also when stopped right after BEGIN: what came later would be part of a transaction that never ends.
            connection.rollback()
            raise

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Execute one statement; returns the row id of an insert."""
        try:
            return self._connection.execute(statement, values).lastrowid or 0
        except sqlite3.Error as err:
            raise self._ours(err) from err

    def run_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute one statement for each row of values."""
        try:
            self._connection.executemany(statement, rows)
        except sqlite3.Error as err:
            raise self._ours(err) from err

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query."""
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as err:
            raise self._ours(err) from err

    def one(self, statement: str, values: Sequence[Any] = ()) -> Row:
        """The first row of a query that always has one."""
        row: Row = self.rows(statement, values)[0]
        return row

    def first(self, statement: str, values: Sequence[Any] = ()) -> Row | None:
        """The first row, or None."""
        found = self.rows(statement, values)
        return found[0] if found else None

    def rows_for(self, statement: str, values: Sequence[Any]) -> list[Row]:
        """Rows of a query with one ``IN (?)``, for any number of values (SQLite caps the variables of a query)."""
        found: list[Row] = []
        for start in range(0, len(values), 5000):
            part = values[start : start + 5000]
            found += self.rows(statement.replace("(?)", f"({','.join('?' * len(part))})"), part)
        return found

    def state(self) -> tuple[int, ...]:
        """Changes whenever anybody commits a change; the same for all threads, so what one computed serves the others.

        It is what a connection that never writes sees of the others (SQLite's ``data_version``). Inside a transaction
        it is the transaction's own.
        """
        own = self._connection
        if own.in_transaction:
            return id(own), own.total_changes
        with self._watching:
            if self._watcher is None:
                self._watcher = self._connect(owned=False)
            try:
                return (*self._watcher.execute("PRAGMA data_version").fetchone(), *(self._frozen or ()))
            except sqlite3.Error as err:
                raise self._ours(err) from err

    def scrub(self) -> None:
        """Write the log back into the file and empty it, so that deleted text is nowhere on disk."""
        self.rows("PRAGMA wal_checkpoint(TRUNCATE)")

    def faults(self) -> list[str]:
        """What SQLite's own check finds wrong; empty when all is well."""
        return [str(row[0]) for row in self.rows("PRAGMA quick_check") if row[0] != "ok"]

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._guard:
            for _, connection in self._all:
                connection.close()
            self._all.clear()
        with self._watching:
            if self._watcher is not None:
                self._watcher.close()
            self._watcher = None
        self._local = threading.local()

    def _ours(self, err: sqlite3.Error) -> Exception:
        text = str(err)
        if "full" in text or ("disk I/O error" in text and shutil.disk_usage(self._path.parent).free < 1 << 20):
            return HomeUnwritable(
                f"the disk of {self._path} is full: free some space and run the same again", code="disk-full"
            )
        if isinstance(err, sqlite3.DatabaseError) and ("malformed" in text or "not a database" in text):
            return IndexDamaged(f"{self._path} is damaged ({text}): restore this file from a backup of the home")
        if "readonly" in text:
            return HomeUnwritable(f"{self._path} cannot be written: check its permissions or choose another --home")
        return HomeUnwritable(f"{self._path} cannot be used ({text}): check its permissions or choose another --home")
