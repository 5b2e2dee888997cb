"""The outside, as the daemon and the commands see it. A contract suite per port holds every implementation to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol, runtime_checkable

from driftd.model.event import Event


class Clock(Protocol):
    """Time comes from outside."""

    def now(self) -> datetime:
        """Return the time of day, aware, in UTC: for records."""

    def monotonic(self) -> float:
        """Return seconds that never jump: for waiting."""


class Readings(NamedTuple):
    """What the clocks of a machine say at one moment, in seconds."""

    wall: float
    """Time of day: may be set."""
    monotonic: float
    """Never set; stands still while the machine is suspended."""
    boottime: float
    """Never set; goes on while the machine is suspended."""


class DeliveryError(Exception):
    """An output could not take an event."""

    def __init__(self, message: str, *, permanent: bool = False, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.permanent = permanent
        """Trying again cannot help: it is about what was sent, not about the way there."""
        self.retry_after = retry_after
        """Seconds for which the receiver asks to be left alone."""
        self.delivered = 0
        """How many of the events, from the first on, the receiver has nevertheless."""


class Output(Protocol):
    """Somewhere events go. Constructors open nothing; the first `send` does."""

    def send(self, events: Sequence[Event]) -> None:
        """Deliver events in order; may be repeated with the same events after a DeliveryError or a crash.

        Returns when the receiver has them, as far as its protocol can tell. Raises DeliveryError and nothing else.
        """

    def close(self) -> None:
        """Release what `send` opened; later `send` opens again. Never raises, never blocks for more than a second."""


@runtime_checkable
class Refreshing(Protocol):
    """An output that has something to do though nothing happened."""

    @property
    def every(self) -> float:
        """Seconds from one time to the next, as it is now; infinite while there is nothing to do."""

    def refresh(self) -> None:
        """Do it, on the thread that delivers: at the start and then as often as that. Raises DeliveryError and nothing else."""


class WatchEvents(Protocol):
    """Who listens to a watcher. Called on the watcher's thread: take note and return."""

    def changed(self, directory: bytes, name: bytes, *, complete: bool, is_directory: bool) -> None:
        """Something happened to `name` in `directory`; `complete`: a finished write, rename, removal or chmod."""

    def tree(self, path: bytes) -> None:
        """A directory came to this path or left it: what is below may be anything."""

    def vanished(self, directory: bytes) -> None:
        """The watch on this directory is gone: removed, moved away or unmounted."""

    def lost(self, reason: str) -> None:
        """Notifications were lost: everything may have changed."""


class Watcher(Protocol):
    """Kernel notifications for directories, never recursive. They only make driftd fast; the audit is the truth."""

    def start(self, listener: WatchEvents) -> None:
        """Begin to report, again after a death. Nothing is watched yet."""

    def alive(self) -> bool:
        """Whether notifications are being read; if not, only `start` helps."""

    def watch(self, directory: bytes) -> str | None:
        """Watch a directory; return None, or the reason why it cannot be watched. Watching again re-arms."""

    def watch_file(self, file: bytes) -> str | None:
        """Watch a file by itself, whatever name it is changed under; else as `watch`."""

    def forget(self, path: bytes) -> None:
        """Stop watching a directory or a file; unknown ones are fine."""

    def forget_file(self, file: bytes) -> None:
        """Stop watching a file by itself; a directory that stands in its place by now stays watched."""

    def watches(self, path: bytes) -> bool:
        """Whether a directory or a file is watched now."""

    def watched(self) -> Iterable[bytes]:
        """Return the directories and files that are watched now."""

    def close(self) -> None:
        """Stop the thread and give the descriptors back."""


Wait = Callable[[float], bool]
"""Wait up to so many seconds; True when it is time to stop."""
