"""A watched directory: its watch in the kernel, and what a notification says of the names in it."""

from __future__ import annotations

import os
import stat
from typing import Final, Protocol

from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchDescriptor,
)

from driftd.watch.reasons import UNREADABLE, reason_for

_IN = InotifyConstants
ENTRY_EVENTS: Final = (
    # Not OPEN, ACCESS or CLOSE_NOWRITE: our own reading would raise them.
    _IN.IN_MODIFY
    | _IN.IN_CLOSE_WRITE
    | _IN.IN_ATTRIB
    | _IN.IN_MOVED_FROM
    | _IN.IN_MOVED_TO
    | _IN.IN_CREATE
    | _IN.IN_DELETE
)
"""What happens to the names in a directory."""
FILE: Final = Mask(ENTRY_EVENTS | _IN.IN_DELETE_SELF | _IN.IN_MOVE_SELF | _IN.IN_DONT_FOLLOW)
DIRECTORY: Final = Mask(FILE | _IN.IN_ONLYDIR)


class Watcher(Protocol):
    """Who is told what the kernel says."""

    def report(self, directory: bytes, event: InotifyEvent, *, complete: bool) -> None:
        """Something happened to a name in a directory; `complete`: nobody has it open for writing."""

    def check(self, directory: bytes, *, below: bool) -> None:
        """A directory moved away, perhaps; `below`: and what is in it."""

    def watch_ended(self, watch: WatchedDirectory) -> None:
        """The kernel ended a watch."""


class WatchedDirectory:
    """What watchdog calls for one watched path: a directory, or (with the mask `FILE`) a file by itself."""

    __slots__ = ("_id", "_mask", "_owner", "_wd", "being_written", "path")

    def __init__(self, owner: Watcher, path: bytes, id_: CallbackId, mask: Mask = DIRECTORY) -> None:
        self._owner = owner
        self._id = id_
        self._mask = mask
        self._wd: WatchDescriptor | None = None
        self.path = path
        self.being_written: set[bytes] = set()
        """Names written to and not closed yet: a chmod meanwhile does not complete them."""

    @property
    def is_of_file(self) -> bool:
        """Whether a file is watched by itself."""
        return self._mask == FILE

    def arm(self, reader: InotifyFD) -> str | None:
        """Ask the kernel; return the reason why not."""
        try:
            wd = reader.add_callback(self.path, self._mask, self, self._id)
        except OSError as error:
            return reason_for(error)
        if wd < 0:  # watchdog stores what the kernel refused with EACCES as descriptor -1
            reader.remove_callbacks([(wd, self._id)])
            return UNREADABLE
        self._wd = wd
        return None

    def shares_descriptor(self, other: WatchedDirectory) -> bool:
        """Whether both watch the same directory, in the eyes of the kernel."""
        return self._wd == other._wd

    def stands(self, reader: InotifyFD, id_: CallbackId) -> bool:
        """Whether the path still leads to the directory that is watched: the kernel knows its descriptor again."""
        probe = WatchedDirectory(self._owner, self.path, id_, self._mask)
        if probe.arm(reader) is not None:
            return False
        probe.disarm(reader)
        return probe.shares_descriptor(self)

    def disarm(self, reader: InotifyFD) -> None:
        """Give the watch back; the kernel keeps it while another path shares it."""
        if self._wd is not None:
            reader.remove_callbacks([(self._wd, self._id)])

    def on_event(self, event: InotifyEvent) -> None:
        """Report one notification."""
        if event.is_move_self:
            self._owner.check(self.path, below=True)
        elif event.mask & ENTRY_EVENTS:
            self._owner.report(self.path, event, complete=self._complete(event))

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """Report that nothing is watched here any more."""
        self._owner.watch_ended(self)

    def on_queue_overflow(self) -> None:
        """Nothing: the reader reports an overflow once, not once a directory."""

    def _complete(self, event: InotifyEvent) -> bool:
        name = event.name
        if event.is_create and event.mask & _IN.IN_ISDIR:
            return False  # made for a moment, as often as not
        if event.is_modify or (event.is_create and self._will_be_closed(event)):
            self.being_written.add(name)
            return False
        if event.is_attrib:
            return name not in self.being_written
        self.being_written.discard(name)
        return True

    def _will_be_closed(self, event: InotifyEvent) -> bool:
        """Whether a new entry is a file that its creator has open; a link or a device node has no close to wait for.

        A file without other links that was made by mknod or linkat(O_TMPFILE) looks the same: it waits for `settle`.
        """
        try:
            status = os.lstat(os.path.join(self.path, event.name))
        except OSError:
            return False  # gone again or out of reach: whoever looks will see
        return stat.S_ISREG(status.st_mode) and status.st_nlink == 1
