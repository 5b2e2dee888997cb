"""Rereaders: child processes that read many files again, beside the loop and never in its way.

Whoever uses them asks from time to time for what has come; nothing here waits. What a child did not answer, because it was
killed or hangs, is asked again a name at a time, so that one bad file costs one answer.
"""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from driftd.model.document import Json
from driftd.sources.child import IDLE_SECONDS, REREADER
from driftd.sources.child_process import BOOT, ChildProcess
from driftd.sources.frames import Frame, FrameError, frame_bytes, take_frame
from driftd.sources.reasons import IsolationError

MOST: Final = 2
"""Children at most, and one a processor: what reads a disk gains nothing from more."""
AHEAD: Final = 4
"""Batches that a child was given: one at which it is, others that wait in its socket, so that it never waits for us."""
PATIENCE: Final = 60.0
"""Seconds without a sign of life until a child counts as hanging: it has the processor when nobody else wants it."""
MAX_DEATHS: Final = 8
"""With so many children dead, no more are started."""
_LONGEST_GAP: Final = 1.0
"""A longer time between two looks is one in which we did not run, and a child perhaps neither."""
_PIECE: Final = 256 * 1024
_MAX_RECEIVED: Final = 64 * 1024 * 1024


class Batch(Protocol):
    """Names that are asked for together."""

    @property
    def width(self) -> int:
        """Bytes of the answer to one name."""

    def __len__(self) -> int: ...

    def request(self) -> tuple[dict[str, Json], bytes]:
        """Return the header and the body of the request."""

    def singly(self) -> Sequence[Batch]:
        """Return the same, one name a batch."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a batch: the records of its names, or None."""

    batch: Batch
    records: bytes | None
    read: int = 0
    """Bytes that were read for it."""
    hangs: bool = False
    """There are no records because nothing came in time: reading it here may hang as well."""


