"""Who may write what driftd believes: settings, baselines, approved files, keys."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from driftd.settings.problems import ConfigProblem

if TYPE_CHECKING:
    import pwd

_MAX_LINKS = 40
"""As many as the kernel follows."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Users who may own a file that driftd believes, and everything above it. Nobody else may be able to write it."""

    allowed_uids: frozenset[int]
    private_gids: frozenset[int] = frozenset()
    """Groups in which a trusted user is alone, so that `group may write` gives nothing away (umask 002)."""
    name_of: Callable[[int], str] = str
    """User name of a uid, for messages."""

    @classmethod
    def service(cls) -> Trust:
        """Trust root alone: driftd runs as root."""
        return cls(frozenset({0}), name_of=lambda uid: "root" if uid == 0 else str(uid))

    @classmethod
    def user(cls, uid: int, name: str | None = None, private_gid: int | None = None) -> Trust:
        """Trust root and the user who runs driftd."""
        names = {0: "root", uid: name or str(uid)}
        gids = frozenset() if private_gid is None else frozenset({private_gid})
        return cls(frozenset({0, uid}), gids, lambda number: names.get(number, str(number)))

    @classmethod
    def of_user(cls, uid: int) -> Trust:
        """Return the trust of service mode for root, of user mode for anybody else, by this machine's accounts."""
        if uid == 0:
            return cls.service()
        import pwd

        try:
            account = pwd.getpwuid(uid)
        except KeyError:
            return cls.user(uid)
        return cls.user(uid, account.pw_name, _private_group(account))

    def also(self, uid: int) -> Trust:
        """Return the trust in one more user as well: with the service's own account, for its own files."""
        return replace(self, allowed_uids=self.allowed_uids | {uid})

    def check(self, path: Path) -> list[ConfigProblem]:
        """Return why other people could change what stands at `path`; empty when they cannot.

        Every directory above it and every link on the way count too. A sticky directory of root is safe to pass
        through (nobody can replace what others own in it), not to be the directory that is asked about.
        """
        try:
            return [
                problem for place, status, last in _places(path) for problem in self._refused(place, status, last=last)
            ]
        except FileNotFoundError as missing:
            return [ConfigProblem(str(path), None, "is not there", f"create {missing.filename}, or correct the path")]
        except OSError as refused:
            return [ConfigProblem(str(path), None, f"cannot be examined: {refused.strerror}: {refused.filename}")]

    def check_secret(self, path: Path) -> list[ConfigProblem]:
        """Return what `check` does, and whether other people could read the file."""
        problems = self.check(path)
        if problems:
            return problems
        status = path.stat()
        open_to = status.st_mode & (0o007 if status.st_gid in self._own_gids() else 0o077)
        if not open_to:
            return []
        message = f"is a secret that others can use (mode {stat.S_IMODE(status.st_mode):04o})"
        return [ConfigProblem(str(path), None, message, f"chmod 0600 {_resolved(path)}")]

    def _own_gids(self) -> frozenset[int]:
        return self.private_gids | {0}

    def _refused(self, place: str, status: os.stat_result, *, last: bool) -> Iterator[ConfigProblem]:
        if status.st_uid not in self.allowed_uids:
            owner, wanted = self.name_of(status.st_uid), self.name_of(max(self.allowed_uids))
            link = stat.S_ISLNK(status.st_mode)
            message = f"belongs to {owner}, who could change what driftd believes"
            yield ConfigProblem(place, None, message, f"chown {'-h ' if link else ''}{wanted} {place}")
        if stat.S_ISLNK(status.st_mode):
            return  # a link has no mode of its own
        sticky = status.st_mode & stat.S_ISVTX and status.st_uid == 0 and stat.S_ISDIR(status.st_mode) and not last
        group = status.st_mode & stat.S_IWGRP and status.st_gid not in self.private_gids
        other = status.st_mode & stat.S_IWOTH
        if (group or other) and not sticky:
            who = "everybody" if other else f"group {status.st_gid}"
            mode = f"{'g' if group else ''}{'o' if other else ''}-w"
            message = f"can be written by {who} (mode {stat.S_IMODE(status.st_mode):04o})"
            yield ConfigProblem(place, None, message, f"chmod {mode} {place}")


def _private_group(account: pwd.struct_passwd) -> int | None:
    """Return a user's primary group if nobody else is in it, as where accounts are made with a group of their own."""
    import grp
    import pwd

    try:
        group = grp.getgrgid(account.pw_gid)
    except KeyError:
        return None
    shared = set(group.gr_mem) - {account.pw_name}
    shared |= {other.pw_name for other in pwd.getpwall() if other.pw_gid == account.pw_gid} - {account.pw_name}
    return None if shared or group.gr_name != account.pw_name else account.pw_gid


def _places(path: Path) -> Iterator[tuple[str, os.stat_result, bool]]:
    """Yield everything passed on the way to `path`, links and what they lead to; the last one is what it names."""
    at = "/"
    rest = [part for part in str(path.absolute()).split("/") if part][::-1]
    links = 0
    yield at, os.lstat(at), not rest
    while rest:
        name = rest.pop()
        if name in (".", ".."):
            at = os.path.dirname(at) if name == ".." else at
            continue
        place = os.path.join(at, name)
        status = os.lstat(place)
        if not stat.S_ISLNK(status.st_mode):
            at = place
            yield place, status, not rest
            continue
        links += 1
        if links > _MAX_LINKS:
            raise OSError(40, "too many symbolic links", place)
        yield place, status, False
        target = os.readlink(place)
        at = "/" if target.startswith("/") else at
        rest += [part for part in target.split("/") if part][::-1]


def _resolved(path: Path) -> str:
    return os.path.realpath(path)
