"""Events appended to a file, one JSON object a line, reopened after log rotation."""

from __future__ import annotations

import errno
import grp
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from driftd.model.event import Event
from driftd.outputs.line import json_line
from driftd.ports import DeliveryError

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NO_SYNC = {errno.EINVAL, errno.EROFS, errno.ENOTSUP}


def group_number(name: str) -> int:
    """Return the number of this machine's group; DeliveryError where there is none."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise DeliveryError(f"there is no group {name!r}: create it, or change `group` of this output") from None


class JsonLinesOutput:
    """Appends each batch with one write and makes it durable. The file never holds half a line before a whole one."""

    def __init__(
        self,
        path: Path,
        *,
        mode: int = 0o640,
        group: str | None = None,
        write: Callable[[int, bytes], int] = os.write,
    ) -> None:
        self._path = path
        self._mode = mode
        self._group = group
        self._write = write
        self._file: int | None = None

    def send(self, events: Sequence[Event]) -> None:
        """Append the events; where not all of it could be written, nothing of it stays."""
        data = b"".join(map(json_line, events))
        if not data:
            return
        try:
            self._append(self._current(), data)
        except OSError as error:
            self.close()
            raise DeliveryError(f"{self._path}: {_explain(error, self._path)}") from error

    def close(self) -> None:
        """Close the file; the next `send` opens it again."""
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)

    def _current(self) -> int:
        """Return the file that stands at the path now: rotation may have moved the one that is open."""
        if self._file is not None:
            try:
                found, opened = os.lstat(self._path), os.fstat(self._file)
            except FileNotFoundError:
                self.close()
            else:
                if (found.st_ino, found.st_dev) == (opened.st_ino, opened.st_dev):
                    return self._file
                self.close()
        self._file = self._open()
        return self._file

    def _open(self) -> int:
        try:
            file = os.open(self._path, _FLAGS)
        except FileNotFoundError:
            return self._create()
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise DeliveryError(f"{self._path} is not a regular file")
        return file

    def _create(self) -> int:
        group = group_number(self._group) if self._group is not None else -1
        file = os.open(self._path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            if group != -1:
                self._give(file, group)
            os.fchmod(file, self._mode)
        except (OSError, DeliveryError):
            os.close(file)
            os.unlink(self._path)  # or the next try would find it and forget group and mode
            raise
        return file

    def _give(self, file: int, group: int) -> None:
        try:
            os.fchown(file, -1, group)
        except PermissionError:
            remedy = f"make it a member (systemd: SupplementaryGroups={self._group})"
            message = f"{self._path}: driftd, user {os.geteuid()}, is not in group {self._group!r}: {remedy}"
            raise DeliveryError(message) from None

    def _append(self, file: int, data: bytes) -> None:
        size = os.fstat(file).st_size
        if size and os.pread(file, 1, size - 1) != b"\n":
            data = b"\n" + data  # half a line of somebody who was killed
        written = 0
        try:
            while written < len(data):
                written += self._write(file, data[written:])
        except OSError:
            if written and os.fstat(file).st_size == size + written:
                os.ftruncate(file, size)
            raise
        _sync(file)


def _sync(file: int) -> None:
    """Make it durable before the cursor moves on: a power cut must not lose what counts as delivered."""
    try:
        os.fdatasync(file)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def _explain(error: OSError, path: Path) -> str:
    match error.errno:
        case errno.ELOOP:
            return "is a symbolic link, and links are not followed: name the file it leads to"
        case errno.ENOENT | errno.ENOTDIR:
            return f"the directory {path.parent} does not exist: create it (systemd: LogsDirectory=)"
        case errno.EACCES | errno.EPERM:
            return f"{os.strerror(error.errno)}: driftd runs as user {os.geteuid()}; check owner and mode of it and its directory"
        case errno.EROFS:
            return "the file system is read-only here (systemd: add its directory to ReadWritePaths=)"
        case errno.ENOSPC | errno.EDQUOT:
            return "the disk is full: events wait in driftd's journal until there is room"
        case errno.EISDIR:
            return "is a directory: name a file"
        case errno.ENXIO:
            return "is not a regular file"
        case _:
            return error.strerror or str(error)
