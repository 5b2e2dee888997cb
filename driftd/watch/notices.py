"""Notices of the kernel about the machine as a whole, on one thread: inotify tells of none of them."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

log = structlog.get_logger(__name__)

MOUNTS: Final = b"/proc/self/mountinfo"
_JOIN_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Source:
    """A descriptor that says when something has changed."""

    what: str
    """What is not noticed without it."""
    open: Callable[[], int]
    """Return the descriptor, or raise OSError."""
    events: int
    """Of poll(2), that mean a change."""
    changed: Callable[[], None]
    take: Callable[[int], object] = lambda _descriptor: None
    """Has the descriptor say no more of the change that it has said."""


def mounts(changed: Callable[[], None], table: bytes = MOUNTS) -> Source:
    """Return what says that something was mounted or unmounted, also over a watched directory; see proc(5)."""
    return Source("mounts", lambda: os.open(table, os.O_RDONLY | os.O_CLOEXEC), select.POLLPRI, changed)


class Notices:
    """Calls back, on a thread of its own, whenever one of its sources has something to say."""

    def __init__(self, *sources: Source) -> None:
        self._sources = sources
        self._stop = -1
        self._thread: threading.Thread | None = None

    def start(self) -> frozenset[str]:
        """Begin to tell; return what is noticed. What is not (no /proc, an old kernel) only audits and looks find out."""
        opened: dict[int, Source] = {}
        for source in self._sources:
            try:
                opened[source.open()] = source
            except OSError as error:
                log.warning("something is not noticed when it happens", what=source.what, reason=str(error))
        if opened:
            ended, self._stop = os.pipe()
            self._thread = threading.Thread(target=self._run, args=(opened, ended), name="driftd-notices", daemon=True)
            self._thread.start()
        return frozenset(source.what for source in opened.values())

    def stop(self) -> None:
        """Tell no more."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        os.close(self._stop)
        thread.join(_JOIN_SECONDS)

    def _run(self, opened: dict[int, Source], ended: int) -> None:
        try:
            poll = select.poll()
            for descriptor, source in opened.items():
                poll.register(descriptor, source.events)
            poll.register(ended, select.POLLIN)
            while True:
                said = [descriptor for descriptor, _ in poll.poll()]
                if ended in said:
                    return
                for descriptor in said:
                    opened[descriptor].take(descriptor)
                    opened[descriptor].changed()
        finally:
            for descriptor in (*opened, ended):
                os.close(descriptor)
