"""The numbers that monitoring asks for, from what the engine remembers. All but `about_process` are for the loop."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from driftd.daemon.counts import Counts
from driftd.metrics.exposition import Buckets, Sample
from driftd.outputs.delivery import DeliveryState

if TYPE_CHECKING:
    from driftd.daemon.service import Service

Told = dict[str, list[Sample] | Buckets]


def about_detection(service: Service, counts: Counts, kernel: Path) -> Told:
    """Return what was found, how fast, and by what means."""
    engine, watching = service.engine, service.watching
    allowed = _number(kernel / "sys/fs/inotify/max_user_watches")
    return {
        "driftd_start_time_seconds": _one(service.since.timestamp()),
        "driftd_drifts_open": [Sample(kind, count) for kind, count in sorted(engine.memory.drifts.counts().items())],
        "driftd_events_total": _counted(counts.actions),
        "driftd_event_sequence": _one(engine.store.journal.last_sequence),
        "driftd_detection_delay_seconds": counts.delays.buckets(),
        "driftd_notifications_lost_total": _counted(counts.lost),
        "driftd_watches": _one(watching.watched),
        "driftd_watches_allowed": [] if allowed is None else _one(allowed),
        "driftd_directories_polled": _one(len(watching.polled)),
    }


def about_coverage(service: Service) -> Told:
    """Return how much is audited, and how much of it could be."""
    memory = service.engine.memory
    reasons = Counter(gap.reason for _, gap in memory.gaps.values())
    reasons.update(gap.reason for gap in memory.places.values())
    reasons.update(gap.reason for gap in service.blind_spots())
    items, compared = memory.counted()
    waiting = {baseline: len(unapproved) for baseline, unapproved in memory.unapproved.items()}
    return {
        "driftd_items": _one(items),
        "driftd_items_compared": _one(compared),
        "driftd_coverage_ratio": _one(compared / items if items else 1),
        "driftd_gaps": _counted(reasons),
        "driftd_items_not_approved": _counted(waiting),
    }


def about_audits(service: Service) -> Told:
    """Return when audits were, and what they took."""
    audits = service.engine.sweeps.last
    return {
        "driftd_audit_started_timestamp_seconds": [
            Sample((depth,), sweep.started.timestamp()) for depth, sweep in audits.items()
        ],
        "driftd_audit_duration_seconds": [
            Sample((depth,), (sweep.took or timedelta()).total_seconds()) for depth, sweep in audits.items()
        ],
        "driftd_audit_items_read": [Sample((depth,), sweep.read) for depth, sweep in audits.items()],
        "driftd_audits_running": _one(service.audits.under_way is not None),
    }


def about_outputs(outputs: Sequence[DeliveryState], lost: Mapping[str, int]) -> Told:
    """Return how the outputs are doing."""
    return {
        "driftd_output_backlog_events": [Sample((one.name,), one.backlog) for one in outputs],
        "driftd_output_up": [Sample((one.name,), one.state == "ok") for one in outputs],
        "driftd_output_refused_total": [Sample((one.name,), one.skipped) for one in outputs],
        "driftd_output_lost_total": [Sample((one.name,), lost.get(one.name, 0)) for one in outputs],
    }


def about_health(version: str, ailments: Mapping[str, str], busy_for: float) -> Told:
    """Return whether the daemon can keep its promises."""
    return {
        "driftd_info": [Sample((version,), 1)],
        "driftd_healthy": _one(not ailments),
        "driftd_unhealthy": [Sample((reason,), 1) for reason in sorted(ailments)],
        "driftd_loop_busy_seconds": _one(busy_for),
    }


def about_process(kernel: Path) -> Told:
    """Return what the process takes; see proc_pid_statm(5). Without /proc the memory is not told. Any thread may ask."""
    times = os.times()
    told: Told = {"process_cpu_seconds_total": _one(times.user + times.system)}
    pages = _number(kernel / "self/statm", word=1)
    if pages is not None:
        told["process_resident_memory_bytes"] = _one(pages * os.sysconf("SC_PAGE_SIZE"))
    return told


def _one(value: float) -> list[Sample]:
    return [Sample((), value)]


def _counted(counts: Mapping[str, int]) -> list[Sample]:
    return [Sample((name,), count) for name, count in sorted(counts.items())]


def _number(path: Path, word: int = 0) -> int | None:
    try:
        return int(path.read_text().split()[word])
    except (OSError, ValueError, IndexError):
        return None