class Rereaders:
    """As many children as there are processors, two at most. To be used by one thread; `close` ends them."""

    def __init__(
        self,
        key: bytes,
        rate: float | None = None,
        *,
        boot: str = BOOT,
        patience: float = PATIENCE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`key`: that of fingerprints. `rate`: bytes a second that all children together may read."""
        count = min(MOST, len(os.sched_getaffinity(0)))
        begin = frame_bytes({"op": "begin", "rate": rate / count if rate else None}, key)
        self._children = [_Child(boot, begin, patience) for _ in range(count)]
        self._waiting: deque[Batch] = deque()
        self._answers: list[Answer] = []
        self._deaths = 0
        self._monotonic = monotonic
        self._last = monotonic()

    @property
    def full(self) -> bool:
        """Whether there is as much to do as children can be given."""
        return len(self._waiting) + self._asked >= AHEAD * len(self._children)

    @property
    def busy(self) -> bool:
        """Whether answers are to come."""
        return bool(self._waiting or self._answers or self._asked)

    @property
    def _asked(self) -> int:
        return sum(len(child.asked) for child in self._children)

    def put(self, batch: Batch) -> None:
        """Have a batch read."""
        self._waiting.append(batch)
        self._give()

    def take(self) -> list[Answer]:
        """Return what has come since the last time."""
        now = self._monotonic()
        passed, self._last = min(now - self._last, _LONGEST_GAP), now
        for child in self._children:
            try:
                for answer in child.answers(passed):
                    self._answers.append(answer)
            except _LostError as lost:
                self._lost(child, hangs=lost.hangs)
        self._give()
        answers, self._answers = self._answers, []
        return answers

    def close(self) -> None:
        """End the children; what they were asked is forgotten."""
        self._waiting.clear()
        for child in self._children:
            child.drop()

    def _give(self) -> None:
        while self._waiting:
            child = self._free()
            if child is None:
                return
            batch = self._waiting.popleft()
            if self._deaths >= MAX_DEATHS:
                self._answers.append(Answer(batch, None))
                continue
            try:
                child.ask(batch)
            except _LostError as lost:
                self._lost(child, hangs=lost.hangs)
            except IsolationError:  # too many hang already
                self._answers.append(Answer(batch, None, hangs=True))
            except OSError:  # no process can be started
                self._answers.append(Answer(batch, None))

    def _free(self) -> _Child | None:
        """Return who has the least to do; one that would have to be started only where the others have enough."""
        free = [child for child in self._children if len(child.asked) < AHEAD]
        return min(free, key=lambda child: (not child.started, len(child.asked)), default=None)

    def _lost(self, child: _Child, *, hangs: bool) -> None:
        """Have what a child did not answer asked again; what it was at, a name at a time."""
        self._deaths += not hangs
        asked = child.drop()
        if not asked:
            return  # it said what nobody had asked for
        first, *others = asked
        self._waiting.extendleft(reversed(others))
        if len(first) > 1:
            self._waiting.extendleft(reversed(first.singly()))
        else:
            self._answers.append(Answer(first, None, hangs=hangs))


class _LostError(Exception):
    """A child will not answer what it was asked."""

    def __init__(self, *, hangs: bool) -> None:
        super().__init__()
        self.hangs = hangs


class _Child:
    """One child, started when first asked, and what it was asked and did not answer yet."""

    def __init__(self, boot: str, begin: bytes, patience: float) -> None:
        self.asked: deque[Batch] = deque()
        self._process = ChildProcess(boot, REREADER, IDLE_SECONDS)
        self._begin = begin
        self._patience = patience
        self._link: socket.socket | None = None
        self._unsent = bytearray()
        self._received = bytearray()
        self._silent = 0.0

    @property
    def started(self) -> bool:
        """Whether there is a process; it may have gone home, as it does after a while without work."""
        return self._link is not None

    def ask(self, batch: Batch) -> None:
        """Ask for a batch; IsolationError where too many processes hang, OSError where none can be started."""
        link = self._link if self.asked else self._process.started()  # of one that died, `answers` tells
        assert link is not None
        if link is not self._link:
            link.settimeout(0)
            self._link = link
            self._unsent[:] = self._begin
            self._received.clear()
            self._silent = 0.0
        self.asked.append(batch)
        self._unsent += frame_bytes(*batch.request())
        self._send()

    def answers(self, passed: float) -> Iterator[Answer]:
        """Yield what has come; `passed`: seconds since the last look."""
        if not self.asked:
            return
        self._send()
        before = len(self._received)
        ended = self._receive()
        self._silent = 0.0 if len(self._received) > before else self._silent + passed
        while (frame := self._frame()) is not None:  # also the last words of one that died: it died of what comes next
            if "busy" not in frame.header:
                yield self._answer(frame)
        if self.asked and ended:
            raise _LostError(hangs=False)
        if self.asked and self._silent > self._patience:
            raise _LostError(hangs=True)

    def drop(self) -> list[Batch]:
        """End the child; return what it did not answer."""
        asked = list(self.asked)
        self.asked.clear()
        self._link = None
        self._process.stop()
        return asked

    def _answer(self, frame: Frame) -> Answer:
        read = frame.header.get("read")
        if not self.asked or not isinstance(read, int) or len(frame.body) != self.asked[0].width * len(self.asked[0]):
            raise _LostError(hangs=False)
        return Answer(self.asked.popleft(), frame.body, read)

    def _frame(self) -> Frame | None:
        try:
            return take_frame(self._received)
        except FrameError:
            raise _LostError(hangs=False) from None

    def _send(self) -> None:
        assert self._link is not None
        try:
            while self._unsent:
                del self._unsent[: self._link.send(self._unsent[:_PIECE])]
        except OSError:
            return  # there is no room now; or it died, which receiving tells

    def _receive(self) -> bool:
        """Take what is there; return whether nothing more will come."""
        assert self._link is not None
        try:
            while len(self._received) < _MAX_RECEIVED:
                piece = self._link.recv(_PIECE)
                if not piece:
                    return True
                self._received += piece
        except BlockingIOError:
            return False
        except OSError:
            return True
        return False
