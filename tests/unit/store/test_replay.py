"""What events mean, against a second, plain reading of the same history; and the database against both."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, assert_never

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from driftd.model.document import Json
from driftd.model.event import Action, Event
from driftd.store.database import Database
from driftd.store.known import (
    AuditDone,
    BaselineEnds,
    BaselineStands,
    CompletedAudit,
    Delivered,
    DriftEnds,
    DriftStands,
    GapEnds,
    GapStands,
    KnownBaseline,
    KnownGap,
    OpenDrift,
    StateChange,
)
from driftd.store.replay import IncomprehensibleError, replayed
from tests.unit.store.made import StandingClock, drift, event, opened


class PlainState:
    """The state as dictionaries: what the database must say, without a line of SQL."""

    def __init__(self) -> None:
        self.drifts: dict[str, OpenDrift] = {}
        self.gaps: dict[tuple[str, str], KnownGap] = {}
        self.baselines: dict[str, KnownBaseline] = {}
        self.audits: dict[str, CompletedAudit] = {}
        self.delivered: dict[str, int] = {}

    def take(self, change: StateChange) -> None:
        match change:
            case DriftStands(told, opened):
                known = None if opened else self.drifts.get(told.drift_id)
                if known:
                    told = replace(told, opened_at=known.opened_at, episode=known.episode)
                self.drifts[told.drift_id] = told
            case DriftEnds(drift_id):
                self.drifts.pop(drift_id, None)
            case GapStands(gap):
                before = self.gaps.get((gap.item, gap.baseline))
                since = before.since if before and before.reason == gap.reason else gap.since
                self.gaps[gap.item, gap.baseline] = replace(gap, since=since)
            case GapEnds(item, baseline):
                self.gaps.pop((item, baseline), None)
            case BaselineStands(told_of):
                known_of = self.baselines.get(told_of.name)
                if told_of.revision is None and known_of:
                    told_of = replace(told_of, revision=known_of.revision, sha256=known_of.sha256)
                self.baselines[told_of.name] = told_of
            case BaselineEnds(name):
                self.baselines.pop(name, None)
            case AuditDone(audit):
                self.audits[audit.depth] = audit
            case Delivered(output, sequence):
                self.delivered[output] = max(sequence, self.delivered.get(output, 0))
            case _:
                assert_never(change)


names = st.sampled_from("abc")
times = st.sampled_from(["2023-06-01T10:00:00Z", "2023-06-01T11:00:00Z", "2023-06-01T12:00:00Z"])


@st.composite
def events(draw: st.DrawFn) -> Event:
    action = draw(st.sampled_from(list(Action)))
    at, name = draw(times), draw(names)
    told: dict[str, Any] = {}
    if action in (Action.DRIFT_OPENED, Action.DRIFT_UPDATED):
        made = drift(action, name, fingerprint=draw(names), item=f"/etc/{name}", change_count=draw(st.integers(0, 9)))
        made["@timestamp"] = at
        return made
    if action == Action.DRIFT_RESOLVED:
        told = {"drift_id": name}
    elif action in (Action.COVERAGE_LOST, Action.COVERAGE_RESTORED):
        gap = st.fixed_dictionaries(
            {"item": names, "reason": names}, optional={"baseline": names | st.none(), "detail": names}
        )
        told = {"gaps": draw(st.lists(gap, max_size=3)), "gap_count": 9}
    elif action == Action.BASELINE_APPROVED:
        told = {"baseline": {"name": name, "revision": draw(st.integers(1, 9)), "sha256": draw(names)}}
    elif action.value.startswith("baseline"):
        told = {"baseline": {"name": name}}
    elif action == Action.AUDIT_COMPLETED:
        told = {"audit": {"depth": draw(st.sampled_from(["quick", "deep"])), "items": 3}}
    if draw(st.booleans()):
        told["delivered"] = {name: draw(st.integers(0, 99))}
    return event(action, at, **told)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(events(), max_size=4), max_size=8))
def test_the_database_says_what_a_plain_replay_says(
    batches: list[list[Event]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    state = tmp_path_factory.mktemp("state")
    journal = opened(state / "journal")
    database = Database.open(state, journal, StandingClock())
    plain = PlainState()
    for batch in batches:
        stamped = journal.append(batch)
        database.apply(stamped)
        database.apply(stamped)  # again: changes nothing
        for recorded in stamped:
            for change in replayed(recorded):
                plain.take(change)
    assert_same(database, plain)
    (state / "driftd.db").unlink()
    rebuilt = Database.open(state, journal, StandingClock())
    assert_same(rebuilt, plain)
    database.close()
    rebuilt.close()
    journal.close()


def assert_same(database: Database, plain: PlainState) -> None:
    assert {told.drift_id: told for told in database.drifts()} == plain.drifts
    assert {(gap.item, gap.baseline): gap for gap in database.gaps()} == plain.gaps
    assert {known.name: known for known in database.baselines()} == plain.baselines
    assert {audit.depth: audit for audit in database.audits()} == plain.audits
    assert database.cursors() == plain.delivered


def recorded(made: Event, sequence: int = 5) -> Event:
    body = made["event"]
    assert isinstance(body, dict)
    return {**made, "event": body | {"sequence": sequence}}


def test_an_opened_drift_is_told_with_everything_that_shows_it() -> None:
    made = drift(change_count=140, episode=5)
    (stands,) = replayed(recorded(made))
    changes: list[Json] = [{"aspect": "content", "kind": "changed", "key": "$.host", "before": "db-1", "after": "db-l"}]
    at = "2023-06-01T10:00:00.412Z"
    told = OpenDrift("d1", 5, "base", "/etc/a", at, at, "high", "unapproved", "f1", 140, changes)
    assert stands == DriftStands(told, opened=True)


def test_the_item_of_a_drift_may_stand_in_file_path_alone() -> None:
    made = drift(item="")
    made["file"] = {"path": "/etc/b"}
    (stands,) = replayed(recorded(made))
    assert isinstance(stands, DriftStands)
    assert stands.drift.item == "/etc/b"


@pytest.mark.parametrize("missing", ["drift_id", "episode", "baseline", "severity", "status", "fingerprint", "changes"])
def test_a_drift_that_lacks_a_member_is_named_as_incomprehensible(missing: str) -> None:
    made = drift()
    told = made["driftd"]
    assert isinstance(told, dict)
    del told[missing]
    with pytest.raises(IncomprehensibleError, match=missing):
        replayed(recorded(made))


@pytest.mark.parametrize(
    ("action", "told"),
    [
        (Action.DRIFT_OPENED, {}),
        (Action.DRIFT_RESOLVED, {}),
        (Action.COVERAGE_LOST, {}),
        (Action.COVERAGE_LOST, {"gaps": [{"item": "/a"}]}),
        (Action.BASELINE_APPROVED, {"baseline": {"name": "a"}}),
        (Action.BASELINE_REMOVED, {"baseline": "a"}),
        (Action.AUDIT_COMPLETED, {}),
        (Action.DAEMON_STOPPED, {"delivered": {"jsonl": -1}}),
        (Action.DAEMON_STOPPED, {"delivered": {"jsonl": 2**63}}),
    ],
    ids=str,
)
def test_an_event_that_lacks_what_its_action_must_have_is_incomprehensible(action: Action, told: Any) -> None:
    with pytest.raises(IncomprehensibleError):
        replayed(recorded(event(action, **told)))


def test_actions_of_later_versions_change_nothing() -> None:
    later = event(Action.DAEMON_HEARTBEAT)
    assert isinstance(later["event"], dict)
    later["event"]["action"] = "restore-completed"
    assert replayed(recorded(later)) == []
