"""A root: everything driftd reads lies under one directory, and no link leads out of it.

Paths are bytes that start with `/` and mean places under the root. Links are followed here, one component at a time: absolute
targets start again at the root and `..` stops there. What is opened is opened without following anything.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple, Self

from driftd.sources.accounts import GROUP, MAX_BYTES, PASSWD, AccountFile
from driftd.sources.facts import Facts, facts
from driftd.sources.reasons import is_absent

MAX_LINKS: Final = 40
"""As many as the kernel follows."""
MAX_NAME: Final = 255
"""Bytes in a name; nothing has a longer one, whatever the text of a link says."""
MAX_ENTRIES: Final = 500_000
"""Names in one directory; with more, somebody fills it to fill our memory."""

_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_LIST: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_STEP: Final = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

Guard = Callable[[bytes], None]
"""Asked with the path on this machine before it is touched; raises to stop."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """Where a path leads."""

    path: bytes
    """Without any link in it."""
    facts: Facts
    links: tuple[bytes, ...]
    """Every link on the way, in order, without a link before its last component."""
    barred: bool = False
    """It leads below one of the directories that are not to be entered; `path` is as far as we went."""


class LeadsNowhereError(FileNotFoundError, NotADirectoryError):
    """A path ends before its last component, or with it: whoever expects either of the two errors gets this one."""

    def __init__(self, number: int, links: tuple[bytes, ...], place: bytes) -> None:
        super().__init__(number, os.strerror(number))
        self.links = links
        """Every link on the way."""
        self.place = place
        """What would have to be there, or be a directory; the directory that holds it is there."""


class LinkLoopError(OSError):
    """Links lead to links without end."""

    def __init__(self, links: tuple[bytes, ...]) -> None:
        super().__init__(errno.ELOOP, os.strerror(errno.ELOOP))
        self.links = links
        """Every link on the way: where one of them is replaced, the way may have an end."""


class Entry(NamedTuple):
    """One name in a directory."""

    name: bytes
    is_directory: bool
    is_link: bool


class Root:
    """The tree under one directory; `/` is the running machine."""

    def __init__(self, directory: bytes = b"/", monotonic: Callable[[], float] = time.monotonic) -> None:
        self.directory = os.path.realpath(directory)
        self._base = self.directory.rstrip(b"/")
        self._users = AccountFile(self, PASSWD, monotonic)
        self._groups = AccountFile(self, GROUP, monotonic)
        self._parent: tuple[bytes, tuple[int, int], Resolved] | None = None

    def __repr__(self) -> str:
        return f"Root({self.directory!r})"

    @property
    def is_machine(self) -> bool:
        """Whether this is the running machine itself."""
        return not self._base

    def on_host(self, path: bytes) -> bytes:
        """Return where a path without links stands on this machine."""
        return (self._base + path if path != b"/" else self._base) or b"/"

    def host_path(self, path: bytes) -> bytes:
        """Return where a path stands on this machine, links in it followed inside the root; OSError where it does not."""
        return self.on_host(self.resolve(path).path)

    def user_name(self, uid: int) -> str:
        """Return a user's name from the root's passwd, else the number."""
        return self._users.name(uid)

    def group_name(self, gid: int) -> str:
        """Return a group's name from the root's group file, else the number."""
        return self._groups.name(gid)

    def accounts_digest(self) -> str:
        """Return a digest of the files that name users and groups: with another one, items may have other owners."""
        made = hashlib.sha256()
        for path in (PASSWD, GROUP):
            try:
                made.update(hashlib.sha256(self.read_small(path, MAX_BYTES)).digest())
            except OSError:
                made.update(b"unreadable")
        return made.hexdigest()

    def resolve(self, path: bytes, *, guard: Guard | None = None) -> Resolved:
        """Return where a path leads, the last component followed too. OSError: it leads nowhere, or we may not look."""
        return self._follow([], path, [], barred=(), guard=guard)

    def parent(self, path: bytes, *, guard: Guard | None = None) -> Resolved:
        """Return the directory that holds a path's last component, its links followed.

        The last answer is kept, for items come directory by directory, and is checked with one stat.
        """
        directory = path.rpartition(b"/")[0] or b"/"
        if guard is None and self.is_machine and self._parent is not None and self._parent[0] == directory:
            now = os.stat(directory)
            if (now.st_dev, now.st_ino) == self._parent[1]:
                return self._parent[2]
        found = self._follow([], directory, [], barred=(), guard=guard)
        if not stat.S_ISDIR(found.facts.mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        self._parent = (directory, (found.facts.device, found.facts.inode), found)
        return found

    def follow(self, link: bytes, *, barred: tuple[bytes, ...] = (), guard: Guard | None = None) -> Resolved:
        """Return where a link leads that stands at a path without other links; not entered: what is `barred`."""
        before, _, _ = link.rpartition(b"/")
        done = [part for part in before.split(b"/") if part]
        return self._follow(done, os.readlink(self.on_host(link)), [link], barred=barred, guard=guard)

    def _follow(
        self, done: list[bytes], rest: bytes, links: list[bytes], *, barred: tuple[bytes, ...], guard: Guard | None
    ) -> Resolved:
        pending = _reversed(rest)
        if rest.startswith(b"/"):
            done = []
        found: Facts | None = None
        while pending:
            name = pending.pop()
            if name == b"..":
                found = None
                del done[-1:]
                continue
            here = b"/" + b"/".join([*done, name])
            if barred and here.startswith(barred):
                return Resolved(here, Facts(0, 0, 0, 0, 0, 0, 0, 0), tuple(links), barred=True)
            host = self.on_host(here)
            if guard is not None:
                guard(host)
            try:
                found = facts(os.lstat(host))
            except OSError as error:
                if is_absent(error) or len(name) > MAX_NAME:
                    number = error.errno if is_absent(error) else None
                    raise LeadsNowhereError(number or errno.ENOENT, tuple(links), here) from error
                raise
            if stat.S_ISLNK(found.mode):
                links.append(here)
                if len(links) > MAX_LINKS:
                    raise LinkLoopError(tuple(dict.fromkeys(links)))
                target = os.readlink(host)
                pending += _reversed(target)
                done = [] if target.startswith(b"/") else done
                found = None
                continue
            if pending and not stat.S_ISDIR(found.mode):
                raise LeadsNowhereError(errno.ENOTDIR, tuple(links), here)
            done.append(name)
        path = b"/" + b"/".join(done)
        return Resolved(path, found or facts(os.lstat(self.on_host(path))), tuple(links))

    def lstat(self, path: bytes) -> Facts:
        """Return the facts of what stands at a path: of a link itself, where its last component is one."""
        if self.is_machine:
            return facts(os.lstat(path))
        if path == b"/":
            return facts(os.stat(self.directory))
        return facts(os.lstat(self.on_host(joined(self.parent(path).path, os.path.basename(path)))))

    def stat(self, path: bytes) -> Facts:
        """Return the facts of what a path leads to."""
        return facts(os.stat(path)) if self.is_machine else self.resolve(path).facts

    def readlink(self, path: bytes) -> bytes:
        """Return the text of a link."""
        return os.readlink(self.on_host(joined(self.parent(path).path, os.path.basename(path))))

    def open(self, path: bytes) -> int:
        """Open the file at a path without links, for reading; a link in it, put there meanwhile, is an OSError.

        Never waits for a writer, never becomes a terminal's owner, leaves the access time alone where it may.
        """
        if self.is_machine:
            return _open_quietly(path, _READ)
        with _Descent(self, path) as descent:
            return _open_quietly(descent.name, _READ, dir_fd=descent.fd)

    def read_small(self, path: bytes, limit: int) -> bytes:
        """Return the content of the regular file that a path leads to; OSError where it is larger or of another type."""
        found = self.resolve(path)
        if not stat.S_ISREG(found.facts.mode) or found.facts.size > limit:
            raise OSError(errno.EINVAL, "not a small regular file")
        fd = self.open(found.path)
        with os.fdopen(fd, "rb") as file:
            here = facts(os.fstat(fd))
            if not here.same_file(found.facts):
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
            return file.read(min(here.size + 1, limit))  # room for so much is taken first

    def list_directory(self, path: bytes) -> list[Entry]:
        """Return the names in the directory at a path without links, in no order."""
        fd = self._open_directory(path)
        try:
            with os.scandir(fd) as names:
                entries = [
                    Entry(os.fsencode(entry.name), entry.is_dir(follow_symlinks=False), entry.is_symlink())
                    for entry in islice(names, MAX_ENTRIES + 1)
                ]
        finally:
            os.close(fd)
        if len(entries) > MAX_ENTRIES:
            raise OSError(errno.EOVERFLOW, f"more than {MAX_ENTRIES} names")
        return entries

    def enter(self, path: bytes) -> int:
        """Open the directory at a path without links, to stat what is in it and for nothing else."""
        if path == b"/":
            return os.open(self.directory, _STEP & ~os.O_NOFOLLOW)
        if not self._base:
            return os.open(path, _STEP)
        with _Descent(self, path) as descent:
            return os.open(descent.name, _STEP, dir_fd=descent.fd)

    def _open_directory(self, path: bytes) -> int:
        if path == b"/":  # a root's own path may be a link, what is below it may not
            return _open_quietly(self.directory, _LIST & ~os.O_NOFOLLOW)
        if self.is_machine:
            return _open_quietly(path, _LIST)
        with _Descent(self, path) as descent:
            return _open_quietly(descent.name, _LIST, dir_fd=descent.fd)


class _Descent:
    """The directory of a path without links, opened component by component from the root."""

    def __init__(self, root: Root, path: bytes) -> None:
        *self._directories, self.name = path.split(b"/")[1:]
        self._root = root
        self.fd = -1

    def __enter__(self) -> Self:
        self.fd = os.open(self._root.directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for name in self._directories:
                above, self.fd = self.fd, os.open(name, _STEP, dir_fd=self.fd)
                os.close(above)
        except OSError:
            os.close(self.fd)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)


def _open_quietly(path: bytes, flags: int, dir_fd: int | None = None) -> int:
    try:
        return os.open(path, flags | os.O_NOATIME, dir_fd=dir_fd)
    except PermissionError as error:
        if error.errno != errno.EPERM:
            raise
        return os.open(path, flags, dir_fd=dir_fd)  # only the owner may leave the access time alone


def _reversed(path: bytes) -> list[bytes]:
    return [part for part in reversed(path.split(b"/")) if part not in {b"", b"."}]


def joined(directory: bytes, name: bytes) -> bytes:
    """Return the path of what has this name in a directory."""
    return directory + name if directory == b"/" else directory + b"/" + name
