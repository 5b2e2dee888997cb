"""The database: what is derived from the journal, ready to be asked. It may be thrown away at any time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from driftd.model.event import Event, sequence_of
from driftd.ports import Clock
from driftd.store import tables
from driftd.store.connection import (
    DATABASE_NAME,
    CorruptDatabaseError,
    check_tables,
    connect,
    connect_read_only,
    identity_of,
    set_aside,
    sqlite_translated,
)
from driftd.store.damage import JournalProblem, chain_of
from driftd.store.errors import translated
from driftd.store.files import make_directory
from driftd.store.kept import OUTPUTS_BEGIN, KeptState
from driftd.store.known import StateChange
from driftd.store.migrations import migrate
from driftd.store.notices import Notice, StoreNotice, note
from driftd.store.past import BehindError, OtherPastError, Reason, batches, set_aside_notice
from driftd.store.reader import EventSource, Position
from driftd.store.replay import IncomprehensibleError, replayed
from driftd.store.snapshot import DamagedSnapshotError, read_snapshot

BUSY_SECONDS: Final = 5.0
_FREE_PAGES: Final = 256
"""Pages of 4 KiB that may lie unused: they are used again."""

Progress = Callable[[], None]


def unheard() -> None:
    """Nobody asked to hear of it."""


class Database(KeptState):
    """The kept state, brought up to the journal's end. One thread applies events, any may ask or move a cursor.

    Methods raise StoreError where the file cannot be read or written; CorruptDatabaseError: open it again.
    """

    def __init__(
        self, connection: sqlite3.Connection, path: Path, journal: EventSource, progress: Progress = unheard
    ) -> None:
        super().__init__(connection, path)
        self._journal = journal
        self._identity = identity_of(path)
        self.notices: list[StoreNotice] = []
        """What happened to it, to be said by its owner, who empties the list."""
        self.lost_through = 0
        """Sequences up to this one were given out by a journal that is lost since: `Journal.resume_after`."""
        self.on_progress = progress
        """Called now and then while much is taken over."""

    @classmethod
    def open(
        cls,
        directory: Path,
        journal: EventSource,
        clock: Clock,
        *,
        busy_seconds: float = BUSY_SECONDS,
        progress: Progress = unheard,
    ) -> Database:
        """Return the database of a state directory, brought up to the journal's end.

        A damaged one, and one that knows another past than the journal, is set aside and made again; `notices` says so.
        """
        make_directory(directory)
        path = directory / DATABASE_NAME
        missing = journal.position().sequence > 0 and (not path.exists() or path.stat().st_size == 0)
        try:
            database = cls._opened(path, journal, busy_seconds, progress, rebuilt=missing)
        except (CorruptDatabaseError, OtherPastError, BehindError) as error:
            aside = set_aside(path, clock.now())
            database = cls._opened(path, journal, busy_seconds, progress, rebuilt=True)
            database.say_set_aside(error, aside)
        if missing:
            message = f"{path}: it was not there, and was made again from the journal"
            database.notices.insert(0, StoreNotice(Notice.DATABASE_MISSING, message))
        return database

    def say_set_aside(self, reason: Reason, aside: Path) -> None:
        """Note that another one stood in this one's place, and why it does no more."""
        self.notices.insert(0, set_aside_notice(reason, aside))
        self.lost_through = reason.sequence if isinstance(reason, OtherPastError) else 0

    @classmethod
    def _opened(
        cls, path: Path, journal: EventSource, busy_seconds: float, progress: Progress, *, rebuilt: bool
    ) -> Database:
        database = cls(connect(path, busy_seconds), path, journal, progress)
        try:
            database.check_past()
            database.catch_up(rebuilt=rebuilt)
            if not rebuilt and database.mark(OUTPUTS_BEGIN) is not None and database.cursors():
                database.set_mark(OUTPUTS_BEGIN, None)  # it served those who asked after the rebuild
        except BaseException:
            database.close()
            raise
        return database

    def repair(self, clock: Clock, damaged: CorruptDatabaseError | None = None) -> None:
        """Open the file again while it is in use: where it is damaged or gone it is set aside and made again.

        `damaged`: what was met in it, which looking at it again may not show. StoreError: it cannot be made again now, and
        every use says so until a repair succeeds.
        """

        def another() -> sqlite3.Connection:
            if damaged is not None and self._path.exists():
                aside = set_aside(self._path, clock.now())
                fresh = Database._opened(self._path, self._journal, BUSY_SECONDS, self.on_progress, rebuilt=True)
                fresh.say_set_aside(damaged, aside)
            else:
                fresh = Database.open(self._path.parent, self._journal, clock, progress=self.on_progress)
            self.notices.extend(fresh.notices)
            self.lost_through = max(self.lost_through, fresh.lost_through)
            self._identity = identity_of(self._path)
            return fresh._guarded.release()  # noqa: SLF001 - its own kind

        self._guarded.exchange(another)

    def wait_for_locks(self, seconds: float) -> None:
        """Wait no longer than this for another process that holds a lock."""
        with self._guarded.reading() as connection:
            connection.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")

    def in_place(self) -> bool:
        """Whether the file that is used is still the one under its name."""
        return self._identity == identity_of(self._path)

    @classmethod
    def open_read_only(cls, directory: Path, journal: EventSource, *, busy_seconds: float = BUSY_SECONDS) -> Self:
        """Return what a state directory says now, changing nothing: beside the daemon, or on a read-only file system.

        Where the file is missing, damaged or behind the journal, the rest is replayed in memory.
        """
        path = directory / DATABASE_NAME
        stored: sqlite3.Connection | None = None
        with translated(path, "read the database"):
            there = path.exists()
        if there:
            try:
                stored = connect_read_only(path, busy_seconds)
            except CorruptDatabaseError:
                stored = None  # the journal has it all; the owner sets the file aside
        database = cls(_copy_in_memory(stored, path), path, journal)
        database.catch_up()
        return database

    def close(self) -> None:
        """Give the file back."""
        self._guarded.close()

    # --- the journal's side

    def apply(self, events: Sequence[Event]) -> None:
        """Take over recorded events, all or none; those it has already change nothing.

        Where others are missing in between, as after an apply that failed, it catches up from the journal.
        """
        known = self.position().sequence
        fresh = [event for event in events if sequence_of(event) > known]
        if fresh and sequence_of(fresh[0]) == known + 1:
            self._take(fresh)
        elif fresh:
            self.catch_up()

    def _take(self, events: Sequence[Event]) -> None:
        with self._guarded.writing("take over events") as connection:
            for event in events:
                try:
                    changes = replayed(event)
                except IncomprehensibleError as error:
                    message = f"{self._path}: event {sequence_of(event)} was left out: {error}"
                    note(self.notices, Notice.EVENT_INCOMPREHENSIBLE, message)
                    continue
                for change in changes:
                    tables.write(connection, change)
            last = events[-1]
            connection.execute("UPDATE position SET sequence = ?, chain = ?", (sequence_of(last), chain_of(last)))

    def catch_up(self, *, rebuilt: bool = False) -> None:
        """Take over what the journal has beyond this; `rebuilt`: what outputs have delivered was lost."""
        if rebuilt:
            self.set_mark(OUTPUTS_BEGIN, "0")  # in case this one is interrupted too
        known, begins = self.position().sequence, self._journal.first_sequence()
        if known < begins - 1:
            self._take_snapshot(begins, rebuilt=rebuilt)
        for batch in batches(self._journal.read(self.position().sequence, self._unreadable)):
            self._take(batch)
            self.on_progress()
        if rebuilt:
            with self._guarded.reading() as connection:
                ((started, pruned),) = connection.execute("SELECT started, pruned FROM position").fetchall()
            self.set_mark(OUTPUTS_BEGIN, str(max(started - 1, pruned, 0)))

    def _take_snapshot(self, begins: int, *, rebuilt: bool) -> None:
        """Take over the state that the events made which the journal does not hold any more."""
        reason = "no snapshot holds what they made"
        if (found := self._journal.snapshot()) is not None:
            named, path = found
            try:
                with self._guarded.writing("take over a snapshot") as connection:
                    for change in read_snapshot(path):
                        tables.write(connection, change)
                    end = (named.sequence, named.chain)
                    connection.execute("UPDATE position SET sequence = ?, chain = ?", end)
            except DamagedSnapshotError as error:
                reason = str(error)
            else:
                return
        if rebuilt:
            message = f"events up to {begins - 1} are gone, and {reason}: the next audit finds out what is drifted"
            note(self.notices, Notice.STATE_INCOMPLETE, message)

    def _unreadable(self, problem: JournalProblem) -> None:
        note(self.notices, Notice.EVENT_UNREADABLE, f"a line of the journal was left out: {problem}")

    def check_past(self) -> None:
        """Make sure that the journal holds what was taken over from it; OtherPastError where it does not."""
        known, end = self.position(), self._journal.position()
        if known.sequence > end.sequence:
            raise OtherPastError(self._path, known.sequence, f"the journal ends at event {end.sequence} already")
        if 0 < known.sequence < (begins := self._journal.first_sequence()) - 1:
            raise BehindError(self._path, known.sequence, begins)
        event = next(self._journal.read(known.sequence - 1), None) if known.sequence else None
        if event is not None and sequence_of(event) == known.sequence and chain_of(event) != known.chain:
            raise OtherPastError(self._path, known.sequence, "the journal holds another one of that number")

    # --- its size

    def pruned(self) -> int:
        """Return up to which event the journal is gone, as was recorded."""
        with self._guarded.reading() as connection:
            return int(connection.execute("SELECT pruned FROM position").fetchone()[0])

    @contextmanager
    def frozen(self) -> Iterator[tuple[Position, Iterator[StateChange]]]:
        """Yield a position and what makes the state at it of an empty one, while events go on being taken over."""
        with sqlite_translated(self._path, "read the database"):
            uri = f"{self._path.absolute().as_uri()}?mode=ro"
            connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
            try:
                connection.execute("BEGIN")
                position = Position(*connection.execute("SELECT sequence, chain FROM position").fetchone())
                yield position, tables.everything(connection)
            finally:
                connection.close()

    def check_tables(self) -> None:
        """Make sure that the tables are those that are known here; CorruptDatabaseError where they are not."""
        with self._guarded.reading() as connection:
            check_tables(connection, self._path)

    def tidy(self) -> Iterator[None]:
        """Give back to the file system what is not used, in steps."""
        while self._free_pages() > _FREE_PAGES:
            with self._guarded.reading() as connection:
                connection.execute(f"PRAGMA incremental_vacuum({_FREE_PAGES})").fetchall()
            yield
        with self._guarded.reading() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _free_pages(self) -> int:
        with self._guarded.reading() as connection:
            return int(connection.execute("PRAGMA freelist_count").fetchone()[0])


def _copy_in_memory(stored: sqlite3.Connection | None, path: Path) -> sqlite3.Connection:
    memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    if stored is not None:
        with sqlite_translated(path, "read the database"):
            stored.backup(memory)
        stored.close()
    migrate(memory)
    return memory
