"""What an audit says: the drifts, and how much of what was asked was really looked at."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from driftd.model.document import Json
from driftd.model.drift import Drift
from driftd.model.item import Gap


@dataclass(slots=True)
class Coverage:
    """Which share of the items was really read and compared. An incomplete audit never reads as a clean one."""

    items: int = 0
    compared: int = 0
    ignored: int = 0
    gaps: list[Gap] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    """Items of which less was compared than was asked for, because a limit was reached, and which one."""

    @property
    def complete(self) -> bool:
        """Whether nothing was left out."""
        return not self.gaps

    def to_json(self) -> dict[str, Json]:
        """Return the contract's shape."""
        return {
            "items": self.items,
            "compared": self.compared,
            "ignored": self.ignored,
            "gaps": [gap.to_json() for gap in self.gaps],
            "notes": [{"item": item, "note": note} for item, note in self.notes],
        }


@dataclass(slots=True)
class AuditResult:
    """One pass over items."""

    coverage: Coverage = field(default_factory=Coverage)
    drifts: list[Drift] = field(default_factory=list)

    @property
    def not_approved(self) -> int:
        """How many items wait for a first approval."""
        return sum(gap.reason == NOT_APPROVED for gap in self.coverage.gaps)

    def summary(self) -> dict[str, Json]:
        """Return the contract's `summary`."""
        return {
            "drifts": len(self.drifts),
            "by_severity": dict(Counter(drift.severity.word for drift in self.drifts)),
            "by_status": dict(Counter(drift.status.value for drift in self.drifts)),
            "not_approved": self.not_approved,
        }


NOT_APPROVED = "not-approved"
