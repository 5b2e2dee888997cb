"""What a group of drifts that are told together comes to: counts, and the worst by name. Pure, in bounded memory."""

from __future__ import annotations

from collections import Counter
from posixpath import commonpath, dirname
from typing import Final

from driftd.model.change import Severity
from driftd.model.document import Json
from driftd.model.event import Action, Event, action_of, namespace, sequence_of, severity_of

WORST: Final = 20
"""Drifts that a summary names."""
MOST_NAMED: Final = 20
"""Kinds of changes that a summary names."""
MOST_COUNTED: Final = 500
"""Kinds of changes that are counted one by one."""

_Change = tuple[str, str, str]


class Tally:
    """Counts events about drifts, in the order in which they were recorded."""

    def __init__(self) -> None:
        self.first = 0
        self.last = 0
        self.severity = Severity.INFO
        self.below = ""
        """The directory below which all of them stand; empty where there is none."""
        self._actions: Counter[str] = Counter()
        self._severities: Counter[str] = Counter()
        self._statuses: Counter[str] = Counter()
        self._resolutions: Counter[str] = Counter()
        self._baselines: Counter[str] = Counter()
        self._changes: Counter[_Change] = Counter()
        self._worst: dict[str, Event] = {}
        self._least = Severity.INFO
        """Of the worst, once they are as many as are named."""

    def __len__(self) -> int:
        return self._actions.total()

    @property
    def opened(self) -> int:
        """How many drifts opened."""
        return self._actions[Action.DRIFT_OPENED.value]

    @property
    def updated(self) -> int:
        """How often a drift changed that was open."""
        return self._actions[Action.DRIFT_UPDATED.value]

    @property
    def resolved(self) -> int:
        """How many drifts are resolved."""
        return self._actions[Action.DRIFT_RESOLVED.value]

    def add(self, event: Event) -> None:
        """Count a recorded event."""
        told = namespace(event)
        self.first = self.first or sequence_of(event)
        self.last = sequence_of(event)
        self.severity = max(self.severity, severity_of(event))
        self.below = _common(self.below, dirname(str(told["item"]))) if len(self) else dirname(str(told["item"]))
        self._actions[action_of(event)] += 1
        self._baselines[_name(told["baseline"])] += 1
        if action_of(event) == Action.DRIFT_RESOLVED:
            self._resolutions[str(told["resolution"])] += 1
            self._worst.pop(drift_id_of(event), None)
            return
        self._severities[str(told["severity"])] += 1
        self._statuses[str(told["status"])] += 1
        self._consider(event, drift_id_of(event))
        for change in _objects(told["changes"]):
            _count(self._changes, (str(change["aspect"]), str(change["kind"]), str(change["key"])))

    def worst(self) -> list[Event]:
        """Return the events about the worst drifts, the worst first."""
        return sorted(self._worst.values(), key=lambda event: (-severity_of(event), sequence_of(event)))

    def most(self) -> _Change | None:
        """Return what changed most often: aspect, kind, key."""
        return self._changes.most_common(1)[0][0] if self._changes else None

    def to_json(self) -> dict[str, Json]:
        """Return the counts and the worst."""
        return {
            "first": self.first,
            "last": self.last,
            "opened": self.opened,
            "updated": self.updated,
            "resolved": self.resolved,
            "below": self.below,
            "by_severity": _counts(self._severities),
            "by_status": _counts(self._statuses),
            "by_resolution": _counts(self._resolutions),
            "by_baseline": dict(self._baselines),
            "by_change": [
                {"aspect": aspect, "kind": kind, **({"key": key} if key else {}), "count": count}
                for (aspect, kind, key), count in self._changes.most_common(MOST_NAMED)
            ],
            "worst": [_named(event) for event in self.worst()],
        }

    def _consider(self, event: Event, drift_id: str) -> None:
        """Among equals the first ones stay."""
        full = len(self._worst) >= WORST
        if drift_id not in self._worst and full:
            if severity_of(event) <= self._least:
                return
            del self._worst[drift_id_of(self.worst()[-1])]
        self._worst[drift_id] = event
        self._least = min(map(severity_of, self._worst.values()))


def drift_id_of(event: Event) -> str:
    """Return the drift that an event is about."""
    return str(namespace(event)["drift_id"])


def _common(one: str, other: str) -> str:
    return commonpath((one, other)) if one.startswith("/") and other.startswith("/") else ""


def _count(counter: Counter[_Change], change: _Change) -> None:
    """Count a change by its key; beyond so many keys, all others by their aspect and kind."""
    aspect, kind, _ = change
    counter[change if change in counter or len(counter) < MOST_COUNTED else (aspect, kind, "")] += 1


def _counts(counter: Counter[str]) -> dict[str, Json]:
    return dict(counter.most_common())


def _named(event: Event) -> dict[str, Json]:
    """Return what tells a drift from others, and the first of its changes."""
    told = namespace(event)
    named: dict[str, Json] = {name: told[name] for name in ("drift_id", "item", "severity", "status", "change_count")}
    named["baseline"] = _name(told["baseline"])
    named["change"] = next(iter(_objects(told["changes"])), None)
    return named


def _name(baseline: Json) -> str:
    return str(baseline["name"]) if isinstance(baseline, dict) else ""


def _objects(values: Json) -> list[dict[str, Json]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []
