"""Notices: what happened to the state while it was opened, to be said loudly by whoever opened it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Notice(StrEnum):
    """What kind of thing happened."""

    DATABASE_DAMAGED = "database-damaged"
    """It was set aside and made again from the journal."""
    DATABASE_MISSING = "database-missing"
    """It was made again from the journal."""
    JOURNAL_LOST = "journal-lost"
    """The database knew more than the journal does, or another journal; it was set aside and made again."""
    EVENT_UNREADABLE = "event-unreadable"
    """A damaged line of the journal could not be taken into account."""
    EVENT_INCOMPREHENSIBLE = "event-incomprehensible"
    """A recorded event lacks what its action must have, and could not be taken into account."""


@dataclass(frozen=True, slots=True)
class StoreNotice:
    """One thing that happened, in words."""

    kind: Notice
    message: str
