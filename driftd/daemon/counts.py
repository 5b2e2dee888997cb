"""What happened since the daemon started, counted from its events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from driftd.metrics.histogram import Histogram
from driftd.model.event import Action, Event, action_of, namespace

BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Seconds. From what live detection takes to what polling does."""


class Counts:
    """Fed with every event that was recorded, on the thread of the loop."""

    def __init__(self) -> None:
        self.actions: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        """By reason: how often everything had to be looked at again."""
        self.delays = Histogram(BOUNDS)

    def add(self, events: Sequence[Event]) -> None:
        """Count events."""
        for event in events:
            action, driftd = action_of(event), namespace(event)
            self.actions[action] += 1
            delay = driftd.get("detection_delay_us")
            if isinstance(delay, int):
                self.delays.observe(delay / 1e6)
            if action == Action.COVERAGE_LOST and driftd.get("watch") not in (None, "polled"):
                self.lost[str(driftd["watch"])] += 1
