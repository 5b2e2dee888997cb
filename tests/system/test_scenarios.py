"""Every scenario of tests/cases/scenarios, by the real kernel and the real daemon: seen live, and by an audit alone."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from driftd.model.event import Action, action_of, namespace
from driftd.model.item import shown_path
from tests.system.daemon_process import DaemonProcess, Object, ScratchHost, assert_sound
from tests.system.scenario import Expected, Scenario, Stage, scenarios

CASES = scenarios()
LIVE = [scenario for scenario in CASES if scenario.live]
AUDITED = [scenario for scenario in CASES if scenario.audited]
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "detection.md"


class Theatre:
    """All scenarios on one host beside one daemon: each has directories of its own."""

    def __init__(self, directory: Path, played: list[Scenario], **settings: object) -> None:
        self.host = ScratchHost(directory, **settings)
        self.stages = {scenario.name: Stage(self.host, scenario) for scenario in played}
        self._signals = self.host.tree / "signals"
        self._signals.mkdir()
        self._signalled = 0
        for number in range(sum(len(scenario.steps) for scenario in played)):
            (self._signals / f"{number}.yaml").write_text("a: 1\n")
        for stage in self.stages.values():
            stage.prepare()
        lone = [str(stage.at(name)) for stage in self.stages.values() for name in stage.scenario.lone]
        self.host.define([str(self.host.tree / "**"), *lone])
        self.host.approve()

    def play(self, stage: Stage, daemon: DaemonProcess | None) -> None:
        """Take the steps of a scenario; a daemon is given the time to see each line through."""
        for line in stage.scenario.steps:
            stage.do(line)
            if daemon is not None:
                self._see_through(daemon)

    def _see_through(self, daemon: DaemonProcess) -> None:
        """A file that goes is held for a moment: when its loss is told, all that came before it was looked at."""
        path = self._signals / f"{self._signalled}.yaml"
        self._signalled += 1
        path.unlink()
        daemon.wait_event(Action.DRIFT_OPENED, path)

    def told(self, daemon: DaemonProcess, stage: Stage) -> list[Object]:
        """Return the drift events about a scenario's items, in order."""
        prefix = shown_path(os.fsencode(stage.inside)) + "/"
        return [event for event in daemon.journal.read() if str(namespace(event).get("item", "")).startswith(prefix)]

    def standing(self, daemon: DaemonProcess, stage: Stage) -> list[Expected]:
        """Return the drifts of a scenario that stand open."""
        found: dict[str, Expected] = {}
        for event in self.told(daemon, stage):
            body: Object = namespace(event)
            if action_of(event) in (Action.DRIFT_OPENED, Action.DRIFT_UPDATED):
                found[body["item"]] = _as_expected(body, stage)
            elif action_of(event) == Action.DRIFT_RESOLVED:
                del found[body["item"]]
        return sorted(found.values(), key=lambda expected: expected.path)


def _as_expected(body: Object, stage: Stage) -> Expected:
    prefix = shown_path(os.fsencode(stage.inside)) + "/"
    changes: list[Object] = body["changes"]
    aspects = {change["aspect"] for change in changes}
    path = str(body["item"]).removeprefix(prefix)
    if aspects == {"existence"}:
        return Expected(changes[0]["kind"], path)
    kind = "attributes" if aspects == {"attributes"} else "changed"
    return Expected(kind, path, tuple(sorted(change["key"] for change in changes)))


def wanted(stage: Stage) -> list[Expected]:
    """Return what is expected, items spelled as events spell them."""
    return sorted(
        (
            Expected(expected.kind, shown_path(os.fsencode(expected.path)), tuple(sorted(expected.keys)))
            for expected in stage.scenario.expected
        ),
        key=lambda expected: expected.path,
    )


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Theatre, DaemonProcess]]:
    theatre = Theatre(tmp_path_factory.mktemp("live"), LIVE)
    with theatre.host.daemon() as daemon:
        daemon.wait_event(Action.AUDIT_COMPLETED)
        yield theatre, daemon
        for stage in theatre.stages.values():
            stage.close()


