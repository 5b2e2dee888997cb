"""Files below a directory, reached name by name: no link is ever followed, what is written is whole or not there."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self

_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a FIFO must not hold us up
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def top(directory: Path) -> Iterator[int]:
    """Open the directory everything else is reached from."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def below(base: int, names: Sequence[str], *, mode: int | None = None) -> Iterator[int]:
    """Open a directory below another one; with `mode`, directories that are not there are made."""
    descriptor = os.dup(base)
    try:
        for name in names:
            if mode is not None:
                with suppress(FileExistsError):
                    os.mkdir(name, mode, dir_fd=descriptor)
            deeper = os.open(name, _DIRECTORY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = deeper
        yield descriptor
    finally:
        os.close(descriptor)


class Folders:
    """Directories below another one, made where they are missing; the last one stays open, since what is in it comes in a row."""

    def __init__(self, base: int, *, mode: int) -> None:
        self._base = base
        self._mode = mode
        self._names: tuple[str, ...] | None = None
        self._last = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._last.close()

    def open(self, names: Sequence[str]) -> int:
        """Return a directory's descriptor, which is good until the next call."""
        if self._names != tuple(names):
            self._last.close()
            self._names = None
            self._descriptor = self._last.enter_context(below(self._base, names, mode=self._mode))
            self._names = tuple(names)
        return self._descriptor


def read(base: int, names: Sequence[str]) -> tuple[bytes, os.stat_result]:
    """Return a regular file's content and status; OSError where it is none."""
    with open(_opened(base, names), "rb") as file:
        descriptor = file.fileno()
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(22, "not a regular file", names[-1])
        return file.read(), status


def _opened(base: int, names: Sequence[str]) -> int:
    """Open a file in one step where the kernel says that no link was followed on the way, else name by name."""
    if len(names) > 2:
        descriptor = os.open("/".join(names), _FILE, dir_fd=base)
        try:
            if _place(descriptor) == "/".join([_place(base), *names]):
                return descriptor
        except OSError:
            pass  # no /proc
        os.close(descriptor)
    with below(base, names[:-1]) as directory:
        return os.open(names[-1], _FILE, dir_fd=directory)


def _place(descriptor: int) -> str:
    return os.readlink(f"/proc/self/fd/{descriptor}")


def write(directory: int, name: str, pieces: Iterable[bytes], *, mode: int, sync: bool = True) -> None:
    """Write a new file; one of that name that was left behind is replaced."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=directory)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, mode, dir_fd=directory)
    with open(descriptor, "wb") as file:
        file.writelines(pieces)
        file.flush()
        if sync:
            os.fsync(descriptor)


def remove(base: int, names: Sequence[str]) -> None:
    """Remove a file, and the directories above it that are empty then; what is not there is in order."""
    with suppress(FileNotFoundError, NotADirectoryError), below(base, names[:-1]) as directory:
        os.unlink(names[-1], dir_fd=directory)
    for depth in range(len(names) - 1, 0, -1):
        with suppress(FileNotFoundError, NotADirectoryError), below(base, names[: depth - 1]) as directory:
            try:
                os.rmdir(names[depth - 1], dir_fd=directory)
            except OSError:
                return  # something else is in it
