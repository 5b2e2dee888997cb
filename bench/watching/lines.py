"""Lines that other programs write, each with the moment at which it could be read."""

from __future__ import annotations

import ctypes
import os
import re
import select
import threading
import time
from collections.abc import Callable
from pathlib import Path

_IN_MODIFY = 0x2
_NAME = re.compile(rb"/(\d+)\.yaml")
_libc = ctypes.CDLL(None, use_errno=True)


class Lines(threading.Thread):
    """Reads lines, and remembers of each file that is named in one when that was: first and last."""

    def __init__(self, read: Callable[[], bytes]) -> None:
        super().__init__(daemon=True)
        self._read = read
        self._seen = threading.Condition()
        self.first: dict[int, float] = {}
        self.last: dict[int, float] = {}
        self.start()

    @classmethod
    def of_pipe(cls, descriptor: int) -> Lines:
        return cls(lambda: os.read(descriptor, 1 << 16))

    @classmethod
    def of_growing(cls, file: Path) -> Lines:
        """Follow a file from its present end on, told by the kernel when it grows."""
        notices = _libc.inotify_init1(os.O_CLOEXEC)
        _libc.inotify_add_watch(notices, bytes(file), _IN_MODIFY)
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        os.lseek(descriptor, 0, os.SEEK_END)

        def read() -> bytes:
            while not (data := os.read(descriptor, 1 << 16)):
                select.select([notices], [], [])
                os.read(notices, 1 << 16)
            return data

        return cls(read)

    def run(self) -> None:
        rest = b""
        while data := self._read():
            now = time.perf_counter()
            *whole, rest = (rest + data).split(b"\n")
            with self._seen:
                for line in whole:
                    if found := _NAME.search(line):
                        self.first.setdefault(int(found[1]), now)
                        self.last[int(found[1])] = now
                self._seen.notify_all()

    def reset(self) -> None:
        with self._seen:
            self.first, self.last = {}, {}

    def wait_for(self, number: int, patience: float) -> float | None:
        """Return when a file was first named; None where that did not happen."""
        with self._seen:
            self._seen.wait_for(lambda: number in self.first, patience)
            return self.first.get(number)
