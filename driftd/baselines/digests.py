"""The items of a manifest with the digests of their files: a mapping of texts, kept in a tenth of what a dictionary takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Self

from driftd.model.item import shown_path
from driftd.model.item_table import ItemTable, split_item

ABSENT: Final = "absent"
"""In a host's manifest: the shared layer has this item, on this host it is approved that it is not there."""
_PREFIX: Final = "sha256:"
_BYTES: Final = 32
_ABSENT_BYTES: Final = bytes(_BYTES)
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
        yield item, _ABSENT_BYTES if absent else bytes.fromhex(digest.decode("ascii"))
        at = member.end()
    if _REST.fullmatch(content, at) is None:
        raise ValueError("a digest of another form")


def _record(digest: str) -> bytes:
    return _ABSENT_BYTES if digest == ABSENT else bytes.fromhex(digest.removeprefix(_PREFIX))


def _text(record: bytes) -> str:
    return ABSENT if record == _ABSENT_BYTES else _PREFIX + record.hex()
