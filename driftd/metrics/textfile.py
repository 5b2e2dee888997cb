"""The file that node_exporter's textfile collector reads."""

from __future__ import annotations

import os
from pathlib import Path

MODE = 0o644
"""Anybody may read it: there is neither a path nor a value in it."""


def write(path: Path, text: str) -> None:
    """Replace the file, so that whoever reads it gets all of the old or all of the new text; OSError where that fails.

    It is made anew every few seconds and means nothing after a crash of the machine, so nothing is synced.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)  # whatever stands there, it is not written to: others may write in that directory
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, MODE)
    try:
        with open(fd, "w", encoding="utf-8") as file:
            os.fchmod(fd, MODE)
            file.write(text)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
