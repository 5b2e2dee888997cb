"""The listener: what watchers say becomes messages on the queue of the loop."""

from __future__ import annotations

from driftd.daemon.messages import ClockSet, Lost, Message, MountsChanged, Noticed, Tree
from driftd.daemon.service import Service
from driftd.ports import Clock


class Listener:
    """Takes what the watcher says and puts it on the queue."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.service: Service | None = None

    def changed(self, directory: bytes, name: bytes, *, complete: bool, is_directory: bool) -> None:
        """Something happened to a name in a directory."""
        self._put(Noticed(directory, name, complete, is_directory, self._clock.monotonic(), self._clock.now()))

    def tree(self, path: bytes) -> None:
        """A directory came or went."""
        self._put(Tree(path, self._clock.now()))

    def vanished(self, directory: bytes) -> None:
        """The watch on a directory is gone."""
        self._put(Tree(directory, self._clock.now()))

    def mounts_changed(self) -> None:
        """Something was mounted or unmounted."""
        self._put(MountsChanged())

    def clock_set(self) -> None:
        """The clock was set, or the machine goes on after it was suspended."""
        self._put(ClockSet())

    def lost(self, reason: str) -> None:
        """Notifications were lost."""
        self._put(Lost(reason))

    def _put(self, message: Message) -> None:
        if self.service is not None:
            self.service.inbox.put(message)
