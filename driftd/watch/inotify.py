"""Kernel notifications for directories, on watchdog's inotify reader. Why below its Observer: docs/decisions/0003."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from itertools import count
from typing import Final

import structlog
from watchdog.observers.inotify_c import CallbackId, InotifyConstants, InotifyEvent, Mask

from driftd.ports import WatchEvents
from driftd.watch.directories import Directories
from driftd.watch.inotify_reader import Reader
from driftd.watch.reasons import DIED, NOT_RUNNING, OVERFLOW, reason_for
from driftd.watch.watched import DIRECTORY, ENTRY_EVENTS, FILE, WatchedDirectory

log = structlog.get_logger(__name__)

_JOIN_SECONDS: Final = 1.0


class InotifyWatcher:
    """Watches directories one by one, and single files.

    Each path has a callback of its own, because the kernel hands out one descriptor per inode: a bind mount, or the
    new place of a directory that moved, shares it with another path.
    """

    def __init__(self) -> None:
        self._directories: Directories[WatchedDirectory] = Directories()
        self._lock = threading.RLock()
        self._ids = count(1)
        self._reader: Reader | None = None
        self._listener: WatchEvents | None = None
        self._start_problem = NOT_RUNNING

    def start(self, listener: WatchEvents) -> None:
        """Begin to report. Nothing is watched yet. Without a reader (`alive()`), `watch` says why."""
        self.close()
        self._listener = listener
        try:
            reader = Reader(self._overflowed, self._failed, self._unwatch_all)
        except OSError as error:
            self._start_problem = reason_for(error)
            log.warning("no kernel notifications", reason=self._start_problem)
            return
        self._reader = reader
        reader.start()

    def alive(self) -> bool:
        """Whether notifications are being read; if not, only `start` helps."""
        reader = self._reader
        return reader is not None and reader.is_alive()

    def watch(self, directory: bytes) -> str | None:
        """Watch a directory; return None, or the reason why it cannot be watched. Watching again re-arms."""
        return self._watch(directory, DIRECTORY)

    def watch_file(self, file: bytes) -> str | None:
        """Watch a file by itself, whatever name it is changed under; else as `watch`."""
        return self._watch(file, FILE)

    def _watch(self, path: bytes, mask: Mask) -> str | None:
        reader = self._reader
        if reader is None or not reader.is_alive():
            return DIED if reader is not None else self._start_problem
        watch = WatchedDirectory(self, path, CallbackId(next(self._ids)), mask)
        with self._lock:
            problem = watch.arm(reader)
            superfluous = self._directories.get(path)
            if problem is not None:
                self._directories.pop(path)
            elif superfluous is not None and superfluous.shares_descriptor(watch):
                superfluous = watch  # the one there is knows what is being written
            else:
                self._directories.put(path, watch)
        if superfluous is not None:
            superfluous.disarm(reader)
        return problem

    def forget(self, path: bytes) -> None:
        """Stop watching a directory or a file; unknown ones are fine."""
        with self._lock:
            watch = self._directories.pop(path)
        if watch is not None and self._reader is not None:
            watch.disarm(self._reader)

    def forget_file(self, file: bytes) -> None:
        """Stop watching a file by itself; a directory that stands in its place by now stays watched."""
        with self._lock:
            watch = self._directories.get(file)
            if watch is None or not watch.is_of_file:
                return
            self._directories.pop(file)
        if self._reader is not None:
            watch.disarm(self._reader)

    def watches(self, path: bytes) -> bool:
        """Whether a directory or a file is watched now."""
        with self._lock:
            return self._directories.get(path) is not None

    def watched(self) -> Iterable[bytes]:
        """Return the directories and files that are watched now."""
        with self._lock:
            return tuple(self._directories)

    def close(self) -> None:
        """Stop the thread and give the descriptors back."""
        reader, self._reader = self._reader, None
        if reader is None:
            return
        self._unwatch_all()
        reader.stop()
        if reader is not threading.current_thread():
            reader.join(_JOIN_SECONDS)

    def report(self, directory: bytes, event: InotifyEvent, *, complete: bool) -> None:
        """Hand one notification to the listener, after taking note of directories that it takes away."""
        is_directory = bool(event.mask & InotifyConstants.IN_ISDIR)
        name = event.name
        if is_directory and name and event.mask & ~InotifyConstants.IN_ATTRIB & ENTRY_EVENTS:
            path = os.path.join(directory, name)
            self.check(path, below=event.is_move)
            if self._listener is not None:
                self._listener.tree(path)
        if not name:
            directory, name = os.path.split(directory)
        if self._listener is not None:
            self._listener.changed(directory, name, complete=complete, is_directory=is_directory)

    def check(self, directory: bytes, *, below: bool) -> None:
        """Give up the watches whose directory is no longer at its path, and say so.

        Somebody may have watched the successor before this notification was read: then nothing is given up.
        """
        reader = self._reader
        if reader is None:
            return
        gone = []
        with self._lock:
            watch = self._directories.get(directory)
            found = self._directories.tree(directory) if below else [(directory, watch)] if watch is not None else []
            for path, watch in found:
                if not watch.stands(reader, CallbackId(next(self._ids))):
                    self._directories.pop(path)
                    gone.append(watch)
        for watch in gone:
            watch.disarm(reader)
            if self._listener is not None:
                self._listener.vanished(watch.path)

    def watch_ended(self, watch: WatchedDirectory) -> None:
        """Take note that the kernel ended a watch: removed or unmounted. A newer watch on the path stays."""
        with self._lock:
            if self._directories.get(watch.path) is not watch:
                return
            self._directories.pop(watch.path)
        if self._listener is not None:
            self._listener.vanished(watch.path)

    def _unwatch_all(self) -> None:
        """Know no directory, so that the end of its watch is not reported."""
        with self._lock:
            self._directories = Directories()

    def _overflowed(self) -> None:
        with self._lock:
            watches = [self._directories.get(path) for path in self._directories]
        for watch in watches:
            if watch is not None:
                watch.being_written.clear()
        self._failed(OVERFLOW)

    def _failed(self, reason: str) -> None:
        if self._listener is not None:
            self._listener.lost(reason)
