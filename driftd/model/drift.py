"""Drift: the open difference between an item and its approved snapshot."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from driftd.model.change import Change, Severity, Status, worst_change
from driftd.model.document import Json


def drift_id(host_id: str, baseline: str, item: str) -> str:
    """Return the id that opened, updated and resolved share: no time and no value is in it."""
    text = f"{host_id}\0{baseline}\0{item}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Drift:
    """All changes of one item, worst first known by `severity` and `status`."""

    id: str
    baseline: str
    item: str
    changes: tuple[Change, ...]
    episode: int | None = None
    """Sequence of the event that opened it; None where nothing is recorded (`driftd check`)."""

    @property
    def severity(self) -> Severity:
        """Severity of the worst change."""
        return worst_change(self.changes).severity

    @property
    def status(self) -> Status:
        """Status of the worst change."""
        return worst_change(self.changes).status

    def fingerprint(self) -> str:
        """Digest of what is reported about it: another fingerprint is a further change."""
        shape = [change.to_json() for change in self.changes]
        for change in shape:
            del change["before_line"], change["after_line"]
        text = json.dumps(shape, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def to_json(self) -> dict[str, Json]:
        """Return the contract's shape."""
        return {
            "id": self.id,
            "episode": self.episode,
            "baseline": self.baseline,
            "item": self.item,
            "severity": self.severity.word,
            "status": self.status.value,
            "changes": [change.to_json() for change in self.changes],
        }
