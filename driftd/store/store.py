"""The store of a host: lock, journal and database, opened in the order in which they can trust one another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from driftd.model.event import Event
from driftd.ports import Clock
from driftd.store.connection import CorruptDatabaseError
from driftd.store.damage import Damage, JournalProblem
from driftd.store.database import BUSY_SECONDS, Database, Progress, unheard
from driftd.store.errors import StoreError
from driftd.store.journal import Journal
from driftd.store.known import Cursor
from driftd.store.lock import StateLock
from driftd.store.notices import StoreNotice
from driftd.store.pruning import Pruning, Say
from driftd.store.retention import DEFAULT_LIMITS, Limits
from driftd.store.segments import segment_name

JOURNAL_NAME = "journal"
HASTE: Final = 0.05
"""Seconds to wait for a lock of another process, after it was waited for in vain."""
REPAIR_AGAIN: Final = 30.0
"""Seconds between two tries to make a database again."""

T = TypeVar("T")


@dataclass(slots=True)
class Store:
    """What the one owner of a state directory works with. A database in trouble stops nothing: the journal is the truth."""

    lock: StateLock
    journal: Journal
    database: Database
    clock: Clock
    limits: Limits = DEFAULT_LIMITS
    trouble: StoreError | None = None
    """Why the database is behind the journal now; it catches up by itself. None: it is not."""
    _repaired_at: float | None = None
    _delivered: dict[str, Cursor] = field(default_factory=dict)
    """Cursors that could not be written down yet."""
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def open(
        cls,
        directory: Path,
        clock: Clock,
        command: str,
        limits: Limits = DEFAULT_LIMITS,
        progress: Progress = unheard,
    ) -> Store:
        """Become the owner of a state directory, and repair and rebuild in it what can be.

        `progress` is called now and then while that takes long. StateHeldError names the process that owns it; StoreError says what stands in the way. What was found and done is told
        by `found`: record events about it.
        """
        lock = StateLock(directory)
        lock.acquire(command)
        journal = Journal(directory / JOURNAL_NAME, clock)
        try:
            journal.open()
            database = Database.open(directory, journal, clock, progress=progress)
            journal.resume_after(database.lost_through)
        except BaseException:
            journal.close()
            lock.release()
            raise
        store = cls(lock, journal, database, clock)
        store.keep(limits)
        store._look_at_beginning()
        return store

    def _look_at_beginning(self) -> None:
        first = self.journal.first_sequence()
        if first - 1 > (self.attempt(Database.pruned) or 0):
            detail = f"events up to {first - 1} are gone, and nothing says that they were pruned"
            self.journal.problems.append(JournalProblem(segment_name(first), 0, first - 1, Damage.MISSING, detail))

    def keep(self, limits: Limits) -> None:
        """Keep the journal within these limits from now on."""
        self.limits = limits
        self.journal.segment_bytes = limits.segment_bytes
        self.journal.segment_age = limits.segment_age

    def record(self, events: Sequence[Event]) -> list[Event]:
        """Make events durable and take them into account; return them stamped.

        StoreError: none was recorded, try again. A database that cannot be written loses nothing: see `trouble`.
        """
        if not self.lock.in_place():
            self.lock.take_again()
        stamped = self.journal.append(events)
        damaged = self.trouble if isinstance(self.trouble, CorruptDatabaseError) else None
        if damaged is not None or not self.database.in_place():
            self._repair(damaged)
        behind = self.trouble is not None
        self.trouble = None
        self.attempt(lambda database: database.apply(stamped))
        self._be_patient(was_behind=behind)
        if self._delivered and self.trouble is None:
            self._write_deliveries()
        return stamped

    def attempt(self, work: Callable[[Database], T]) -> T | None:
        """Have something done in the database that the journal can do without; None where it cannot be done: see `trouble`."""
        try:
            return self.ask(work)
        except StoreError as error:
            self.trouble = error
            return None

    def ask(self, work: Callable[[Database], T]) -> T:
        """Have something done in the database, made again first where it turns out to be damaged; StoreError where it cannot."""
        try:
            return work(self.database)
        except CorruptDatabaseError as error:
            if not self._repair(error):
                raise
            return work(self.database)

    def catch_up(self) -> None:
        """Bring the database to the journal's end, made again where it has to be; StoreError where it cannot be now."""
        self.ask(Database.catch_up)
        self.trouble = None

    def delivered(self, output: str, cursor: Cursor) -> None:
        """Remember how far an output has come. Any thread may say so; it never fails."""
        with self._guard:
            self._delivered[output] = cursor
        self._write_deliveries()

    def cursor(self, output: str) -> int:
        """Return up to which event an output has delivered; see `Database.cursor` for one that is new."""
        return self.ask(lambda database: database.cursor(output))

    def cursors(self) -> dict[str, int]:
        """Return up to which event each output has delivered."""
        known = self.attempt(Database.cursors) or {}
        with self._guard:
            return known | {output: cursor.sequence for output, cursor in self._delivered.items()}

    def numbers(self) -> dict[str, int]:
        """Return how far each output has counted the events that were for it."""
        known = self.attempt(Database.numbers) or {}
        with self._guard:
            waiting = {output: cursor.number for output, cursor in self._delivered.items()}
        return known | {output: number for output, number in waiting.items() if number is not None}

    def number(self, output: str) -> int:
        """Return how far an output has counted, as it begins where `cursor` says."""
        return self.ask(Database.numbers).get(output, 0)

    def refused(self, output: str) -> int:
        """Return how many events the receiver of an output has refused for good, ever."""
        return self.ask(Database.refused).get(output, 0)

    def prune(self, outputs: Sequence[str], say: Say) -> Iterator[None]:
        """Bring journal and database within their limits, in steps; `outputs`: those in use, `say` records the checkpoint.

        StoreError: it cannot be done now, and may be tried again.
        """
        self.attempt(Database.check_tables)
        cursors = self.cursors()
        in_use = {name: cursors.get(name, 0) for name in outputs}
        yield from Pruning(self.journal, self.database, self.clock).steps(self.limits, in_use, say)
        yield from self.database.tidy()

    def found(self) -> tuple[list[JournalProblem], list[StoreNotice]]:
        """Return what was found and done since the last time, for events and messages about it; then forget it."""
        problems, notices = list(self.journal.problems), list(self.database.notices)
        self.journal.problems.clear()
        self.database.notices.clear()
        return problems, notices

    def put_back(self, problems: Sequence[JournalProblem], notices: Sequence[StoreNotice]) -> None:
        """Take back what could not be said, for the next time."""
        self.journal.problems[:0] = problems
        self.database.notices[:0] = notices

    def close(self) -> None:
        """Give the state directory back."""
        self.database.close()
        self.journal.close()
        self.lock.release()

    def _be_patient(self, *, was_behind: bool) -> None:
        """Wait for locks of others as long as it is not known that somebody holds one for long."""
        behind = self.trouble is not None
        if behind is not was_behind:
            patience = HASTE if behind else BUSY_SECONDS
            self.attempt(lambda database: database.wait_for_locks(patience))

    def _repair(self, damaged: CorruptDatabaseError | None = None) -> bool:
        """Make the database again; False where that was tried a moment ago, or failed: then `trouble` says why."""
        now = self.clock.monotonic()
        if self._repaired_at is not None and now < self._repaired_at + REPAIR_AGAIN:
            return False
        self._repaired_at = now
        try:
            self.database.repair(self.clock, damaged)
        except StoreError as error:
            self.trouble = error
            return False
        self.journal.resume_after(self.database.lost_through)
        return True

    def _write_deliveries(self) -> None:
        with self._guard:
            waiting = dict(self._delivered)
        for output, cursor in waiting.items():
            try:
                self.database.set_cursor(output, cursor)
            except StoreError as error:
                self.trouble = error
                return
            with self._guard:
                if self._delivered.get(output) is cursor:
                    del self._delivered[output]
