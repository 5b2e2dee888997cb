"""The lock of the state directory: it has one owner at a time, and says who."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from driftd.store.errors import StoreError, translated
from driftd.store.files import make_directory, write_all

LOCK_NAME: Final = "lock"
_MAX_CONTENT: Final = 4096


class StateHeldError(StoreError):
    """Another process owns the state directory."""


class StateLock:
    """Ownership of a state directory, from `acquire` until `release` or the end of the process, however it ends.

    The file stays; what stands in it says who holds the lock, and means nothing when nobody does.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / LOCK_NAME
        self._descriptor = -1
        self._command = ""

    def acquire(self, command: str) -> None:
        """Become the owner at once, or raise StateHeldError that names the process which is. `command`: what we run."""
        make_directory(self.path.parent)
        with translated(self.path, "take the lock of the state directory"):
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            self._take(descriptor, command)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor, self._command = descriptor, command

    def in_place(self) -> bool:
        """Whether the file that is locked is still the one under its name, which others would lock."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), os.stat(self.path))
        except OSError:
            return False

    def take_again(self) -> None:
        """Lock the file anew after somebody removed it; StateHeldError where another process was quicker."""
        self.release()
        self.acquire(self._command)

    def _take(self, descriptor: int, command: str) -> None:
        try:
            with translated(self.path, "take the lock of the state directory"):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except StoreError as error:
            if not isinstance(error.__cause__, BlockingIOError):
                raise
            remedy = "stop that process, or let it do the work"
            raise StateHeldError(self.path, f"held by {_holder_said(descriptor)}", remedy) from error
        with suppress(OSError):  # a full disk: the lock holds without the name in it
            os.ftruncate(descriptor, 0)
            write_all(descriptor, f"{os.getpid()} {command}\n".encode("utf-8", "surrogateescape")[:_MAX_CONTENT])

    def release(self) -> None:
        """Give the state directory to whoever wants it next."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)


def _holder_said(descriptor: int) -> str:
    content = os.pread(descriptor, _MAX_CONTENT, 0).decode("utf-8", "replace").strip()
    pid, _, command = content.partition(" ")
    if not pid.isdigit():
        return "another process"
    since = datetime.fromtimestamp(os.fstat(descriptor).st_mtime, UTC)  # it wrote its name when it took the lock
    return f"process {pid} ({_printable(command)}) since {since:%Y-%m-%dT%H:%M:%SZ}"


def processes_locking(paths: Iterable[Path], locks: Path = Path("/proc/locks")) -> list[str]:
    """Return the other processes that hold a lock on any of these files, as `process 123 (sqlite3)`; [] where unknown."""
    inodes = set()
    for path in paths:
        if path.exists():
            inodes.add(path.stat().st_ino)
    try:
        table = locks.read_text("ascii", "replace")
    except OSError:
        return []  # not every system shows it; the message then says "another process"
    holders = []
    for line in table.splitlines():
        fields = line.split()
        # 1: POSIX  ADVISORY  WRITE 4711 08:01:131 0 EOF; a waiting process has "->" behind the number
        if len(fields) < 6 or fields[1] == "->" or not fields[5].rpartition(":")[2].isdigit():
            continue
        pid, inode = fields[4], int(fields[5].rpartition(":")[2])
        if inode in inodes and pid.isdigit() and int(pid) not in (0, os.getpid()):
            holders.append(f"process {pid} ({_name_of(pid)})")
    return sorted(set(holders))


def _name_of(pid: str) -> str:
    try:
        return _printable(Path("/proc", pid, "comm").read_text("utf-8", "replace").strip())
    except OSError:
        return "gone since"


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
