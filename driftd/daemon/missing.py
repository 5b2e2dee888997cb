"""Items that are not there and about which something stands open, by directory: among many drifts they are the few."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Final, Protocol

SPARE: Final = 1_000
"""Items that are kept beyond those of which something may stand open, until they are sorted out."""


class Region(Protocol):
    """A part of the tree."""

    @property
    def named(self) -> Collection[str]:
        """Items that are in it by themselves."""

    def holds(self, item: str) -> bool:
        """Whether an item is in it."""

    def holds_all_in(self, directory: str) -> bool:
        """Whether every item of a directory is in it."""


class Missing:
    """A set of items. Those about which nothing stands open any more drop out by themselves."""

    def __init__(self, stands: Callable[[str], bool]) -> None:
        """`stands`: whether something stands open about an item."""
        self._stands = stands
        self._items: dict[str, set[str]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, item: str) -> bool:
        return item in self._items.get(_directory(item), ()) and self._stands(item)

    def __iter__(self) -> Iterator[str]:
        """Yield every item as it is at this moment."""
        for directory in list(self._items):
            yield from self._sorted_out(directory)

    def add(self, item: str) -> None:
        """Take note that an item is not there."""
        items = self._items.setdefault(_directory(item), set())
        self._count += item not in items
        items.add(item)

    def discard(self, item: str) -> None:
        """Take note that an item is there, or of no interest."""
        items = self._items.get(_directory(item))
        if items is not None and item in items:
            items.remove(item)
            self._count -= 1
            if not items:
                del self._items[_directory(item)]

    def any_in(self, directory: str) -> bool:
        """Whether something may be missing in a directory itself."""
        return directory in self._items

    def sort_out(self, most: int) -> None:
        """Let those go about which nothing stands open, if these are many; `most`: about how many items something does in all."""
        if self._count > most + SPARE:
            for _ in self:
                continue

    def inside(self, region: Region) -> Iterator[str]:
        """Yield those that are in a part of the tree."""
        for directory in list(self._items):
            if region.holds_all_in(directory):
                yield from self._sorted_out(directory)
        yield from (item for item in region.named if item in self)

    def _sorted_out(self, directory: str) -> list[str]:
        items = self._items[directory]
        standing = [item for item in items if self._stands(item)]
        if len(standing) < len(items):
            self._count -= len(items) - len(standing)
            self._items[directory] = set(standing)
            if not standing:
                del self._items[directory]
        return standing


def _directory(item: str) -> str:
    return item.rpartition("/")[0] or "/"
