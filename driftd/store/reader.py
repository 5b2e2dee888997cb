"""Reading the journal: by its owner and, without the lock, by any other process while the owner appends."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from driftd.model.event import Event, sequence_of
from driftd.store.chain import FIRST
from driftd.store.damage import ChainCheck, Damage, JournalProblem, readable
from driftd.store.errors import StoreError, translated
from driftd.store.segments import (
    LEAST_LINE,
    Segment,
    offset_after,
    segments,
    tail_offset,
    whole_lines,
    whole_size,
)
from driftd.store.snapshot import Named, is_as_named, named_in, path_of, snapshots

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

    def first_sequence(self) -> int:
        """Return the sequence with which the journal begins."""

    def snapshot(self) -> tuple[Named, Path] | None:
        """Return what holds the state that the events made which are gone."""


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
        to `damaged`; whether the lines are those that were recorded is for `verify` to say. Of a journal that was pruned
        the events that are left are yielded.
        """
        found = self._segments()
        for index, segment in enumerate(found, 1):
            if index == len(found) or found[index].first > after + 1:
                yield from _events(segment, after, damaged)

    def sequence_before(self, moment: datetime) -> int:
        """Return a sequence after which everything stands that happened since a moment, by the times events say.

        Whole segments that were begun before it are left out, from the latest such on. Where the clock was set back while the
        journal ran on, what was recorded before that, in segments left out, counts as happened before.
        """
        for segment in reversed(self._segments()):
            event = next(_events(segment, 0, None), None)
            if event is not None and datetime.fromisoformat(str(event["@timestamp"])) < moment:
                return segment.first - 1
        return 0

    def first_sequence(self) -> int:
        """Return the sequence with which the journal begins: 1 until it was pruned."""
        found = self._segments()
        return found[0].first if found else 1

    def extent(self) -> tuple[int, int]:
        """Return how many segments there are, and how many bytes they have."""
        sizes = []
        for segment in self._segments():
            with suppress(FileNotFoundError):
                sizes.append(segment.path.stat().st_size)
        return len(sizes), sum(sizes)

    def position(self) -> Position:
        """Return the journal's end: the last event whose line is whole."""
        return self.ending().position

    def ending(self) -> Ending:
        """Return how the journal ends, from its tail alone unless that is damaged; nothing is repaired."""
        found = self._segments()
        if not found:
            return Ending(BEGINNING)
        last = found[-1]
        try:
            size, torn = _sizes(last)
            check = ChainCheck(midway=True)
            _check_tail(check, last if size or len(found) == 1 else found[-2])
        except StoreError as error:
            if not is_failing_disk(error):
                raise
            return _beyond(found, error)
        if check.problems or check.head is None:
            check = _check_back(found)
        position = Position(max(check.expected or 0, last.first) - 1, check.head or FIRST)
        return Ending(position, last, size, torn, check.told(since_checkpoint=True))

    def snapshot(self) -> tuple[Named, Path] | None:
        """Return the latest snapshot that an event of the journal names and that is as it was written."""
        return next(((named, path) for named, path in self.named_snapshots() if is_as_named(path, named)), None)

    def named_snapshots(self) -> Iterator[tuple[Named, Path]]:
        """Yield the snapshots that events of the journal name, the latest first; their bytes are not looked at."""
        for sequence, path in self._snapshots():
            names = (named for event in self.read(sequence) if (named := named_in(event)) is not None)
            named = next((named for named in names if named.sequence == sequence), None)
            if named is not None:
                yield named, path

    def verify(self) -> list[JournalProblem]:
        """Return every place that is not as it was recorded; reads the whole journal, in bounded memory."""
        while True:
            found = self._segments()
            try:
                return self._verify(found)
            except SegmentGoneError:
                if found[0] in self._segments():
                    raise  # nobody prunes from the middle

    def _verify(self, found: list[Segment]) -> list[JournalProblem]:
        check = _beginning_at(found[0]) if found else ChainCheck()
        unfinished = []
        for segment in found:
            _check_whole(check, segment)
            if _sizes(segment)[1] and segment is not found[-1]:
                detail = "its last line is unfinished"
                unfinished.append(JournalProblem(segment.path.name, 0, None, Damage.TORN, detail))
        return [*check.told(), *unfinished, *self._about_snapshot(check.snapshot)]

    def _about_snapshot(self, named: Named | None) -> list[JournalProblem]:
        if named is None:
            return []
        path = path_of(self.directory, named.sequence)
        if is_as_named(path, named):
            return []
        if path.exists():
            detail = "not the snapshot that the checkpoint names"
            return [JournalProblem(path.name, 0, named.sequence, Damage.ALTERED, detail)]
        return [JournalProblem(path.name, 0, named.sequence, Damage.UNREADABLE, "the snapshot is gone")]

    def _snapshots(self) -> list[tuple[int, Path]]:
        with translated(self.directory, "read the journal"):
            return snapshots(self.directory)

    def _segments(self) -> list[Segment]:
        with translated(self.directory, "read the journal"):
            return segments(self.directory)


class SegmentGoneError(StoreError):
    """A segment is not there any more: the owner of the journal has pruned it, or somebody took it away."""


@contextmanager
def _opened(segment: Segment) -> Iterator[BinaryIO]:
    with translated(segment.path, "read the journal"):
        try:
            file = segment.path.open("rb")
        except FileNotFoundError as error:
            raise SegmentGoneError(segment.path, "is not there any more", "find out what took it away") from error
        with file:
            yield file


def _events(segment: Segment, after: int, damaged: Damaged | None) -> Iterator[Event]:
    try:
        with _opened(segment) as file:
            yield from _events_in(file, segment, after, damaged)
    except SegmentGoneError:
        return  # pruned since it was listed


def _events_in(file: BinaryIO, segment: Segment, after: int, damaged: Damaged | None) -> Iterator[Event]:
    start = _offset_after(file, after) if after >= segment.first else 0
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


def _offset_after(file: BinaryIO, after: int) -> int:
    try:
        return offset_after(file, after)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return 0  # by reading it all, as far as the disk gives it


def _sizes(segment: Segment) -> tuple[int, int]:
    """Return the bytes of the whole lines, and of an unfinished one after them."""
    with _opened(segment) as file:
        size = whole_size(file)
        return size, max(0, file.seek(0, 2) - size)


def is_failing_disk(error: StoreError) -> bool:
    """Whether the disk does not give what is on it: what can be read elsewhere still can."""
    return isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EIO


def _beyond(found: list[Segment], error: StoreError) -> Ending:
    """Return where a journal goes on whose last segment the disk does not give: in a new one, with numbers never used."""
    last = found[-1]
    check = ChainCheck(midway=True)
    for segment in found[-2:-1]:
        with suppress(StoreError):
            _check_tail(check, segment)
    most = last.path.stat().st_size // LEAST_LINE
    problem = JournalProblem(last.path.name, 0, last.first, Damage.UNREADABLE, error.what)
    return Ending(Position(last.first + most, check.head or FIRST), None, problems=[problem])


def _beginning_at(segment: Segment, *, midway: bool = False) -> ChainCheck:
    return ChainCheck(segment.first, FIRST if segment.first == 1 else None, midway)


def _check_whole(check: ChainCheck, segment: Segment) -> None:
    with _opened(segment) as file:
        check.segment(segment.path.name, whole_lines(file))


def _check_tail(check: ChainCheck, segment: Segment) -> None:
    with _opened(segment) as file:
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
