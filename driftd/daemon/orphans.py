"""Orphans: what process number 1 of a container has to bury, since nobody else will.

A process whose parent is gone is given to number 1, and stays as a zombie until that one has asked how it ended. driftd's own
children are asked by those who started them, at once; what is a zombie for seconds is somebody else's.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final, Self

GRACE: Final = 5.0
"""Seconds that a child's own parent has to ask after it."""
_JOIN_SECONDS: Final = 1.0


class Orphans:
    """Buries them on a thread of its own, which sleeps until a child has ended."""

    def __init__(self, processes: Path = Path("/proc"), grace: float = GRACE) -> None:
        self._processes = processes
        self._grace = grace
        self._ended = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Begin; to be called by the main thread, which alone may ask for signals."""
        self._thread = threading.Thread(target=self._run, name="driftd-orphans", daemon=True)
        self._thread.start()
        signal.signal(signal.SIGCHLD, self._child_ended)
        self._ended.set()
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._stop.set()
        self._ended.set()
        if self._thread is not None:
            self._thread.join(_JOIN_SECONDS)

    def _child_ended(self, _number: int, _frame: FrameType | None) -> None:
        self._ended.set()

    def _run(self) -> None:
        while self._ended.wait() and not self._stop.is_set():
            self._ended.clear()
            while (waiting := set(self._zombies())) and not self._stop.wait(self._grace):
                for pid in waiting & set(self._zombies()):
                    with suppress(ChildProcessError):
                        os.waitpid(pid, os.WNOHANG)

    def _zombies(self) -> Iterator[int]:
        """Yield our children that have ended and were not asked after."""
        parent = str(os.getpid()).encode()
        for place in self._processes.glob("[0-9]*"):
            try:
                state, above = (place / "stat").read_bytes().rpartition(b")")[2].split()[:2]
            except (OSError, ValueError):
                continue
            if state == b"Z" and above == parent:
                yield int(place.name)
