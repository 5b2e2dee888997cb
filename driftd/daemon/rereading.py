"""Rereading: a deep audit reads everything, what looks as it did by child processes; the engine looks at what is not as known.

A child says what the stat fields are and what the digest is. What they should be is known here alone: nothing that a child
does not say makes an item one that is as it was.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from driftd.baselines.layer import ApprovedFile
from driftd.model.document import Json
from driftd.model.item import shown_path
from driftd.model.item_table import ItemTable, Shelf
from driftd.sources.facts import STAMP_BYTES, UNKNOWN, stamp_size
from driftd.sources.frames import path_text
from driftd.sources.intake import FINGERPRINT_BYTES
from driftd.sources.pace import Pace
from driftd.sources.reread import DIGEST_BYTES, NO_FINGERPRINT, READ, STAT
from driftd.sources.rereaders import Answer, Batch, Rereaders
from driftd.sources.walk import Directory

BATCH: Final = 1024
"""Names in one request at most: some 20 ms of reading small files."""
FILES: Final = 256
"""Approved files in one request: each takes half a kilobyte here until it was read."""
BATCH_BYTES: Final = 8 * 1024 * 1024
"""Bytes after which a request has enough to read, so that one child has not all the large files."""
ENGINE_SHARE: Final = 0.25
"""Part of the rate at which the engine reads what is not as it was, while the rest is read by others."""
_NOTHING: Final = (bytearray(UNKNOWN), bytearray(NO_FINGERPRINT))


class Places:
    """Where each name of a shelf stands; of the last one it is still known, for a large one is gone through in parts."""

    def __init__(self) -> None:
        self._names = b""
        self._places: dict[bytes, int] = {}

    def of(self, shelf: Shelf | None) -> dict[bytes, int]:
        """Return it; a shelf that is not there has nothing."""
        if shelf is None:
            return {}
        if shelf.names is not self._names:
            self._names, self._places = shelf.names, {name: place for place, name in enumerate(shelf.split())}
        return self._places


@dataclass(slots=True)
class Part:
    """Items of one directory, each name with what is asked of it."""

    directory: Directory
    names: list[bytes]


@dataclass(slots=True)
class Items:
    """A batch of items: their stamps are asked for, then the fingerprints of their contents."""

    root: bytes
    parts: list[Part]
    width: int = STAMP_BYTES + FINGERPRINT_BYTES

    def __len__(self) -> int:
        return sum(len(part.names) for part in self.parts)

    def request(self) -> tuple[dict[str, Json], bytes]:
        """Return what a `Rereader` understands as `items`."""
        places: list[Json] = [[path_text(part.directory.place), len(part.names)] for part in self.parts]
        names = b"\0".join(name for part in self.parts for name in part.names)
        return {"op": "items", "root": path_text(self.root), "places": places}, names

    def singly(self) -> list[Items]:
        """Return one batch a name."""
        return [Items(self.root, [Part(part.directory, [name])]) for part in self.parts for name in part.names]

    @property
    def items(self) -> list[str]:
        """The items, as they are shown."""
        return [shown_path(part.directory.child(name[1:])) for part in self.parts for name in part.names]

    def differing(self, records: bytes, remembered: ItemTable, known: Places) -> Iterator[str]:
        """Yield those that are not as they are remembered."""
        stamps, prints = 0, len(self) * STAMP_BYTES
        for part in self.parts:
            shelf = remembered.shelf(part.directory.key)
            places = known.of(shelf)
            for name in part.names:
                at = places.get(name[1:])
                stamp = records[stamps : stamps + STAMP_BYTES]
                fingerprint = records[prints : prints + FINGERPRINT_BYTES]
                if shelf is None or at is None or not _is_known(shelf, at, stamp, fingerprint):
                    yield shown_path(part.directory.child(name[1:]))
                stamps += STAMP_BYTES
                prints += FINGERPRINT_BYTES


@dataclass(slots=True)
class Files:
    """A batch of approved files: their SHA-256 is asked for."""

    place: bytes
    files: list[ApprovedFile]
    width: int = DIGEST_BYTES

    def __len__(self) -> int:
        return len(self.files)

    def request(self) -> tuple[dict[str, Json], bytes]:
        """Return what a `Rereader` understands as `files`."""
        names = b"\0".join(os.fsencode(file.name) for file in self.files)
        return {"op": "files", "place": path_text(self.place)}, names

    def singly(self) -> list[Files]:
        """Return one batch a file."""
        return [Files(self.place, [file]) for file in self.files]

    @property
    def items(self) -> list[str]:
        """The items whose files these are."""
        return [file.item for file in self.files]

    def differing(self, records: bytes) -> Iterator[str]:
        """Yield the items whose files are not what the manifest says."""
        for number, file in enumerate(self.files):
            if records[number * DIGEST_BYTES : (number + 1) * DIGEST_BYTES] != file.sha256:
                yield file.item


class Rereading:
    """One deep audit's reading. Add what is to be read, take from time to time what has to be looked at, `close` in the end."""

    def __init__(
        self, rereaders: Rereaders, root: bytes, remembered: ItemTable, beyond: Callable[[str], bool] | None = None
    ) -> None:
        """`beyond`: whether an item has more to it than stat fields and content."""
        self.read = 0
        """Items that were read and are as they were."""
        self.answered = 0
        """Batches that were answered."""
        self._rereaders = rereaders
        self._root = root
        self._remembered = remembered
        self._beyond = beyond
        self._parts: list[Part] = []
        self._names = self._bytes = 0
        self._hanging: list[str] = []
        self._told: set[str] = set()
        self._known = Places()

    @property
    def full(self) -> bool:
        """Whether there is as much to do as can be done: take what comes before more is added."""
        return self._rereaders.full

    @property
    def busy(self) -> bool:
        """Whether something is to come."""
        return self._rereaders.busy

    def add(self, directory: Directory, names: Iterable[bytes]) -> list[str]:
        """Have items of a directory read that are remembered; return those that have to be looked at in any case."""
        shelf, beyond = self._remembered.shelf(directory.key), self._beyond
        places = self._known.of(shelf)
        others: list[str] = []
        asked: list[bytes] = []
        self._parts.append(Part(directory, asked))
        for name in names:
            at = places.get(name)
            stamp, fingerprint = _known(shelf, at) if shelf is not None and at is not None else _NOTHING
            if stamp == UNKNOWN or (beyond is not None and beyond(shown_path(directory.child(name)))):
                others.append(shown_path(directory.child(name)))
                continue
            if fingerprint == NO_FINGERPRINT:
                asked.append(STAT + name)
            else:
                asked.append(READ + name)
                self._bytes += stamp_size(stamp)
            self._names += 1
            if self._names >= BATCH or self._bytes >= BATCH_BYTES:
                self.flush()
                asked = []
                self._parts.append(Part(directory, asked))
        return others

    def add_files(self, files: Sequence[ApprovedFile]) -> None:
        """Have approved files read."""
        for place, part in groupby(files, key=lambda file: file.directory):
            self._rereaders.put(Files(os.fsencode(place), list(part)))

    def flush(self) -> None:
        """Have read what was added, be it little."""
        parts = [part for part in self._parts if part.names]
        if parts:
            self._rereaders.put(Items(self._root, parts))
        self._parts, self._names, self._bytes = [], 0, 0

    def differing(self) -> Iterator[str]:
        """Yield the items that have to be looked at, as far as is known by now."""
        for answer in self._rereaders.take():
            for item in self._judged(answer):
                if item not in self._told:  # an item and the file of its approved state may both be another
                    self._told.add(item)
                    yield item

    def hanging(self) -> list[str]:
        """Return the items that could not be read in time, and must not be looked at here, since the last time."""
        hanging, self._hanging = self._hanging, []
        return hanging

    def close(self) -> None:
        """Read no more."""
        self._rereaders.close()

    def _judged(self, answer: Answer) -> list[str]:
        batch: Batch = answer.batch
        assert isinstance(batch, Items | Files)
        self.answered += 1
        if answer.records is None and answer.hangs:
            self._hanging += batch.items
            return []
        if answer.records is None:
            return batch.items
        if isinstance(batch, Files):
            return list(batch.differing(answer.records))
        differing = list(batch.differing(answer.records, self._remembered, self._known))
        self.read += len(batch) - len(differing)
        return differing


