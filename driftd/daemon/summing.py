"""Summing up: drifts that are told together, told by one event when it is time to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftd.daemon.grouping import Grouping, Summary, group_resolved
from driftd.daemon.tally import Tally
from driftd.model.event import Event, sequence_of, told_together
from driftd.ports import Clock
from driftd.store.database import Database
from driftd.store.known import KnownGroup

if TYPE_CHECKING:
    from driftd.daemon.engine import Engine


class Summing:
    """Says what an engine's grouping has put together."""

    def __init__(self, engine: Engine, grouping: Grouping, clock: Clock) -> None:
        self._engine = engine
        self._grouping = grouping
        self._clock = clock

    def sum_up(self, *, last: bool = False) -> None:
        """Tell what is told together, when it is time to; `last`: now, whatever the time."""
        now = self._clock.monotonic()
        summary = self._grouping.summary(now, last=last)
        if summary is not None:
            if len(summary.tally):
                self._engine.commit([self._summed_up(summary)])
            self._grouping.summed_up(summary, now)
        settled = [
            group for group in self._engine.memory.groups if group != self._grouping.group and not self._standing(group)
        ]
        if settled:
            self._engine.commit([group_resolved(self._engine.stamp(), group) for group in settled])

    def sum_up_left(self) -> None:
        """At start: tell what was recorded to be told together before somebody could sum it up."""
        for group in self._engine.store.attempt(Database.groups) or ():
            if group.last > group.told:
                self._engine.commit([self._summed_up(Summary(group.id, self._recounted(group), complete=True))])
        self.sum_up()

    def _recounted(self, group: KnownGroup) -> Tally:
        tally = Tally()
        for event in self._engine.store.journal.read(group.first - 1):
            if sequence_of(event) > group.last:
                break
            if told_together(event) == group.id:
                tally.add(event)
        return tally

    def _summed_up(self, summary: Summary) -> Event:
        return summary.event(self._engine.stamp(), self._standing(summary.group))

    def _standing(self, group: str) -> int:
        return self._engine.memory.drifts.told_with(group)
