"""A spool: what an approval would write, in a file, so that any number of items is reviewed and written in bounded memory."""

from __future__ import annotations

import json
import os
import struct
from array import array
from collections.abc import Container, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from driftd.model.document import Json
from driftd.store.errors import translated
from driftd.store.files import make_directory

DIRECTORY: Final = "proposals"
"""Below the state directory."""
ABANDONED: Final = 3600.0
"""Seconds after which a spool that nobody came for is removed."""
_LENGTH: Final = struct.Struct("!I")
_WORK: Final = "make a proposal"
_ROOM: Final = Path("/var/tmp")  # noqa: S108 - a file there has no name; /tmp may be in memory


class Entry(msgspec.Struct, array_like=True, tag="item", frozen=True):
    """One item that would be approved."""

    baseline: str
    item: str
    content: bytes | None
    """Of its approved file; None: that it is gone."""
    first: bool = False
    drift: bytes | None = None
    """JSON of what differs from the approved state so far."""


class GapEntry(msgspec.Struct, array_like=True, tag="gap", frozen=True):
    """One item that could not be read, and is left as it is."""

    gap: bytes
    """JSON of it."""


_DECODER: Final = msgspec.msgpack.Decoder(Entry | GapEntry)


class Spool:
    """Entries in a file, in the order in which they were added; then to be gone through as often as one likes."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self.name = path.name
        self._file = file
        self._path = path
        self._places: dict[str, array[int]] | None = None
        """Where the entries of each baseline stand, once that was asked for."""
        self._left_out: Container[str] = ()

    @classmethod
    def make(cls, state: Path, name: str, now: float) -> Spool:
        """Return an empty one below the state directory, for its owner alone; those that nobody came for are removed.

        `now`: seconds since the epoch.
        """
        directory = state / DIRECTORY
        make_directory(directory)
        with translated(directory, _WORK):
            for other in directory.iterdir():
                with suppress(FileNotFoundError):  # somebody came for it just now
                    if now - other.lstat().st_mtime > ABANDONED:
                        other.unlink()
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            return cls(os.fdopen(os.open(directory / name, flags, 0o600), "w+b"), directory / name)

    @classmethod
    def take(cls, state: Path, name: str) -> Spool:
        """Return the one that another process made. Nobody finds it any more, and it is gone when it is closed.

        Whoever made it may still write to it: see `keep_to_oneself`.
        """
        path = state / DIRECTORY / name
        with translated(path, "read the proposal"):
            file: BinaryIO = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")
            path.unlink()
        return cls(file, path)

    def hide(self) -> None:
        """Have nobody else find it, so that it is gone when it is closed."""
        self._path.unlink(missing_ok=True)

    def keep_to_oneself(self) -> None:
        """Go on with a copy where another user made it, who must not change what was reviewed before it is written."""
        if os.fstat(self._file.fileno()).st_uid == os.geteuid():
            return
        import shutil  # late, as the other: only root beside a service that has an account needs it
        import tempfile

        with translated(_ROOM, "copy the proposal"), self._file as theirs:
            self._file = tempfile.TemporaryFile(dir=_ROOM)  # noqa: SIM115 - `close` closes it
            shutil.copyfileobj(theirs, self._file, 1024 * 1024)
            self._file.flush()

    def add(self, entry: Entry | GapEntry) -> None:
        """Append an entry."""
        packed = msgspec.msgpack.encode(entry)
        with translated(self._path, _WORK):
            self._file.write(_LENGTH.pack(len(packed)) + packed)

    def seal(self) -> None:
        """Have all of it in the file: from now on it may be read."""
        with translated(self._path, _WORK):
            self._file.flush()

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def leave_out(self, items: Container[str]) -> None:
        """Pass over these items from now on."""
        self._left_out = items

    def entries(self) -> Iterator[Entry]:
        """Yield every item."""
        return (entry for _, entry in self._placed() if isinstance(entry, Entry) and entry.item not in self._left_out)

    def drifts(self) -> Iterator[dict[str, Json]]:
        """Yield what differs from the approved state so far, in the shape of `--json`."""
        return (json.loads(entry.drift) for entry in self.entries() if entry.drift is not None)

    def gaps(self) -> Iterator[dict[str, Json]]:
        """Yield what could not be read, in the shape of `--json`."""
        return (json.loads(entry.gap) for _, entry in self._placed() if isinstance(entry, GapEntry))

    def entries_of(self, baseline: str) -> Iterator[Entry]:
        """Yield the items of one baseline."""
        if self._places is None:
            self._places = {}
            for at, entry in self._placed():
                if isinstance(entry, Entry):
                    self._places.setdefault(entry.baseline, array("Q")).append(at)
        for at in self._places.get(baseline, ()):
            entry, _ = self._read(at)
            if isinstance(entry, Entry) and entry.item not in self._left_out:
                yield entry

    def _placed(self) -> Iterator[tuple[int, Entry | GapEntry]]:
        at, end = 0, os.fstat(self._file.fileno()).st_size
        while at < end:
            entry, after = self._read(at)
            yield at, entry
            at = after

    def _read(self, at: int) -> tuple[Entry | GapEntry, int]:
        """Return the entry at a place, and the place of the next."""
        begin = at + _LENGTH.size
        (length,) = _LENGTH.unpack(os.pread(self._file.fileno(), _LENGTH.size, at))
        return _DECODER.decode(os.pread(self._file.fileno(), length, begin)), begin + length


class SpooledFiles:
    """The files of one baseline's items: what `driftd.baselines.proposal.propose` takes."""

    def __init__(self, spool: Spool, baseline: str, count: int) -> None:
        self._spool = spool
        self._baseline = baseline
        self._count = count

    def __len__(self) -> int:
        """How many items there are."""
        return self._count

    def __iter__(self) -> Iterator[tuple[str, bytes | None]]:
        """Yield each item with the content of its file; None: it is gone."""
        for entry in self._spool.entries_of(self._baseline):
            yield entry.item, entry.content
