"""Two directories walked side by side: one pair at a time, sorted, links as links, nothing left unsaid."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from driftd.model.item import ItemType, shown_path

_TYPES: Final = {
    stat.S_IFREG: ItemType.FILE,
    stat.S_IFLNK: ItemType.LINK,
    stat.S_IFDIR: ItemType.DIRECTORY,
    stat.S_IFIFO: ItemType.FIFO,
    stat.S_IFSOCK: ItemType.SOCKET,
    stat.S_IFCHR: ItemType.CHARACTER,
    stat.S_IFBLK: ItemType.BLOCK,
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """What stands at a path of one tree."""

    path: str
    """For the operating system."""
    type: ItemType | None = None
    """None: it could not be looked at."""
    target: str | None = None
    """Text of a link."""
    error: str | None = None
    """Why it could not be looked at, or a directory not be listed."""

    @property
    def is_directory(self) -> bool:
        """Whether it has names below it that can be listed."""
        return self.type is ItemType.DIRECTORY and self.error is None


@dataclass(frozen=True, slots=True)
class Entry:
    """A relative path, and what stands there on each side; None: nothing."""

    path: str
    """As shown."""
    before: Leaf | None
    after: Leaf | None


def walk(before: str | None, after: str | None) -> Iterator[Entry]:
    """Yield every path below either directory, sorted by name within each; no link is followed.

    Of directories only those that are empty and stand on one side, and those that could not be listed.
    """
    pending: list[tuple[Leaf | None, Leaf | None, str, str]] = [(_top(before), _top(after), "", "")]
    while pending:
        above_left, above_right, directory, name = pending.pop()
        left, right = (_look(above_left, name), _look(above_right, name)) if name else (above_left, above_right)
        relative = os.path.join(directory, name)
        names, left, right = _names(left, right)
        if _failed(left, right) or (name and _is_leaf(left, right, names)):
            yield Entry(shown_path(os.fsencode(relative)) or ".", left, right)
        pending.extend((left, right, relative, below) for below in reversed(names))


def _top(path: str | None) -> Leaf | None:
    """A directory that the user names may be a link to one."""
    return Leaf(path, ItemType.DIRECTORY) if path is not None else None


def _failed(left: Leaf | None, right: Leaf | None) -> bool:
    return any(side is not None and side.error for side in (left, right))


def _is_leaf(left: Leaf | None, right: Leaf | None, names: list[str]) -> bool:
    if left is not None and right is not None and left.is_directory and right.is_directory:
        return False
    return not names or (left is not None and right is not None)


def _names(left: Leaf | None, right: Leaf | None) -> tuple[list[str], Leaf | None, Leaf | None]:
    """Return the names below both sides, and the sides, told why where one could not be listed."""
    names: set[str] = set()
    sides = []
    for side in (left, right):
        listed = side
        if side is not None and side.is_directory:
            try:
                names.update(_listed(side.path))
            except OSError as error:
                listed = Leaf(side.path, side.type, error=error.strerror or str(error))
        sides.append(listed)
    return sorted(names), sides[0], sides[1]


def _listed(path: str) -> list[str]:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return os.listdir(fd)
    finally:
        os.close(fd)


def _look(parent: Leaf | None, name: str) -> Leaf | None:
    """Return what stands under a name of a directory."""
    if parent is None or not parent.is_directory:
        return None
    path = os.path.join(parent.path, name)
    try:
        found = os.lstat(path)
        kind = _TYPES.get(stat.S_IFMT(found.st_mode))
        target = os.readlink(path) if kind is ItemType.LINK else None
    except FileNotFoundError:
        return None
    except OSError as error:
        return Leaf(path, error=error.strerror or str(error))
    return Leaf(path, kind, target)


def content_in_tree(path: str, most: int) -> bytes:
    """Return the bytes of a file, one more than `most` of a larger one; OSError where something else stands there now."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(fd, "rb") as stream:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(0, "no regular file any more")
        return stream.read(most + 1)
