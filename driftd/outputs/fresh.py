"""The newest events, kept in memory for a receiver that keeps up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple

from driftd.model.event import Event, sequence_of


class Fresh(NamedTuple):
    """Some events that follow a cursor."""

    events: list[Event]
    through: int
    """Sequence up to which nothing else is for the receiver."""


class FreshEvents:
    """The unbroken end of the journal, as far as it fits; what is further behind is read from the journal.

    Of events that are not for the receiver only their number is kept, however many there are.
    """

    def __init__(self, head: int, room: int) -> None:
        self.head = head
        """Sequence of the newest event there is."""
        self._room = room
        self._events: deque[Event] = deque()
        self._begin = head
        """Sequence after which everything is known here."""

    def add(self, events: Sequence[Event], wanted: Callable[[Event], bool]) -> None:
        """Take new events; the receiver is too far behind when they do not fit."""
        for event in events:
            sequence = sequence_of(event)
            if sequence <= self.head:
                continue
            if sequence != self.head + 1:
                self._forget(sequence)
            elif wanted(event):
                if len(self._events) >= self._room:
                    self._forget(sequence)
                else:
                    self._events.append(event)
            self.head = sequence

    def newest(self) -> Event | None:
        """Return the newest event that is for the receiver; None where that is not known here."""
        return self._events[-1] if self._events else None

    def after(self, cursor: int, limit: int) -> Fresh | None:
        """Return the events that follow the cursor and are for the receiver; None where not all of them are here."""
        while self._events and sequence_of(self._events[0]) <= cursor:
            self._begin = sequence_of(self._events.popleft())
        if cursor < self._begin or cursor >= self.head:
            return None
        found = list(islice(self._events, limit))
        return Fresh(found, sequence_of(found[-1]) if len(found) < len(self._events) else self.head)

    def _forget(self, sequence: int) -> None:
        """Know nothing any more of what stands before, or at, a sequence."""
        self._events.clear()
        self._begin = sequence
