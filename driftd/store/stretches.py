"""What the segments of a journal hold, for retention: their ends are read, and what was read is remembered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from driftd.model.event import Event
from driftd.store.damage import chain_of, readable
from driftd.store.errors import StoreError, translated
from driftd.store.reader import JournalReader
from driftd.store.retention import Stretch, moment
from driftd.store.segments import Segment, segments, tail_offset, whole_lines, whole_size


def happened(event: Event | None) -> datetime | None:
    """Return when an event says that it happened, as a moment with a zone; None where it says none."""
    return None if event is None else moment(str(event.get("@timestamp")))


def first_event(segment: Segment) -> Event | None:
    """Return the event of a segment's first line; None where that is none."""
    with translated(segment.path, "read the journal"), segment.path.open("rb") as file:
        line = next(whole_lines(file), None)
        return None if line is None else readable(line)


def last_event(segment: Segment) -> Event | None:
    """Return the last event that can be read near the end of a segment."""
    with translated(segment.path, "read the journal"), segment.path.open("rb") as file:
        events = map(readable, whole_lines(file, tail_offset(file, whole_size(file))))
        return next((event for event in reversed(list(events)) if event is not None), None)


class Stretches:
    """Measures the segments of a journal; those that are not written to any more are read once."""

    def __init__(self, journal: JournalReader) -> None:
        self._journal = journal
        self._known: dict[int, Stretch] = {}

    def measure(self, last_sequence: int) -> Iterator[Stretch]:
        """Yield what each segment holds, in order."""
        found = segments(self._journal.directory)
        self._known = {segment.first: known for segment in found if (known := self._known.get(segment.first))}
        for segment, following in pairwise(found):
            known = self._known.get(segment.first)
            if known is None or known.last != following.first - 1:
                known = self._known[segment.first] = _measured(segment, following.first - 1)
            yield known
        for segment in found[-1:]:
            yield _measured(segment, max(segment.first, last_sequence))

    def chain_through(self, sequence: int) -> str | None:
        """Return the last chain value that can be read of the segments that end with or before an event."""
        found = segments(self._journal.directory)
        for segment, following in reversed(list(pairwise(found))):
            if following.first <= sequence + 1 and (event := last_event(segment)) is not None:
                return chain_of(event)
        return None


def _measured(segment: Segment, last: int) -> Stretch:
    size = segment.path.stat().st_size
    try:
        times = (happened(first_event(segment)), happened(last_event(segment)))
    except StoreError:
        times = (None, None)  # it cannot be read any more, and ages with what stands around it
    return Stretch(segment.first, last, size, tuple(time for time in times if time is not None))
