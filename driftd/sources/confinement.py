"""Confinement: what the child process gives up before it reads a byte that somebody else wrote, and a command before it starts."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import struct
import sys
from collections.abc import Sequence
from typing import Final

from driftd.sources.landlock import close_places

MEMORY: Final = 1024 * 1024 * 1024
DESCRIPTORS: Final = 32
NOBODY: Final = 65534
LEAST_URGENT: Final = 19

_PR_SET_PDEATHSIG: Final = 1
_PR_CAPBSET_DROP: Final = 24
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_CLEAR_ALL: Final = 4
_CAP_DAC_READ_SEARCH: Final = 2
_LAST_CAPABILITY: Final = 63
_CAPABILITY_VERSION_3: Final = 0x20080522
_IOPRIO_SET: Final = {
    "x86_64": 251,
    "aarch64": 30,
    "riscv64": 30,
    "ppc64le": 273,
    "s390x": 282,
    "armv7l": 314,
    "i686": 289,
}
"""Number of the system call, for which the C library has no function."""
_IOPRIO_WHO_PROCESS: Final = 1
_IOPRIO_IDLE: Final = 3 << 13


def confine(parent: int, *, keep_reading: bool) -> None:
    """Die with `parent`; give up memory, files, new processes, and every right.

    `keep_reading` leaves the right to read any file and nothing else: for those that have to open files themselves. Without it a child of root becomes nobody, who may not even read driftd's own modules: what is needed
    has to be loaded before.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _limit()
    kept = frozenset({_CAP_DAC_READ_SEARCH}) if keep_reading else frozenset()
    _drop_bounding(libc, kept)
    if os.geteuid() == 0 and not keep_reading:
        _become_nobody()
    _drop_capabilities(libc, kept)
    _die_with(libc, parent)


def as_command(parent: int, *, user: str | None, privileged: bool, closed: Sequence[str] = ()) -> None:
    """Die with `parent`; become `user` without any capability, or stay what we are where that is wanted.

    Without a user, a child of root becomes nobody. Who stays the same user is kept from the places in `closed`, which modes
    do not close to it, where the kernel can do that. KeyError: there is no such user; OSError: we may not become it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not privileged:
        before = os.geteuid()
        _drop_bounding(libc, frozenset())
        if user is not None:
            _become(user)
        elif os.geteuid() == 0:
            _become_nobody()
        if closed and os.geteuid() == before:
            close_places(libc, closed)
        _drop_capabilities(libc, frozenset())
    _die_with(libc, parent)


def starting_id() -> int | None:
    """Return the user and group as whom a child has to start, if not as we are now.

    Root that acts as another user (acting.py) starts it as root: a child that is both could become root again after it gave
    everything up. What it has to give up, it gives up itself.
    """
    return 0 if os.getuid() == 0 and os.geteuid() != 0 else None


def _die_with(libc: ctypes.CDLL, parent: int) -> None:
    # Last, for the kernel forgets it with every change of rights.
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(0)  # it died before we asked to be told


def give_way() -> None:
    """Use the processor and the disk when nobody else wants them. See nice(2), ioprio_set(2)."""
    with contextlib.suppress(OSError):
        os.nice(LEAST_URGENT)
    call = _IOPRIO_SET.get(os.uname().machine)
    if call is not None and sys.maxsize > 1 << 32:  # another machine's number is another call
        ctypes.CDLL(None).syscall(call, _IOPRIO_WHO_PROCESS, 0, _IOPRIO_IDLE)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def limit_cpu(seconds: int) -> None:
    """Allow so many more seconds of CPU; for the case that nobody is left to look at the clock."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    allowed = int(used.ru_utime + used.ru_stime) + seconds + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, hard))


def _become_nobody() -> None:
    # The unit leaves the daemon no right to become anybody, a user namespace may not know nobody: root without any
    # capability has to do there. It may still read what root owns.
    with contextlib.suppress(OSError):
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def _become(user: str) -> None:
    """Become a user. One that we are already needs no right for it; being root, or another user's groups, does."""
    import pwd  # late: the parser has no use for it

    account = pwd.getpwnam(user)
    if os.getresuid() == (account.pw_uid,) * 3 and os.getresgid() == (account.pw_gid,) * 3:
        return
    os.setgroups(os.getgrouplist(user, account.pw_gid))
    os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
    os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)


def _drop_bounding(libc: ctypes.CDLL, kept: frozenset[int]) -> None:
    """Leave `kept` of what may be had again; to be done while we may. What cannot be dropped was not there."""
    for capability in range(_LAST_CAPABILITY + 1):
        if capability not in kept:
            libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


def _drop_capabilities(libc: ctypes.CDLL, kept: frozenset[int]) -> None:
    """Leave `kept` of the permitted capabilities."""
    libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    held = ctypes.create_string_buffer(24)
    if libc.capget(header, held) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    words = struct.unpack("=6I", held.raw)
    wanted = [words[1] & sum(1 << bit for bit in kept), 0]
    if libc.capset(header, struct.pack("=6I", wanted[0], wanted[0], 0, 0, 0, 0)) != 0:
        raise OSError(ctypes.get_errno(), "capset")
