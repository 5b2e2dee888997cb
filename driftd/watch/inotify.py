"""Kernel notifications for directories, on watchdog's inotify reader. Why below its Observer: docs/decisions/0003."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable, Iterable
from functools import reduce
from itertools import count
from typing import Final

import structlog
from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchDescriptor,
)

from driftd.ports import WatchEvents
from driftd.watch.directories import Directories
from driftd.watch.reasons import (
    DIED,
    FAILED,
    INSTANCE_LIMIT,
    MISSING,
    NOT_RUNNING,
    OVERFLOW,
    UNREADABLE,
    UNWATCHABLE,
    WATCH_LIMIT,
)

log = structlog.get_logger(__name__)

_REASONS: Final = {
    errno.ENOSPC: WATCH_LIMIT,
    errno.EMFILE: INSTANCE_LIMIT,
    errno.EACCES: UNREADABLE,
    errno.ENOENT: MISSING,
    errno.ENOTDIR: MISSING,
}
_IN = InotifyConstants
_MASK: Final = reduce(
    lambda mask, bit: Mask(mask | bit),
    [
        # Not OPEN, ACCESS or CLOSE_NOWRITE: our own reading would raise them.
        _IN.IN_MODIFY,
        _IN.IN_CLOSE_WRITE,
        _IN.IN_ATTRIB,
        _IN.IN_MOVED_FROM,
        _IN.IN_MOVED_TO,
        _IN.IN_CREATE,
        _IN.IN_DELETE,
        _IN.IN_DELETE_SELF,
        _IN.IN_MOVE_SELF,
        _IN.IN_ONLYDIR,
        _IN.IN_DONT_FOLLOW,
    ],
)
_ENTRY_EVENTS: Final = (
    _IN.IN_MODIFY
    | _IN.IN_CLOSE_WRITE
    | _IN.IN_ATTRIB
    | _IN.IN_MOVED_FROM
    | _IN.IN_MOVED_TO
    | _IN.IN_CREATE
    | _IN.IN_DELETE
)
_JOIN_SECONDS: Final = 1.0


def _reason(error: OSError) -> str:
    return _REASONS.get(error.errno or 0, UNWATCHABLE)


class InotifyWatcher:
    """Watches directories one by one.

    Each path has a callback of its own, because the kernel hands out one descriptor per inode: a bind mount, or the
    new place of a directory that moved, shares it with another path.
    """

    def __init__(self) -> None:
        self._directories: Directories[_Directory] = Directories()
        self._lock = threading.RLock()
        self._ids = count(1)
        self._reader: _Reader | None = None
        self._listener: WatchEvents | None = None
        self._start_problem = NOT_RUNNING

    def start(self, listener: WatchEvents) -> None:
        """Begin to report. Nothing is watched yet. Without a reader (`alive()`), `watch` says why."""
        self.close()
        self._listener = listener
        try:
            reader = _Reader(self._overflowed, self._failed, self._unwatch_all)
        except OSError as error:
            self._start_problem = _reason(error)
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
        reader = self._reader
        if reader is None or not reader.is_alive():
            return DIED if reader is not None else self._start_problem
        watch = _Directory(self, directory, CallbackId(next(self._ids)))
        with self._lock:
            problem = watch.arm(reader)
            superfluous = self._directories.get(directory)
            if problem is not None:
                self._directories.pop(directory)
            elif superfluous is not None and superfluous.shares_descriptor(watch):
                superfluous = watch  # the one there is knows what is being written
            else:
                self._directories.put(directory, watch)
        if superfluous is not None:
            superfluous.disarm(reader)
        return problem

    def forget(self, directory: bytes) -> None:
        """Stop watching a directory; unknown ones are fine."""
        with self._lock:
            watch = self._directories.pop(directory)
        if watch is not None and self._reader is not None:
            watch.disarm(self._reader)

    def watches(self, directory: bytes) -> bool:
        """Whether a directory is watched now."""
        with self._lock:
            return self._directories.get(directory) is not None

    def watched(self) -> Iterable[bytes]:
        """Return the directories that are watched now."""
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
        is_directory = bool(event.mask & _IN.IN_ISDIR)
        name = event.name
        if is_directory and name and event.mask & ~_IN.IN_ATTRIB & _ENTRY_EVENTS:
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

    def watch_ended(self, watch: _Directory) -> None:
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


class _Directory:
    """What watchdog calls for one watched path."""

    __slots__ = ("_id", "_owner", "_wd", "being_written", "path")

    def __init__(self, owner: InotifyWatcher, path: bytes, id_: CallbackId) -> None:
        self._owner = owner
        self._id = id_
        self._wd: WatchDescriptor | None = None
        self.path = path
        self.being_written: set[bytes] = set()
        """Names written to and not closed yet: a chmod meanwhile does not complete them."""

    def arm(self, reader: InotifyFD) -> str | None:
        """Ask the kernel; return the reason why not."""
        try:
            wd = reader.add_callback(self.path, _MASK, self, self._id)
        except OSError as error:
            return _reason(error)
        if wd < 0:  # watchdog stores what the kernel refused with EACCES as descriptor -1
            reader.remove_callbacks([(wd, self._id)])
            return UNREADABLE
        self._wd = wd
        return None

    def shares_descriptor(self, other: _Directory) -> bool:
        """Whether both watch the same directory, in the eyes of the kernel."""
        return self._wd == other._wd

    def stands(self, reader: InotifyFD, id_: CallbackId) -> bool:
        """Whether the path still leads to the directory that is watched: the kernel knows its descriptor again."""
        probe = _Directory(self._owner, self.path, id_)
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
        elif event.mask & _ENTRY_EVENTS:
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


class _Reader(InotifyFD):
    """watchdog's reader thread, whose overflow, errors and death are noticed."""

    def __init__(
        self, overflowed: Callable[[], None], failed: Callable[[str], None], ended: Callable[[], None]
    ) -> None:
        super().__init__()
        self.name = "driftd-inotify"
        os.set_inheritable(self._inotify_fd, False)  # noqa: FBT003 - watchdog opens it without IN_CLOEXEC
        self._overflowed = overflowed
        self._failed = failed
        self._ended = ended

    def run(self) -> None:
        """Read until stopped; whatever ends the thread otherwise is reported."""
        try:
            super().run()
        except Exception:  # the last chance to say that nobody is looking
            log.exception("the reader of kernel notifications died")
        finally:
            if self.should_keep_running():
                self._ended()
                self._give_back()
                self._failed(DIED)

    def handle_event(self, event: InotifyEvent) -> None:
        """Dispatch one notification; what goes wrong with it is a loss, not the end."""
        try:
            if event.is_queue_overflow:
                self._overflowed()  # before watchdog logs it and calls every directory
            else:
                super().handle_event(event)
        except Exception:  # of a listener or of our own: one event is lost, the next one is not
            log.exception("a kernel notification could not be handled", notification=repr(event))
            self._failed(FAILED)

    def _give_back(self) -> None:
        with self._lock:
            self._is_reading = False
        self.close()