def _is_known(shelf: Shelf, at: int, stamp: bytes, fingerprint: bytes) -> bool:
    known = _known(shelf, at)
    return known[0] == stamp and known[1] == fingerprint


def _known(shelf: Shelf, at: int) -> tuple[bytearray, bytearray]:
    """Return the stamp and the fingerprint that are remembered of an item."""
    stamps, prints = shelf.columns
    return (
        stamps[at * STAMP_BYTES : (at + 1) * STAMP_BYTES],
        prints[at * FINGERPRINT_BYTES : (at + 1) * FINGERPRINT_BYTES],
    )


@dataclass(frozen=True, slots=True)
class DeepReading:
    """How deep audits read: the key of fingerprints, and the rate in bytes a second or none."""

    key: bytes
    rate: float | None = None

    def begin(self, root: bytes, remembered: ItemTable, beyond: Callable[[str], bool] | None) -> Rereading:
        """Begin to read what is remembered again; what the engine reads meanwhile has its share of the rate."""
        return Rereading(
            Rereaders(self.key, self.rate * (1 - ENGINE_SHARE) if self.rate else None), root, remembered, beyond
        )

    def pace(self, monotonic: Callable[[], float], *, shared: bool) -> Pace:
        """Return the pace at which the engine itself may read; `shared`: while others do."""
        return Pace(self.rate * ENGINE_SHARE if self.rate and shared else self.rate, monotonic)
