from __future__ import annotations

import pytest

from driftd.model.change import Severity
from driftd.model.event import Action, Event
from driftd.outputs.filters import Filter
from driftd.settings.types import JournaldSettings
from tests.contracts.output_suite import an_event


def heartbeat() -> Event:
    return {"event": {"action": "daemon-heartbeat"}, "driftd": {"severity": "info"}}


def daemon_started() -> Event:
    return {"event": {"action": "daemon-started"}, "driftd": {"severity": "info"}}


def test_without_conditions_everything_passes() -> None:
    assert Filter().takes(an_event())
    assert Filter().takes(daemon_started())


@pytest.mark.parametrize(("least", "taken"), [("medium", True), ("high", True), ("critical", False)])
def test_severity_is_a_least_one(least: str, taken: bool) -> None:
    assert Filter(min_severity=Severity.from_word(least)).takes(an_event()) is taken


def test_actions_are_listed() -> None:
    assert Filter(actions=frozenset({"drift-opened"})).takes(an_event())
    assert not Filter(actions=frozenset({"drift-resolved"})).takes(an_event())
    assert not Filter(actions=frozenset({"drift-resolved"})).takes(daemon_started())


def test_baselines_cut_events_of_other_baselines_alone() -> None:
    assert Filter(baselines=frozenset({"app"})).takes(an_event())
    assert not Filter(baselines=frozenset({"sshd"})).takes(an_event())
    assert Filter(baselines=frozenset({"sshd"})).takes(daemon_started())


def test_statuses_cut_events_of_other_statuses_alone() -> None:
    assert Filter(statuses=frozenset({"unapproved"})).takes(an_event())
    assert not Filter(statuses=frozenset({"waived"})).takes(an_event())
    assert Filter(statuses=frozenset({"waived"})).takes(daemon_started())


def test_heartbeats_pass_every_filter() -> None:
    strict = Filter(Severity.CRITICAL, frozenset({"drift-opened"}), frozenset({"app"}), frozenset({"waived"}))
    assert strict.takes(heartbeat())


def test_a_filter_is_what_the_settings_say() -> None:
    settings = JournaldSettings(min_severity="low", actions=(Action.DRIFT_OPENED,), baselines=("app",))
    assert Filter.of(settings) == Filter(Severity.LOW, frozenset({"drift-opened"}), frozenset({"app"}))
    assert Filter.of(JournaldSettings()) == Filter()
