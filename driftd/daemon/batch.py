"""A batch: what is to be recorded in one go, so that one sync makes it durable."""

from __future__ import annotations

from dataclasses import dataclass, field

from driftd.model.event import Event
from driftd.model.item import Gap

Placed = tuple[str | None, Gap]
"""A gap and the baseline that it concerns; None: it is a place, whosever items stand there."""


@dataclass(slots=True)
class Batch:
    """Events, and gaps that opened and ended, of which each event names many."""

    events: list[Event] = field(default_factory=list)
    lost: list[Placed] = field(default_factory=list)
    restored: list[Placed] = field(default_factory=list)
