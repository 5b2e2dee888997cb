"""When drifts are told together: so many change in one go that telling each would bury what matters. Pure.

Each drift is told by itself until `alone` others were within ten minutes. What changes beyond that, while it goes on, is
recorded one by one and told by one summary; critical and high drifts are told by themselves still, up to `urgent` of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from driftd.model.change import Severity

QUIET: Final = 5.0
"""Seconds without a further drift after which it is over."""
WINDOW: Final = 600.0
"""Seconds in which drifts that are told by themselves count together."""
FIRST_SUMMARY: Final = 120.0
"""Seconds after which it is summed up for the first time, where it goes on for longer."""
LAST_SUMMARY: Final = 3600.0
"""Seconds between two summaries at most; the time doubles until then."""
MOST_KNOWN: Final = 10_000
"""Drifts remembered as told together, beside what their own events say."""


@dataclass(frozen=True, slots=True)
class BurstLimits:
    """How many drifts are told by themselves."""

    alone: int = 1000
    urgent: int = 1000


DEFAULT_LIMITS: Final = BurstLimits()


class Burst:
    """Says of each drift that changes whether it is told by itself."""

    def __init__(self, limits: BurstLimits) -> None:
        self._limits = limits
        self._alone: dict[str, float] = {}
        """Drifts told by themselves -> when first, the oldest first."""
        self._urgent: set[str] = set()
        self._joined: set[str] = set()
        self._newest: float | None = None
        """When a drift last joined those told together; None: there are none."""
        self._say_at = 0.0
        self._pause = FIRST_SUMMARY

    def use(self, limits: BurstLimits) -> None:
        """Judge what comes from now on by other limits."""
        self._limits = limits

    def joins(self, drift_id: str, severity: Severity, now: float, *, again: bool = False) -> bool:
        """Whether a drift that changed now is told together with others; `again`: as it was since this began."""
        if drift_id in self._alone or drift_id in self._urgent:
            return False
        if self._newest is None and self._has_room(now):
            self._alone[drift_id] = now
            return False
        if severity >= Severity.HIGH and len(self._urgent) < self._limits.urgent:
            self._urgent.add(drift_id)
            return False
        if not (again or drift_id in self._joined):
            self._join(drift_id, now)
        return True

    def next_summary(self) -> float | None:
        """Return when what is told together is to be summed up; None while nothing is."""
        return None if self._newest is None else min(self._newest + QUIET, self._say_at)

    def is_over(self, now: float) -> bool:
        """Whether no drift joins any more."""
        return self._newest is None or now >= self._newest + QUIET

    def summed_up(self, now: float) -> None:
        """Take note that it was summed up, while it goes on."""
        self._pause = min(2 * self._pause, LAST_SUMMARY)
        self._say_at = now + self._pause

    def end(self) -> None:
        """Begin anew: what changes from now on is told by itself again."""
        self._alone, self._urgent, self._joined = {}, set(), set()
        self._newest, self._pause = None, FIRST_SUMMARY

    def _has_room(self, now: float) -> bool:
        while self._alone:
            oldest = next(iter(self._alone))
            if now < self._alone[oldest] + WINDOW:
                break
            del self._alone[oldest]
        return len(self._alone) < self._limits.alone

    def _join(self, drift_id: str, now: float) -> None:
        """Only one that is new keeps it going: a drift that changes for ever does not."""
        if self._newest is None:
            self._say_at = now + self._pause
        self._newest = now
        if len(self._joined) < MOST_KNOWN:
            self._joined.add(drift_id)
