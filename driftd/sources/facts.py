"""Facts: what one lstat says about an item, and the number that tells a touched item from an untouched one."""

from __future__ import annotations

import os
import stat
import struct
from hashlib import blake2b
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
    )


def signature(item: Facts, behind: Facts | None = None) -> int:
    """Return 64 signed bits over the facts of an item and of what a link leads to; never 0.

    The device is left out: its number changes from boot to boot. A cryptographic digest, because whoever owns a file chooses
    its mtime.
    """
    digest = blake2b(_PACKED.pack(*item[1:]), digest_size=8)
    if behind is not None:
        digest.update(_PACKED.pack(*behind[1:]))
    return int.from_bytes(digest.digest(), "little", signed=True) or 1
