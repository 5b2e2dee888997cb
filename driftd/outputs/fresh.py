"""The newest events, kept in memory for a receiver that keeps up."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice

from driftd.model.event import Event, sequence_of


class FreshEvents:
    """The unbroken end of the journal, as far as it fits; what is further behind is read from the journal."""

    def __init__(self, head: int, room: int) -> None:
        self.head = head
        """Sequence of the newest event there is."""
        self._room = room
        self._events: deque[Event] = deque()

    def add(self, events: Sequence[Event]) -> None:
        """Take new events; the receiver is too far behind when they do not fit."""
        for event in events:
            sequence = sequence_of(event)
            if sequence <= self.head:
                continue
            if sequence != self.head + 1 or len(self._events) >= self._room:
                self._events.clear()
            else:
                self._events.append(event)
            self.head = sequence

    def after(self, cursor: int, limit: int) -> list[Event] | None:
        """Return the events that follow the cursor; None where they are not here."""
        while self._events and sequence_of(self._events[0]) <= cursor:
            self._events.popleft()
        if self._events and sequence_of(self._events[0]) == cursor + 1:
            return list(islice(self._events, limit))
        return None
