"""What events mean, against a second, plain reading of the same history; and the database against both."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from driftd.model.document import Json
from driftd.model.event import Action, Event
from driftd.store.database import Database
from driftd.store.known import Delivered, DriftStands, OpenDrift, Pruned, Started
from driftd.store.replay import IncomprehensibleError, replayed
from tests.unit.store.made import StandingClock, drift, event, opened
from tests.unit.store.plain import PlainState, assert_same, events


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


def test_what_receivers_refused_is_told_with_how_far_they_have_come() -> None:
    told = event(
        Action.DELIVERY_REFUSED, refused={"webhook": 3}, delivered={"webhook": 9}, output_sequences={"webhook": 7}
    )
    assert replayed(recorded(told)) == [Delivered("webhook", 0, refused=3), Delivered("webhook", 9, number=7)]


def test_a_checkpoint_tells_what_is_gone_and_who_lost_what() -> None:
    told = event(Action.JOURNAL_CHECKPOINT, checkpoint={"sequence": 40}, lost={"jsonl": 7})
    assert replayed(recorded(told)) == [Pruned(40), Delivered("jsonl", 40, lost=7)]
    assert replayed(recorded(event(Action.JOURNAL_CHECKPOINT, checkpoint={"problems": []}))) == []
    assert replayed(recorded(event(Action.DAEMON_STARTED))) == [Started(5)]


def test_actions_of_later_versions_change_nothing() -> None:
    later = event(Action.DAEMON_HEARTBEAT)
    assert isinstance(later["event"], dict)
    later["event"]["action"] = "restore-completed"
    assert replayed(recorded(later)) == []
