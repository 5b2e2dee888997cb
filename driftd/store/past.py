"""The past of a database and that of its journal: where they do not fit, and how the one is read for the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from driftd.model.event import Event, namespace
from driftd.store.connection import CorruptDatabaseError
from driftd.store.errors import StoreError
from driftd.store.notices import Notice, StoreNotice

_BATCH: Final = 1000


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


def batches(events: Iterator[Event]) -> Iterator[list[Event]]:
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


def set_aside_notice(error: Reason, aside: Path) -> StoreNotice:
    """Return what is said of a database that was set aside."""
    kinds = {OtherPastError: Notice.JOURNAL_LOST, BehindError: Notice.DATABASE_BEHIND}
    message = f"{error.where}: {error.what}: set aside as {aside.name}, and made again from the journal"
    return StoreNotice(kinds.get(type(error), Notice.DATABASE_DAMAGED), message)
