"""driftd in a container without systemd, which audits the host whose file system is mounted at /host."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from driftd.model.event import action_of
from tests.contract.command import DRIFT
from tests.system.nspawn import Machine, copied_root

PATIENCE = 60.0
"""Seconds until something that has to happen counts as not happening."""
PROJECT = Path(sys.prefix).parent
DRIFTD = str(Path(sys.prefix) / "bin" / "driftd")
ONE_CAPABILITY = ("setpriv", "--bounding-set=-all,+dac_read_search", "--inh-caps=-all")
"""As `--cap-drop ALL --cap-add DAC_READ_SEARCH` of docker; setpriv is driftd in the end."""
SETTINGS = """\
host: {id: host-17, name: api-1}
baselines: [baselines]
audit: {every: 12h, jitter: 0s}
outputs:
  - stdout: {format: json}
"""
BASELINE = """\
schema: driftd/baseline/1
name: live
items:
  - path: /etc/live/**
"""
Object = dict[str, Any]


class Container:
    """A container whose process number 1 is driftd; `host` is the root directory of the machine that it audits."""

    def __init__(self, machine: Machine, host: Path) -> None:
        self.machine = machine
        self.host = host

    def driftd(self, *words: str, status: int | None = 0) -> Any:
        return self.machine.run(DRIFTD, *words, status=status)

    def said(self) -> list[Object]:
        """Return the events that came out of it."""
        lines = [line for line in self.machine.said().splitlines() if line.startswith('{"@timestamp"')]
        return [json.loads(line) for line in lines]

    def until(self, found: Callable[[], object], what: str) -> Any:
        """Return what is found, once it is."""
        end = time.monotonic() + PATIENCE
        while not (result := found()):
            assert time.monotonic() < end, f"did not happen in {PATIENCE:.0f} s: {what}\n{self.machine.said()}"
            time.sleep(0.05)
        return result

    def event(self, action: str) -> Object:
        """Return the first event of an action, once there is one."""
        found = self.until(lambda: [event for event in self.said() if action_of(event) == action], action)
        event: Object = found[0]
        return event


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory, require_real: Callable[[str], None]) -> Iterator[Container]:
    for needed in ("root", "systemd-nspawn", "setpriv", "pgrep"):
        require_real(needed)
    directory = tmp_path_factory.mktemp("container")
    state, settings = directory / "state", directory / "settings"
    state.mkdir(mode=0o700)
    (settings / "baselines/live").mkdir(parents=True)
    (settings / "driftd.yaml").write_text(SETTINGS)
    (settings / "baselines/live/baseline.yaml").write_text(BASELINE)
    options = (
        "--read-only",
        f"--bind-ro={directory / 'host'}:/host",
        f"--bind={settings}:/etc/driftd",
        f"--bind={state}:/var/lib/driftd",
        "--no-new-privileges=yes",
        *(
            ["--bind-ro=" + str(PROJECT)] if PROJECT.is_relative_to("/tmp") else []
        ),  # the container has a /tmp of its own
    )
    with copied_root(directory / "host") as host:
        (host / "etc/live").mkdir()
        (host / "etc/live/app.yml").write_text("host: db-1\n")
        (host / "etc/live/app.yml").chmod(0o600)
        (host / "etc/live/link").symlink_to("/etc/live/app.yml")
        (host / "etc/hostname").write_text("not-asked\n")
        command, points = (*ONE_CAPABILITY, DRIFTD, "run", "--root", "/host"), ("host", "etc/driftd", "var/lib/driftd")
        with Machine(directory, command=command, options=options, points=points) as machine:
            container = Container(machine, host)
            container.event("audit-completed")
            container.driftd("approve", "--reason", "first", "--yes")
            yield container


def test_a_change_on_the_host_is_an_event_on_standard_output(container: Container) -> None:
    (container.host / "etc/live/app.yml").write_text("host: db-2\n")
    event = container.event("drift-opened")
    assert event["file"]["path"] in ("/etc/live/app.yml", "/etc/live/link")
    assert event["host"] == {"id": "host-17", "name": "api-1"}
    assert event["driftd"]["source"] == "watch"
    opened = {event["file"]["path"] for event in container.said() if action_of(event) == "drift-opened"}
    assert opened <= {"/etc/live/app.yml", "/etc/live/link"}  # an absolute link leads to the host's file


def test_commands_are_given_inside(container: Container) -> None:
    shape = json.loads(container.driftd("status", "--json", status=DRIFT).stdout)
    assert shape["daemon"]["pid"] == 1
    assert shape["daemon"]["root"] == "/host"
    assert "$.host" in container.driftd("diff").stdout


def test_it_has_one_capability_and_may_write_nothing_of_the_host(container: Container) -> None:
    status = container.machine.run("cat", "/proc/1/status").stdout
    assert re.search(r"^CapEff:\t0*4$", status, re.MULTILINE)
    for path in ("/host/etc/x", "/etc/x"):
        assert "Read-only file system" in container.machine.run("touch", path, status=1).stderr


def test_children_of_others_are_buried(container: Container) -> None:
    container.machine.run("sh", "-c", "(sleep 0.3; exit 3) >/dev/null 2>&1 &")
    states = ("ps", "--no-headers", "-eo", "state,ppid,comm")
    container.until(
        lambda: re.search(r"^Z +1 ", container.machine.run(*states).stdout, re.MULTILINE), "an orphan that has ended"
    )
    container.until(lambda: not re.search(r"^Z", container.machine.run(*states).stdout, re.MULTILINE), "its burial")


def test_it_ends_when_it_is_told_to(container: Container) -> None:
    """The last test of this container."""
    container.machine.run("kill", "-TERM", "1")
    assert container.machine.wait(PATIENCE) == 0
    assert container.event("daemon-stopped")["driftd"]["reason"] == "SIGTERM"
