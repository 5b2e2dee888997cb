"""One audit that is recorded and published, and the end: `driftd run --once`, for cron and containers."""

from __future__ import annotations

from typing import Final

from driftd.app import Host
from driftd.auditor import Examined
from driftd.clock import SystemClock
from driftd.daemon.notify import Notifier
from driftd.model.result import AuditResult
from driftd.records import Records
from driftd.surroundings import Surroundings

BATCH: Final = 64
"""Items whose transitions are recorded in one go."""


def audit_once(host: Host, around: Surroundings) -> AuditResult:
    """Audit everything once, record the transitions and deliver them."""
    progress = Notifier(around.environment).take_longer
    records = Records(host, "driftd run --once", around.environment, SystemClock(), progress)
    try:
        records.start()
        result = _audited(host, records)
        records.tidy()
        return result
    finally:
        records.close()


def _audited(host: Host, records: Records) -> AuditResult:
    workplace, pending = records.workplace, list[Examined]()

    def accept() -> None:
        workplace.engine.accept([(examined, None) for examined in pending], "audit")
        pending.clear()

    def each(examined: Examined) -> None:
        pending.append(examined)
        if len(pending) >= BATCH:
            accept()

    workplace.catch_up()
    result = host.auditor.audit(each=each)
    result.coverage.gaps.extend(host.unsettled())
    accept()
    workplace.engine.sweeps.finish_once(result)
    return result
