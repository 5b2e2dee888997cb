"""Item tables: records of fixed size for many items, kept by directory in few bytes more than names and records take.

A dictionary of a hundred thousand paths takes tens of megabytes; the same names, once a directory and end to end, two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from driftd.model.item import real_path, shown_path

_LARGE: Final = 20_000
"""Bytes of names from which on looking through them for each of many items takes too long."""


class Shelf:
    """The items of one directory: their names end to end, and for each column their records end to end."""

    __slots__ = ("columns", "names", "note")

    def __init__(self, names: bytes, columns: tuple[bytearray, ...]) -> None:
        self.names = names
        r"""`\0a\0b\0`; another object whenever a name comes or goes."""
        self.columns = columns
        self.note: object = None
        """Whatever the user of the table has to say of the directory; it is not kept longer than the shelf."""

    def __len__(self) -> int:
        return self.names.count(b"\0") - 1

    def split(self) -> list[bytes]:
        """Return the names, in the order of the records."""
        return self.names[1:-1].split(b"\0") if len(self.names) > 1 else []

    def position(self, name: bytes) -> int:
        """Return the place of a name's records, -1 where it is not here."""
        at = self.names.find(b"\0%b\0" % name)
        return self.names.count(b"\0", 0, at) if at >= 0 else -1


class _Index:
    """Where each name of one large shelf stands, kept from one question to the next."""

    __slots__ = ("names", "places")

    def __init__(self, shelf: Shelf) -> None:
        self.names = shelf.names
        self.places = {name: place for place, name in enumerate(shelf.split())}


class ItemTable:
    """Item -> one record a column. `widths` are the sizes of the columns' records in bytes."""

    def __init__(self, *widths: int) -> None:
        self.widths = widths
        self._shelves: dict[bytes, Shelf] = {}
        self._count = 0
        self._touched: set[bytes] = set()
        self._index: _Index | None = None

    def __len__(self) -> int:
        return self._count

    def __contains__(self, item: str) -> bool:
        directory, name = split_item(item)
        shelf = self._shelves.get(directory)
        return shelf is not None and self._position(shelf, name) >= 0

    def __iter__(self) -> Iterator[str]:
        for directory, shelf in self._shelves.items():
            for name in shelf.split():
                yield shown_path(directory + name)

    def get(self, item: str, column: int = 0) -> bytes | None:
        """Return an item's record in a column, None where it has none."""
        directory, name = split_item(item)
        shelf = self._shelves.get(directory)
        at = self._position(shelf, name) if shelf is not None else -1
        if shelf is None or at < 0:
            return None
        width = self.widths[column]
        return bytes(shelf.columns[column][at * width : (at + 1) * width])

    def put(self, item: str, *records: bytes) -> None:
        """Keep an item's records, one a column."""
        directory, name = split_item(item)
        shelf = self.shelf(directory) or self.add_shelf(directory)
        at = self._position(shelf, name)
        if at < 0:
            at = self._append(shelf, name)
        elif all(
            shelf.columns[column][at * width : (at + 1) * width] == records[column]
            for column, width in enumerate(self.widths)
        ):
            return
        for column, width in enumerate(self.widths):
            shelf.columns[column][at * width : (at + 1) * width] = records[column]
        self._touched.add(directory)

    def _position(self, shelf: Shelf, name: bytes) -> int:
        if len(shelf.names) < _LARGE:
            return shelf.position(name)
        if self._index is None or self._index.names is not shelf.names:
            self._index = _Index(shelf)
        return self._index.places.get(name, -1)

    def _append(self, shelf: Shelf, name: bytes) -> int:
        index = self._index if self._index is not None and self._index.names is shelf.names else None
        at = len(shelf) if index is None else len(index.places)
        shelf.names = b"%b%b\0" % (shelf.names, name)
        self._count += 1
        if index is not None:
            index.places[name] = at
            index.names = shelf.names
        return at

    def fill(self, records: Iterable[tuple[str, bytes]]) -> None:
        """Take over many items with one record each, those of one directory best in a row; of one item the last counts."""
        last = b""
        names: list[bytes] = []
        made: list[bytes] = []
        for item, record in records:
            directory, name = split_item(item)
            if directory != last:
                self._stock(last, names, made)
                last, names, made = directory, [], []
            names.append(name)
            made.append(record)
        self._stock(last, names, made)

    def _stock(self, directory: bytes, names: list[bytes], records: list[bytes]) -> None:
        if directory in self._shelves or len(set(names)) < len(names):
            for name, record in zip(names, records, strict=True):
                self.put(shown_path(directory + name), record)
        elif names:
            self.add_shelf(directory, b"\0%b\0" % b"\0".join(names), [b"".join(records)])
            self._touched.add(directory)

    def discard(self, item: str) -> None:
        """Forget an item; one that is not here is fine."""
        directory, name = split_item(item)
        shelf = self._shelves.get(directory)
        at = self._position(shelf, name) if shelf is not None else -1
        if shelf is None or at < 0:
            return
        shelf.names = shelf.names.replace(b"\0%b\0" % name, b"\0", 1)
        for column, width in enumerate(self.widths):
            del shelf.columns[column][at * width : (at + 1) * width]
        self._count -= 1
        self._touched.add(directory)
        if len(shelf.names) == 1:
            del self._shelves[directory]

    def overwrite(self, column: int, record: bytes) -> None:
        """Make this every item's record in a column."""
        for directory, shelf in self._shelves.items():
            shelf.columns[column][:] = record * len(shelf)
            self._touched.add(directory)

    # --- by directory

    def shelf(self, directory: bytes) -> Shelf | None:
        """Return the shelf of a directory, which ends in `/`."""
        return self._shelves.get(directory)

    def shelves(self) -> Iterator[tuple[bytes, Shelf]]:
        """Yield every directory with its shelf; nothing may be put or discarded meanwhile."""
        yield from self._shelves.items()

    def items_in(self, directory: bytes) -> list[str]:
        """Return the items of a directory, which ends in `/`; not those of directories in it."""
        shelf = self._shelves.get(directory)
        return [shown_path(directory + name) for name in shelf.split()] if shelf is not None else []

    def add_shelf(self, directory: bytes, names: bytes = b"\0", columns: Sequence[bytes | bytearray] = ()) -> Shelf:
        """Put up a shelf that was taken from elsewhere, or an empty one; one that stands there already is replaced."""
        self._count -= len(self._shelves[directory]) if directory in self._shelves else 0
        shelf = Shelf(names, tuple(bytearray(column) for column in columns or (b"",) * len(self.widths)))
        self._shelves[directory] = shelf
        self._count += len(shelf)
        return shelf

    def remove_shelf(self, directory: bytes) -> None:
        """Forget a directory with all its items."""
        shelf = self._shelves.pop(directory, None)
        if shelf is not None:
            self._count -= len(shelf)
            self._touched.add(directory)

    def touch(self, directories: Iterable[bytes]) -> None:
        """Count directories among those in which something was put."""
        self._touched.update(directories)

    def take_touched(self) -> set[bytes]:
        """Return the directories in which something was put, overwritten or discarded since this was last asked."""
        touched, self._touched = self._touched, set()
        self._index = None
        return touched


def split_item(item: str) -> tuple[bytes, bytes]:
    """Return an item's directory, which ends in `/` (empty where the item is no path), and its name there."""
    path = real_path(item)
    cut = path.rfind(b"/") + 1
    return path[:cut], path[cut:]
