"""Reading the journal: by its owner and, without the lock, by any other process while the owner appends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from driftd.model.event import Event, sequence_of
from driftd.store.chain import FIRST
from driftd.store.damage import ChainCheck, Damage, JournalProblem, readable
from driftd.store.errors import translated
from driftd.store.segments import Segment, offset_after, segments, tail_offset, whole_lines, whole_size

Damaged = Callable[[JournalProblem], None]
"""Who is told of a line that had to be passed over."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the journal: just after the event with this sequence."""

    sequence: int = 0
    chain: str = FIRST
    """Chain value of that event."""


BEGINNING: Final = Position()


class EventSource(Protocol):
    """What the database needs of the journal it is derived from."""

    def read(self, after: int = 0, damaged: Damaged | None = None) -> Iterator[Event]:
        """Yield the events after a sequence, in order."""

    def position(self) -> Position:
        """Return the journal's end."""


@dataclass(slots=True)
class Ending:
    """How a journal ends."""

    position: Position
    segment: Segment | None = None
    """The last segment; None where there is none."""
    size: int = 0
    """Of its whole lines."""
    torn: int = 0
    """Bytes after them: a line that was never finished."""
    problems: list[JournalProblem] = field(default_factory=list)
    """Damage in what was read of it, after the last checkpoint."""


class JournalReader:
    """The recorded events under `state/journal`, read without taking or changing anything."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def read(self, after: int = 0, damaged: Damaged | None = None) -> Iterator[Event]:
        """Yield the events after a sequence, in order, in bounded memory; a line that is not finished yet is left out.

        Call it again, with the last sequence got, for what came since. A line that cannot be read is passed over and told
        to `damaged`; whether the lines are those that were recorded is for `verify` to say.
        """
        found = self._segments()
        for index, segment in enumerate(found, 1):
            if index == len(found) or found[index].first > after + 1:
                yield from _events(segment, after, damaged)

    def position(self) -> Position:
        """Return the journal's end: the last event whose line is whole."""
        return self.ending().position

    def ending(self) -> Ending:
        """Return how the journal ends, from its tail alone unless that is damaged; nothing is repaired."""
        found = self._segments()
        if not found:
            return Ending(BEGINNING)
        last = found[-1]
        size, torn = _sizes(last)
        check = ChainCheck(midway=True)
        _check_tail(check, last if size or len(found) == 1 else found[-2])
        if check.problems or check.head is None:
            check = _check_back(found)
        position = Position(max(check.expected or 0, last.first) - 1, check.head or FIRST)
        return Ending(position, last, size, torn, check.problems[check.acknowledged :])

    def verify(self) -> list[JournalProblem]:
        """Return every place that is not as it was recorded; reads the whole journal, in bounded memory."""
        found = self._segments()
        check = _beginning_at(found[0]) if found else ChainCheck()
        for segment in found:
            _check_whole(check, segment)
            if _sizes(segment)[1] and segment is not found[-1]:
                unfinished = JournalProblem(segment.path.name, 0, None, Damage.TORN, "its last line is unfinished")
                check.problems.append(unfinished)
        return check.problems

    def _segments(self) -> list[Segment]:
        with translated(self.directory, "read the journal"):
            return segments(self.directory)


def _events(segment: Segment, after: int, damaged: Damaged | None) -> Iterator[Event]:
    with translated(segment.path, "read the journal"), segment.path.open("rb") as file:
        start = offset_after(file, after) if after >= segment.first else 0
        upcoming = segment.first if start == 0 else None
        for line in whole_lines(file, start):
            event = readable(line)
            sequence = upcoming if event is None else sequence_of(event)
            if event is not None and sequence_of(event) > after:
                yield event
            elif event is None and damaged is not None and sequence is not None and sequence > after:
                detail = f"it ends at byte {line.end}"
                damaged(JournalProblem(segment.path.name, 0, sequence, Damage.UNREADABLE, detail))
            upcoming = sequence + 1 if sequence is not None else None


def _sizes(segment: Segment) -> tuple[int, int]:
    """Return the bytes of the whole lines, and of an unfinished one after them."""
    with translated(segment.path, "read the journal"), segment.path.open("rb") as file:
        size = whole_size(file)
        return size, max(0, file.seek(0, 2) - size)


def _beginning_at(segment: Segment, *, midway: bool = False) -> ChainCheck:
    return ChainCheck(segment.first, FIRST if segment.first == 1 else None, midway)


def _check_whole(check: ChainCheck, segment: Segment) -> None:
    with translated(segment.path, "read the journal"), segment.path.open("rb") as file:
        check.segment(segment.path.name, whole_lines(file))


def _check_tail(check: ChainCheck, segment: Segment) -> None:
    with translated(segment.path, "read the journal"), segment.path.open("rb") as file:
        check.segment(segment.path.name, whole_lines(file, tail_offset(file, whole_size(file))))


def _check_back(found: list[Segment]) -> ChainCheck:
    """Check whole segments, as far back as it takes to find a readable event."""
    begin = len(found) - 1
    while True:
        check = _beginning_at(found[begin], midway=begin > 0)
        for segment in found[begin:]:
            _check_whole(check, segment)
        if check.head is not None or begin == 0:
            return check
        begin -= 1
