"""Metrics and health of the running daemon, asked for as a monitoring system does."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from driftd.metrics.exposition import catalog
from tests.contract.command import CLEAN, USAGE, Daemon, Sandbox, eventually
from tests.contract.shapes import Json
from tests.contract.test_state import BAD

SAMPLE = re.compile(r"([a-z_]+)(?:\{(.*)\})? (\S+)")


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(name="monitored")
def _monitored(shop: Sandbox, port: int) -> Iterator[Daemon]:
    """A daemon with an endpoint and a textfile, after its first audit."""
    shop.settings(metrics={"listen": f"127.0.0.1:{port}", "textfile": "driftd.prom", "every": "1s"})
    with shop.daemon() as daemon:
        daemon.wait_for_action("audit-completed")
        yield daemon


def page(port: int, path: str) -> tuple[int, str]:
    """Return the status and the body of a page."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def numbers(text: str) -> dict[str, float]:
    """Return the value of each sample by its name with its labels."""
    found = (SAMPLE.fullmatch(line) for line in text.splitlines() if not line.startswith("#"))
    return {f"{one[1]}{{{one[2]}}}" if one[2] else one[1]: float(one[3]) for one in found if one is not None}


def health(port: int) -> tuple[int, Json]:
    status, body = page(port, "/health")
    return status, json.loads(body)


def test_what_is_drifted_is_a_number_and_gone_when_it_is_resolved(monitored: Daemon, shop: Sandbox, port: int) -> None:
    good = Path(shop.item("database.yml")).read_text()
    shop.write("database.yml", BAD)
    monitored.wait_for_action("drift-opened")
    told = numbers(page(port, "/metrics")[1])
    assert told['driftd_drifts_open{baseline="shop",severity="critical",status="unapproved"}'] == 1
    assert told['driftd_events_total{action="drift-opened"}'] == 1
    assert told["driftd_detection_delay_seconds_count"] == 1
    assert (told["driftd_items"], told["driftd_coverage_ratio"], told["driftd_healthy"]) == (1, 1, 1)
    assert told["driftd_watches"] >= 1
    assert told['driftd_output_up{output="jsonl"}'] == 1
    shop.write("database.yml", good)
    monitored.wait_for_action("drift-resolved")
    told = numbers(page(port, "/metrics")[1])
    assert [name for name in told if name.startswith("driftd_drifts_open")] == []
    assert told["driftd_event_sequence"] == shop.journal()[-1]["event"]["sequence"]


@pytest.mark.usefixtures("monitored")
def test_every_metric_of_the_catalog_is_told_and_promtool_finds_nothing_to_say(
    port: int, require_real: Callable[[str], None]
) -> None:
    text = page(port, "/metrics")[1]
    told = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert told == {*catalog()}
    require_real("promtool")
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.usefixtures("monitored")
def test_the_textfile_says_the_same(shop: Sandbox, port: int) -> None:
    file = shop.directory / "driftd.prom"
    eventually(file.exists, "the textfile is written")
    names = {line for line in file.read_text().splitlines() if line.startswith("# TYPE")}
    assert names == {line for line in page(port, "/metrics")[1].splitlines() if line.startswith("# TYPE")}
    assert file.stat().st_mode & 0o777 == 0o644
    file.unlink()
    eventually(file.exists, "it is written again")
    assert [path.name for path in shop.directory.glob(".driftd.prom*")] == []


def test_health_is_green_while_promises_are_kept_and_red_when_nothing_can_be_recorded(
    monitored: Daemon, shop: Sandbox, port: int
) -> None:
    assert health(port) == (200, {"schema": "driftd/health/1", "healthy": True, "reasons": []})
    journal = shop.state / "journal"
    aside = journal.rename(shop.state / "aside")
    journal.write_text("a file where the directory was\n")
    monitored.send(signal.SIGHUP)
    shop.write("database.yml", BAD)
    _, told = eventually(lambda: (found := health(port))[0] == 503 and found, "the health is red")
    assert told["healthy"] is False
    assert "state-unwritable" in [reason["reason"] for reason in told["reasons"]]
    assert numbers(page(port, "/metrics")[1])['driftd_unhealthy{reason="state-unwritable"}'] == 1
    journal.unlink()
    aside.rename(journal)
    eventually(lambda: health(port)[0] == 200, "it is green again")


def test_an_address_that_is_taken_stops_a_start_with_a_clear_message(shop: Sandbox) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        shop.settings(metrics={"listen": address})
        assert f"{address}: cannot listen for metrics" in shop.run("run", status=USAGE).err


def test_a_reload_moves_the_endpoint(monitored: Daemon, shop: Sandbox, port: int) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        other = int(one.getsockname()[1])
    shop.settings(metrics={"listen": f"127.0.0.1:{other}"})
    monitored.send(signal.SIGHUP)
    monitored.wait_for_action("daemon-reloaded")
    assert page(other, "/health")[0] == 200
    with pytest.raises(urllib.error.URLError):
        page(port, "/health")


def test_no_metrics_unless_they_are_wanted(shop: Sandbox) -> None:
    with shop.daemon() as daemon:
        daemon.wait_for_action("audit-completed")
        shop.run("status", status=CLEAN)
        listening = Path(f"/proc/{daemon.process.pid}/net/tcp").exists()
        assert listening
        fds = [path.readlink() for path in Path(f"/proc/{daemon.process.pid}/fd").iterdir()]
        unix = Path("/proc/net/unix").read_text()
        sockets = [str(fd)[8:-1] for fd in fds if str(fd).startswith("socket:")]
        assert [inode for inode in sockets if inode not in unix] == []
