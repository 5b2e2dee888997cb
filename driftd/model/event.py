"""Events: immutable records of transitions, in ECS field names plus a `driftd` namespace."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from driftd.model.change import Severity
from driftd.model.document import Json

Event = dict[str, Json]
"""One event in its JSON shape. Made by this package's functions, stamped once by the journal, then never changed."""

ECS_VERSION: Final = "8.17.0"
MAX_VALUE_BYTES: Final = 1024
MAX_KEY_BYTES: Final = 4096
"""Of a key that an event names, and of the sentence about a change."""
MAX_CHANGES: Final = 100
MAX_CHANGES_BYTES: Final = 192 * 1024
"""Of the changes that an event names, so that no event is larger than receivers take (256 KiB)."""


class Action(StrEnum):
    """`event.action`: what happened."""

    DRIFT_OPENED = "drift-opened"
    DRIFT_UPDATED = "drift-updated"
    DRIFT_RESOLVED = "drift-resolved"
    DRIFT_SUMMARY = "drift-summary"
    DRIFT_GROUP_RESOLVED = "drift-group-resolved"
    BASELINE_PROPOSED = "baseline-proposed"
    BASELINE_APPROVED = "baseline-approved"
    BASELINE_REJECTED = "baseline-rejected"
    BASELINE_REMOVED = "baseline-removed"
    COVERAGE_LOST = "coverage-lost"
    COVERAGE_RESTORED = "coverage-restored"
    AUDIT_COMPLETED = "audit-completed"
    DAEMON_STARTED = "daemon-started"
    DAEMON_STOPPED = "daemon-stopped"
    DAEMON_RELOADED = "daemon-reloaded"
    DAEMON_RELOAD_FAILED = "daemon-reload-failed"
    DAEMON_HEARTBEAT = "daemon-heartbeat"
    JOURNAL_CHECKPOINT = "journal-checkpoint"
    STATE_REPAIRED = "state-repaired"
    DELIVERY_REFUSED = "delivery-refused"


CODES: Final[dict[Action, str]] = {
    Action.DRIFT_OPENED: "DRIFT-1001",
    Action.DRIFT_UPDATED: "DRIFT-1002",
    Action.DRIFT_RESOLVED: "DRIFT-1003",
    Action.DRIFT_SUMMARY: "DRIFT-1004",
    Action.DRIFT_GROUP_RESOLVED: "DRIFT-1005",
    Action.BASELINE_PROPOSED: "DRIFT-2001",
    Action.BASELINE_APPROVED: "DRIFT-2002",
    Action.BASELINE_REJECTED: "DRIFT-2003",
    Action.BASELINE_REMOVED: "DRIFT-2004",
    Action.COVERAGE_LOST: "DRIFT-3001",
    Action.COVERAGE_RESTORED: "DRIFT-3002",
    Action.AUDIT_COMPLETED: "DRIFT-3003",
    Action.DAEMON_STARTED: "DRIFT-4001",
    Action.DAEMON_STOPPED: "DRIFT-4002",
    Action.DAEMON_RELOADED: "DRIFT-4003",
    Action.DAEMON_RELOAD_FAILED: "DRIFT-4004",
    Action.DAEMON_HEARTBEAT: "DRIFT-4005",
    Action.JOURNAL_CHECKPOINT: "DRIFT-4006",
    Action.STATE_REPAIRED: "DRIFT-4007",
    Action.DELIVERY_REFUSED: "DRIFT-4008",
}
"""Stable short code of each action; never reused."""

SYSLOG_SEVERITY: Final = {
    Severity.INFO: 6,
    Severity.LOW: 5,
    Severity.MEDIUM: 4,
    Severity.HIGH: 3,
    Severity.CRITICAL: 2,
}
ECS_SEVERITY: Final = {
    Severity.INFO: 10,
    Severity.LOW: 30,
    Severity.MEDIUM: 50,
    Severity.HIGH: 73,
    Severity.CRITICAL: 99,
}
"""`event.severity`: a number that sorts, as Elastic's detection rules use it."""


OF_ONE_DRIFT: Final = frozenset({Action.DRIFT_OPENED.value, Action.DRIFT_UPDATED.value, Action.DRIFT_RESOLVED.value})
"""Actions of events about one drift, of which many may be told together."""


def action_of(event: Event) -> str:
    """Return an event's `event.action`."""
    body = event["event"]
    assert isinstance(body, dict)
    return str(body["action"])


def sequence_of(event: Event) -> int:
    """Return a stamped event's `event.sequence`."""
    body = event["event"]
    assert isinstance(body, dict)
    sequence = body["sequence"]
    assert isinstance(sequence, int)
    return sequence


def severity_of(event: Event) -> Severity:
    """Return an event's severity."""
    body = event["driftd"]
    assert isinstance(body, dict)
    return Severity.from_word(str(body["severity"]))


def namespace(event: Event) -> dict[str, Json]:
    """Return the `driftd` member of an event."""
    body = event["driftd"]
    assert isinstance(body, dict)
    return body


def told_together(event: Event) -> str | None:
    """Return the group with which an event about one drift is told, by one summary; None: it is told by itself."""
    if action_of(event) not in OF_ONE_DRIFT:
        return None
    group = namespace(event).get("group")
    return group if isinstance(group, str) else None
