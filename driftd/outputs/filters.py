"""Which events an output takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from driftd.model.change import Severity, Status
from driftd.model.document import Json
from driftd.model.event import Action, Event, action_of, namespace, severity_of, told_together
from driftd.settings.outputs import EventFilter


def baseline_of(event: Event) -> str | None:
    """Return the name of the baseline an event is about; None where it is about the daemon."""
    baseline: Json = namespace(event).get("baseline")
    name = baseline.get("name") if isinstance(baseline, dict) else None
    return name if isinstance(name, str) else None


@dataclass(frozen=True, slots=True)
class Filter:
    """Takes an event that meets every condition; None is no condition.

    An event without a baseline or a status (of the daemon, say) is not cut by conditions on these. Heartbeats pass
    always: their absence is what tells a receiver that a host has gone silent. Of drifts that are told together the
    summary is taken where one of them would be. What changes or ends a drift is taken where the drift was until then:
    whoever was told that it opened is told how it goes on.
    """

    min_severity: Severity = Severity.INFO
    actions: frozenset[str] | None = None
    baselines: frozenset[str] | None = None
    statuses: frozenset[str] | None = None
    members: bool = False
    """Also every event about a drift that is told together with others."""

    @classmethod
    def of(cls, settings: EventFilter) -> Filter:
        """Return the filter that the settings of an output describe."""
        return cls(
            min_severity=Severity.from_word(settings.min_severity),
            actions=None if settings.actions is None else frozenset(action.value for action in settings.actions),
            baselines=None if settings.baselines is None else frozenset(settings.baselines),
            statuses=_words(settings.status),
            members=settings.members,
        )

    def takes(self, event: Event) -> bool:
        """Whether an event is for this output."""
        action = action_of(event)
        if action == Action.DAEMON_HEARTBEAT:
            return True
        if not self.members and told_together(event) is not None:
            return False
        if action == Action.DRIFT_GROUP_RESOLVED:
            return self.actions is None or action in self.actions  # it ends drifts of any severity
        if action == Action.DRIFT_SUMMARY:
            return severity_of(event) >= self.min_severity and self._takes_summary(namespace(event)["summary"])
        return (
            (self.actions is None or action in self.actions)
            and self._takes_baseline(baseline_of(event))
            and any(self._takes_standing(severity, status) for severity, status in _standings(event))
        )

    def takes_drift(self, baseline: str, severity: Severity, status: str) -> bool:
        """Whether a drift that stands like this is for this output."""
        return self._takes_baseline(baseline) and self._takes_standing(severity, status)

    def _takes_baseline(self, baseline: str | None) -> bool:
        return self.baselines is None or baseline is None or baseline in self.baselines

    def _takes_standing(self, severity: Severity, status: Json) -> bool:
        return severity >= self.min_severity and (self.statuses is None or status is None or status in self.statuses)

    def _takes_summary(self, summary: Json) -> bool:
        assert isinstance(summary, dict)
        told = {Action.DRIFT_SUMMARY.value, *(action for action, name in _COUNTED.items() if summary.get(name))}
        return (
            (self.actions is None or not self.actions.isdisjoint(told))
            and _meet(self.baselines, summary.get("by_baseline"))
            and _meet(self.statuses, summary.get("by_status"))
        )


_COUNTED: Final = {
    Action.DRIFT_OPENED.value: "opened",
    Action.DRIFT_UPDATED.value: "updated",
    Action.DRIFT_RESOLVED.value: "resolved",
}
"""Where a summary says how many events of an action it tells."""


def _standings(event: Event) -> Iterator[tuple[Severity, Json]]:
    """Yield severity and status of an event, and those that its drift had until then."""
    ours = namespace(event)
    previous = ours.get("previous")
    if isinstance(previous, dict):
        yield Severity.from_word(str(previous["severity"])), previous.get("status")
    if previous is None or action_of(event) != Action.DRIFT_RESOLVED:  # a resolved drift has no status of its own
        yield severity_of(event), ours.get("status")


def _meet(wanted: frozenset[str] | None, counts: Json) -> bool:
    """Whether any is counted of what is wanted; nothing is cut where none is counted at all."""
    return wanted is None or not isinstance(counts, dict) or not counts or not wanted.isdisjoint(counts)


def _words(statuses: tuple[Status, ...] | None) -> frozenset[str] | None:
    return None if statuses is None else frozenset(status.value for status in statuses)
