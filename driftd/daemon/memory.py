"""What the engine remembers between looks: open drifts, gaps, stat signatures. All of it can be made anew from the store."""

from __future__ import annotations

from dataclasses import dataclass, field

from driftd.model.document import Json
from driftd.model.event import Action, Event, action_of, namespace
from driftd.model.item import Gap
from driftd.store.database import Database


@dataclass(frozen=True, slots=True)
class OpenDrift:
    """A drift as its last event told it."""

    drift_id: str
    episode: int
    baseline: str
    item: str
    severity: str
    status: str
    fingerprint: str
    opened_at: str
    changes: list[Json]

    def to_json(self) -> dict[str, Json]:
        """Return the contract's shape, values as events have them."""
        return {
            "id": self.drift_id,
            "episode": self.episode,
            "baseline": self.baseline,
            "item": self.item,
            "severity": self.severity,
            "status": self.status,
            "opened": self.opened_at,
            "changes": self.changes,
        }


@dataclass(slots=True)
class Memory:
    """The present state of a host, by item."""

    drifts: dict[str, OpenDrift] = field(default_factory=dict)
    gaps: dict[str, tuple[str | None, Gap]] = field(default_factory=dict)
    places: dict[str, Gap] = field(default_factory=dict)
    """Directories that could not be looked into, and patterns with too many items."""
    signatures: dict[str, int] = field(default_factory=dict)
    unapproved: dict[str, set[str]] = field(default_factory=dict)
    announced: dict[str, int] = field(default_factory=dict)
    """Baseline -> 0 once its first approval was asked for."""

    @property
    def waiting(self) -> int:
        """How many items wait for a first approval."""
        return sum(map(len, self.unapproved.values()))

    @classmethod
    def load(cls, database: Database) -> Memory:
        """Return what the store knows."""
        memory = cls(signatures=dict(database.signatures()))
        for row in database.drifts():
            memory.drifts[row.item] = OpenDrift(
                row.drift_id,
                row.episode,
                row.baseline,
                row.item,
                row.severity,
                row.status,
                row.fingerprint,
                row.opened_at,
                row.changes,
            )
        for gap in database.gaps():
            if gap.baseline:
                memory.gaps[gap.item] = (gap.baseline, Gap(gap.item, gap.reason))
            else:
                memory.places[gap.item] = Gap(gap.item, gap.reason)
        return memory

    def save(self, database: Database) -> None:
        """Write down the signatures, which no event carries."""
        database.replace_signatures(self.signatures)

    def await_approval(self, baseline: str, item: str, *, waiting: bool) -> None:
        """Take note of whether an item waits for its first approval."""
        if waiting:
            self.unapproved.setdefault(baseline, set()).add(item)
        elif baseline in self.unapproved:
            self.unapproved[baseline].discard(item)

    def forget_item(self, item: str) -> None:
        """Drop an item that is not audited any more."""
        self.signatures.pop(item, None)
        for items in self.unapproved.values():
            items.discard(item)

    def apply(self, event: Event) -> None:
        """Take over what a recorded event says about drifts."""
        action, told = action_of(event), namespace(event)
        if action in (Action.DRIFT_OPENED, Action.DRIFT_UPDATED):
            self._drift(event, told)
        elif action == Action.DRIFT_RESOLVED:
            self.drifts.pop(str(told["item"]), None)

    def _drift(self, event: Event, told: dict[str, Json]) -> None:
        item, baseline, changes = str(told["item"]), told["baseline"], told["changes"]
        assert isinstance(baseline, dict) and isinstance(changes, list) and isinstance(told["episode"], int)
        before = self.drifts.get(item)
        self.drifts[item] = OpenDrift(
            str(told["drift_id"]),
            told["episode"],
            str(baseline["name"]),
            item,
            str(told["severity"]),
            str(told["status"]),
            str(told["fingerprint"]),
            before.opened_at if before else str(event["@timestamp"]),
            changes,
        )
