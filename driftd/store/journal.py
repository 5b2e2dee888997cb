"""The journal: the append-only, chained record of every event; the truth of what happened."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

from driftd.model.event import Event
from driftd.ports import Clock
from driftd.store.chain import UnfitEventError, canonical, stamp
from driftd.store.damage import Damage, JournalProblem
from driftd.store.errors import StoreError, from_os_error, translated
from driftd.store.files import fsync_directory, make_directory, time_in_name, write_all
from driftd.store.reader import JournalReader, Position
from driftd.store.segments import MAX_LINE, Segment, segment_name
from driftd.store.stretches import first_event, happened

SEGMENT_BYTES: Final = 16 * 1024 * 1024
_FLAGS: Final = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW


KEPT_TORN: Final = 10
"""Unfinished lines that were moved aside and are kept."""


class Journal(JournalReader):
    """The journal as its one owner has it, who holds the lock of the state directory (`store/lock.py`)."""

    def __init__(
        self,
        directory: Path,
        clock: Clock,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        segment_age: timedelta | None = None,
    ) -> None:
        super().__init__(directory)
        self._clock = clock
        self.segment_bytes = segment_bytes
        """Size at which a segment is followed by a new one."""
        self.segment_age = segment_age
        """Age at which it is, however little is in it; None: at none."""
        self.rotations = 0
        """How many segments were begun since it was opened."""
        self._begun: datetime | None = None
        self._position = Position()
        self._descriptor = -1
        self._path = directory
        self._size = 0
        self._unclean = False
        self.problems: list[JournalProblem] = []
        """Damage met since opening, for the checkpoint that its owner records; emptied by its owner."""

    @property
    def last_sequence(self) -> int:
        """Sequence of the last event; 0 before the first."""
        return self._position.sequence

    @property
    def head(self) -> str:
        """Chain value of the last event; empty before the first."""
        return self._position.chain

    def position(self) -> Position:
        """Return the journal's end as its owner knows it."""
        return self._position

    def open(self) -> list[JournalProblem]:
        """Get ready to append; return the damage found at the end of the journal, which is kept.

        A line that was never finished is moved aside to a `*.torn-TIME` file. For the damage that is returned the caller
        records a `journal-checkpoint`; what stands before the last checkpoint is not told again.
        """
        self.close()
        make_directory(self.directory)
        ending = self.ending()
        self._position = ending.position
        self.problems = list(ending.problems)
        if ending.segment is not None:
            self._path = ending.segment.path
            with translated(self._path, "open the journal"):
                self._descriptor = os.open(self._path, _FLAGS)
                if ending.torn:
                    aside = self._set_torn_aside(ending.size)
                    detail = f"{ending.torn} bytes of an unfinished line were moved to {aside.name}"
                    self.problems.append(JournalProblem(self._path.name, 0, None, Damage.TORN, detail))
            self._size = ending.size
            self._begun = happened(first_event(ending.segment)) if ending.size else None
        return list(self.problems)

    def resume_after(self, sequence: int) -> None:
        """Give out no sequence up to this one again: they were given out by a journal that is lost since."""
        if sequence > self._position.sequence:
            self._close_segment()
            self._new_segment(sequence + 1)  # its name keeps the number across a crash
            self._position = Position(sequence, self._position.chain)

    def append(self, events: Sequence[Event]) -> list[Event]:
        """Record events for good and return them with their `event.sequence` and `driftd.chain`: one write, one fsync.

        Either all are recorded or, with StoreError, none; then it may be tried again. UnfitEventError: an event that has no
        canonical JSON; nothing was written.
        """
        stamped, lines, position = [], [], self._position
        for event in events:
            recorded, chain = stamp(event, position.sequence + 1, position.chain)
            position = Position(position.sequence + 1, chain)
            stamped.append(recorded)
            lines.append(canonical(recorded) + b"\n")
            if len(lines[-1]) > MAX_LINE:
                raise UnfitEventError(f"an event of {len(lines[-1])} bytes; at most {MAX_LINE}")
        if lines:
            self._write(b"".join(lines))
            self._position = position
        return stamped

    def discard(self, through: int) -> Iterator[Segment]:
        """Remove the segments that hold no event after this one, the oldest first; yield each that is gone."""
        found = self._segments()
        gone = 0
        for segment, following in pairwise(found):
            if following.first > through + 1:
                break
            with translated(segment.path, "remove a segment of the journal"):
                segment.path.unlink(missing_ok=True)
            gone += 1
            yield segment
        if gone:
            with translated(self.directory, "remove segments of the journal"):
                fsync_directory(self.directory)

    def close(self) -> None:
        """Give the segment back; every recorded event is on disk already."""
        self._close_segment()

    def _write(self, data: bytes) -> None:
        self._clean_up()
        if self._descriptor >= 0 and (self._full(len(data)) or self._interfered()):
            self._close_segment()
        if self._descriptor < 0:
            self._new_segment(self.last_sequence + 1)
        self._unclean = True
        try:
            write_all(self._descriptor, data)
            os.fsync(self._descriptor)
        except OSError as error:
            with suppress(StoreError):  # tried again before the next append
                self._clean_up()
            raise from_os_error(error, self._path, "append to the journal") from error
        self._unclean = False
        self._size += len(data)

    def _clean_up(self) -> None:
        """Cut off what a failed append left, so that nothing unfinished stands before the next line."""
        if self._unclean:
            with translated(self._path, "repair the journal"):
                os.ftruncate(self._descriptor, self._size)
                os.fsync(self._descriptor)
                self._unclean = False

    def _full(self, more: int) -> bool:
        return self._size > 0 and (self._size + more > self.segment_bytes or self._old())

    def _old(self) -> bool:
        if self.segment_age is None or self._begun is None:
            return False
        return self._clock.now() - self._begun > self.segment_age

    def _interfered(self) -> bool:
        """Whether somebody else changed the segment; then it is left as it is and the journal goes on in a new one."""
        with translated(self._path, "look at the journal"):
            ours = os.fstat(self._descriptor)
            try:
                there = os.lstat(self._path)
                detail = "" if os.path.samestat(ours, there) else "another file stands in its place"
            except FileNotFoundError:
                detail = "it was removed"
        if not detail and ours.st_size != self._size:
            detail = f"it has {ours.st_size} bytes instead of {self._size}"
        if detail:
            self.problems.append(JournalProblem(self._path.name, 0, self.last_sequence, Damage.INTERFERENCE, detail))
        return bool(detail)

    def _new_segment(self, first: int) -> None:
        make_directory(self.directory)
        path = self.directory / segment_name(first)
        with translated(path, "begin a segment of the journal"):
            descriptor = os.open(path, _FLAGS | os.O_CREAT, 0o600)
            try:
                size = os.fstat(descriptor).st_size
                if size == 0:
                    fsync_directory(self.directory)
            except OSError:
                os.close(descriptor)
                raise
        if size:
            os.close(descriptor)
            raise StoreError(path, "somebody else wrote the journal's next segment", "move it out of that directory")
        self._descriptor, self._path, self._size = descriptor, path, 0
        self._begun = self._clock.now()
        self.rotations += 1

    def _set_torn_aside(self, size: int) -> Path:
        aside = self._path.with_name(f"{self._path.name}.torn-{time_in_name(self._clock.now())}")
        copy = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            position = size
            while data := os.pread(self._descriptor, 1024 * 1024, position):
                write_all(copy, data)
                position += len(data)
            os.fsync(copy)
        finally:
            os.close(copy)
        os.ftruncate(self._descriptor, size)
        os.fsync(self._descriptor)
        for old in sorted(self.directory.glob("*.torn-*Z"), key=_when_torn)[:-KEPT_TORN]:
            old.unlink(missing_ok=True)
        fsync_directory(self.directory)
        return aside

    def _close_segment(self) -> None:
        if self._descriptor >= 0:
            descriptor, self._descriptor, self._unclean = self._descriptor, -1, False
            os.close(descriptor)


def _when_torn(path: Path) -> str:
    return path.name.rpartition(".torn-")[2]
