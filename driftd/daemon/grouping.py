"""Grouping: which events about drifts are told together, and the summaries that tell them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from driftd.daemon import events
from driftd.daemon.burst import Burst, BurstLimits
from driftd.daemon.drifts import Drifts
from driftd.daemon.tally import Tally
from driftd.model.change import Severity
from driftd.model.document import Json
from driftd.model.event import OF_ONE_DRIFT, Action, Event, action_of, namespace, severity_of, told_together


class Grouping:
    """Puts events into the group that is open; opens one when there are too many to be told by themselves."""

    def __init__(self, limits: BurstLimits, new_id: Callable[[], str]) -> None:
        self._burst = Burst(limits)
        self._new_id = new_id
        self._tally = Tally()
        self.group: str | None = None
        """The group that is open."""

    def use(self, limits: BurstLimits) -> None:
        """Judge what comes from now on by other limits."""
        self._burst.use(limits)

    def place(self, event: Event, drifts: Drifts, now: float) -> None:
        """Mark an event that is about to be recorded, where it is told together with others."""
        if action_of(event) not in OF_ONE_DRIFT:
            return
        told = namespace(event)
        standing = drifts.get(str(told["item"]))
        if action_of(event) == Action.DRIFT_RESOLVED and not (standing and standing.group):
            return  # somebody was told that it is open
        again = standing is not None and standing.group == self.group
        if self._burst.joins(str(told["drift_id"]), severity_of(event), now, again=again):
            self.group = self.group or self._new_id()
            told["group"] = self.group

    def recorded(self, stamped: Iterable[Event]) -> None:
        """Count what was recorded."""
        for event in stamped:
            if told_together(event) is not None:
                self._tally.add(event)

    def next_summary(self) -> float | None:
        """Return when what is told together is to be summed up; None while nothing is."""
        return self._burst.next_summary()

    def summary(self, now: float, *, last: bool) -> Summary | None:
        """Return what is to be said now; `last`: whatever the time. Tell `summed_up` once it is recorded."""
        due = self.next_summary()
        if self.group is None or due is None or not (last or now >= due):
            return None
        return Summary(self.group, self._tally, complete=last or self._burst.is_over(now))

    def summed_up(self, summary: Summary, now: float) -> None:
        """Take note that a summary was recorded."""
        if summary.complete:
            self._burst.end()
            self._tally, self.group = Tally(), None
        else:
            self._burst.summed_up(now)


@dataclass(frozen=True, slots=True)
class Summary:
    """What is to be said about drifts that are told together."""

    group: str
    tally: Tally
    complete: bool
    """Nothing joins this group any more."""

    def event(self, stamp: events.Stamp, standing: int) -> Event:
        """Return `drift-summary`; `standing`: how many drifts of the group are open now."""
        tally = self.tally
        counts: dict[str, Json] = {"open": standing, "complete": self.complete}
        driftd: dict[str, Json] = {"group": self.group, "summary": tally.to_json() | counts}
        event = events.build(stamp, Action.DRIFT_SUMMARY, tally.severity, self._message(), driftd)
        body = event["event"]
        assert isinstance(body, dict)
        body["kind"] = "alert" if tally.opened or tally.updated else "event"
        return event

    def _message(self) -> str:
        tally = self.tally
        counted = ((tally.opened, "opened"), (tally.updated, "changed"), (tally.resolved, "resolved"))
        told = ", ".join(f"{count} {verb}" for count, verb in counted if count).replace(" ", " drifts ", 1)
        where = f" below {tally.below}" if tally.below not in ("", "/") else ""
        most = tally.most()
        mostly = f": mostly {' '.join(word for word in (most[0], most[2], most[1]) if word)}" if most else ""
        return f"{tally.severity.word}: {told}{where}, told together{mostly} (see driftd diff)"


def group_resolved(stamp: events.Stamp, group: str) -> Event:
    """Return `drift-group-resolved`: no drift is open any more that was told with this group."""
    message = f"resolved: all drifts that were told together (group {group})"
    return events.build(stamp, Action.DRIFT_GROUP_RESOLVED, Severity.INFO, message, {"group": group})
