"""The daemon and a real Alertmanager: what fires, what ends, and what is left when either of them is killed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.alertmanager import Alertmanager
from tests.system.daemon_process import ScratchHost, until


@pytest.fixture
def ready(require_real: Callable[[str], None], tmp_path: Path) -> tuple[Alertmanager, ScratchHost]:
    require_real("prometheus-alertmanager")
    manager = Alertmanager(tmp_path / "alertmanager")
    outputs = [{"alertmanager": {"url": manager.url, "resend": "1s", "labels": {"team": "core"}}}]
    host = ScratchHost(tmp_path / "host", outputs=outputs, grouping={"alone": 5, "urgent": 0})
    return manager, host


def test_the_routes_of_the_how_to_are_taken(require_real: Callable[[str], None], tmp_path: Path) -> None:
    require_real("amtool")
    page = Path(__file__).parents[2] / "docs" / "how-to" / "alertmanager.md"
    config = tmp_path / "alertmanager.yml"
    config.write_text(
        page.read_text().split("```yaml\n")[2].split("```")[0] + "receivers: [{name: mail}, {name: pager}]\n"
    )

    def route(*labels: str) -> str:
        words = ["amtool", "config", "routes", "test", f"--config.file={config}", *labels]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()

    assert route("alertname=ConfigurationDrift", "severity=critical") == "pager"
    assert route("alertname=ConfigurationDriftGroup", "severity=critical") == "pager"
    assert route("alertname=ConfigurationDrift", "severity=high") == "mail"


def test_alerts_follow_their_drifts_through_kills_of_either_side(ready: tuple[Alertmanager, ScratchHost]) -> None:
    manager, host = ready
    a, b, many = host.write("a.yml"), host.write("b.yml"), [host.write(f"many/{number}.yml") for number in range(20)]
    host.approve()
    with manager:
        with host.daemon() as daemon:
            a.write_text("x: 2\n")  # nobody listens yet
            daemon.wait(lambda: "nobody listens" in host.run("status").stdout, "it is told that nobody listens")
            manager.start()
            daemon.wait(lambda: manager.firing().keys() == {str(a)}, "an alert fires")
            alert = manager.firing()[str(a)]
            assert alert["labels"]["team"] == "core"
            assert "is '2', approved '1'" in alert["annotations"]["summary"]
            b.write_text("x: 3\n")
            daemon.wait(lambda: manager.firing().keys() == {str(a), str(b)}, "another one fires")
            manager.kill()
            a.write_text("x: 1\n")  # it ends while Alertmanager is away
            manager.start()
            daemon.wait(lambda: manager.firing().keys() == {str(b)}, "what ended is not said again, what stands is")
            daemon.kill()
        b.write_text("x: 1\n")  # it ends while driftd is away
        with host.daemon() as daemon:
            daemon.wait(lambda: not manager.firing(), "what ended meanwhile ends at once")
            for path in many:
                path.write_text("x: 2\n")
            until(lambda: len(manager.firing()) == 6, "five drifts fire alone, the others together")
            group = next(
                alert
                for alert in manager.firing().values()
                if alert["labels"]["alertname"] == "ConfigurationDriftGroup"
            )
            assert group["annotations"]["summary"].startswith("15 drifts that came together stand open")
            for path in many:
                path.write_text("x: 1\n")
            daemon.wait(lambda: not manager.firing(), "all of them end")
            until(lambda: str(b) in manager.passed_on("resolved"), "the webhook is told")
            assert daemon.stop() == 0
        assert {str(a), str(b)} <= set(manager.passed_on("firing"))
