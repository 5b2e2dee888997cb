"""A real Alertmanager of our own, which calls a webhook; killed and started again at the same place."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from pathlib import Path
from typing import Any, Self

from tests.contracts.web import Web
from tests.system.daemon_process import PATIENCE, until
from tests.system.rsyslog import free_port


class Alertmanager:
    """Alerts are passed on at once, each by itself."""

    def __init__(self, directory: Path) -> None:
        self.hook = Web()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._directory = directory
        directory.mkdir()
        self._config = directory / "alertmanager.yml"
        route = {
            "receiver": "hook", "group_by": ["..."], "group_wait": "10ms", "group_interval": "50ms", "repeat_interval": "1h",
        }  # fmt: skip
        hook = {"url": self.hook.url, "send_resolved": True}
        self._config.write_text(
            json.dumps({"route": route, "receivers": [{"name": "hook", "webhook_configs": [hook]}]})
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.hook.close()

    def start(self) -> None:
        """Start it; it answers when this returns."""
        words = [
            "prometheus-alertmanager", f"--config.file={self._config}", f"--storage.path={self._directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address=",
        ]  # fmt: skip
        with (self._directory / "said").open("ab") as said:
            self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        until(self._answers, "Alertmanager answers")

    def kill(self) -> None:
        """Kill it: the alerts that it knows are in its memory alone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._directory / "said").read_text()
        try:
            self.firing()
        except OSError:
            return False
        return True

    def firing(self) -> dict[str, dict[str, Any]]:
        """Return the alerts that fire now, by item (a group: by its id)."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=5) as answer:
            alerts = json.load(answer)
        return {alert["labels"].get("item") or alert["labels"]["group"]: alert for alert in alerts}

    def passed_on(self, status: str) -> list[str]:
        """Return the items of alerts that the webhook was told of, with this status."""
        told = [json.loads(request.body) for request in self.hook.requests]
        return [alert["labels"].get("item", "") for one in told for alert in one["alerts"] if alert["status"] == status]
