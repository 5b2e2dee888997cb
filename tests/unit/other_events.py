"""Events that are no drift's, as the daemon says them: one of each action, for the reference and for whoever reads events."""

from __future__ import annotations

from collections.abc import Iterator

from driftd.daemon import events
from driftd.model.change import Severity
from driftd.model.document import Json
from driftd.model.event import Action, Event

_BASELINE: Json = {"name": "eventify-api", "revision": 3, "sha256": "0" * 64}
_CHAIN = f"sha256:{'0' * 64}"
OTHERS: tuple[tuple[Action, Severity, str, dict[str, Json]], ...] = (
    (
        Action.BASELINE_PROPOSED,
        Severity.INFO,
        "baseline eventify-api: 12 items wait for a first approval (driftd approve eventify-api)",
        {"baseline": {"name": "eventify-api"}, "not_approved": 12},
    ),
    (
        Action.BASELINE_APPROVED,
        Severity.INFO,
        "baseline eventify-api: revision 3 approved by alice: pool raised for the sale",
        {
            "baseline": _BASELINE,
            "item_count": 12,
            "approval": {
                "by": "alice", "at": "2023-06-01T10:08:00Z", "reason": "pool raised for the sale", "ticket": "OPS-812",
                "proof": "recorded, not proved",
            },
        },
    ),
    (
        Action.BASELINE_REJECTED,
        Severity.INFO,
        "baseline eventify-api: a proposal was rejected",
        {"baseline": {"name": "eventify-api"}},
    ),
    (
        Action.BASELINE_REMOVED,
        Severity.CRITICAL,
        "baseline eventify-api removed: its directory is gone",
        {"baseline": {"name": "eventify-api"}},
    ),
    (
        Action.AUDIT_COMPLETED,
        Severity.INFO,
        "quick audit: 1204 items, 1 drifted, 0 gaps",
        {
            "audit": {
                "depth": "quick", "started": "2023-06-01T10:11:00.000000Z", "duration_us": 31000, "items": 1204, "read": 3,
                "ignored": 0, "gaps": 0, "drifts": 1, "not_approved": 0, "polled": 0,
            }
        },
    ),
    (Action.DAEMON_STARTED, Severity.INFO, "driftd 1.0 started", {"version": "1.0", "baselines": ["eventify-api"]}),
    (
        Action.DAEMON_STOPPED,
        Severity.INFO,
        "driftd stopped (SIGTERM)",
        {"reason": "SIGTERM", "delivered": {"journald": 13}, "output_sequences": {"journald": 13}},
    ),
    (
        Action.DAEMON_RELOADED,
        Severity.INFO,
        "settings and baselines were read again: audit.every",
        {
            "changed": ["audit"], "baselines": ["eventify-api"], "changed_baselines": [],
            "settings": [{"key": "$.audit.every", "before": "15m", "after": "5m"}],
        },
    ),
    (
        Action.DAEMON_RELOAD_FAILED,
        Severity.HIGH,
        'reload refused, the old settings stay in force: /etc/driftd/driftd.yaml:7: unknown key "audt" (did you mean "audit"?)',
        {"problems": ['/etc/driftd/driftd.yaml:7: unknown key "audt" (did you mean "audit"?)']},
    ),
    (
        Action.DAEMON_HEARTBEAT,
        Severity.INFO,
        "alive: 1 open drifts",
        {
            "open": {"critical": 1}, "gap_count": 0, "items": 1204, "polled": 0, "chain_head": _CHAIN,
            "delivered": {"journald": 16}, "output_sequences": {"journald": 16},
        },
    ),
    (
        Action.JOURNAL_CHECKPOINT,
        Severity.HIGH,
        "the journal was pruned: it begins after event 1000; events went before they were delivered: webhook (40)",
        {
            "checkpoint": {
                "sequence": 1000, "chain": _CHAIN, "snapshot": {"sequence": 1016, "chain": _CHAIN, "sha256": _CHAIN},
                "pruned": {"segments": 1, "events": 1000, "bytes": 1200000},
            },
            "lost": {"webhook": 40},
        },
    ),
    (
        Action.STATE_REPAIRED,
        Severity.HIGH,
        "/var/lib/driftd/driftd.db: it was not there, and was made again from the journal",
        {
            "repairs": [
                {
                    "kind": "database-missing",
                    "message": "/var/lib/driftd/driftd.db: it was not there, and was made again from the journal",
                }
            ]
        },
    ),
    (
        Action.DELIVERY_REFUSED,
        Severity.HIGH,
        "events were refused for good by their receivers: webhook (3); first: the receiver answered 413 Content Too Large",
        {
            "refused": {"webhook": 3}, "delivered": {"webhook": 1020}, "output_sequences": {"webhook": 940},
            "refusals": [
                {"output": "webhook", "sequence": 1017, "reason": "the receiver answered 413 Content Too Large"},
            ],
        },
    ),
)  # fmt: skip


def others(stamps: Iterator[events.Stamp]) -> Iterator[Event]:
    """Yield the events, before they are recorded."""
    for action, severity, message, ours in OTHERS:
        yield events.build(next(stamps), action, severity, message, dict(ours))
