from __future__ import annotations

from typing import Any

import pytest

from driftd.model.change import Severity, Status
from driftd.model.document import Json
from driftd.model.event import Action, Event
from driftd.outputs.filters import Filter
from driftd.settings.outputs import JournaldSettings
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
    assert Filter.of(JournaldSettings(status=(Status.WAIVED,))).statuses == frozenset({"waived"})


def followed(action: str, severity: str, status: str | None, before: tuple[str, str]) -> Event:
    told: dict[str, Json] = {"severity": severity, "previous": {"severity": before[0], "status": before[1]}}
    return {"event": {"action": action}, "driftd": told | ({"status": status} if status else {})}


def test_whoever_was_told_that_a_drift_opened_is_told_how_it_goes_on() -> None:
    loud = Filter(min_severity=Severity.HIGH)
    assert loud.takes(followed("drift-resolved", "info", None, ("high", "unapproved")))
    assert loud.takes(followed("drift-updated", "low", "unapproved", ("critical", "unapproved")))
    assert loud.takes(followed("drift-updated", "high", "unapproved", ("low", "unapproved")))
    assert not loud.takes(followed("drift-resolved", "info", None, ("medium", "unapproved")))
    ours = Filter(statuses=frozenset({"unapproved"}))
    assert ours.takes(followed("drift-updated", "low", "waived", ("low", "unapproved")))
    assert ours.takes(followed("drift-resolved", "info", None, ("low", "unapproved")))
    assert not ours.takes(followed("drift-resolved", "info", None, ("low", "waived")))


def test_what_ends_a_group_passes_whatever_the_severity_of_its_drifts_was() -> None:
    ended: Event = {"event": {"action": "drift-group-resolved"}, "driftd": {"severity": "info", "group": "g"}}
    assert Filter(min_severity=Severity.CRITICAL).takes(ended)
    assert not Filter(actions=frozenset({"drift-opened"})).takes(ended)


def test_a_drift_is_for_an_output_as_it_stands() -> None:
    strict = Filter(Severity.HIGH, None, frozenset({"app"}), frozenset({"unapproved"}))
    assert strict.takes_drift("app", Severity.HIGH, "unapproved")
    assert not strict.takes_drift("app", Severity.LOW, "unapproved")
    assert not strict.takes_drift("sshd", Severity.HIGH, "unapproved")
    assert not strict.takes_drift("app", Severity.HIGH, "waived")


def member(action: str = "drift-opened") -> Event:
    event = an_event(group="01887656-a29c-7000-8000-000000000000")
    return {**event, "event": {"action": action}}


def summary(severity: str = "high", **counts: Any) -> Event:
    told = {
        "opened": 5,
        "updated": 0,
        "resolved": 0,
        "by_baseline": {"app": 5},
        "by_status": {"unapproved": 5},
        **counts,
    }
    return {"event": {"action": "drift-summary"}, "driftd": {"severity": severity, "group": "g", "summary": told}}


@pytest.mark.parametrize("action", ["drift-opened", "drift-updated", "drift-resolved"])
def test_what_a_summary_tells_is_taken_where_it_is_asked_for_alone(action: str) -> None:
    assert not Filter().takes(member(action))
    assert Filter(members=True).takes(member(action))
    assert not Filter(Severity.CRITICAL, members=True).takes(member("drift-opened"))
    assert Filter.of(JournaldSettings(members=True)).members


@pytest.mark.parametrize(
    ("condition", "taken"),
    [
        (Filter(), True),
        (Filter(members=True), True),
        (Filter(Severity.HIGH), True),
        (Filter(Severity.CRITICAL), False),
        (Filter(actions=frozenset({"drift-opened"})), True),
        (Filter(actions=frozenset({"drift-summary"})), True),
        (Filter(actions=frozenset({"drift-updated", "coverage-lost"})), False),
        (Filter(baselines=frozenset({"app", "sshd"})), True),
        (Filter(baselines=frozenset({"sshd"})), False),
        (Filter(statuses=frozenset({"unapproved"})), True),
        (Filter(statuses=frozenset({"waived"})), False),
    ],
)
def test_a_summary_is_taken_where_one_of_its_drifts_would_be(condition: Filter, taken: bool) -> None:
    assert condition.takes(summary()) is taken


def test_a_summary_of_resolved_drifts_has_no_status_to_be_cut_by() -> None:
    resolved = summary(opened=0, resolved=5, by_status={})
    assert Filter(statuses=frozenset({"waived"})).takes(resolved)
    assert not Filter(actions=frozenset({"drift-opened"})).takes(resolved)
