"""SQLite as the catalog uses it: one connection a thread, a versioned schema, transactions. Only sqlite3 user.

WAL lets readers read while the one writer writes. ``secure_delete`` overwrites what is deleted, so that a removed
paper leaves no text in free pages. Where nothing can be written (a mount that is read-only, the home of somebody
else) the file is opened for reading alone.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kb.errors import CatalogDamaged, HomeBusy, HomeTooNew, HomeUnwritable, IndexDamaged, UnknownPaper
from kb.home import misplaced
from kb.index.catalog.schema import MIGRATIONS
from kb.names import answers_to

Row = tuple[Any, ...]

_RECOVER = "kb recover TO saves what is whole into a new home, or restore the file from a backup"
_DAMAGE = re.compile(r"malformed|not a database|decode to UTF-8|no such (?:table|column|index)|raised exception"
                     r"|already exists|file is encrypted")  # fmt: skip
_LOCKLESS = frozenset({
    sqlite3.SQLITE_IOERR_LOCK, sqlite3.SQLITE_IOERR_UNLOCK, sqlite3.SQLITE_IOERR_RDLOCK, sqlite3.SQLITE_IOERR_SHMLOCK,
    sqlite3.SQLITE_IOERR_SHMMAP, sqlite3.SQLITE_IOERR_SHMOPEN, sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK,
})  # fmt: skip
_FOREIGN = (sqlite3.Error, UnicodeDecodeError, OverflowError)  # Python reads SQLite's message, which may quote damage
# SQLite goes by the statement that made a table or index, and does not look at what stands beside it.
_MISCALLED = (
    "SELECT name FROM sqlite_master WHERE type NOT IN ('table', 'index', 'trigger')"
    " OR (sql IS NOT NULL AND (instr(sql, name) = 0 OR instr(sql, tbl_name) = 0))"
)
_TOLD = 1000  # faults of one check
_PATIENCE_SECONDS = 60.0  # for another's transaction
_BREATH_SECONDS = 0.01  # that a long writer leaves between its transactions


def now(timespec: str = "seconds") -> str:
    """This moment (UTC) as the catalog writes it."""
    return datetime.now(UTC).isoformat(timespec=timespec)


def row_checksum(*values: bytes | None) -> int:
    """CRC-32 of a row's values as bytes, each with its length; NULL is none of any length. Queries call it, too."""
    total = 0
    for value in values:
        size = -1 if value is None else len(value)
        total = zlib.crc32(value or b"", zlib.crc32(size.to_bytes(8, "big", signed=True), total))
    return total


