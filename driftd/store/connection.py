"""Connections to the database, and what SQLite's refusals mean for the one who runs driftd."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from driftd.store.errors import StoreError, translated
from driftd.store.files import fsync_directory, time_in_name
from driftd.store.lock import processes_locking
from driftd.store.migrations import MIGRATIONS, migrate, version_of

DATABASE_NAME: Final = "driftd.db"
KEPT_ASIDE: Final = 3
"""Databases that were set aside and are kept; a failing disk must not fill itself with them."""

_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",  # derived data: what a power cut takes is made again from the journal
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_size_limit = 4194304",
)


class Guarded:
    """A connection that several threads may use, one after the other, whose errors are StoreErrors."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = connection
        self._refused: StoreError | None = None
        self._lock = threading.RLock()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection for queries."""
        with self._lock, sqlite_translated(self.path, "read the database"):
            try:
                yield self._open()
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise corrupt(self.path, str(error)) from error

    @contextmanager
    def writing(self, doing: str) -> Iterator[sqlite3.Connection]:
        """Lend the connection for one transaction, which an error takes back."""
        with self._lock, sqlite_translated(self.path, doing):
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def exchange(self, another: Callable[[], sqlite3.Connection]) -> None:
        """Give the file back and go on with another connection; where there is none, every use says why."""
        with self._lock:
            self.close()
            try:
                self._connection = another()
            except StoreError as error:
                self._refused = error
                raise

    def release(self) -> sqlite3.Connection:
        """Return the connection to one who goes on with it."""
        connection, self._connection = self._open(), None
        return connection

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                with suppress(sqlite3.Error):  # of a damaged file
                    connection.close()

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None:
            return self._connection
        if self._refused is not None:
            raise StoreError(self.path, self._refused.what, self._refused.remedy)
        raise StoreError(self.path, "the database is closed", "start driftd again")


class CorruptDatabaseError(StoreError):
    """The database is not one, or is damaged; opening it again sets it aside and rebuilds it."""


@contextmanager
def sqlite_translated(path: Path, doing: str) -> Iterator[None]:
    """Turn an error of SQLite into a StoreError; a mistake in a statement stays what it is."""
    try:
        yield
    except sqlite3.Error as error:
        extended = getattr(error, "sqlite_errorcode", 0)
        code = extended & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or extended in _UNREADABLE:
            raise corrupt(path, str(error)) from error
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise _busy(path, doing) from error
        if code in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT) and (
            doing == OPENING or str(error).startswith(_NOT_THERE)
        ):
            raise corrupt(path, str(error)) from error  # its tables are not what its version says
        if code in _REMEDIES:
            passes = code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
            raise StoreError(path, f"cannot {doing}: {error}", _REMEDIES[code], passes=passes) from error
        raise


OPENING: Final = "open the database"
_UNREADABLE: Final = (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS)
"""The disk does not give what is on it: the journal has it, too."""
_NOT_THERE: Final = ("no such table", "no such column", "no such index", "table ")
_REMEDIES: Final = {
    sqlite3.SQLITE_FULL: "make room on that file system; nothing recorded is lost",
    sqlite3.SQLITE_IOERR: "make room or look into the kernel's log; nothing recorded is lost",
    sqlite3.SQLITE_READONLY: "mount that file system writable, or set `state` to a directory that is",
    sqlite3.SQLITE_CANTOPEN: "check that path, its owner and its mode",
    sqlite3.SQLITE_PERM: "check that path, its owner and its mode",
}


def corrupt(path: Path, reason: str) -> CorruptDatabaseError:
    """Return the error that says a database is damaged."""
    return CorruptDatabaseError(path, f"the database is damaged ({reason})", "start driftd: it rebuilds the database")


def _busy(path: Path, doing: str) -> StoreError:
    names = (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm"))
    who = ", ".join(processes_locking(names)) or "another process"
    return StoreError(path, f"cannot {doing}: locked by {who}", "end that process, then try again", passes=True)


def connect(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """Return a connection to an intact database with today's tables, made if it is not there.

    CorruptDatabaseError where it is damaged; StoreError where it is locked, cannot be written or is of a newer driftd.
    """
    with translated(path, OPENING):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    with sqlite_translated(path, OPENING):
        connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    check(connection, path)  # first: what follows writes
    if version_of(connection) == 0:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    migrate(connection)
    check_tables(connection, path)


def check_tables(connection: sqlite3.Connection, path: Path) -> None:
    """Make sure that the tables are as the migrations make them."""
    if (different := _other_table(connection)) is not None:
        raise corrupt(path, f"its table {different} is another one")
    if connection.execute("SELECT count(*) FROM position").fetchone() != (1,):
        raise corrupt(path, "no position in it")


def _other_table(connection: sqlite3.Connection) -> str | None:
    """Return the name of a table that is not as the migrations make it."""
    made = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(made)
        names = [name for (name,) in made.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return next((name for name in names if _columns(made, name) != _columns(connection, name)), None)
    finally:
        made.close()


def _columns(connection: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    return connection.execute('SELECT name, type, "notnull", pk FROM pragma_table_info(?)', (table,)).fetchall()


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Make sure that a database is intact and that its tables are known here."""
    version = version_of(connection)
    if version > len(MIGRATIONS):
        raise StoreError(
            path,
            f"the state of a newer driftd (tables {version}, known here: {len(MIGRATIONS)})",
            "install that version again, or move the file away: this version then rebuilds it from the journal",
        )
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise corrupt(path, " ".join(str(verdict).split()))


def identity_of(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another under its name; None where there is none."""
    try:
        there = path.stat()
    except OSError:
        return None
    return there.st_dev, there.st_ino


def connect_read_only(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """Return a connection that changes nothing, beside the daemon or on a read-only file system."""
    # Without a write-ahead log nobody has the database open; "immutable" then needs no file beside it.
    quiet = not path.with_name(path.name + "-wal").exists()
    uri = f"{path.absolute().as_uri()}?{'immutable=1' if quiet else 'mode=ro'}"
    with sqlite_translated(path, "read the database"):
        connection = sqlite3.connect(uri, uri=True, timeout=busy_seconds, isolation_level=None)
        try:
            check(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def set_aside(path: Path, now: datetime) -> Path:
    """Move a database away for whoever wants to look at it, and return its new path; only the latest few are kept."""
    aside = path.with_name(f"{path.name}.corrupt-{time_in_name(now)}")
    with translated(path, "set the database aside"):
        path.rename(aside)
        for ending in ("-wal", "-shm"):
            beside = path.with_name(path.name + ending)
            if beside.exists():
                beside.rename(aside.with_name(aside.name + ending))
        kept = sorted(name for name in path.parent.glob(f"{path.name}.corrupt-*Z"))
        for old in kept[:-KEPT_ASIDE]:
            for name in (old, old.with_name(old.name + "-wal"), old.with_name(old.name + "-shm")):
                name.unlink(missing_ok=True)
        fsync_directory(path.parent)
    return aside
