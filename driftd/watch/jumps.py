"""Jumps of time: what two looks at the machine's clocks tell. Pure: the readings come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from driftd.ports import Readings
from driftd.watch.reasons import CLOCK_JUMP, SUSPENDED

TOLERANCE: Final = 1.0
"""Seconds. Clocks are slewed into step by less between two looks; timestamps of files are in doubt by no more."""


@dataclass(frozen=True, slots=True)
class Jump:
    """Time that passed otherwise than it was waited for."""

    reason: str
    seconds: float
    """How far the time of day was set, or how long the machine was suspended."""

    @property
    def is_backward(self) -> bool:
        """Whether times come again that were there before: what was timed for then waits too long."""
        return self.seconds < 0

    def __str__(self) -> str:
        if self.reason == SUSPENDED:
            return f"suspended for {self.seconds:.0f} s"
        return f"the clock was set {'back' if self.is_backward else 'forward'} by {abs(self.seconds):.0f} s"


class Jumps:
    """Tells what happened to time between one look at the clocks and the next."""

    def __init__(self, first: Readings) -> None:
        self._last = first

    def look(self, now: Readings) -> list[Jump]:
        """Return what happened since the last look."""
        last, self._last = self._last, now
        passed = now.boottime - last.boottime
        jumps = []
        if (asleep := passed - (now.monotonic - last.monotonic)) > TOLERANCE:
            jumps.append(Jump(SUSPENDED, asleep))
        if abs(moved := now.wall - last.wall - passed) > TOLERANCE:
            jumps.append(Jump(CLOCK_JUMP, moved))
        return jumps
