"""The machine's clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from driftd.ports import Readings


class SystemClock:
    """Time as this machine tells it."""

    def now(self) -> datetime:
        """Return the time of day in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        return time.monotonic()

    def readings(self) -> Readings:
        """Return what all clocks say now."""
        return Readings(time.time(), time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME))
