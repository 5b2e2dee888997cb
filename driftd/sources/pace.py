"""Pace: how fast something may be read; the clock is an argument, nothing here waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

BURST: Final = 0.25
"""Seconds' worth of bytes that may be read at once, after a pause of as long."""


class Pace:
    """Counts bytes against a rate in bytes a second; without a rate there is no need to wait.

    Within any `t` seconds no more is read than `rate * (t + BURST)` and the last piece, if everybody waits as told.
    """

    def __init__(self, rate: float | None, monotonic: Callable[[], float]) -> None:
        self._rate = rate
        self._monotonic = monotonic
        self._paid_until = float("-inf")

    def spend(self, count: int) -> float:
        """Take note of bytes that were read; return the seconds to wait before the next are."""
        if self._rate is None:
            return 0.0
        now = self._monotonic()
        self._paid_until = max(self._paid_until, now - BURST) + count / self._rate
        return max(0.0, self._paid_until - now)
