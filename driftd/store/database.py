"""The database: what is derived from the journal, ready to be asked. It may be thrown away at any time."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from driftd.model.event import Event, namespace, sequence_of
from driftd.ports import Clock
from driftd.store import tables
from driftd.store.connection import (
    DATABASE_NAME,
    CorruptDatabaseError,
    Guarded,
    check_tables,
    connect,
    connect_read_only,
    identity_of,
    set_aside,
    sqlite_translated,
)
from driftd.store.damage import JournalProblem, chain_of
from driftd.store.errors import StoreError
from driftd.store.files import make_directory
from driftd.store.known import (
    CompletedAudit,
    KnownBaseline,
    KnownGap,
    KnownGroup,
    OpenDrift,
    Remembered,
    Standing,
    StateChange,
)
from driftd.store.migrations import migrate
from driftd.store.notices import Notice, StoreNotice, note
from driftd.store.reader import EventSource, Position
from driftd.store.replay import IncomprehensibleError, replayed
from driftd.store.snapshot import DamagedSnapshotError, read_snapshot

BUSY_SECONDS: Final = 5.0
_BATCH: Final = 1000
_FREE_PAGES: Final = 256
"""Pages of 4 KiB that may lie unused: they are used again."""
_OUTPUTS_BEGIN: Final = "outputs-begin"
_SET_CURSOR: Final = """
INSERT INTO outputs (name, delivered) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET delivered = excluded.delivered"""


class OtherPastError(StoreError):
    """The database took over events that the journal does not hold: the journal was lost, cut or exchanged."""

    def __init__(self, path: Path, sequence: int, what: str) -> None:
        super().__init__(path, f"the database took over event {sequence}; {what}", "find out who touched the journal")
        self.sequence = sequence


class BehindError(StoreError):
    """The database knows less than what the journal has forgotten since: a copy of an earlier time was put in its place."""

    def __init__(self, path: Path, sequence: int, begins: int) -> None:
        what = f"the database took over events up to {sequence}, and the journal begins with {begins}"
        super().__init__(path, what, "find out who put an older database in its place")


Reason = CorruptDatabaseError | OtherPastError | BehindError
"""Why a database is set aside."""


class Database:
    """Open drifts, gaps, baselines, deliveries and remembered items. One thread applies events, any may ask or move a cursor.

    Methods raise StoreError where the file cannot be read or written; CorruptDatabaseError: open it again.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, journal: EventSource) -> None:
        self._guarded = Guarded(connection, path)
        self._path = path
        self._journal = journal
        self._identity = identity_of(path)
        self.notices: list[StoreNotice] = []
        """What happened to it, to be said by its owner, who empties the list."""
        self.lost_through = 0
        """Sequences up to this one were given out by a journal that is lost since: `Journal.resume_after`."""

    @classmethod
    def open(
        cls, directory: Path, journal: EventSource, clock: Clock, *, busy_seconds: float = BUSY_SECONDS
    ) -> Database:
        """Return the database of a state directory, brought up to the journal's end.

        A damaged one, and one that knows another past than the journal, is set aside and made again; `notices` says so.
        """
        make_directory(directory)
        path = directory / DATABASE_NAME
        missing = journal.position().sequence > 0 and (not path.exists() or path.stat().st_size == 0)
        try:
            database = cls._opened(path, journal, busy_seconds, rebuilt=missing)
        except (CorruptDatabaseError, OtherPastError, BehindError) as error:
            database = cls._made_again(path, journal, clock, busy_seconds, error)
        if missing:
            message = f"{path}: it was not there, and was made again from the journal"
            database.notices.insert(0, StoreNotice(Notice.DATABASE_MISSING, message))
        return database

    @classmethod
    def _made_again(
        cls, path: Path, journal: EventSource, clock: Clock, busy_seconds: float, reason: Reason
    ) -> Database:
        aside = set_aside(path, clock.now())
        database = cls._opened(path, journal, busy_seconds, rebuilt=True)
        database.notices.insert(0, _set_aside_notice(reason, aside))
        database.lost_through = reason.sequence if isinstance(reason, OtherPastError) else 0
        return database

    @classmethod
    def _opened(cls, path: Path, journal: EventSource, busy_seconds: float, *, rebuilt: bool) -> Database:
        database = cls(connect(path, busy_seconds), path, journal)
        try:
            database.check_past()
            database.catch_up(rebuilt=rebuilt)
            if not rebuilt and database.mark(_OUTPUTS_BEGIN) is not None and database.cursors():
                database.set_mark(_OUTPUTS_BEGIN, None)  # it served those who asked after the rebuild
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
                fresh = Database._made_again(self._path, self._journal, clock, BUSY_SECONDS, damaged)
            else:
                fresh = Database.open(self._path.parent, self._journal, clock)
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
        if path.exists():
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

    def position(self) -> Position:
        """Return up to which event of the journal it is complete."""
        with self._guarded.reading() as connection:
            return Position(*connection.execute("SELECT sequence, chain FROM position").fetchone())

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
            self.set_mark(_OUTPUTS_BEGIN, "0")  # in case this one is interrupted too
        known, begins = self.position().sequence, self._journal.first_sequence()
        if known < begins - 1:
            self._take_snapshot(begins, rebuilt=rebuilt)
        for batch in _batches(self._journal.read(self.position().sequence, self._unreadable)):
            self._take(batch)
        if rebuilt:
            with self._guarded.reading() as connection:
                ((started, pruned),) = connection.execute("SELECT started, pruned FROM position").fetchall()
            self.set_mark(_OUTPUTS_BEGIN, str(max(started - 1, pruned, 0)))

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

    # --- what is known

    def drifts(self) -> list[OpenDrift]:
        """Return the open drifts, by item."""
        with self._guarded.reading() as connection:
            return tables.drifts(connection)

    def standings(self) -> list[tuple[str, Standing]]:
        """Return the item of every open drift with what tells whether it changed."""
        with self._guarded.reading() as connection:
            return list(tables.standings(connection))

    def worst(self, limit: int, after: tables.Place | None = None) -> list[OpenDrift]:
        """Return so many open drifts, the worst first; those that follow a place, where one is given."""
        with self._guarded.reading() as connection:
            return tables.worst(connection, limit, after)

    def drifts_of(self, items: Collection[str]) -> list[OpenDrift]:
        """Return the open drifts of these items, the worst first."""
        with self._guarded.reading() as connection:
            return tables.drifts_of(connection, items)

    def groups(self) -> list[KnownGroup]:
        """Return the groups of drifts told together that are not settled, the oldest first."""
        with self._guarded.reading() as connection:
            return tables.groups(connection)

    def gaps(self) -> list[KnownGap]:
        """Return what is not covered, by item."""
        with self._guarded.reading() as connection:
            return tables.gaps(connection)

    def baselines(self) -> list[KnownBaseline]:
        """Return the baselines that events spoke of, by name."""
        with self._guarded.reading() as connection:
            return tables.baselines(connection)

    def audits(self) -> list[CompletedAudit]:
        """Return the last completed audit of each depth."""
        with self._guarded.reading() as connection:
            return tables.audits(connection)

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

    # --- what outputs have delivered

    def cursor(self, output: str) -> int:
        """Return up to which event an output has delivered; one that was never heard of begins at the journal's end.

        After a rebuild, what outputs have delivered is only known where events say so; the others begin with the last
        `daemon-started` event: what a run told twice is recognised by its ids, years of it would be a flood.
        """
        with self._guarded.writing("remember a delivery") as connection:
            row = connection.execute("SELECT delivered FROM outputs WHERE name = ?", (output,)).fetchone()
            if row is None:
                begin = self.mark(_OUTPUTS_BEGIN)
                row = (int(begin) if begin is not None else self.position().sequence,)
                connection.execute("INSERT INTO outputs (name, delivered) VALUES (?, ?)", (output, *row))
            return int(row[0])

    def set_cursor(self, output: str, sequence: int) -> None:
        """Remember that an output has delivered everything up to a sequence."""
        with self._guarded.writing("remember a delivery") as connection:
            connection.execute(_SET_CURSOR, (output, sequence))

    def cursors(self) -> dict[str, int]:
        """Return up to which event each output has delivered."""
        with self._guarded.reading() as connection:
            return dict(connection.execute("SELECT name, delivered FROM outputs ORDER BY name").fetchall())

    def lost(self) -> dict[str, int]:
        """Return how many events were removed before an output had delivered them, for those that lost any."""
        with self._guarded.reading() as connection:
            return dict(connection.execute("SELECT name, lost FROM outputs WHERE lost > 0 ORDER BY name").fetchall())

    # --- what no event carries

    def remembered(self) -> Iterator[Remembered]:
        """Yield every directory with what its items were when they were last read; others wait until it is exhausted."""
        with self._guarded.reading() as connection:
            yield from tables.remembered(connection)

    def remember(self, rows: Iterable[Remembered], gone: Iterable[bytes] = ()) -> None:
        """Remember what the items of some directories are, after the events about it are recorded; forget `gone` ones."""
        with self._guarded.writing("remember items") as connection:
            tables.remember(connection, rows, gone)

    def mark(self, name: str) -> str | None:
        """Return a single remembered value."""
        with self._guarded.reading() as connection:
            row = connection.execute("SELECT value FROM marks WHERE name = ?", (name,)).fetchone()
            return None if row is None else str(row[0])

    def set_mark(self, name: str, value: str | None) -> None:
        """Remember a single value; None forgets it."""
        with self._guarded.writing("remember a value") as connection:
            if value is None:
                connection.execute("DELETE FROM marks WHERE name = ?", (name,))
            else:
                connection.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", (name, value))


def _batches(events: Iterator[Event]) -> Iterator[list[Event]]:
    """Yield events in batches that are small where events are large."""
    batch: list[Event] = []
    weight = 0
    for event in events:
        batch.append(event)
        body = namespace(event)
        weight += 1 + sum(len(told) for name in ("changes", "gaps") if isinstance(told := body.get(name), list))
        if weight >= _BATCH:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _set_aside_notice(error: Reason, aside: Path) -> StoreNotice:
    kinds = {OtherPastError: Notice.JOURNAL_LOST, BehindError: Notice.DATABASE_BEHIND}
    message = f"{error.where}: {error.what}: set aside as {aside.name}, and made again from the journal"
    return StoreNotice(kinds.get(type(error), Notice.DATABASE_DAMAGED), message)


def _copy_in_memory(stored: sqlite3.Connection | None, path: Path) -> sqlite3.Connection:
    memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    if stored is not None:
        with sqlite_translated(path, "read the database"):
            stored.backup(memory)
        stored.close()
    migrate(memory)
    return memory
