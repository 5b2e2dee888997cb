"""Files that the service writes: whether its account and its unit let it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from driftd.doctor.finding import Finding, failed, fine, hidden


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes."""

    account: str
    """Whose the process is; what is looked at is looked at as this one where we may act as it."""
    may_write: Callable[[Path], bool] = lambda _: True
    """Whether the unit leaves a directory writable."""


def written(name: str, label: str, path: Path, writer: Writer, *, replaced: bool) -> Finding:
    """Return whether a file can be written. `replaced`: another one takes its place, so that its directory alone counts."""
    if shut(path):
        return hidden(name, f"{label}: {path}")
    directory = path.parent
    if not directory.is_dir():
        mode = "0755" if replaced else "0750"
        mend = f"install -d -m {mode} -o {writer.account} {directory}"
        return failed(name, f"{label}: {directory} is not there", mend)
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        return failed(name, f"{label}: {path} is no file", f"mv {path} {path}.aside")
    if not writer.may_write(directory):
        mend = f"systemctl edit driftd: ReadWritePaths={directory} below [Service], then systemctl restart driftd"
        return failed(name, f"{label}: the unit makes {directory} read-only", mend)
    place = path if path.exists() and not replaced else directory
    if not os.access(place, os.W_OK | (os.X_OK if place == directory else 0), effective_ids=True):
        who = writer.account
        mend = f"chgrp {who} {place} && chmod g+wx {place}" if replaced else f"chown {who} {place}"
        return failed(name, f"{label}: {place} cannot be written by {who}", mend)
    return fine(name, f"{label}: {path}")


def shut(path: Path) -> bool:
    """Whether a directory above keeps us from looking."""
    return any(os.path.isdir(above) and not os.access(above, os.X_OK, effective_ids=True) for above in path.parents)
