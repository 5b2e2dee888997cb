"""Collecting approved bytes: what no approval refers to any more goes after a while."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Final

import structlog

from driftd.approvals import HostApprovals
from driftd.model.item import Gap
from driftd.store.content import ContentStore
from driftd.store.database import Database
from driftd.store.retention import moment

log = structlog.get_logger(__name__)

_MARK: Final = "content-collected"


def collect(approvals: HostApprovals, content: ContentStore, database: Database, now: datetime) -> Iterator[None]:
    """Let go, in steps, of what nothing refers to; only after what is approved has changed, for it reads every approval.

    Where an approval cannot be read nothing goes: what it refers to is not known.
    """
    state = _state(approvals)
    known, _, until = (database.mark(_MARK) or "").partition(" ")
    due = moment(until)
    if known == state and (due is None or now < due):
        return
    referenced: set[int] = set()
    for name, layers in approvals.layers.items():
        for number, item in enumerate(layers.items() if not layers.problems else ["/"]):
            approved = layers.get(item)
            if isinstance(approved, Gap):
                log.warning(
                    "approved bytes are kept: an approval cannot be read", baseline=name, reason=approved.detail
                )
                return
            if approved is not None and approved.digest is not None:
                referenced.add(content.number_of(approved.digest))
            if number % 50 == 49:
                yield
    soonest = yield from content.release(referenced, now)
    database.set_mark(_MARK, state if soonest is None else f"{state} {soonest.isoformat()}")


def _state(approvals: HostApprovals) -> str:
    told = sorted(f"{name} {layers.sha256}" for name, layers in approvals.layers.items())
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
