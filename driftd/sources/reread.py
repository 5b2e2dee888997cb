"""Reading again, in the child: stat fields and digests of many files, at a pace. What they should be is not known here.

Answers are records end to end, one a name, in the order asked for. A name that could not be read, or is no file any more, has
a record that nothing has: whoever asked looks at it himself.
"""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from driftd.sources.facts import STAMP_BYTES, stamp_of
from driftd.sources.frames import Frame, path_bytes, send_frame
from driftd.sources.intake import FINGERPRINT_BYTES, fingerprint_hash
from driftd.sources.pace import Pace
from driftd.sources.root import Root

READ: Final = b"r"
"""Before a name: its content is read."""
STAT: Final = b"s"
"""Before a name: its stat fields alone are asked for."""
NO_STAMP: Final = b"\xff" * STAMP_BYTES
NO_FINGERPRINT: Final = bytes(FINGERPRINT_BYTES)
DIGEST_BYTES: Final = 32
NO_DIGEST: Final = b"\xff" * DIGEST_BYTES

_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_WHOLE: Final = 64 * 1024
"""A smaller file is read in one go."""
_PIECE: Final = 256 * 1024
_SIGN_OF_LIFE: Final = 1.0
"""Seconds after which whoever waits is told that we are at it."""


class Rereader:
    """Answers requests on a link; knows the key of fingerprints and the pace once it was told."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._key = b""
        self._pace = Pace(None, time.monotonic)
        self._spoke = 0.0
        self._buffer = memoryview(bytearray(_PIECE))
        self._read = 0

    def begin(self, request: Frame) -> None:
        """Take the key of fingerprints, and the rate in bytes a second or none; say nothing."""
        rate: Any = request.header["rate"]
        self._key, self._pace = request.body, Pace(rate, time.monotonic)

    def items(self, request: Frame) -> None:
        """Answer with the stamps of all names, then their fingerprints."""
        self._begin()
        stamps, fingerprints = self._items(request.header, request.body.split(b"\0"))
        self._send(b"".join([*stamps, *fingerprints]))

    def files(self, request: Frame) -> None:
        """Answer with the SHA-256 of files below one place."""
        self._begin()
        self._send(b"".join(self._files(path_bytes(request.header["place"]), request.body.split(b"\0"))))

    def _begin(self) -> None:
        self._spoke, self._read = time.monotonic(), 0

    def _send(self, body: bytes) -> None:
        send_frame(self._link, {"done": True, "read": self._read}, body)

    # --- what is asked

    def _items(self, header: Any, names: list[bytes]) -> tuple[list[bytes], list[bytes]]:
        root = Root(path_bytes(header["root"]))
        stamps: list[bytes] = []
        fingerprints: list[bytes] = []
        begin = 0
        for place, count in header["places"]:
            part, begin = names[begin : begin + count], begin + count
            try:
                directory = root.enter(path_bytes(place))
            except OSError:
                stamps += [NO_STAMP] * count
                fingerprints += [NO_FINGERPRINT] * count
                continue
            try:
                for name in part:
                    stamp, fingerprint = self._item(directory, name)
                    stamps.append(stamp)
                    fingerprints.append(fingerprint)
            finally:
                os.close(directory)
        return stamps, fingerprints

    def _item(self, directory: int, name: bytes) -> tuple[bytes, bytes]:
        wanted, name = name[:1], name[1:]
        try:
            if wanted == STAT:
                return stamp_of(os.stat(name, dir_fd=directory, follow_symlinks=False)), NO_FINGERPRINT
            made = fingerprint_hash(self._key)
            there = self._pour(name, directory, made.update)
        except OSError:
            return NO_STAMP, NO_FINGERPRINT
        return (stamp_of(there), made.digest()) if there is not None else (NO_STAMP, NO_FINGERPRINT)

    def _files(self, place: bytes, names: list[bytes]) -> Iterator[bytes]:
        try:
            directory = os.open(place, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            yield NO_DIGEST * len(names)
            return
        try:
            for name in names:
                made = hashlib.sha256()
                try:
                    there = self._pour(name, directory, made.update)
                except OSError:
                    there = None
                yield made.digest() if there is not None else NO_DIGEST
        finally:
            os.close(directory)

    # --- reading

    def _pour(self, name: bytes, directory: int, take: Callable[[bytes | memoryview], None]) -> os.stat_result | None:
        """Read a regular file; return its stat fields of before. None: it is another thing, or has another size.

        What is written meanwhile needs no second look at the stat fields: with bytes that nobody knows the digest is another.
        """
        file = _opened(name, directory)
        try:
            there = os.fstat(file)
            if not stat.S_ISREG(there.st_mode):
                return None
            if there.st_size < _WHOLE:
                content = os.read(file, there.st_size + 1)
                take(content)
                count = len(content)
                self._spent(count)
            else:
                count = self._pour_large(file, there.st_size, take)
        finally:
            os.close(file)
        return there if count == there.st_size else None

    def _pour_large(self, file: int, size: int, take: Callable[[bytes | memoryview], None]) -> int:
        count = 0
        while count <= size and (got := os.readv(file, [self._buffer])):
            take(self._buffer[:got])
            count += got
            self._spent(got)
        return count

    def _spent(self, count: int) -> None:
        """Wait as long as the pace asks for; tell whoever waits for us that we do, or are at it."""
        self._read += count
        wait = self._pace.spend(count)
        now = time.monotonic()
        while wait > 0 or now - self._spoke >= _SIGN_OF_LIFE:
            if now - self._spoke >= _SIGN_OF_LIFE:
                send_frame(self._link, {"busy": True})
                self._spoke = now
            pause = min(wait, _SIGN_OF_LIFE)
            time.sleep(pause)
            wait -= pause
            now = time.monotonic()


def _opened(name: bytes, directory: int) -> int:
    try:
        return os.open(name, _OPEN | os.O_NOATIME, dir_fd=directory)
    except PermissionError:
        return os.open(name, _OPEN, dir_fd=directory)  # only the owner may leave the access time alone
