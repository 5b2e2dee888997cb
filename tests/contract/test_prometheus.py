"""What ships for Prometheus, Alertmanager and Grafana, with the real servers."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

import driftd
from driftd.metrics.exposition import catalog
from tests.contract.command import Sandbox, eventually
from tests.contract.shapes import Json
from tests.contract.test_state import BAD, GOOD

INTEGRATIONS = Path(driftd.__file__).parent.parent / "integrations"
RULES = INTEGRATIONS / "prometheus" / "driftd.rules.yml"
OF_PROMETHEUS = {"up"}
SUFFIXES = ("_bucket", "_sum", "_count")


@pytest.fixture(autouse=True)
def _servers(require_real: Callable[[str], None]) -> None:
    for program in ("promtool", "prometheus", "prometheus-alertmanager"):
        require_real(program)


def named(expressions: list[str]) -> set[str]:
    """Return the metrics that expressions ask for."""
    words = {word for text in expressions for word in re.findall(r"\b(?:driftd|process)_[a-z_]+|\bup\b", text)}
    return {word if word in catalog() else re.sub("|".join(f"{end}$" for end in SUFFIXES), "", word) for word in words}


def test_the_rules_are_well_formed_and_do_what_their_own_tests_say() -> None:
    for arguments in (["check", "rules", RULES], ["test", "rules", RULES.with_name("driftd.rules.test.yml")]):
        done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_rules_and_dashboard_ask_for_metrics_that_there_are() -> None:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    rules = [rule["expr"] for group in groups for rule in group["rules"]]
    dashboard = json.loads((INTEGRATIONS / "grafana" / "driftd.json").read_text())
    panels = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert named(rules) - OF_PROMETHEUS - catalog().keys() == set()
    assert named(panels) - catalog().keys() == set()
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_a_drift_fires_the_shipped_rule_and_its_resolution_ends_the_alert(shop: Sandbox, tmp_path: Path) -> None:
    """driftd -> Prometheus -> Alertmanager -> whoever is on call."""
    with receiving() as (called, hook), contextlib.ExitStack() as servers:
        endpoint, alerts, prometheus = free(), free(), free()
        shop.settings(metrics={"listen": f"127.0.0.1:{endpoint}"})
        (tmp_path / "alertmanager.yml").write_text(
            json.dumps(
                {
                    "route": {"receiver": "call", "group_wait": "0s", "group_interval": "1s", "repeat_interval": "1h"},
                    "receivers": [{"name": "call", "webhook_configs": [{"url": hook, "send_resolved": True}]}],
                }
            )
        )
        (tmp_path / "prometheus.yml").write_text(
            json.dumps(
                {
                    "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                    "rule_files": [str(RULES)],
                    "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alerts}"]}]}]},
                    "scrape_configs": [
                        {"job_name": "driftd", "static_configs": [{"targets": [f"127.0.0.1:{endpoint}"]}]}
                    ],
                }
            )
        )
        servers.enter_context(
            server(
                "prometheus-alertmanager",
                f"--config.file={tmp_path}/alertmanager.yml",
                f"--storage.path={tmp_path}/alerts",
                f"--web.listen-address=127.0.0.1:{alerts}",
                "--cluster.listen-address=",
            )
        )
        servers.enter_context(
            server(
                "prometheus",
                f"--config.file={tmp_path}/prometheus.yml",
                f"--storage.tsdb.path={tmp_path}/series",
                f"--web.listen-address=127.0.0.1:{prometheus}",
            )
        )
        daemon = servers.enter_context(shop.daemon())
        daemon.wait_for_action("audit-completed")
        shop.write("database.yml", BAD)
        [fired] = eventually(lambda: of_alert(called, "firing"), "the drift is told")
        assert fired["labels"]["baseline"] == "shop"
        assert fired["annotations"]["summary"].endswith("1 critical drifts from baseline shop")
        shop.write("database.yml", GOOD)
        eventually(lambda: of_alert(called, "resolved"), "its end is told")


def of_alert(called: list[Json], status: str) -> list[Json]:
    """Return the alerts about the critical drift that arrived."""
    alerts = [alert for call in list(called) for alert in call["alerts"] if alert["status"] == status]
    return [alert for alert in alerts if alert["labels"]["alertname"] == "DriftdCriticalDrift"][:1]


@contextlib.contextmanager
def receiving() -> Iterator[tuple[list[Json], str]]:
    """Yield what a webhook was called with so far, and its address."""
    called: list[Json] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            called.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Hook) as listening:
        thread = threading.Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        try:
            yield called, f"http://127.0.0.1:{listening.server_port}/"
        finally:
            listening.shutdown()
            thread.join()


@contextlib.contextmanager
def server(*words: str) -> Iterator[None]:
    """Run a server until the end; it has to answer before."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    address = next(word.rpartition("=")[2] for word in words if word.startswith("--web.listen-address"))
    try:
        eventually(lambda: ready(process, f"http://{address}/-/ready"), f"{words[0]} is ready")
        yield
    finally:
        process.kill()
        process.communicate()


def ready(process: subprocess.Popen[bytes], address: str) -> bool:
    assert process.poll() is None, process.communicate()[1].decode()
    try:
        with urllib.request.urlopen(address, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


def free() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
