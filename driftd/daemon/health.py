"""Health: whether the daemon can keep its promises now, and if not, why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from driftd.daemon.status import STUCK
from driftd.model.document import Json

if TYPE_CHECKING:
    from driftd.daemon.service import Service

OVERDUE: Final = 60.0
"""Seconds that an audit may come late beyond twice the time between two."""


def stuck(service: Service) -> str | None:
    """Return in what the loop is stuck; None while it works. Any thread may ask."""
    age = service.pulse.age()
    return f"the loop has been {service.pulse.last().doing} for {age:.0f} s" if age >= STUCK else None


def ailments(service: Service, audit_period: float) -> dict[str, str]:
    """Return why the daemon cannot keep its promises: reason and sentence; empty while it can. For the loop."""
    found = {gap.reason: gap.detail or "" for gap in service.blind_spots()}
    late = service.since_last_audit()
    if late > 2 * audit_period + OVERDUE:
        found["audit-overdue"] = f"the last audit began {late:.0f} s ago"
    return found


def health_shape(found: dict[str, str]) -> dict[str, Json]:
    """Return the body of the health page."""
    reasons: list[Json] = [{"reason": reason, "detail": detail} for reason, detail in found.items()]
    return {"schema": "driftd/health/1", "healthy": not reasons, "reasons": reasons}
