"""Files of the state directory: private to their owner, and on disk when it is said that they are."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from driftd.store.errors import translated


def make_directory(directory: Path) -> None:
    """Make a directory of driftd's own (0700), and those above it that are missing; one that exists is left as it is."""
    with translated(directory, "make the directory"):
        if directory.is_dir():
            return
        if not directory.parent.is_dir():
            make_directory(directory.parent)
        directory.mkdir(mode=0o700, exist_ok=True)
        fsync_directory(directory.parent)


def fsync_directory(directory: Path) -> None:
    """Return when the names in a directory are on disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of the data, in one call unless the kernel takes less; OSError says why it took no more."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def time_in_name(now: datetime) -> str:
    """Return a moment as it stands in the name of a file that was set aside: `20230601T100000.412345Z`."""
    return now.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
