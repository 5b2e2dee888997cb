"""What directories held when they were listed: kept as notes beside their remembered items, and good as long as those are."""

from __future__ import annotations

import os
from collections.abc import Container

from driftd.model.item_table import ItemTable
from driftd.sources.automaton import Place
from driftd.sources.walk import Directory


class Listing:
    """What a directory held for the patterns when it was listed."""

    __slots__ = ("below", "counts", "ignored", "links", "names", "patterns", "stamp")

    def __init__(self, stamp: int, patterns: Place) -> None:
        self.stamp = stamp
        self.patterns = patterns
        self.names = b""
        """The very object that names the items of the shelf: a shelf with another one has other items by now."""
        self.below: tuple[Directory, ...] = ()
        """Directories to look into as well."""
        self.links: tuple[bytes, ...] = ()
        """Items that are links: where they lead has to be looked at, too."""
        self.counts: tuple[tuple[int, int], ...] = ()
        """How many items each pattern has here."""
        self.ignored = 0


class Listings:
    """The listings of one survey, on their way to the table of what is remembered."""

    def __init__(self, table: ItemTable) -> None:
        self._table = table
        self._fresh: list[tuple[bytes, Listing, bytes]] = []

    def add(self, key: bytes, listing: Listing, names: list[bytes]) -> None:
        """Take up a listing of the directory `key` and the names of its items."""
        self._fresh.append((key, listing, b"\0%b\0" % b"\0".join(names) if names else b"\0"))

    def keep(self, visited: Container[bytes]) -> None:
        """Remember listings whose items are those of the table by now; forget directories without items that were not visited."""
        for key, listing, names in self._fresh:
            shelf = self._table.shelf(key)
            if shelf is None and len(names) == 1:
                shelf = self._table.add_shelf(key)
            if shelf is not None and (shelf.names == names or _same_names(shelf.names, names)):
                listing.names = shelf.names
                shelf.note = listing
        self._fresh.clear()
        empty = [key for key, shelf in self._table.shelves() if len(shelf.names) == 1]
        for key in empty:
            if key not in visited:
                self._table.remove_shelf(key)


def listing_stamp(directory: os.stat_result) -> int:
    """Return what changes with every name that comes or goes in a directory."""
    return directory.st_ino << 64 | directory.st_ctime_ns


def _same_names(left: bytes, right: bytes) -> bool:
    return len(left) == len(right) and sorted(left.split(b"\0")) == sorted(right.split(b"\0"))
