"""The store of a host: lock, journal and database, opened in the order in which they can trust one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from driftd.model.event import Event
from driftd.ports import Clock
from driftd.store.damage import JournalProblem
from driftd.store.database import Database
from driftd.store.errors import StoreError
from driftd.store.journal import Journal
from driftd.store.lock import StateLock
from driftd.store.notices import StoreNotice

JOURNAL_NAME = "journal"


@dataclass(slots=True)
class Store:
    """What the one owner of a state directory works with."""

    lock: StateLock
    journal: Journal
    database: Database
    trouble: StoreError | None = None
    """Why the database is behind the journal now; it catches up by itself. None: it is not."""

    @classmethod
    def open(cls, directory: Path, clock: Clock, command: str) -> Store:
        """Become the owner of a state directory, and repair and rebuild in it what can be.

        StateHeldError names the process that owns it; StoreError says what stands in the way. What was found and done is in
        `journal.problems` (record a `journal-checkpoint` that names them) and `database.notices` (say them loudly).
        """
        lock = StateLock(directory)
        lock.acquire(command)
        journal = Journal(directory / JOURNAL_NAME, clock)
        try:
            journal.open()
            database = Database.open(directory, journal, clock)
            journal.resume_after(database.lost_through)
        except BaseException:
            journal.close()
            lock.release()
            raise
        return cls(lock, journal, database)

    def record(self, events: Sequence[Event]) -> list[Event]:
        """Make events durable and take them into account; return them stamped.

        StoreError: none was recorded, try again. A database that cannot be written loses nothing: see `trouble`.
        """
        stamped = self.journal.append(events)
        try:
            self.database.apply(stamped)
            self.trouble = None
        except StoreError as error:
            self.trouble = error
        return stamped

    def found(self) -> tuple[list[JournalProblem], list[StoreNotice]]:
        """Return what was found and done since the last time, for events and messages about it; then forget it."""
        problems, notices = list(self.journal.problems), list(self.database.notices)
        self.journal.problems.clear()
        self.database.notices.clear()
        return problems, notices

    def close(self) -> None:
        """Give the state directory back."""
        self.database.close()
        self.journal.close()
        self.lock.release()
