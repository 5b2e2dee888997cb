"""Monitoring: the pages of the metrics endpoint and the textfile, from what the loop says, or of a loop that does not answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path
from typing import Final

import structlog

from driftd.daemon import figures
from driftd.daemon.counts import Counts
from driftd.daemon.health import ailments, health_shape, stuck
from driftd.daemon.messages import Call
from driftd.daemon.service import Service
from driftd.metrics.endpoint import Endpoint, Page
from driftd.metrics.exposition import CONTENT_TYPE, catalog, exposition
from driftd.metrics.textfile import write
from driftd.model.document import Json
from driftd.outputs.delivery import DeliveryState
from driftd.settings.types import MetricsSettings
from driftd.store.errors import StoreError

log = structlog.get_logger(__name__)

PROMPT: Final = 2.0
"""Seconds that somebody who asks waits for the loop."""


class Monitoring:
    """Tells the numbers to whoever asks, and writes them to a file from time to time, as far as the settings say so."""

    def __init__(
        self,
        settings: MetricsSettings,
        service: Service,
        counts: Counts,
        outputs: Callable[[], list[DeliveryState]],
        audit_period: float,
        version: str,
        kernel: Path = Path("/proc"),
    ) -> None:
        """`kernel`: where the kernel's own numbers are found."""
        self._settings = settings
        self._service = service
        self._counts = counts
        self._outputs = outputs
        self._audit_period = audit_period
        self._version = version
        self._kernel = kernel
        self._metrics = catalog()
        self._endpoint = Endpoint(settings.listen, self.page) if settings.listen is not None else None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write_now_and_then, name="driftd-textfile", daemon=True)

    def start(self) -> None:
        """Listen and write; EndpointError where the address cannot be listened on."""
        if self._endpoint is not None:
            self._endpoint.start()
        if self._settings.textfile is not None:
            self._thread.start()

    def stop(self) -> None:
        """Stop both. The file stays as it was last: its age tells."""
        self._stop.set()
        if self._endpoint is not None:
            self._endpoint.stop()
        if self._thread.ident is not None:
            self._thread.join(PROMPT + 1)

    def page(self, path: str) -> Page | None:
        """Return a page of the endpoint; None where there is none of that name."""
        if path == "/metrics":
            return Page(200, CONTENT_TYPE, self.text())
        if path == "/health":
            found = self._ailments()
            body = json.dumps(health_shape(found), indent=2) + "\n"
            return Page(503 if found else 200, "application/json", body)
        return None

    def text(self) -> str:
        """Return all numbers; of a loop that does not answer, those that can be told without it."""
        told = self._in_loop(self._told_by_loop)
        process = exposition(self._metrics, figures.about_process(self._kernel))
        return (str(told) if told is not None else self._told_without_loop()) + process

    def _told_by_loop(self) -> str:
        service = self._service
        found = ailments(service, self._audit_period)
        told = {
            **figures.about_health(self._version, found, 0),
            **figures.about_detection(service, self._counts, self._kernel),
            **figures.about_coverage(service),
            **figures.about_audits(service),
            **figures.about_outputs(self._outputs(), service.upkeep.lost()),
        }
        return exposition(self._metrics, told)

    def _told_without_loop(self) -> str:
        health = figures.about_health(self._version, self._without_answer(), self._service.pulse.age())
        return exposition(self._metrics, health | figures.about_outputs(self._outputs(), {}))

    def _ailments(self) -> dict[str, str]:
        told = self._in_loop(lambda: {**ailments(self._service, self._audit_period)})
        if not isinstance(told, dict):
            return self._without_answer()
        return {reason: str(detail) for reason, detail in told.items()}

    def _without_answer(self) -> dict[str, str]:
        where = stuck(self._service)
        return {"stuck" if where else "busy": where or f"the loop did not answer within {PROMPT:.0f} s"}

    def _in_loop(self, work: Callable[[], Json]) -> Json:
        """Return what the loop says; None where it does not come to it, or has nothing to say it from."""
        call = Call(work)
        self._service.ask(call)
        try:
            return call.answer.result(PROMPT)
        except FutureTimeoutError:
            call.answer.cancel()
        except StoreError as error:
            log.warning("the numbers cannot be told", reason=str(error))
        return None

    def _write_now_and_then(self) -> None:
        path, failed = self._settings.textfile, ""
        assert path is not None
        while True:
            try:
                write(path, self.text())
                failed = ""
            except OSError as error:
                reason = error.strerror or str(error)
                if reason != failed:
                    log.warning("the metrics cannot be written; trying again", path=str(path), reason=reason)
                failed = reason
            if self._stop.wait(float(self._settings.every)):
                return
