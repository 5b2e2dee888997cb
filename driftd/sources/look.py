"""One look at an item: its facts, where a link leads, and the content, as of one moment.

This is all that touches an item. It runs in the daemon, or in the child where a file system may hang, and is the same there.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from driftd.model.baseline import AttributeName
from driftd.sources.attributes import read_xattrs
from driftd.sources.facts import Facts, facts
from driftd.sources.reasons import StillChangingError, is_absent
from driftd.sources.root import Guard, LeadsNowhereError, LinkLoopError, Resolved, Root

CHUNK: Final = 64 * 1024
TRIES: Final = 3
VOLATILE: Final = (b"/proc/", b"/sys/", b"/dev/", b"/run/")
"""A link that leads here is its text alone: what stands there is state, not settings."""
ENDLESS: Final = 64 * 1024 * 1024
"""Where a file says it has no size (/proc), reading stops here."""
LARGEST: Final = 8 * 1024**3
"""Bytes of a file that are read while everything else waits; one that is larger, if only by its size, is a gap."""

_SWAPPED: Final = frozenset({errno.ELOOP, errno.ENOENT, errno.ENOTDIR, errno.ENXIO, errno.EISDIR})
"""What opening a regular file says when something else stands there by now."""


class Intake(Protocol):
    """Who takes the content."""

    def restart(self) -> None:
        """What was taken so far does not count."""

    def take(self, piece: bytes) -> None:
        """Take the next piece."""

    def is_known(self) -> bool:
        """Whether what was taken is a content that nobody will look into."""


@dataclass(slots=True)
class Look:
    """What a look found."""

    item: Facts
    target: bytes | None = None
    """Text of a link."""
    links: tuple[bytes, ...] = ()
    """Every link that led to what was read, then where it stands: empty where there was no link."""
    behind: Facts | None = None
    """What a link leads to; None for another item, and where the link leads nowhere or to a volatile place."""
    xattrs: dict[str, bytes] = field(default_factory=dict)
    note: str | None = None
    actual: bytes | None = None
    """Where the kernel says the opened file stands, on this machine; None where its content is known."""

    @property
    def readable(self) -> bool:
        """Whether there is a regular file to read."""
        return stat.S_ISREG((self.behind or self.item).mode)


class _ChangedError(Exception):
    """Something was replaced between two steps."""


def look(
    root: Root,
    path: bytes,
    *,
    wanted: Sequence[AttributeName] = (),
    intake: Intake | None = None,
    guard: Guard | None = None,
) -> Look:
    """Look at a path; its content, where it is or leads to a regular file, goes to `intake`.

    Raises FileNotFoundError or NotADirectoryError where nothing stands there, another OSError where we could not look, and
    StillChangingError after a few tries.
    """
    for _ in range(TRIES):
        if intake is not None:
            intake.restart()
        try:
            return _look_once(root, path, wanted, intake, guard)
        except _ChangedError:
            continue
    raise StillChangingError


def _look_once(
    root: Root, path: bytes, wanted: Sequence[AttributeName], intake: Intake | None, guard: Guard | None
) -> Look:
    parent = root.parent(path, guard=guard)
    here = parent.path.rstrip(b"/") + b"/" + path.rpartition(b"/")[2]
    host = root.on_host(here)
    if guard is not None:
        guard(host)
    item = facts(os.stat(host) if path == b"/" else os.lstat(host))
    found = Look(item, links=(*parent.links, here) if parent.links else ())
    place = here
    if stat.S_ISLNK(item.mode):
        place = _look_behind(root, parent, here, found, guard)
    found.xattrs = read_xattrs(host, wanted) if wanted else {}
    if intake is not None and found.readable:
        _read(root, place, found, intake)
    return found


def _look_behind(root: Root, parent: Resolved, here: bytes, found: Look, guard: Guard | None) -> bytes:
    """Follow a link; return where it leads."""
    try:
        found.target = os.readlink(root.on_host(here))
    except OSError as error:
        if error.errno == errno.EINVAL:  # no link any more
            raise _ChangedError from error
        raise
    try:
        led = root.follow(here, barred=VOLATILE, guard=guard)
    except LeadsNowhereError as error:
        found.note = "the link leads nowhere"
        found.links = (*parent.links, *error.links, error.place)
        return here
    except LinkLoopError as error:
        found.note = "the link leads into itself"
        found.links = (*parent.links, *error.links)
        return here
    except OSError as error:
        if is_absent(error) or error.errno == errno.EINVAL:  # a link on the way is none any more
            raise _ChangedError from error
        raise
    found.links = (*parent.links, *led.links, led.path)
    if led.barred:
        found.note = f"the link leads to {led.path.split(b'/')[1].decode()}: only its text is compared"
    else:
        found.behind = led.facts
    return led.path


def _read(root: Root, place: bytes, found: Look, intake: Intake) -> None:
    """Give the content to `intake`; the facts in `found` become those of the moment of reading."""
    expected = found.behind or found.item
    try:
        fd = root.open(place)
    except OSError as error:
        if error.errno in _SWAPPED:
            raise _ChangedError from error
        raise
    try:
        before = facts(os.fstat(fd))
        if not stat.S_ISREG(before.mode) or not before.same_file(expected):
            raise _ChangedError
        if before.size > LARGEST:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        _pour(fd, before.size, intake)
        if facts(os.fstat(fd)) != before:
            raise _ChangedError
        found.actual = None if intake.is_known() else _actual(fd)
    finally:
        os.close(fd)
    if found.behind is None:
        found.item = before
    else:
        found.behind = before


def _pour(fd: int, size: int, intake: Intake) -> None:
    taken = 0
    limit = size or ENDLESS
    while piece := os.read(fd, CHUNK):
        taken += len(piece)
        if taken > limit:
            raise _ChangedError  # it grows faster than we read, or never ends
        intake.take(piece)
    if size and taken < size:
        raise _ChangedError


def _actual(fd: int) -> bytes | None:
    """Return the opened file's path as the kernel knows it: a directory on the way may have been swapped for a link."""
    try:
        return os.readlink(b"/proc/self/fd/%d" % fd)
    except FileNotFoundError:  # no /proc: the path that was resolved has to do
        return None
