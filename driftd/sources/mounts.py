"""Mounts: which file systems stand where, read from the kernel's table and never by touching them."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from driftd.sources.masks import NONE, Masks, masks, signs
from driftd.sources.mountinfo import mount_lines
from driftd.sources.reasons import MASKED, IsolationError

MOUNTINFO: Final = b"/proc/self/mountinfo"
TRIES: Final = 5
"""How often two tables are read again because one of them changed meanwhile."""

_REMOTE: Final = frozenset({
    "9p", "afs", "autofs", "beegfs", "ceph", "cifs", "coda", "fuse", "fuseblk", "gfs2", "glusterfs", "lustre", "ncpfs",
    "nfs", "nfs4", "ocfs2", "orangefs", "pvfs2", "smb3", "smbfs", "vboxsf", "virtiofs",
})  # fmt: skip
"""Types that ask somebody else, another machine or a program, and wait for the answer."""

_KERNEL: Final = frozenset({
    "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "efivarfs", "fusectl", "proc", "pstore", "resctrl",
    "securityfs", "selinuxfs", "sysfs", "tracefs",
})  # fmt: skip
"""Types whose content the kernel makes up when it is read: no notification and no stat field tells that it changed."""


@dataclass(frozen=True, slots=True)
class Mount:
    """One mounted file system."""

    point: bytes
    """Where, on this machine."""
    kind: str
    """Its type: `ext4`, `nfs4`, `fuse.sshfs`."""
    number: int = 0
    """The kernel's own, another one for each time that something is mounted."""

    @property
    def is_remote(self) -> bool:
        """Whether reading from it may hang for as long as somebody else likes."""
        return self.kind in _REMOTE or self.kind.startswith("fuse.")

    @property
    def is_kernel_made(self) -> bool:
        """Whether the content is made up when it is read."""
        return self.kind in _KERNEL


class RemoteMountError(Exception):
    """A path leads to a file system that may hang."""

    def __init__(self, mount: Mount) -> None:
        super().__init__(f"{mount.point!r} is {mount.kind}")
        self.mount = mount


class Mounts:
    """The mounts of this process. `refresh` reads the table again when the kernel says that it changed."""

    def __init__(self, table: bytes = MOUNTINFO, host: bytes | None = None) -> None:
        """`host`: the table of the host, where this process may see others; what it hides is `masks`."""
        self._table = table
        self.host = host
        self._fd: int | None = None
        self._host_fd: int | None = None
        self._poll = select.poll()
        self._top: dict[bytes, Mount] | None = None
        self._changed: set[bytes] = set()
        self.points: frozenset[bytes] = frozenset()
        """Where something is mounted, on this machine; `/` is not among them."""
        self.remote: tuple[Mount, ...] = ()
        """Those that may hang, the deepest first. A remote `/` is not among them: driftd itself stands on it."""
        self.kernel_made: tuple[bytes, ...] = ()
        """How every path begins whose content is made up when it is read."""
        self.masks: Masks = NONE
        """Places of which this process does not see what the host sees."""
        self.unknown_host: str | None = None
        """Why the host's table cannot be read, where it was asked for: `masks` then tells what looks like one."""

    def refresh(self) -> None:
        """Bring the table up to date. Without one (no /proc) nothing is known to be mounted."""
        if self._fd is None:
            try:
                self._fd = self._opened(self._table)
            except FileNotFoundError:
                return
            self._open_host()
        elif not self._poll.poll(0):
            return
        ours = _content(self._fd)
        if self._host_fd is not None:
            hosts = _content(self._host_fd)
            for _ in range(TRIES):
                if not self._poll.poll(0):
                    break  # both are of one moment
                ours, hosts = _content(self._fd), _content(self._host_fd)
            self._mask(masks(ours, hosts))
        elif self.host is not None:
            self._mask(signs(ours))
        self._take(mount_table(ours))

    def _opened(self, table: bytes) -> int:
        descriptor = os.open(table, os.O_RDONLY | os.O_CLOEXEC)
        self._poll.register(descriptor, select.POLLERR | select.POLLPRI)
        return descriptor

    def _open_host(self) -> None:
        if self.host is None:
            return
        try:
            self._host_fd = self._opened(self.host)
        except OSError as error:
            self.unknown_host = error.strerror or str(error)

    def _mask(self, found: Masks) -> None:
        before, self.masks = self.masks, found
        self._changed |= {mask.point for mask in {*before.all} ^ {*found.all}}

    def _take(self, mounts: Iterable[Mount]) -> None:
        # What was mounted last at a point hides what was there before.
        known, self._top = self._top, {mount.point: mount for mount in mounts}
        if known is not None:
            self._changed |= {point for point, _ in known.items() ^ self._top.items()}
        top = {point: mount for point, mount in self._top.items() if point != b"/"}
        self.points = frozenset(top)
        self.kernel_made = tuple(point + b"/" for point, mount in top.items() if mount.is_kernel_made)
        self.remote = tuple(
            sorted(
                (mount for mount in top.values() if mount.is_remote), key=lambda mount: len(mount.point), reverse=True
            )
        )

    def changed(self) -> set[bytes]:
        """Return where something was mounted or unmounted since the last time, and forget it."""
        changed, self._changed = self._changed, set()
        return changed

    def holding(self, host_path: bytes) -> Mount | None:
        """Return the file system on which a path without links stands; None where the table does not say."""
        top, place = self._top or {}, host_path
        while place not in top and place not in (b"/", b""):
            place = place.rpartition(b"/")[0] or b"/"
        return top.get(place)

    def guard_for(self, *, isolated: bool) -> Callable[[bytes], None] | None:
        """Return what has to be asked of each path before it is touched; None: nothing. `isolated`: somebody else can look."""
        if self.remote and isolated:
            return self.guard
        return self._see if self.masks.all else None

    def guard(self, host_path: bytes) -> None:
        """Raise RemoteMountError where a path, without links in it, stands on a file system that may hang.

        IsolationError where it is masked.
        """
        self._see(host_path)
        for mount in self.remote:
            if host_path == mount.point or host_path.startswith(mount.point + b"/"):
                inner = max(self.points_above(host_path), key=len, default=mount.point)
                if len(inner) <= len(mount.point):
                    raise RemoteMountError(mount)
                return

    def _see(self, host_path: bytes) -> None:
        mask = self.masks.over(host_path) if self.masks.all else None
        if mask is not None:
            raise IsolationError(MASKED, f"hidden from driftd by its unit: {mask.setting}=")

    def points_above(self, host_path: bytes) -> Iterable[bytes]:
        """Return the mount points that a path is, or stands below."""
        return (point for point in self.points if host_path == point or host_path.startswith(point + b"/"))

    def close(self) -> None:
        """Give the tables' descriptors back."""
        for descriptor in (self._fd, self._host_fd):
            if descriptor is not None:
                self._poll.unregister(descriptor)
                os.close(descriptor)
        self._fd = self._host_fd = None


def _content(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    content = bytearray()
    while piece := os.read(descriptor, 65536):
        content += piece
    return bytes(content)


def mount_table(content: bytes) -> list[Mount]:
    """Return the mounts of a mountinfo table, in the order in which they were mounted. See proc_pid_mountinfo(5)."""
    return [
        Mount(line.point, line.kind.decode("ascii", "backslashreplace"), line.number) for line in mount_lines(content)
    ]
