"""What can go wrong with the state directory, said so that a person can act on it."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_WHAT_TO_DO: Final = {
    errno.ENOSPC: "make room on that file system",
    errno.EDQUOT: "raise the quota or remove something",
    errno.EROFS: "mount that file system writable, or set `state` to a directory that is",
    errno.EACCES: "run driftd as the owner of that directory, or set `state` to one of your own",
    errno.EPERM: "run driftd as the owner of that directory, or set `state` to one of your own",
    errno.EIO: "the disk or its connection fails: look into the kernel's log",
    errno.EFBIG: "raise the limit on file sizes (LimitFSIZE=, ulimit -f)",
    errno.EMFILE: "raise the limit on open files (LimitNOFILE=, ulimit -n)",
    errno.ENOTDIR: "something that is no directory stands in the way: move it, or set `state` elsewhere",
    errno.EEXIST: "something that is no directory stands in the way: move it, or set `state` elsewhere",
    errno.ELOOP: "a symbolic link stands where driftd keeps a file of its own: remove it",
}
_PASSING: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)


class StoreError(Exception):
    """The state directory could not be read or written: where, what, and what to do about it."""

    def __init__(self, where: Path, what: str, remedy: str, *, passes: bool = False) -> None:
        super().__init__(f"{where}: {what}: {remedy}")
        self.where = where
        self.what = what
        self.remedy = remedy
        self.passes = passes
        """Whether it may be over later without anybody changing how driftd is set up."""


def from_os_error(error: OSError, where: Path, doing: str) -> StoreError:
    """Return what an operating system's refusal means for the one who runs driftd."""
    reason = error.strerror or str(error)
    remedy = _WHAT_TO_DO.get(error.errno or 0, "check that path, its owner and its mode")
    return StoreError(where, f"cannot {doing}: {reason}", remedy, passes=error.errno in _PASSING)


@contextmanager
def translated(where: Path, doing: str) -> Iterator[None]:
    """Turn an OSError of the block into a StoreError that says what was being done."""
    try:
        yield
    except OSError as error:
        raise from_os_error(error, where, doing) from error
