"""Landlock: places that a process closes to itself and to whatever it starts, without any right. See landlock(7).

The kernel knows what may be opened, not what may not: everything beside the way to a closed place is allowed by name. In a
directory on that way itself nothing is made or removed, and what others make there later is closed as well, as long as the
process lives.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import struct
from collections.abc import Iterator, Sequence
from typing import Final

_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
"""Numbers of the system calls, the same on every architecture that Debian has; the C library has no functions for them."""
_CREATE_RULESET_VERSION: Final = 1
_RULE_PATH_BENEATH: Final = 1

_WRITE_FILE: Final = 1 << 1
_READ_FILE: Final = 1 << 2
_CHANGE_DIRECTORY: Final = sum(1 << bit for bit in range(4, 13))
"""Removing and making of every kind."""
_REFER: Final = 1 << 13
_TRUNCATE: Final = 1 << 14
_SCOPE_SIGNAL: Final = 1 << 1


def supported_version(libc: ctypes.CDLL) -> int:
    """Return which Landlock the kernel has, from 1 on. `libc`: loaded with `use_errno`.

    OSError: it has none (ENOSYS, before Linux 5.13), it was not enabled at boot (EOPNOTSUPP), or a filter of system calls forbids
    to ask (usually EPERM).
    """
    version = int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _CREATE_RULESET_VERSION))
    if version < 1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return version


def close_places(libc: ctypes.CDLL, places: Sequence[str]) -> bool:
    """Open no file at or below these places any more, read or written, whatever its mode says; say whether that holds.

    It also keeps this process from tracing those outside and, from Linux 6.12 on, from sending them signals. False: the kernel
    has no Landlock (before 5.13, or not enabled), a filter of system calls forbids it, or a directory on the way to a place
    cannot be listed. `no_new_privs` has to be set.
    """
    try:
        version = supported_version(libc)
    except OSError:
        return False
    on_files = _WRITE_FILE | _READ_FILE | (_TRUNCATE if version >= 3 else 0)
    handled = on_files | _CHANGE_DIRECTORY | (_REFER if version >= 2 else 0)
    words = (handled,) if version < 4 else (handled, 0) if version < 6 else (handled, 0, _SCOPE_SIGNAL)
    attributes = struct.pack(f"={len(words)}Q", *words)
    rules = libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if rules < 0:
        return False
    try:
        for fd in _beside("/", [os.path.realpath(place) for place in places]):
            allowed = handled if stat.S_ISDIR(os.fstat(fd).st_mode) else on_files
            libc.syscall(_ADD_RULE, rules, _RULE_PATH_BENEATH, struct.pack("=Qi", allowed, fd), 0)
        return bool(libc.syscall(_RESTRICT_SELF, rules, 0) == 0)
    except OSError:
        return False  # what is beside the way cannot be told: all of it would be closed
    finally:
        os.close(rules)


def _beside(directory: str, closed: Sequence[str]) -> Iterator[int]:
    """Yield a descriptor of everything in a directory that is neither closed nor on the way to what is; it is closed after use."""
    for name in os.listdir(directory):
        place = os.path.join(directory, name)
        if place in closed:
            continue
        if any(other.startswith(place + "/") for other in closed):
            yield from _beside(place, closed)
            continue
        with contextlib.suppress(OSError):  # gone, or not for us to reach: then it stays closed
            fd = os.open(place, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                yield fd
            finally:
                os.close(fd)
