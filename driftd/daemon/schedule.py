"""When audits are due. apscheduler keeps the time; all it does is say so."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import tzinfo

from driftd.settings.types import AuditSettings
from driftd.standins import no_metadata, stand_ins

HEARTBEAT_SECONDS = 900


class Schedule:
    """Calls back on a thread of its own when a quick audit, a deep audit or a heartbeat is due."""

    def __init__(self, audit: AuditSettings, zone: tzinfo, due: Callable[[str], None]) -> None:
        self._audit = audit
        self._zone = zone
        self._due = due
        self._scheduler: object | None = None

    def start(self) -> None:
        """Begin to keep the time."""
        with stand_ins(no_metadata()):
            from apscheduler.executors.pool import ThreadPoolExecutor
            from apscheduler.jobstores.memory import MemoryJobStore
            from apscheduler.schedulers.background import BackgroundScheduler
            from apscheduler.triggers.cron import CronTrigger
            from apscheduler.triggers.interval import IntervalTrigger

        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        scheduler = BackgroundScheduler(
            jobstores={"default": MemoryJobStore()},  # the other stores pickle
            executors={"default": ThreadPoolExecutor(1)},
            # A late audit is still wanted (the defaults skip one that is a second late), but only once.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone=self._zone,
            daemon=True,
        )
        every, jitter = float(self._audit.every), min(int(self._audit.jitter), int(self._audit.every) // 2)
        scheduler.add_job(self._due, IntervalTrigger(seconds=max(1, int(every)), jitter=jitter or None), ["quick"])
        scheduler.add_job(self._due, CronTrigger.from_crontab(str(self._audit.deep), timezone=self._zone), ["deep"])
        scheduler.add_job(self._due, IntervalTrigger(seconds=HEARTBEAT_SECONDS), ["heartbeat"])
        scheduler.start()
        self._scheduler = scheduler

    def time_jumped(self, *, backward: bool) -> None:
        """What is due by the time of day now is done now; where times come again, nothing waits for them twice."""
        if self._scheduler is None:
            return
        if backward:
            self.stop()
            self.start()
        else:
            self._scheduler.wakeup()  # type: ignore[attr-defined]

    def stop(self) -> None:
        """Keep the time no more."""
        scheduler, self._scheduler = self._scheduler, None
        if scheduler is not None:
            scheduler.shutdown(wait=False)  # type: ignore[attr-defined]
