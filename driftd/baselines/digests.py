"""The items of a manifest with the digests of their files: a mapping of texts, kept in a tenth of what a dictionary takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Self

from driftd.model.item import shown_path
from driftd.model.item_table import ItemTable, Shelf, split_item

ABSENT: Final = "absent"
"""In a host's manifest: the shared layer has this item, on this host it is approved that it is not there."""
_PREFIX: Final = "sha256:"
_BYTES: Final = 32
ABSENT_BYTES: Final = bytes(_BYTES)
_MEMBER: Final = re.compile(rb'[\s,]*("(?:[^"\\]|\\.)*")\s*:\s*"(?:(absent)|sha256:([0-9a-f]{64}))"', re.DOTALL)
"""A member of the object that a manifest's items are, once that is known to be JSON."""
_REST: Final = re.compile(rb"\s*}\s*")


class ItemDigests(Mapping[str, str]):
    """Item -> `sha256:HEX` of its file, or `absent`. It never changes."""

    def __init__(self, records: Iterable[tuple[str, bytes]]) -> None:
        self._odd: dict[str, bytes] = {}
        """Names that no path is shown as; a manifest may hold anything."""
        self._table = ItemTable(_BYTES)
        self._table.fill(self._shown(records))
        self._table.take_touched()

    @classmethod
    def of(cls, items: Mapping[str, str]) -> Self:
        """Return the same as `items`."""
        return cls((item, _record(digest)) for item, digest in items.items())

    @classmethod
    def decode(cls, content: bytes) -> Self:
        """Return what a JSON object holds, without a dictionary in between; ValueError where it holds something else."""
        return cls(_members(content))

    def _shown(self, records: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
        for item, record in records:
            if _is_shown(item):
                yield item, record
            else:
                self._odd[item] = record

    def __getitem__(self, item: str) -> str:
        record = self._odd.get(item)
        if record is None and _is_shown(item):
            record = self._table.get(item)
        if record is None:
            raise KeyError(item)
        return _text(record)

    def __iter__(self) -> Iterator[str]:
        yield from self._table
        yield from self._odd

    def __len__(self) -> int:
        return len(self._table) + len(self._odd)

    def differing(self, other: ItemDigests) -> Iterator[str]:
        """Yield the items that have another digest in `other`, or stand in one of the two alone; fast where most are equal."""
        for directory in dict.fromkeys((*self._directories(), *other._directories())):
            mine, others = self._table.shelf(directory), other._table.shelf(directory)
            if mine is None or others is None or mine.names != others.names or mine.columns != others.columns:
                differing = dict(_records(mine)).items() ^ dict(_records(others)).items()
                yield from (shown_path(directory + name) for name in dict(differing))
        yield from dict(self._odd.items() ^ other._odd.items())

    def beside(self, known: ItemTable) -> Iterator[list[str]]:
        """Yield the items that `known` does not have, directory by directory; fast where it has most."""
        for directory, shelf in self._table.shelves():
            other = known.shelf(directory)
            if other is None or other.names != shelf.names:
                there = set(other.split()) if other is not None else set()
                yield [shown_path(directory + name) for name in shelf.split() if name not in there]
            else:
                yield []
        yield [*self._odd]

    def _directories(self) -> Iterator[bytes]:
        return (directory for directory, _ in self._table.shelves())

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield every item with its digest, without looking each of them up."""
        for item, record in self.records():
            yield item, _text(record)

    def records(self) -> Iterator[tuple[str, bytes]]:
        """Yield every item with the 32 bytes of its digest, `ABSENT_BYTES` where it is `absent`."""
        for directory, shelf in self._table.shelves():
            for name, record in _records(shelf):
                yield shown_path(directory + name), record
        yield from self._odd.items()

    def revised(self, changes: Iterable[tuple[str, str | None]]) -> ItemDigests:
        """Return the same with other digests for some items; None: without the item. The changes are not kept meanwhile."""
        fresh = ItemDigests(())
        for directory, shelf in self._table.shelves():
            fresh._table.add_shelf(directory, shelf.names, shelf.columns)
        fresh._odd |= self._odd
        gone: list[str] = []
        fresh._table.fill(fresh._shown(_kept(changes, gone)))
        for item in gone:
            fresh._odd.pop(item, None)
            if _is_shown(item):
                fresh._table.discard(item)
        fresh._table.take_touched()
        return fresh


def digests_of(items: Mapping[str, str]) -> ItemDigests:
    """Return the same as `items`, made anew only where it is another kind of mapping."""
    return items if isinstance(items, ItemDigests) else ItemDigests.of(items)


def _records(shelf: Shelf | None) -> Iterator[tuple[bytes, bytes]]:
    if shelf is not None:
        (column,) = shelf.columns
        for place, name in enumerate(shelf.split()):
            yield name, bytes(column[place * _BYTES : (place + 1) * _BYTES])


def _kept(changes: Iterable[tuple[str, str | None]], gone: list[str]) -> Iterator[tuple[str, bytes]]:
    for item, digest in changes:
        if digest is None:
            gone.append(item)
        else:
            yield item, _record(digest)


def _is_shown(item: str) -> bool:
    if "\\" not in item and item.isprintable():
        return True
    try:
        return shown_path(b"".join(split_item(item))) == item
    except ValueError:
        return False


def _members(content: bytes) -> Iterator[tuple[str, bytes]]:
    at = content.index(b"{") + 1
    while (member := _MEMBER.match(content, at)) is not None:
        name, absent, digest = member.groups()
        item = json.loads(name) if b"\\" in name else name[1:-1].decode()
        yield item, ABSENT_BYTES if absent else bytes.fromhex(digest.decode("ascii"))
        at = member.end()
    if _REST.fullmatch(content, at) is None:
        raise ValueError("a digest of another form")


def _record(digest: str) -> bytes:
    return ABSENT_BYTES if digest == ABSENT else bytes.fromhex(digest.removeprefix(_PREFIX))


def _text(record: bytes) -> str:
    return ABSENT if record == ABSENT_BYTES else _PREFIX + record.hex()
