"""Facts: what one lstat says about an item, and the stamp that tells a touched item from an untouched one."""

from __future__ import annotations

import os
import stat
import struct
from typing import Final, NamedTuple

from driftd.model.item import ItemType

_TYPES: Final = {
    stat.S_IFREG: ItemType.FILE,
    stat.S_IFLNK: ItemType.LINK,
    stat.S_IFDIR: ItemType.DIRECTORY,
    stat.S_IFIFO: ItemType.FIFO,
    stat.S_IFSOCK: ItemType.SOCKET,
    stat.S_IFCHR: ItemType.CHARACTER,
    stat.S_IFBLK: ItemType.BLOCK,
}
_PACKED: Final = struct.Struct("<QqqqIII")
_pack: Final = _PACKED.pack
_SECOND: Final = 1_000_000_000

STAMP_BYTES: Final = _PACKED.size
UNKNOWN: Final = bytes(STAMP_BYTES)
"""A stamp that nothing has: what it stands for has to be read again."""
RACY_NS: Final = 20_000_000
"""Two ticks of a kernel that has a hundred a second, the longest there are."""
RACY_SECONDS_NS: Final = 2_000_000_000 + RACY_NS
"""FAT keeps every other second; a ctime of whole seconds may be one of these."""


class Facts(NamedTuple):
    """The stat fields that driftd looks at."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    mode: int
    uid: int
    gid: int
    names: int = 1
    """How many hard links lead to it."""

    @property
    def type(self) -> ItemType:
        """What stands there."""
        return _TYPES.get(stat.S_IFMT(self.mode), ItemType.FILE)

    def same_file(self, other: Facts) -> bool:
        """Whether both are of one inode."""
        return self.inode == other.inode and self.device == other.device


def facts(found: os.stat_result) -> Facts:
    """Return the facts of a stat result."""
    return Facts(
        found.st_dev,
        found.st_ino,
        found.st_size,
        found.st_mtime_ns,
        found.st_ctime_ns,
        found.st_mode,
        found.st_uid,
        found.st_gid,
        found.st_nlink,
    )


def stamp(item: Facts) -> bytes:
    """Return the facts that tell a touched item from an untouched one, packed.

    The device is left out: its number changes from boot to boot. The names are: one more is no change of what is audited.
    """
    return _PACKED.pack(*item[1:8])


def stamp_of(found: os.stat_result) -> bytes:
    """Return the stamp of a stat result, without a Facts in between: a quick audit asks for it once an item."""
    return _pack(
        found.st_ino,
        found.st_size,
        found.st_mtime_ns,
        found.st_ctime_ns,
        found.st_mode,
        found.st_uid,
        found.st_gid,
    )


def stamps_of(names: list[bytes], directory: int) -> list[bytes]:
    """Return the stamps of names in an open directory; empty where there is none."""
    look = os.stat
    try:
        return [stamp_of(look(name, dir_fd=directory, follow_symlinks=False)) for name in names]
    except OSError:
        return [_stamp_or_none(name, directory) for name in names]


def _stamp_or_none(name: bytes, directory: int) -> bytes:
    try:
        return stamp_of(os.stat(name, dir_fd=directory, follow_symlinks=False))
    except OSError:
        return b""


def stamp_start(inode: int) -> bytes:
    """Return how the stamps of an inode begin, whatever it is like."""
    return inode.to_bytes(8, "little")


def stamp_size(packed: bytes | bytearray) -> int:
    """Return the size in bytes that a stamp says."""
    return int(_PACKED.unpack(packed)[1])


def stamp_is_link(packed: bytes) -> bool:
    """Whether a stamp is that of a symbolic link."""
    return len(packed) == STAMP_BYTES and stat.S_ISLNK(_PACKED.unpack(packed)[4])


def is_settled(ctime_ns: int, looked_ns: int) -> bool:
    """Whether a change made after a look that began at `looked_ns` is sure to show in the ctime.

    Git calls the others racy: changed so shortly before they were read that they may be changed once more within the
    granularity of their timestamps. That is the kernel's tick, and two seconds where the file system keeps whole seconds.
    """
    granularity = RACY_NS if ctime_ns % _SECOND else RACY_SECONDS_NS
    return ctime_ns <= looked_ns - granularity
