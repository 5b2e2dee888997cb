"""Files and directories below a root, made whole or not at all, with exact owners and modes."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from driftd.sources.root import Root

LIMIT: Final = 1 << 20
"""Bytes of a file that is compared with what would be written there."""


class Done(Enum):
    """What became of one thing."""

    MADE = "made"
    WRITTEN = "written"
    UPDATED = "updated"
    ADDED = "added"
    SAME = "unchanged"
    KEPT = "kept"
    DID = "did"
    WARNED = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done, or would be."""

    what: str
    """A path, or the command that was run."""
    done: Done
    detail: str = ""

    def to_json(self) -> dict[str, str]:
        """Return the step's shape."""
        return {"what": self.what, "done": self.done.value, "detail": self.detail}


class Owner(NamedTuple):
    """To whom something belongs."""

    uid: int
    gid: int


ROOT: Final = Owner(0, 0)


class Place:
    """Writes below a root: no link leads out of it. `dry`: says what it would do, and does nothing."""

    def __init__(self, root: Root, *, dry: bool = False, privileged: bool = True) -> None:
        """`privileged`: whether we may give things to others; else they stay whoever's makes them."""
        self.root = root
        self.dry = dry
        self._privileged = privileged

    def exists(self, path: PurePosixPath) -> bool:
        """Whether anything stands at a path, be it a link that leads nowhere."""
        try:
            self.root.lstat(os.fsencode(path))
        except OSError:
            return False
        return True

    def text(self, path: PurePosixPath) -> str | None:
        """Return the text of a regular file, not of one that a link leads to; None where there is none to read."""
        try:
            if not stat.S_ISREG(self.root.lstat(os.fsencode(path)).mode):
                return None
            return self.root.read_small(os.fsencode(path), LIMIT).decode("utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def directory(self, path: PurePosixPath, mode: int, owner: Owner | None) -> Step:
        """Make a directory, or give the one that is there its owner and take away what `mode` does not allow.

        `owner=None`: whoever makes it. A link is followed where it is root's own: others may write in /var/log as well.
        """
        owner = owner if self._privileged else None
        name = str(path)
        link = None
        try:
            there = self.root.lstat(os.fsencode(path))
            link = there if stat.S_ISLNK(there.mode) else None
            found = self.root.stat(os.fsencode(path))
        except OSError:
            found = None
        if link is not None and link.uid not in (0, os.geteuid()):
            return Step(name, Done.FAILED, f"a link that user {link.uid} made stands there: remove it")
        if found is not None and not stat.S_ISDIR(found.mode):
            return Step(name, Done.FAILED, "something that is no directory stands there: move it")
        if found is not None:
            mode &= stat.S_IMODE(found.mode)
            if mode == stat.S_IMODE(found.mode) and (owner is None or (found.uid, found.gid) == owner):
                return Step(name, Done.SAME)
        detail = f"{mode:04o}" + (f" {owner.uid}:{owner.gid}" if owner else "")
        if not self.dry:
            try:
                self._make(path, mode, owner, linked=link is not None)
            except OSError as error:
                return Step(name, Done.FAILED, f"{error.strerror}: {error.filename or name}")
        return Step(name, Done.UPDATED if found else Done.MADE, detail)

    def write(self, path: PurePosixPath, text: str, mode: int, done: Done = Done.WRITTEN, detail: str = "") -> Step:
        """Put a text at a path, whole or not at all, as root's where we may. A link there is left alone."""
        name = str(path)
        if self.exists(path) and self.text(path) is None:
            return Step(name, Done.FAILED, "something that is no plain file stands there: it was left alone")
        if not self.dry:
            try:
                self._write(path, text.encode(), mode)
            except OSError as error:
                return Step(name, Done.FAILED, f"{error.strerror}: {error.filename or name}")
        return Step(name, done, detail)

    def _make(self, path: PurePosixPath, mode: int, owner: Owner | None, *, linked: bool) -> None:
        self._parents(path.parent)
        above = self.root.host_path(os.fsencode(path.parent))
        place = os.path.join(above, os.fsencode(path.name))
        with contextlib.suppress(FileExistsError):
            os.mkdir(place, 0o700)
        _shape(self.root.host_path(os.fsencode(path)) if linked else place, mode, owner)

    def _parents(self, path: PurePosixPath) -> None:
        """Make what is missing above a path, as a system has it: for everybody to pass."""
        for above in [*reversed(path.parents), path]:
            try:
                self.root.host_path(os.fsencode(above))
            except FileNotFoundError:
                fresh = os.path.join(self.root.host_path(os.fsencode(above.parent)), os.fsencode(above.name))
                os.mkdir(fresh, 0o700)
                _shape(fresh, 0o755, None)

    def _write(self, path: PurePosixPath, content: bytes, mode: int) -> None:
        self._parents(path.parent)
        above = os.open(self.root.host_path(os.fsencode(path.parent)), os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        fresh = f".{path.name}.{secrets.token_hex(8)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            try:
                with os.fdopen(os.open(fresh, flags, 0o600, dir_fd=above), "wb") as out:
                    out.write(content)
                    out.flush()
                    if self._privileged:
                        os.fchown(out.fileno(), 0, 0)
                    os.fchmod(out.fileno(), mode)
                    os.fsync(out.fileno())
                os.rename(fresh, path.name, src_dir_fd=above, dst_dir_fd=above)
            except BaseException:
                _remove(fresh, above)
                raise
            os.fsync(above)
        finally:
            os.close(above)


def _shape(directory: bytes, mode: int, owner: Owner | None) -> None:
    """Give a directory its mode and owner, never through a link."""
    here = os.open(directory, os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if owner is not None:
            os.fchown(here, owner.uid, owner.gid)
        os.fchmod(here, mode)
        os.fsync(here)
    finally:
        os.close(here)


def _remove(name: str, directory: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=directory)
