"""Masks: places where this process sees another file system than the host does, because its unit hides the host's there.

What a unit hides looks deleted or empty to the program in it. So the mounts of this process are compared with those of PID 1:
a path is masked where the two lead to different places of different file systems. See proc_pid_mountinfo(5), systemd.exec(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from driftd.sources.mountinfo import MountLine, mount_lines

HOST: Final = b"/proc/1/mountinfo"
"""The mounts of the host; any user may read them unless /proc is mounted with hidepid."""


@dataclass(frozen=True, slots=True)
class Mask:
    """A place of which this process does not see what the host sees."""

    point: bytes
    """Where it begins."""
    setting: str
    """The setting of a unit that makes such a mount: `PrivateTmp`."""


class Masks:
    """Which paths are masked."""

    def __init__(self, places: Mapping[bytes, Mask | None]) -> None:
        """`places`: every place where something is mounted, here or on the host, and whether it is masked."""
        self._places = places
        self.all: tuple[Mask, ...] = tuple(
            mask for point, mask in sorted(places.items()) if mask and mask.point == point
        )
        """All of them; most hosts have none."""
        self.told: tuple[Mask, ...] = tuple(mask for mask in self.all if not _UNTOLD.match(mask.point))
        """Those that matter to people: no configuration stands in the others."""

    def over(self, host_path: bytes) -> Mask | None:
        """Return what masks a path without links, if anything does."""
        place = host_path
        while place not in self._places and place not in (b"/", b""):
            place = place.rpartition(b"/")[0] or b"/"
        return self._places.get(place)


NONE: Final = Masks({})


def masks(ours: bytes, hosts: bytes) -> Masks:
    """Return what differs between two tables of mounts, as /proc/PID/mountinfo has them."""
    if ours == hosts:
        return NONE  # the same name space, down to the numbers
    here, there = _Tree(ours), _Tree(hosts)
    places: dict[bytes, Mask | None] = {}
    for point in sorted({*here.points, *there.points}):
        seen = here.place_of(point)
        is_same = seen is not None and seen == there.place_of(point)
        if is_same:
            places[point] = None
        else:
            above = Masks(places).over(point)
            places[point] = above or Mask(point, _setting(point, here.points.get(point)))
    return Masks(places) if any(places.values()) else NONE


_UNTOLD: Final = re.compile(rb"/(?:proc|sys|run/credentials|run/systemd/incoming)(?:/|\Z)(?<!\A/proc)(?<!\A/sys)")
"""What the kernel makes up; and what systemd keeps from every service that has a name space of its own."""


def signs(ours: bytes) -> Masks:
    """Return what looks masked by one's own mounts alone, where nobody says which the host has: the ways of systemd."""
    here = _Tree(ours)
    places: dict[bytes, Mask | None] = {}
    for point, mount in here.points.items():
        if _HIDING.search(mount.root) or (mount.kind == b"tmpfs" and point in _HOMES):
            places[point] = Mask(point, _setting(point, mount))
        else:
            places[point] = None
    return Masks(places) if any(places.values()) else NONE


_HIDING: Final = re.compile(rb"/inaccessible/[a-z]{3,4}\Z|/systemd-private-")
_HOMES: Final = frozenset({b"/home", b"/root", b"/run/user"})
_SETTINGS: Final = {
    **dict.fromkeys(_HOMES, "ProtectHome"),
    b"/tmp": "PrivateTmp",
    b"/var/tmp": "PrivateTmp",
    b"/dev": "PrivateDevices",
    b"/dev/mqueue": "PrivateIPC",
    b"/dev/kmsg": "ProtectKernelLogs",
    b"/proc": "ProtectProc",
    b"/usr/lib/modules": "ProtectKernelModules",
    b"/": "RootDirectory",
}
"""Settings of a unit that hide one place each."""


def _setting(point: bytes, mount: MountLine | None) -> str:
    """Return which setting of a unit makes this mount, as far as it shows; none here: it keeps the host's away."""
    if mount is None:
        return "MountFlags"
    if point in _SETTINGS:
        return _SETTINGS[point]
    if _HIDING.search(mount.root):
        return "InaccessiblePaths"
    return "TemporaryFileSystem" if mount.kind == b"tmpfs" else "BindPaths"


class _Tree:
    """The mounts of a table that can be reached: others are hidden beneath them."""

    def __init__(self, table: bytes) -> None:
        mounts = list(mount_lines(table))
        children: dict[int, list[MountLine]] = {}
        for mount in mounts:
            children.setdefault(mount.parent, []).append(mount)
        numbers = {mount.number for mount in mounts}
        self.points: dict[bytes, MountLine] = {}
        """What is on top at each place where something is mounted."""
        pending = [mount for mount in mounts if mount.parent not in numbers]
        while pending:
            mount = pending.pop()
            self.points[mount.point] = mount
            below = [child for child in children.get(mount.number, ()) if child is not mount]
            points = {child.point for child in below}
            pending += [child for child in below if not _lies_in(child.point, points)]

    def holding(self, path: bytes) -> MountLine | None:
        """Return the mount that a path is on."""
        place = path
        while place not in self.points and place not in (b"/", b""):
            place = place.rpartition(b"/")[0] or b"/"
        return self.points.get(place)

    def place_of(self, path: bytes) -> tuple[bytes, bytes] | None:
        """Return where a path leads: a file system, and the path in it."""
        mount = self.holding(path)
        if mount is None:
            return None
        inside = path if mount.point == b"/" else path[len(mount.point) :]
        return _system(mount), (mount.root.rstrip(b"/") + b"/" + inside.strip(b"/")).rstrip(b"/")


def _system(mount: MountLine) -> bytes:
    """Return which file system a mount is of; each mount of proc is one of its own, and they show the same."""
    if mount.kind != b"proc":
        return mount.device
    return b"proc " + b",".join(sorted(option for option in mount.options.split(b",") if b"=" in option))


def _lies_in(point: bytes, others: Iterable[bytes]) -> bool:
    """Whether something is mounted over one of the directories that lead to a place."""
    above = point.rpartition(b"/")[0]
    while above:
        if above in others:
            return True
        above = above.rpartition(b"/")[0]
    return point != b"/" and b"/" in others
