"""Whether git is writing a work tree just now. It holds `index.lock` from before the first file until after the last."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from driftd.model.item import Gap, shown_path
from driftd.settings.trust import Trust

IN_PROGRESS: Final = "checkout-in-progress"
"""Reason of a gap: what stands there is half of one state and half of another, or a git that died left it so."""
_LOCK: Final = "index.lock"
_LINK: Final = "gitdir:"
_MAX_LINK: Final = 4096


def checkout_in_progress(directories: Iterable[Path], trust: Trust) -> Path | None:
    """Return the lock that git holds on a work tree with one of these directories in it; None where it holds none.

    Only repositories of those who may write what driftd believes count: nobody else can hold it up.
    """
    locks = {lock for directory in directories if (lock := _lock_of(directory, trust)) is not None}
    return next((lock for lock in sorted(locks) if os.path.lexists(lock)), None)


def in_progress(lock: Path) -> Gap:
    """Return the gap that a checkout is."""
    return Gap(
        shown_path(bytes(lock)), IN_PROGRESS, "remove it if no git is running, and repeat what it did not finish"
    )


def _lock_of(directory: Path, trust: Trust) -> Path | None:
    place = directory.resolve()
    for above in (place, *place.parents):
        entry = above / ".git"
        try:
            status = entry.lstat()
            if status.st_uid not in trust.allowed_uids:
                continue
            if stat.S_ISDIR(status.st_mode):
                return entry / _LOCK
            if stat.S_ISREG(status.st_mode):  # a worktree or a submodule: see gitrepository-layout(5)
                return _linked(above, entry)
        except OSError:
            continue
    return None


def _linked(above: Path, entry: Path) -> Path | None:
    with entry.open("rb") as file:
        text = os.fsdecode(file.read(_MAX_LINK))
    return above / text.removeprefix(_LINK).strip() / _LOCK if text.startswith(_LINK) else None