def _when_free(act: Callable[[], object]) -> None:
    """Do it as soon as nobody else holds the file, looking often."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            act()
            return
        except sqlite3.OperationalError as err:
            if err.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_BREATH_SECONDS / 4)


@contextlib.contextmanager
def left_alone(path: Path) -> Iterator[None]:
    """Let nobody change a catalog, as far as it lets itself be locked, and change nothing in it either."""
    address = path.absolute().as_uri()
    with contextlib.ExitStack() as opened:
        with contextlib.suppress(*_FOREIGN):
            # The last who can write would write the log back into the file when it closes it: it is not the last here.
            # And where the file's own head cannot be read, nobody writes.
            head, reader, writer = (
                opened.enter_context(
                    contextlib.closing(sqlite3.connect(f"{address}?mode={mode}", uri=True, isolation_level=None))
                )
                for mode in ("ro&immutable=1", "ro", "rw")
            )
            for connection in (head, writer, reader):
                connection.execute("SELECT 1 FROM sqlite_master").fetchone()
            _when_free(lambda: writer.execute("BEGIN IMMEDIATE"))
        yield


class Database:
    """A SQLite file with the catalog's schema.

    Args:
        path: the file; it is made when ``create`` is true.
        create: make or upgrade the schema (a writer does); otherwise an old or missing one is an error.
        schema: make or upgrade it as far as this number; 0: leave it as it is, whatever it is.

    Raises:
        HomeTooNew: the schema is newer than this version of the product knows.
        HomeUnwritable: the file cannot be opened or written.
    """

    def __init__(self, path: Path, *, create: bool, schema: int = len(MIGRATIONS)) -> None:
        self._path = path
        self._local = threading.local()
        self._all: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._guard = threading.Lock()
        self._is_damaged = schema == 0
        self._is_full = False
        self._watcher: sqlite3.Connection | None = None
        self._watching = threading.Lock()
        self.damaged: dict[str, None] = {}  # what was left out of results because it is not as it was written
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
        if schema:
            self._upgrade(schema)

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
        except _FOREIGN as err:
            ours = self._ours(err)
            if not isinstance(ours, HomeUnwritable) or ours.code != "disk-full":
                raise ours from err
            self._is_full = True  # SQLite wants an index of the log beside the file; what stands in the file is read
            connection = self._for_reading()
        if owned:
            with self._guard:
                self._all.append((threading.current_thread(), connection))
        return connection

    def _for_writing(self) -> sqlite3.Connection:
        connection = self._open("mode=rwc")
        # Of two that open a new file at once SQLite sends one away at once, however long it was told to wait.
        _when_free(lambda: connection.execute("PRAGMA journal_mode=WAL"))
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
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
            f"{self._path.absolute().as_uri()}?{how}", uri=True, timeout=_PATIENCE_SECONDS, isolation_level=None,
            check_same_thread=False, cached_statements=256,
        )  # fmt: skip
        connection.create_function("answers_to", 2, answers_to, deterministic=True)
        connection.create_function("row_checksum", -1, row_checksum, deterministic=True)
        if self._is_damaged:
            connection.execute("PRAGMA writable_schema = ON")  # what cannot be read of the schema is passed over
        connection.execute("PRAGMA trusted_schema = ON")  # the checksums are indexes over a function of ours
        return connection

    def _upgrade(self, schema: int) -> None:
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
        for number in range(have, schema):
            with self.transaction():
                # Another process may have upgraded while this one waited for the lock.
                if self.one("PRAGMA user_version")[0] == number:
                    for step in MIGRATIONS[number]:
                        if callable(step):
                            step(self)
                        else:
                            self.run(step)
                    self.run(f"PRAGMA user_version = {number + 1}")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. A transaction inside a transaction is part of the outer one."""
        connection = self._connection
        if connection.in_transaction:
            yield
            return
        try:
            self._begin()
            yield
            self.run("COMMIT")
        except BaseException:
            # Also when stopped right after BEGIN: what came later would be part of a transaction that never ends.
            connection.rollback()
            raise

    def _begin(self) -> None:
        """Wait until nobody else writes. SQLite's own waiting looks again after as much as a tenth of a second, so that
        somebody who writes often keeps all others out; this looks often enough to find the room that long writers leave
        (``pause``)."""
        self.run("PRAGMA busy_timeout = 0")
        try:
            _when_free(lambda: self._connection.execute("BEGIN IMMEDIATE"))
        except _FOREIGN as err:
            raise self._ours(err) from err
        finally:
            self.run(f"PRAGMA busy_timeout = {int(_PATIENCE_SECONDS * 1000)}")

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Execute one statement; returns the row id of an insert."""
        try:
            return self._connection.execute(statement, values).lastrowid or 0
        except _FOREIGN as err:
            raise self._ours(err) from err

    def run_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute one statement for each row of values."""
        try:
            self._connection.executemany(statement, rows)
        except _FOREIGN as err:
            raise self._ours(err) from err

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query."""
        connection = self._connection
        try:
            return connection.execute(statement, values).fetchall()
        except _FOREIGN as err:
            if "decode to UTF-8" not in str(err):
                raise self._ours(err) from err
        # A text with a broken byte: its checksum tells whoever asks, the other rows are not lost for it.
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        try:
            return connection.execute(statement, values).fetchall()
        except _FOREIGN as err:
            raise self._ours(err) from err
        finally:
            connection.text_factory = str

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

    def paper_number(self, paper_id: str) -> int:
        """The catalog number of the paper with this id or alias.

        Raises:
            UnknownPaper: when there is none.
        """
        row = self.first("SELECT paper FROM aliases WHERE alias = ?", (paper_id,))
        if row is None:
            raise self.unknown(paper_id)
        return int(row[0])

    def paper_id(self, number: int | None) -> str:
        """The id of the paper with this catalog number."""
        return str(self.one("SELECT id FROM papers WHERE number = ?", (number,))[0])

    def unknown(self, paper_id: str) -> UnknownPaper:
        """The error for a paper that is not there."""
        return UnknownPaper(f"{paper_id!r} is not in the library: kb list shows what is")

    def whole(self, rows: Iterable[Row], *, called: str) -> list[Row]:
        """The rows that are as they were written, which the last value of each says (see ``intact`` in ``schema``).

        The others are remembered by what a person calls them: ``called`` is a format of a row's values.
        """
        found = []
        for row in rows:
            if row[-1]:
                found.append(row)
            else:
                self.damaged[called.format(*row)] = None
        return found

    def refused(self, what: str) -> CatalogDamaged:
        """The error for a row that was asked for and is not as it was written."""
        return CatalogDamaged(f"{what} is not as it was written: {_RECOVER}")

    def state(self) -> tuple[int, ...] | None:
        """Changes whenever anybody commits a change; the same for all threads, so what one computed serves the others.

        It is what a connection that never writes sees of the others (SQLite's ``data_version``). None inside a
        transaction: what is computed there may be rolled back, and is nobody else's.
        """
        if self._connection.in_transaction:
            return None
        with self._watching:
            if self._watcher is None:
                self._watcher = self._connect(owned=False)
            try:
                return (*self._watcher.execute("PRAGMA data_version").fetchone(), *(self._frozen or ()))
            except _FOREIGN as err:
                raise self._ours(err) from err

    def pause(self) -> None:
        """Between the transactions of a long writer: bring the log into the file, which would else be left to the
        commit of whoever comes next, and leave others room to write."""
        self.run("PRAGMA wal_checkpoint(PASSIVE)")
        time.sleep(_BREATH_SECONDS)

    def scrub(self) -> None:
        """Write the file anew from what is in it, and empty the log, so that deleted text is nowhere on disk.

        ``secure_delete`` overwrites what is deleted, but not the copies that a page keeps of rows which moved to
        another page before.

        Raises:
            HomeBusy: when another process reads for so long that the log cannot be emptied.
        """
        self.run("VACUUM")
        if self.one("PRAGMA wal_checkpoint(TRUNCATE)")[0]:
            raise HomeBusy(f"another process reads {self._path}: run the same again when it has ended")

    def faults(self) -> list[str]:
        """What is not as it was written, by SQLite's own check and by the rows' checksums; empty when all is well."""
        try:
            told = [str(row[0]) for row in self.rows(f"PRAGMA integrity_check({_TOLD})") if row[0] != "ok"]
            told += [f"what the catalog says of {row[0]!r} is not as it was written" for row in self.rows(_MISCALLED)]
        except (CatalogDamaged, HomeUnwritable) as err:
            return [str(err.__cause__ or err)]
        lines = [line for text in told for line in text.splitlines() if not line.startswith("***")]
        return list(dict.fromkeys(map(self._in_words, lines)))

    def _in_words(self, fault: str) -> str:
        """Whose row it is that differs from an index, as far as it can be told."""
        if not (match := re.match(r"row (\d+) missing from index (\w+)", fault)):
            return fault
        number, index = int(match[1]), match[2]
        try:
            table = self.one("SELECT tbl_name FROM sqlite_master WHERE name = ?", (index,))[0]
            paper = {"papers": "rowid", "records": "paper", "chunks": "paper"}.get(table)
            row = self.first(
                f"SELECT p.id FROM {table} t NOT INDEXED JOIN papers p ON p.number = t.{paper} WHERE t.rowid = ?",
                (number,),
            ) if paper else None  # fmt: skip
        except (CatalogDamaged, HomeUnwritable, IndexError):
            return fault
        return f"{table}, row {number}{f', of {row[0]}' if row else ''}: it is not as it was written"

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

    def _ours(self, err: Exception) -> Exception:
        """The error of ours for one of SQLite's, by its code; what Python says of a text or of a value has none."""
        text, code = str(err), getattr(err, "sqlite_errorcode", 0)
        primary = code & 0xFF
        full = primary == sqlite3.SQLITE_FULL or "is full" in text
        full = full or (self._is_full and primary == sqlite3.SQLITE_READONLY)
        if full or (primary == sqlite3.SQLITE_IOERR and shutil.disk_usage(self._path.parent).free < 1 << 20):
            return HomeUnwritable(
                f"the disk of {self._path} is full: free some space and run the same again", code="disk-full"
            )
        if code in _LOCKLESS or primary in (sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOLFS):
            return HomeUnwritable(
                f"{self._path} lies on a file system that cannot lock files ({text}): move the home to a local disk"
            )
        if (
            primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
            or _DAMAGE.search(text)
            or not isinstance(err, sqlite3.Error)
        ):
            return CatalogDamaged(f"{self._path} is damaged ({text}): {_RECOVER}")
        if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return HomeBusy(f"another process writes {self._path}: wait until it ends, then run the same again")
        companions = [self._path.with_name(self._path.name + ending) for ending in ("", "-wal", "-shm", "-journal")]
        if (folder := next((path for path in companions if path.is_dir()), None)) is not None:
            return misplaced(folder)
        if primary == sqlite3.SQLITE_READONLY:
            return HomeUnwritable(f"{self._path} cannot be written: check its permissions or choose another --home")
        return HomeUnwritable(f"{self._path} cannot be used ({text}): check its permissions or choose another --home")
