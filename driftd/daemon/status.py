"""The answers to `status` and `diff`, from what the engine remembers."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from heapq import nsmallest
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from driftd.daemon.events import timestamp
from driftd.daemon.memory import NOT_AUDITED, Memory
from driftd.daemon.modes import modes
from driftd.model.document import Json
from driftd.model.event import Event, namespace, sequence_of
from driftd.model.item import Gap, shown_path
from driftd.model.result import NOT_APPROVED
from driftd.outputs.delivery import DeliveryState
from driftd.store.database import Database
from driftd.store.known import CompletedAudit, OpenDrift
from driftd.store.reader import JournalReader
from driftd.store.tables import Place, place_of

if TYPE_CHECKING:
    from driftd.daemon.service import Service


LISTED: Final = 1000
"""Drifts, gaps and watches that an answer names; counts are of all."""
STUCK: Final = 5.0
"""Seconds in one thing after which the loop counts as stuck."""

_UNAUDITED: Final = Gap("/", NOT_AUDITED, "the first audit is not done yet: what is told is what it has seen so far")


def status_shape(service: Service, outputs: Sequence[DeliveryState]) -> dict[str, Json]:
    """Return `status --json` of the running daemon."""
    engine, lost = service.engine, service.upkeep.lost()
    known = engine.store.attempt(lambda database: stored_audits(database, engine.store.journal)) or {}
    known |= {depth: sweep.to_json() for depth, sweep in engine.sweeps.last.items()}
    daemon: dict[str, Json] = {
        "running": True,
        "pid": os.getpid(),
        "since": timestamp(service.since),
        "root": _root(service),
        **_last(known),
        "stuck": False,
    }
    audits: list[Json] = [{**audit, "running": False} for audit in known.values()]
    if service.audits.under_way is not None:
        audits.append({**service.audits.under_way.to_json(), "running": True})
    return {
        "host": _host(service),
        "daemon": daemon,
        "audits": audits,
        **memory_shape(engine.memory, [*service.blind_spots(), *([] if known else [_UNAUDITED])]),
        "drifts": engine.store.attempt(worst_drifts) or [],
        "watch": [
            {"item": item, "mode": mode, "reason": reason}
            for item, mode, reason in islice(
                chain(
                    service.commands.modes(),
                    modes(service.watching, [scoped.glob for scoped in engine.auditor.scope.patterns]),
                ),
                LISTED,
            )
        ],
        "outputs": [{**state.to_json(), "lost": lost.get(state.name, 0)} for state in outputs],
        "state": service.upkeep.to_json(),
    }


def _host(service: Service) -> dict[str, Json]:
    host = service.engine.host
    return {"id": host.id, "name": host.name, "labels": dict(host.labels)}


def _root(service: Service) -> str:
    return shown_path(service.engine.auditor.place)


def busy_shape(service: Service, outputs: Sequence[DeliveryState]) -> dict[str, Json]:
    """Return what can be said of a daemon whose loop does not answer; the rest is in its store. Any thread may ask."""
    beat, age = service.pulse.last(), service.pulse.age()
    daemon: dict[str, Json] = {
        "running": True,
        "pid": os.getpid(),
        "since": timestamp(service.since),
        "root": _root(service),
        "stuck": age >= STUCK,
        "doing": beat.doing,
        "doing_seconds": int(age),
    }
    return {
        "partial": True,
        "host": _host(service),
        "daemon": daemon,
        "outputs": [state.to_json() for state in outputs],
    }


def absent_shape(memory: Memory, database: Database, journal: JournalReader, names: Sequence[str]) -> dict[str, Json]:
    """Return `status --json` where no daemon runs: what the store says of its last look, also of the outputs of these names."""
    known = stored_audits(database, journal)
    end, cursors = database.position().sequence, database.cursors()
    refused, lost = database.refused(), database.lost()
    states = [
        DeliveryState(name, "stopped", max(0, end - cursors.get(name, end)), None, refused.get(name, 0))
        for name in names
    ]
    outputs: list[Json] = [{**state.to_json(), "lost": lost.get(state.name, 0)} for state in states]
    daemon: dict[str, Json] = {
        "running": False,
        "pid": None,
        "since": None,
        **_last(known),
        "stuck": False,
    }
    audits: list[Json] = [{**audit, "running": False} for audit in known.values()]
    drifts = worst_drifts(database)
    return {
        "daemon": daemon,
        "audits": audits,
        **memory_shape(memory),
        "watch": [],
        "outputs": outputs,
        "drifts": drifts,
    }


def memory_shape(memory: Memory, more: Sequence[Gap] = ()) -> dict[str, Json]:
    """Return what is known of coverage, and counts of the drifts."""
    waiting = {item for items in memory.unapproved.values() for item in items}
    known = chain(more, (gap for _, gap in memory.gaps.values()), memory.places.values())
    gaps: list[Json] = [gap.to_json() for gap in islice(known, LISTED)]
    gaps.extend({"item": item, "reason": NOT_APPROVED} for item in nsmallest(LISTED - len(gaps), waiting))
    reasons = Counter(
        gap.reason for gap in chain(more, (gap for _, gap in memory.gaps.values()), memory.places.values())
    )
    if waiting:
        reasons[NOT_APPROVED] = len(waiting)
    items, compared = memory.counted()
    coverage: dict[str, Json] = {
        "items": items,
        "compared": compared,
        "gaps": gaps,
        "gap_count": reasons.total(),
        "by_reason": dict(reasons.most_common()),
    }
    summary: dict[str, Json] = {
        "drifts": len(memory.drifts),
        "by_severity": dict(memory.drifts.by_severity()),
        "by_status": dict(memory.drifts.by_status()),
        "not_approved": len(waiting),
    }
    return {"coverage": coverage, "summary": summary}


def unknown_shape(gap: Gap) -> dict[str, Json]:
    """Return `status --json` where nothing is known."""
    daemon: dict[str, Json] = dict.fromkeys(("pid", "since", "last_quick", "last_deep")) | {
        "running": False,
        "stuck": False,
    }
    nothing = memory_shape(Memory(), [gap])
    return {"daemon": daemon, **nothing, "watch": [], "outputs": [], "drifts": []}


def worst_drifts(database: Database, limit: int = LISTED) -> list[Json]:
    """Return so many open drifts, the worst first."""
    return [drift_shape(drift) for drift in database.worst(limit)]


def diff_page(database: Database, items: Sequence[str], after: Place | None) -> dict[str, Json]:
    """Return open drifts, the worst first: those of some items, or a page; `next` is to be asked for then, if it is there."""
    if items:
        return {"drifts": [drift_shape(drift) for drift in database.drifts_of(items)], "next": None}
    page = database.worst(LISTED, after)
    following: list[Json] = [*place_of(page[-1])] if len(page) == LISTED else []
    return {"drifts": [drift_shape(drift) for drift in page], "next": following or None}


_NOT_APPLICABLE: dict[str, Json] = {"before_line": None, "after_line": None, "rule": None, "ref": None}
"""Members that events leave out and the shape of a change has."""


def drift_shape(drift: OpenDrift) -> dict[str, Json]:
    """Return an open drift in the contract's shape."""
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


def stored_audits(database: Database, journal: JournalReader) -> dict[str, dict[str, Json]]:
    """Return what the last audit of each depth came to, as it was recorded."""
    return {audit.depth: _audit(audit, next(journal.read(audit.sequence - 1), None)) for audit in database.audits()}


def _audit(audit: CompletedAudit, event: Event | None) -> dict[str, Json]:
    told = namespace(event).get("audit") if event is not None and sequence_of(event) == audit.sequence else None
    if not isinstance(told, dict):
        return {"depth": audit.depth, "started": audit.completed_at}  # the journal was pruned since
    names = ("depth", "started", "duration_us", "items", "read", "ignored")
    return {name: told[name] for name in names if name in told}


def _last(audits: Mapping[str, dict[str, Json]]) -> dict[str, Json]:
    return {f"last_{depth}": audits[depth]["started"] if depth in audits else None for depth in ("quick", "deep")}
