"""Runs a command of driftd with clocks that a file sets: `python skewed.py FILE driftd WORDS...`.

The file holds two numbers, by how many seconds the time of day was set and how long the machine was suspended; it is read
whenever somebody looks at a clock.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

import apscheduler.schedulers.base
import apscheduler.triggers.interval

import driftd.clock
from driftd.cli.main import entry
from driftd.ports import Readings

FILE = Path(sys.argv[1])
_REAL = driftd.clock.SystemClock.readings


def skew() -> tuple[float, float]:
    """Return (set by, suspended for)."""
    words = FILE.read_text().split() or ["0", "0"]
    return float(words[0]), float(words[1])


def readings(clock: driftd.clock.SystemClock) -> Readings:
    """Return what the clocks would say."""
    real, (moved, asleep) = _REAL(clock), skew()
    return Readings(real.wall + moved + asleep, real.monotonic, real.boottime + asleep)


class SkewedDatetime(datetime):
    """The time of day as it was set."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        """Return the time of day."""
        return super().now(tz) + timedelta(seconds=sum(skew()))


if __name__ == "__main__":
    setattr(driftd.clock.SystemClock, "readings", readings)  # noqa: B010 - the type checker would have it otherwise
    for module in (driftd.clock, apscheduler.schedulers.base, apscheduler.triggers.interval):
        vars(module)["datetime"] = SkewedDatetime
    sys.argv = sys.argv[2:]
    entry()
