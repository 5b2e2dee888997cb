"""The kernel's table of mounts, line by line. See proc_pid_mountinfo(5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class MountLine(NamedTuple):
    """One mount, in the order in which they were made."""

    number: int
    """The kernel's own, another one for each time that something is mounted."""
    parent: int
    """The number of the mount that it stands on."""
    device: bytes
    """Which file system: `254:0`."""
    root: bytes
    """Which directory of it is mounted."""
    point: bytes
    """Where."""
    kind: bytes
    """The type of the file system: `ext4`."""
    options: bytes
    """Its options, whichever directory of it is mounted."""


def mount_lines(table: bytes) -> Iterator[MountLine]:
    """Yield the mounts of a table; what is no line of one is left out."""
    for line in table.splitlines():
        before, separator, after = line.partition(b" - ")
        fields = before.split(b" ")
        if separator and len(fields) >= 6 and fields[0].isdigit() and fields[1].isdigit():
            root, point = _plain(fields[3]), _plain(fields[4])
            kind, _, rest = after.partition(b" ")
            options = rest.rpartition(b" ")[2]
            yield MountLine(int(fields[0]), int(fields[1]), fields[2], root, point, kind, options)


def _plain(field: bytes) -> bytes:
    return re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8) & 0xFF]), field)
