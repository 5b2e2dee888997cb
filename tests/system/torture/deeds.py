"""Doing to real files what a story tells."""

from __future__ import annotations

import ctypes
import os
import shutil
import time
from pathlib import Path
from typing import assert_never

from tests.system.torture.actions import (
    Append,
    BackedUpSave,
    Chmod,
    Chown,
    Delete,
    Exchange,
    Fifo,
    FileAction,
    Half,
    HardLink,
    Link,
    MakeDirectory,
    Move,
    RemoveTree,
    SameLook,
    Save,
    Touch,
    Write,
)

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_libc = ctypes.CDLL(None, use_errno=True)


def do(action: FileAction, top: bytes) -> None:  # noqa: C901, PLR0912 - an arm for each
    """Do one thing to a file below `top`."""

    def at(path: bytes) -> bytes:
        return top + b"/" + path

    match action:
        case Write(path, text):
            _write(at(path), text, os.O_TRUNC)
        case Append(path, text):
            _write(at(path), text, os.O_APPEND)
        case Half(path, text, milliseconds):
            _write(at(path), b"", os.O_TRUNC)
            time.sleep(milliseconds / 1000)
            _write(at(path), text, os.O_APPEND)
        case Save(path, beside, text):
            _write(at(beside), text, os.O_EXCL)
            os.rename(at(beside), at(path))
        case BackedUpSave(path, text):
            os.rename(at(path), at(path) + b"~")
            _write(at(path), text, os.O_EXCL)
            os.unlink(at(path) + b"~")
        case SameLook(path, text):
            before = os.stat(at(path))
            _write(at(path), text, 0)
            os.utime(at(path), ns=(before.st_atime_ns, before.st_mtime_ns))
        case Touch(path):
            os.utime(at(path))
        case Delete(path):
            os.unlink(at(path))
        case MakeDirectory(path):
            os.mkdir(at(path))
        case RemoveTree(path):
            shutil.rmtree(at(path))
        case Move(path, to):
            os.rename(at(path), at(to))
        case Exchange(path, other):
            _exchange(at(path), at(other))
        case Chmod(path, mode):
            os.chmod(at(path), mode)
        case Chown(path, owner, group):
            os.chown(at(path), owner, group, follow_symlinks=False)
        case Link(path, beside, target):
            os.symlink(target, at(beside))
            os.rename(at(beside), at(path))
        case HardLink(path, source):
            os.link(at(source), at(path))
        case Fifo(path):
            os.mkfifo(at(path))
        case _:
            assert_never(action)


def storm(path: bytes, other: bytes) -> None:
    """Change the modes of two files in turn, more often than notifications are kept for one reader.

    The kernel merges only what repeats the notification before it.
    """
    kept = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    for number in range(kept // 2 + 2_000):
        os.chmod(path, 0o600 + number % 2 * 0o44)
        os.chmod(other, 0o600 + number % 2 * 0o44)


def _write(path: bytes, text: bytes, flags: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | flags, 0o644)
    try:
        assert os.write(descriptor, text) == len(text)
    finally:
        os.close(descriptor)


def _exchange(path: bytes, other: bytes) -> None:
    if _libc.renameat2(_AT_FDCWD, path, _AT_FDCWD, other, _RENAME_EXCHANGE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
