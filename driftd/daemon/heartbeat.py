"""The heartbeat: the daemon is alive, what stands open, and how far the record and its deliveries have come."""

from __future__ import annotations

from driftd.daemon.engine import Engine
from driftd.model.change import Severity
from driftd.model.document import Json
from driftd.model.event import Action


def beat(engine: Engine) -> None:
    """Record a heartbeat."""
    memory, store = engine.memory, engine.store
    driftd: dict[str, Json] = {
        "open": dict(memory.drifts.by_severity()),
        "gap_count": len(memory.gaps) + len(memory.places),
        "items": len(memory.remembered),
        "polled": memory.polled_directories,
        "chain_head": store.journal.head,
        "delivered": dict(store.cursors()),
        "output_sequences": dict(store.numbers()),
    }
    engine.say(Action.DAEMON_HEARTBEAT, Severity.INFO, f"alive: {len(memory.drifts)} open drifts", driftd)
