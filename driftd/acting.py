"""Acting: what root does in a state directory is done as the user to whom that directory belongs.

A service has an account and a state directory of its own. Files that root's commands leave there stay the service's, and
a link that somebody put there who broke into the service leads root no further than the service itself. The right to read
every file is kept meanwhile: items have to be read. See capabilities(7), "Effect of user ID changes on capabilities".
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from driftd.store.errors import StoreError

_CAP_DAC_OVERRIDE: Final = 1
_CAP_DAC_READ_SEARCH: Final = 2
_CAP_KILL: Final = 5
_CAPABILITY_VERSION_3: Final = 0x20080522
_STATUS: Final = Path("/proc/self/status")


class Account(NamedTuple):
    """A user and the user's group."""

    uid: int
    gid: int


def reads_everything(status: Path = _STATUS) -> bool:
    """Whether this process may read files whatever their mode says, though it need not be root's."""
    try:
        lines = status.read_text("ascii", "replace").splitlines()
    except OSError:
        return False
    held = next((int(line.split()[1], 16) for line in lines if line.startswith("CapEff:")), 0)
    return bool(held & (1 << _CAP_DAC_OVERRIDE | 1 << _CAP_DAC_READ_SEARCH))


def account_of(directory: Path) -> Account | None:
    """Return to whom a directory belongs, if it is there.

    A link to it belongs to whoever made the link, and may lead elsewhere a moment later, unless root made it.
    """
    try:
        found = directory.lstat()
        if stat.S_ISLNK(found.st_mode):
            if found.st_uid != 0:
                return Account(found.st_uid, found.st_gid)
            found = directory.stat()
    except OSError:
        return None
    return Account(found.st_uid, found.st_gid) if stat.S_ISDIR(found.st_mode) else None


@contextmanager
def as_owner_of(directory: Path) -> Iterator[None]:
    """Do the block as the owner of a directory, where we are root and that is another user.

    To be used by a process without threads of its own, or before it has any: capabilities belong to each thread.
    """
    owner = account_of(directory)
    if os.geteuid() != 0 or owner is None or owner.uid == 0:
        yield
        return
    groups, group = os.getgroups(), os.getegid()
    try:
        os.setgroups([owner.gid])
        os.setegid(owner.gid)
        os.seteuid(owner.uid)
    except OSError as error:  # not our right, or in a user namespace no user there
        os.setegid(group)
        with suppress(OSError):
            os.setgroups(groups)
        remedy = f"run driftd as that user, or chown -R {os.geteuid()} {directory}"
        raise StoreError(directory, f"belongs to user {owner.uid}, whom driftd may not act as here", remedy) from error
    try:
        _keep_rights()
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


@contextmanager
def as_root() -> Iterator[None]:
    """Do the block as root again, where root acts as another user."""
    user, group = os.geteuid(), os.getegid()
    if os.getuid() != 0 or user == 0:
        yield
        return
    os.seteuid(0)
    os.setegid(0)
    try:
        yield
    finally:
        os.setegid(group)
        os.seteuid(user)
        _keep_rights()


def _keep_rights() -> None:
    """Take back what is needed of the rights that went with root's number: reading items, and ending children."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    held = ctypes.create_string_buffer(24)
    if libc.capget(header, held) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    _, low, _, _, high, _ = struct.unpack("=6I", held.raw)
    wanted = low & (1 << _CAP_DAC_READ_SEARCH | 1 << _CAP_KILL)
    if libc.capset(header, struct.pack("=6I", wanted, low, 0, 0, high, 0)) != 0:
        raise OSError(ctypes.get_errno(), "capset")
