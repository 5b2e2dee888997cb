"""When a path that was noticed is worth a look. Pure: time comes in, nothing is read.

A completed write, a rename, a removal or a chmod is due at once. A file still being written is due when it has been
quiet. What looks worse than before (gone, empty, does not parse) may be half a save, and is held for a moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

SETTLE: Final = 0.25
LONGEST_FACTOR: Final = 10
"""A file that never comes to rest is looked at after so many times `settle`: nothing is postponed for ever."""
TRANSIENT_HOLD: Final = 60.0
MAX_WAITING: Final = 10_000
_NEVER: Final = float("inf")


@dataclass(slots=True)
class _Waiting:
    first: float
    """When this unfinished story began; a held path keeps it."""
    due: float
    queued: float
    """The key under which it stands in the queue; never later than `due`."""


class Settling:
    """Paths that were noticed and not looked at yet: each once, in bounded memory.

    Beyond `max_waiting` paths the fullest directories are remembered instead (`rescans`), and beyond as many
    directories everything is (`b"/"`).
    """

    def __init__(
        self,
        settle: float = SETTLE,
        *,
        transient: Container[bytes] = (),
        transient_hold: float = TRANSIENT_HOLD,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self.settle_for(settle)
        self._transient = transient
        self._transient_hold = transient_hold
        self._max_waiting = max_waiting
        self._waiting: dict[bytes, _Waiting] = {}
        self._queue: list[tuple[float, bytes]] = []
        self._handed_out: dict[bytes, float] = {}
        self._rescans: dict[bytes, float] = {}
        self._next_rescan = _NEVER

    def settle_for(self, seconds: float) -> None:
        """Hold what is noticed from now on for another time."""
        self._settle = seconds
        self._longest = LONGEST_FACTOR * seconds

    def __len__(self) -> int:
        """How many paths and directories wait."""
        return len(self._waiting) + len(self._rescans)

    def __contains__(self, path: bytes) -> bool:
        """Whether a path waits already."""
        return path in self._waiting

    def is_transient(self, path: bytes) -> bool:
        """Whether the path has a name that lasts only while something is saved: pass it to `noticed`, do not look."""
        return path in self._transient

    def noticed(self, path: bytes, now: float, *, complete: bool) -> None:
        """Take note that something happened to a path; `complete`: nothing more is about to follow."""
        transient = path in self._transient
        if self._absorbed(path, now, transient=transient):
            return
        waiting = self._waiting.get(path)
        if waiting is None:
            if len(self._waiting) >= self._max_waiting:
                self._collapse(now)
                self.noticed(path, now, complete=complete)
                return
            waiting = self._waiting[path] = _Waiting(now, now, _NEVER)
        if transient:
            waiting.due = waiting.first + self._transient_hold
        else:
            waiting.due = now if complete else min(now + self._settle, waiting.first + self._longest)
        self._enqueue(path, waiting)

    def due(self, now: float, most: int = MAX_WAITING) -> list[bytes]:
        """Return the paths to look at now, `most` of them. Tell `outcome` what the look showed."""
        ready: list[bytes] = []
        while self._queue and self._queue[0][0] <= now and len(ready) < most:
            key, path = heappop(self._queue)
            waiting = self._waiting.get(path)
            if waiting is None or waiting.queued != key:
                continue
            if waiting.due > now:
                waiting.queued = _NEVER
                self._enqueue(path, waiting)
                continue
            del self._waiting[path]
            self._hand_out(path, waiting.first)
            ready.append(path)
        return ready

    def rescans(self, now: float) -> list[bytes]:
        """Return the directories of which so much was noticed that everything in them is to be looked at now."""
        if self._next_rescan > now:
            return []
        ready = [directory for directory, due in self._rescans.items() if due <= now]
        for directory in ready:
            del self._rescans[directory]
        self._next_rescan = min(self._rescans.values(), default=_NEVER)
        return ready

    def next_deadline(self) -> float | None:
        """Return when `due` or `rescans` have something to say; None while nothing waits."""
        while self._queue:
            key, path = self._queue[0]
            waiting = self._waiting.get(path)
            if waiting is None or waiting.queued != key:
                heappop(self._queue)
            elif waiting.due > key:
                heappop(self._queue)
                waiting.queued = _NEVER
                self._enqueue(path, waiting)
            else:
                break
        soonest = min(self._queue[0][0] if self._queue else _NEVER, self._next_rescan)
        return None if soonest == _NEVER else soonest

    def outcome(self, path: bytes, *, worse: bool, now: float) -> bool:
        """Return whether to report what a look showed; False: it looks half-done and the path is due again.

        `worse`: gone, empty or unparsable, where it was not before.
        """
        first = self._handed_out.pop(path, now)
        if not worse or now >= first + self._settle:
            return True
        waiting = self._waiting.get(path)
        if waiting is None:
            waiting = self._waiting[path] = _Waiting(first, first + self._settle, _NEVER)
            self._enqueue(path, waiting)
        else:
            waiting.first = min(first, waiting.first)
        return False

    def _enqueue(self, path: bytes, waiting: _Waiting) -> None:
        """Queue a path; one that became due later stays where it is until its turn comes."""
        if waiting.due < waiting.queued:
            waiting.queued = waiting.due
            heappush(self._queue, (waiting.due, path))

    def _hand_out(self, path: bytes, first: float) -> None:
        self._handed_out.pop(path, None)
        self._handed_out[path] = first
        if len(self._handed_out) > self._max_waiting:  # of paths whose outcome nobody told
            del self._handed_out[next(iter(self._handed_out))]

    def _absorbed(self, path: bytes, now: float, *, transient: bool) -> bool:
        """Whether the path will be looked at with its whole directory."""
        for directory in (_parent(path), b"/"):
            if directory in self._rescans:
                if not transient:
                    self._rescan(directory, now + self._settle)
                return True
        return False

    def _collapse(self, now: float) -> None:
        """Remember the fullest directories instead of their paths, until half of the room is free again."""
        counts = Counter(map(_parent, self._waiting))
        excess = len(self._waiting) - self._max_waiting // 2
        chosen: set[bytes] = set()
        for directory, number in counts.most_common():
            chosen.add(directory)
            excess -= number
            if excess <= 0:
                break
        for path in [path for path in self._waiting if _parent(path) in chosen]:
            waiting = self._waiting.pop(path)
            due = waiting.due if path in self._transient else now + self._settle
            self._rescan(_parent(path), due)
        if len(self._rescans) > self._max_waiting:
            self._rescans = {b"/": self._next_rescan}
            self._waiting.clear()
        self._queue = [entry for entry in self._queue if entry[1] in self._waiting]
        self._queue.sort()

    def _rescan(self, directory: bytes, due: float) -> None:
        self._rescans[directory] = min(self._rescans.get(directory, due), due)
        self._next_rescan = min(self._next_rescan, due)


def _parent(path: bytes) -> bytes:
    return path.rpartition(b"/")[0] or b"/"