@pytest.mark.parametrize("scenario", LIVE, ids=lambda scenario: scenario.name)
def test_it_is_seen_live(scenario: Scenario, live: tuple[Theatre, DaemonProcess]) -> None:
    theatre, daemon = live
    stage = theatre.stages[scenario.name]
    theatre.play(stage, daemon)
    daemon.wait(lambda: theatre.standing(daemon, stage) == wanted(stage), f"{scenario.title}: {wanted(stage)}")
    told: defaultdict[str, list[str]] = defaultdict(list)
    for event in theatre.told(daemon, stage):
        item = str(namespace(event)["item"])
        told[item].append(action_of(event))
        assert namespace(event).get("source", "watch") == "watch", event
    if len(scenario.steps) == 1 and ";" not in scenario.steps[0]:  # between two steps somebody may have looked
        assert all(len(actions) == 1 for actions in told.values()), f"told more than once: {dict(told)}"
    for item in scenario.resolved:
        assert told[shown_path(os.fsencode(stage.at(item)))] == [Action.DRIFT_OPENED, Action.DRIFT_RESOLVED]


def test_an_audit_finds_nothing_that_was_not_seen_live(live: tuple[Theatre, DaemonProcess]) -> None:
    theatre, daemon = live
    before = {name: theatre.told(daemon, stage) for name, stage in theatre.stages.items()}
    daemon.wait_audit()
    assert {name: theatre.told(daemon, stage) for name, stage in theatre.stages.items()} == before
    assert_sound(daemon.journal)


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Theatre, DaemonProcess]]:
    """Nothing is watched: all that is seen is seen by one quick audit."""
    theatre = Theatre(tmp_path_factory.mktemp("audited"), AUDITED, watch={"enabled": False})
    with theatre.host.daemon() as daemon:
        daemon.wait_event(Action.AUDIT_COMPLETED)
        for stage in theatre.stages.values():
            theatre.play(stage, None)
        daemon.wait_audit()
        yield theatre, daemon
        for stage in theatre.stages.values():
            stage.close()


@pytest.mark.parametrize("scenario", AUDITED, ids=lambda scenario: scenario.name)
def test_it_is_seen_by_an_audit(scenario: Scenario, audited: tuple[Theatre, DaemonProcess]) -> None:
    theatre, daemon = audited
    stage = theatre.stages[scenario.name]
    assert theatre.standing(daemon, stage) == wanted(stage), scenario.title
    assert {action_of(event) for event in theatre.told(daemon, stage)} <= {Action.DRIFT_OPENED}


def test_the_reference_shows_every_scenario_and_what_is_reported() -> None:
    rows = re.findall(r"^\| ([A-G]\d\d) \| .*$", REFERENCE.read_text(), re.MULTILINE)
    assert {scenario.name for scenario in CASES} <= set(rows)
    text = REFERENCE.read_text()
    assert not [row for row in map(table_row, CASES) if row not in text]


def table_row(scenario: Scenario) -> str:
    """Return a scenario as a row of the reference."""
    reported = [f"{expected.kind} `{expected.path}`" for expected in scenario.expected]
    reported += [f"opened and resolved `{item}`" for item in scenario.resolved]
    seen = {(True, True): "live, audit", (True, False): "live", (False, True): "audit"}
    told = "; ".join(reported) or "nothing"
    return f"| {scenario.name} | {scenario.title} | {told} | {seen[scenario.live, scenario.audited]} |"


if __name__ == "__main__":
    head, _, rest = REFERENCE.read_text().partition("<!-- scenarios -->\n")
    _, _, tail = rest.partition("<!-- end of scenarios -->\n")
    rows = "\n".join(map(table_row, CASES))
    table = f"| | what happens | reported | seen |\n|---|---|---|---|\n{rows}\n"
    REFERENCE.write_text(f"{head}<!-- scenarios -->\n{table}<!-- end of scenarios -->\n{tail}")
