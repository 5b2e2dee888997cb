"""The clock is set, or the machine wakes up: a timer that the kernel cancels then. See TFD_TIMER_CANCEL_ON_SET in timerfd_create(2)."""

from __future__ import annotations

import ctypes
import os
import select
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from driftd.watch.notices import Source

CLOCK: Final = "clock"
_CLOCK_REALTIME: Final = 0
_TIMER_ABSTIME: Final = 1
_CANCEL_ON_SET: Final = 2
_NEVER: Final = (1 << 8 * ctypes.sizeof(ctypes.c_long) - 1) - 1


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


def clock_set(changed: Callable[[], None]) -> Source:
    """Return what says that the time of day was set, or that the machine was suspended and goes on; not that it is slewed."""
    return Source(CLOCK, open_timer, select.POLLIN, changed, _take)


def open_timer() -> int:
    """Return a timer for a time that never comes, which is readable whenever the clock was set; OSError where there is none."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.timerfd_create(_CLOCK_REALTIME, os.O_CLOEXEC | os.O_NONBLOCK)
    if descriptor < 0:
        raise _last_error()
    value = _Itimerspec(_Timespec(0, 0), _Timespec(_NEVER, 0))
    if libc.timerfd_settime(descriptor, _TIMER_ABSTIME | _CANCEL_ON_SET, ctypes.byref(value), None) < 0:
        error = _last_error()
        os.close(descriptor)
        raise error
    return int(descriptor)


def _take(descriptor: int) -> None:
    with suppress(OSError):  # ECANCELED is what it has to say; the timer goes on
        os.read(descriptor, 8)


def _last_error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
