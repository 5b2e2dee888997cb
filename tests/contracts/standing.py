"""Open drifts as a test wants them, for outputs that tell states."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from driftd.model.document import Json
from driftd.model.event import Event, namespace
from driftd.outputs.standing import StandingGroup


@dataclass
class Drift:
    drift_id: str = "d1"
    severity: str = "high"
    item: str = "/etc/app.conf"
    baseline: str = "app"
    status: str = "unapproved"
    opened_at: str = "2023-06-01T09:00:00.000000Z"
    change_count: int = 1
    changes: list[Json] = field(default_factory=list)
    group: str = ""


class Open:
    """What stands open, by id."""

    def __init__(self, *drifts: Drift) -> None:
        self.drifts = {drift.drift_id: drift for drift in drifts}
        self.known = 1 << 60

    def add(self, event: Event, item: str) -> None:
        """Have the drift of an event stand open."""
        ours = namespace(event)
        changes = ours.get("changes")
        drift = Drift(str(ours["drift_id"]), str(ours["severity"]), item)
        drift.changes = changes if isinstance(changes, list) else []
        self.drifts[drift.drift_id] = drift

    def through(self) -> int:
        return self.known

    def of(self, drift_ids: Collection[str]) -> Sequence[Drift]:
        return [self.drifts[drift_id] for drift_id in drift_ids if drift_id in self.drifts]

    def alone(self) -> Iterator[Sequence[Drift]]:
        yield from ([drift] for drift in self.drifts.values() if not drift.group)

    def all(self) -> Iterator[Sequence[Drift]]:
        yield list(self.drifts.values())

    def together(self) -> Sequence[StandingGroup]:
        return [
            StandingGroup(drift.group, drift.severity, drift.status, drift.baseline, 1)
            for drift in self.drifts.values()
            if drift.group
        ]
