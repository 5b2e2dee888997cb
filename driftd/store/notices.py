"""Notices: what happened to the state while it was opened, to be said loudly by whoever opened it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Notice(StrEnum):
    """What kind of thing happened."""

    DATABASE_DAMAGED = "database-damaged"
    """It was set aside and made again from the journal."""
    DATABASE_MISSING = "database-missing"
    """It was made again from the journal."""
    DATABASE_BEHIND = "database-behind"
    """It was older than what the journal still holds; it was set aside and made again."""
    STATE_INCOMPLETE = "state-incomplete"
    """Events are gone and no snapshot holds what they made: the next audit finds it out anew."""
    JOURNAL_LOST = "journal-lost"
    """The database knew more than the journal does, or another journal; it was set aside and made again."""
    EVENT_UNREADABLE = "event-unreadable"
    """A damaged line of the journal could not be taken into account."""
    EVENT_INCOMPREHENSIBLE = "event-incomprehensible"
    """A recorded event lacks what its action must have, and could not be taken into account."""
    MORE = "more"
    """There was more to say than is said one by one."""


@dataclass(frozen=True, slots=True)
class StoreNotice:
    """One thing that happened, in words."""

    kind: Notice
    message: str

    count: int = 1
    """How many things it stands for."""


MOST_TOLD: Final = 50


def note(notices: list[StoreNotice], kind: Notice, message: str) -> None:
    """Add a notice; of very many, the first are told and the others counted."""
    if len(notices) < MOST_TOLD:
        notices.append(StoreNotice(kind, message))
        return
    more = notices.pop().count if notices[-1].kind is Notice.MORE else 0
    notices.append(StoreNotice(Notice.MORE, f"{more + 1} more of these", more + 1))
