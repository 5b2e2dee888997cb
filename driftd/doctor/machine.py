"""What auditing needs of the machine: its clock, /proc, room for watches, a locale."""

from __future__ import annotations

import ctypes
import errno
import locale
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from driftd.doctor.finding import Finding, failed, fine, hidden, warning
from driftd.sources.landlock import supported_version

Synchronised = Callable[[], bool | None]
"""Whether a time server is followed; None where the kernel does not say."""

_MADE: Final = datetime(2025, 1, 1, tzinfo=UTC)
"""No driftd is older than this."""
_AHEAD: Final = timedelta(seconds=60)
_STA_UNSYNC: Final = 0x40
_SYSCTL: Final = "/etc/sysctl.d/60-driftd.conf"


def proc(directory: Path = Path("/proc")) -> Finding:
    """Whether the kernel's own files are there: without them mounts that may hang are not known."""
    if (directory / "self" / "mountinfo").exists():
        return fine("/proc", "is there")
    return failed(
        "/proc", f"{directory} is not mounted: mounts that may hang cannot be told", "mount -t proc proc /proc"
    )


def kernel_is_synchronised() -> bool | None:
    """Return whether the kernel's clock follows a time server. See adjtimex(2)."""
    buffer = ctypes.create_string_buffer(512)  # struct timex has 208 bytes; modes = 0 asks and changes nothing
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.adjtimex(buffer) < 0:
        return None
    status = ctypes.c_int.from_buffer(buffer, 5 * ctypes.sizeof(ctypes.c_long)).value
    return not status & _STA_UNSYNC


def clock(now: datetime, newest: datetime | None, synchronised: Synchronised = kernel_is_synchronised) -> Finding:
    """Whether times can be believed. `newest`: when the last event was written, by the clock of then."""
    mend = "timedatectl set-ntp true"
    if now < _MADE:
        return failed("clock", f"says {now:%Y-%m-%d}: before there was a driftd", mend)
    if newest is not None and newest > now + _AHEAD:
        ahead = timedelta(seconds=round((newest - now).total_seconds()))
        return failed("clock", f"was set back: the last event was written {ahead} from now", mend)
    match synchronised():
        case True:
            return fine("clock", f"{now:%Y-%m-%dT%H:%M:%SZ}, follows a time server")
        case False:
            return warning("clock", "follows no time server: times in events may be wrong", mend)
        case None:
            return warning("clock", "the kernel does not say whether it follows a time server", "chronyc tracking")


def kernel_landlock() -> int:
    """Return which Landlock the kernel has; OSError where it has none, or does not let us ask."""
    return supported_version(ctypes.CDLL(None, use_errno=True))


_WITHOUT_LANDLOCK: Final = {
    errno.ENOSYS: ("the kernel has none", "uname -r (Linux 5.13 and later has it)"),
    errno.EOPNOTSUPP: (
        "it was not enabled at boot",
        "cat /sys/kernel/security/lsm: add landlock, as lsm=landlock,..., to the kernel's command line, and reboot",
    ),
}
_FORBIDDEN: Final = (
    "a filter of system calls forbids it",
    "allow landlock_create_ruleset, landlock_add_rule, landlock_restrict_self (SystemCallFilter=, seccomp of the container)",
)


def landlock(exposing: int, version: Callable[[], int] = kernel_landlock) -> Finding:
    """Whether driftd's own files can be closed to commands. `exposing`: how many run as driftd's own user, without its rights."""
    try:
        return fine("landlock", f"version {version()}: closes driftd's state, key and credentials to commands")
    except OSError as error:
        why, mend = _WITHOUT_LANDLOCK.get(error.errno or 0, _FORBIDDEN)
    if not exposing:
        return fine("landlock", f"{why}; no command runs as driftd's own user")
    told = f"{why}: {exposing} command items run as driftd's own user and can open its state, key and credentials"
    return warning("landlock", told, mend)


def inotify(needed: int, kernel: Path = Path("/proc/sys")) -> Iterator[Finding]:
    """Whether every directory with items can be watched; what cannot is polled, slower and dearer."""
    allowed = [
        number
        for name in ("fs/inotify/max_user_watches", "user/max_inotify_watches")
        if (number := _number(kernel / name)) is not None
    ]
    if not allowed:
        yield hidden("inotify", "how many directories may be watched")
    elif needed > min(allowed):
        yield failed("inotify", f"{needed} directories to watch, {min(allowed)} allowed", _raise("watches", needed * 2))
    elif needed * 2 > min(allowed):
        mend = _raise("watches", needed * 4)
        yield warning("inotify", f"{needed} directories to watch, {min(allowed)} allowed: others need some too", mend)
    else:
        yield fine("inotify", f"{needed} directories to watch, {min(allowed)} allowed")
    if (refused := _refused_instance()) is not None:
        yield failed("inotify", f"no more instances for this user: {refused}", _raise("instances", 1024))


def _raise(what: str, number: int) -> str:
    return f"echo fs.inotify.max_user_{what}={number} >> {_SYSCTL} && sysctl --system"


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):
        return None


def _refused_instance() -> str | None:
    """Return why no inotify instance can be had; None where one can. See inotify_init(2)."""
    libc = ctypes.CDLL(None, use_errno=True)
    instance = libc.inotify_init1(os.O_CLOEXEC)
    if instance >= 0:
        os.close(instance)
        return None
    number = ctypes.get_errno()
    return os.strerror(number) if number != errno.ENOSYS else None


def language(encoding: str | None) -> Finding:
    """Whether names are shown as they are. `encoding`: that of standard output."""
    name = encoding or "ascii"
    mend = "export LC_ALL=C.UTF-8"
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "")
    except locale.Error:
        return warning("locale", "the one that LC_ALL, LC_CTYPE or LANG names is not on this host", mend)
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    if name.lower().replace("-", "") != "utf8":
        return warning("locale", f"{name}: letters beyond it are shown as \\x..", mend)
    return fine("locale", name)
