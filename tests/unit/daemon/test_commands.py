"""Commands in the loop, turn by turn: when they are run, and what becomes of what they say. Nobody waits for one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from driftd.model.item import real_path
from driftd.sources.command import CommandPlan, Outcome
from driftd.sources.reasons import CommandError
from tests.unit.daemon.live import SETTLE, Live
from tests.unit.daemon.test_engine import Machine

ITEM = "command:server"
COMMAND = "  - {{command: [server, -T], name: server, format: keyvalue, every: 10m, when: ['{etc}/d/*']}}\n"
SAID = b"port = 1\n"


class ToldRunner:
    """Runs nothing: a command ends when the test says what it has said."""

    def __init__(self) -> None:
        self.running: list[Future[Outcome]] = []
        self.at_once: Outcome | None = SAID

    def start(self, plan: CommandPlan) -> Future[Outcome]:
        running: Future[Outcome] = Future()
        if self.at_once is not None:
            running.set_result(self.at_once)
        else:
            self.running.append(running)
        return running

    def ends(self, outcome: Outcome) -> None:
        """End what is running; it has to be one command."""
        (running,) = self.running
        self.running = []
        running.set_result(outcome)


class Serving(Live):
    """A live service with an approved command, which has ended for the first time."""

    def __init__(self, machine: Machine, runner: ToldRunner, directory: Path) -> None:
        super().__init__(machine, directory)
        self.runner = runner

    def runs(self) -> bool:
        """Whether the command is running."""
        return bool(self.runner.running)

    def ends(self, outcome: Outcome = SAID) -> None:
        self.runner.ends(outcome)
        self.turns()

    def opened(self) -> list[tuple[str, str]]:
        """Return what was told since the last time, audits aside."""
        return [told for told in self.told() if told[0] != "audit-completed"]


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Serving]:
    machine = Machine(tmp_path)
    runner = ToldRunner()
    try:
        (machine.etc / "d").mkdir()
        machine.file("a.yaml", "port: 1\n")
        machine.file("d/server.conf", "port 1\n")
        machine.commands = runner
        machine.define("*.yaml", more=COMMAND.format(etc=machine.etc))
        machine.reload()
        machine.audited()
        machine.approve()
        runner.at_once = None
        live = Serving(machine, runner, tmp_path)
        live.begin()
        live.ends()
        live.opened()
        live.looked_at.clear()
        yield live
    finally:
        machine.stop()


def test_a_command_is_run_every_so_often_and_not_more(live: Serving) -> None:
    live.wait(599.0)
    assert not live.runs()
    live.wait(1.0)
    assert live.runs()
    live.wait(1200.0)  # it is not started twice
    live.ends()
    assert live.opened() == []


def test_what_it_says_becomes_a_drift_and_ends_one(live: Serving) -> None:
    live.wait(600.0)
    live.ends(b"port = 2\n")
    assert live.opened() == [("drift-opened", ITEM)]
    live.wait(600.0)
    live.ends()
    assert live.opened() == [("drift-resolved", ITEM)]


def test_a_failure_is_a_gap_and_no_resolution(live: Serving) -> None:
    live.wait(600.0)
    live.ends(b"port = 2\n")
    live.opened()
    live.wait(600.0)
    live.ends(CommandError("command-failed", "status 1: no password=hunter2hunter2"))
    assert live.opened() == [("coverage-lost", f"{ITEM}=command-failed")]
    assert "hunter2" not in str(live.machine.engine.memory.gaps)
    live.wait(600.0)
    live.ends()
    assert sorted(live.opened()) == [("coverage-restored", f"{ITEM}=command-failed"), ("drift-resolved", ITEM)]


def test_a_change_of_what_it_names_runs_it_once_that_is_at_rest(live: Serving) -> None:
    for _ in range(3):
        live.noticed("d/server.conf")
        live.turns()
        assert not live.runs()
        live.wait(SETTLE / 2)
    live.wait(SETTLE / 2)
    assert live.runs()
    live.noticed("d/server.conf")  # the one that runs may have read it before
    live.settle()
    live.ends(b"port = 2\n")
    assert live.runs()
    live.ends(b"port = 3\n")
    assert live.opened() == [("drift-opened", ITEM), ("drift-updated", ITEM)]


def test_changes_that_keep_coming_do_not_put_it_off_for_ever(live: Serving) -> None:
    for _ in range(100):
        live.noticed("d/server.conf")
        live.turns()
        live.wait(SETTLE / 2)
        if live.runs():
            return
    raise AssertionError("it was never run")


def test_a_directory_that_comes_or_goes_runs_it(live: Serving) -> None:
    live.tree("elsewhere")
    live.settle()
    assert not live.runs()
    live.tree("d")
    live.settle()
    assert live.runs()


def test_a_change_that_nobody_noticed_is_found_by_an_audit(live: Serving) -> None:
    live.service.audits.want("quick", "schedule")
    live.settle()
    assert not live.runs()
    (live.etc / "d" / "server.conf").write_text("port 22\n")
    live.service.audits.want("quick", "schedule")
    live.settle()
    assert live.runs()
    assert ITEM not in live.looked_at


def test_a_deep_audit_runs_it_and_is_done_when_it_has_ended(live: Serving) -> None:
    live.service.audits.want("deep", "schedule")
    live.settle()
    live.wait(SETTLE)
    assert live.runs()
    assert live.told() == []
    live.ends(b"port = 2\n")
    live.wait(SETTLE)
    assert live.told() == [("drift-opened", ITEM), ("audit-completed", "")]


def test_a_quick_audit_overtakes_a_deep_one_that_waits_for_a_command(live: Serving) -> None:
    live.service.audits.want("deep", "schedule")
    live.settle()
    live.service.audits.want("quick", "command")
    live.settle()
    assert live.told() == [("audit-completed", "")]
    assert live.runs()
    live.ends()
    live.wait(SETTLE)
    assert live.told() == [("audit-completed", "")]


def test_nothing_that_looks_at_everything_waits_for_it(live: Serving) -> None:
    live.lost("overflow")
    live.tree(".")
    live.settle()
    live.noticed_at(live.etc)
    live.settle()
    assert ITEM not in live.looked_at
    assert live.service.engine.memory.remembered.get(ITEM) is not None


def test_an_approval_ends_its_drift_when_it_has_said_the_same_again(live: Serving) -> None:
    live.wait(600.0)
    live.ends(b"port = 2\n")
    live.opened()
    live.runner.at_once = b"port = 2\n"
    live.machine.approve()
    live.turns()
    (resolved,) = [event for event in live.machine.published if event["event"]["action"] == "drift-resolved"]  # type: ignore[index, call-overload]
    assert resolved["driftd"]["resolution"] == "approved"  # type: ignore[index, call-overload]


def test_what_it_said_outlives_a_restart_and_a_quick_audit(live: Serving) -> None:
    live.wait(600.0)
    live.ends(b"port = 2\n")
    live.machine.restart()
    assert live.machine.audited("quick") == []
    assert not live.runs()
    assert [*live.machine.engine.memory.drifts] == [ITEM]
    assert live.machine.engine.memory.remembered.get(ITEM) is not None


def test_a_command_that_is_no_longer_named_is_forgotten(live: Serving) -> None:
    live.wait(600.0)
    live.ends(b"port = 2\n")
    live.wait(600.0)
    assert live.runs()
    live.opened()
    live.machine.define("*.yaml")
    live.machine.reload()
    live.watching.use(live.machine.engine.auditor, [])
    live.service.commands.use()
    live.runner.ends(b"port = 3\n")
    live.service.audits.want("deep", "reload")
    live.settle()
    live.wait(600.0)
    assert live.opened() == [("drift-resolved", ITEM)]
    assert real_path(ITEM) not in {place for place, _ in live.machine.engine.memory.remembered.shelves()}
    assert live.machine.engine.memory.remembered.get(ITEM) is None
