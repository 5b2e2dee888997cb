"""The answers to `status` and `diff`, from what the engine remembers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from driftd.daemon.engine import Engine
from driftd.daemon.events import timestamp
from driftd.daemon.memory import Memory
from driftd.model.document import Json
from driftd.model.item import Gap
from driftd.outputs.delivery import DeliveryState
from driftd.store.database import Database
from driftd.store.known import OpenDrift

if TYPE_CHECKING:
    from driftd.daemon.service import Service


def status_shape(service: Service, outputs: Sequence[DeliveryState]) -> dict[str, Json]:
    """Return `status --json` of the running daemon."""
    engine, lost = service.engine, service.upkeep.lost()
    daemon: dict[str, Json] = {
        "running": True,
        "pid": os.getpid(),
        "since": timestamp(service.since),
        "last_quick": _last(engine, "quick"),
        "last_deep": _last(engine, "deep"),
        "stuck": False,
    }
    return {
        "daemon": daemon,
        **memory_shape(engine.memory, service.blind_spots()),
        "watch": service.watching.to_json(),
        "outputs": [{**state.to_json(), "lost": lost.get(state.name, 0)} for state in outputs],
        "state": service.upkeep.to_json(),
    }


def absent_shape(memory: Memory, database: Database) -> dict[str, Json]:
    """Return `status --json` where no daemon runs: what the store says of its last look."""
    daemon: dict[str, Json] = {
        "running": False,
        "pid": None,
        "since": None,
        "last_quick": stored_moment(database, "last_quick"),
        "last_deep": stored_moment(database, "last_deep"),
        "stuck": False,
    }
    return {"daemon": daemon, **memory_shape(memory), "watch": [], "outputs": []}


def memory_shape(memory: Memory, more: Sequence[Gap] = ()) -> dict[str, Json]:
    """Return what is known of coverage and drifts."""
    gaps: list[Json] = [gap.to_json() for gap in more]
    gaps.extend(gap.to_json() for _, gap in memory.gaps.values())
    gaps.extend(gap.to_json() for gap in memory.places.values())
    gaps.extend(
        {"item": item, "reason": "not-approved"} for items in memory.unapproved.values() for item in sorted(items)
    )
    items = len(memory.signatures)
    not_read = {item for item in memory.gaps if item in memory.signatures}
    coverage: dict[str, Json] = {
        "items": items,
        "compared": max(0, items - len(not_read) - memory.waiting),
        "gaps": gaps,
    }
    return {"coverage": coverage, "drifts": diff_shape(memory, [])["drifts"]}


def diff_shape(memory: Memory, items: Sequence[str]) -> dict[str, Json]:
    """Return the open drifts, worst first; of the named items alone where any is named."""
    drifts = [drift for item, drift in memory.drifts.items() if not items or item in items]
    order = ("critical", "high", "medium", "low", "info")
    drifts.sort(key=lambda drift: (order.index(drift.severity), drift.item))
    return {"drifts": [_drift_shape(drift) for drift in drifts]}


_NOT_APPLICABLE: dict[str, Json] = {"before_line": None, "after_line": None, "rule": None, "ref": None}
"""Members that events leave out and the shape of a change has."""


def _drift_shape(drift: OpenDrift) -> dict[str, Json]:
    return {
        "id": drift.drift_id,
        "episode": drift.episode,
        "baseline": drift.baseline,
        "item": drift.item,
        "severity": drift.severity,
        "status": drift.status,
        "opened": drift.opened_at,
        "changes": [_NOT_APPLICABLE | change for change in drift.changes if isinstance(change, dict)],
    }


def stored_moment(database: Database, name: str) -> str | None:
    """Return the time of the last audit of a depth, as it was written down."""
    return next((audit.completed_at for audit in database.audits() if f"last_{audit.depth}" == name), None)


def _last(engine: Engine, depth: str) -> str | None:
    sweep = engine.last_audit.get(depth)
    if sweep is not None:
        return timestamp(sweep.started)
    return engine.store.attempt(lambda database: stored_moment(database, f"last_{depth}"))
