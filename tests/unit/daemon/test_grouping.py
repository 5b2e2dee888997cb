"""Many drifts at once, over a real tree and a real store: each is recorded, one summary tells them, and nothing is told twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from driftd.daemon.burst import BurstLimits
from driftd.model.event import Event, action_of, namespace, sequence_of, told_together
from driftd.outputs.filters import Filter
from driftd.store.known import KnownGroup
from driftd.store.reader import JournalReader
from tests.unit.daemon.test_engine import Machine, actions

FILES = 12


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine with a dozen approved files, on which three drifts are told by themselves and one bad one beyond."""
    machine = Machine(tmp_path)
    machine.limits = BurstLimits(alone=3, urgent=1)
    machine.restart()
    for number in range(FILES):
        machine.file(f"{number:02}.yaml", "port: 1\n")
    machine.audited()
    machine.approve()
    machine.audited()
    yield machine
    machine.stop()


def change_all(machine: Machine, port: int) -> None:
    for number in range(FILES):
        machine.file(f"{number:02}.yaml", f"port: {port}\n")


def told(events: list[Event]) -> list[Event]:
    """Return what an output gets of events."""
    return [event for event in events if Filter().takes(event)]


def summary_of(event: Event) -> Any:
    return namespace(event)["summary"]


def since(machine: Machine, before: int) -> list[Event]:
    return [event for event in machine.published[before:] if action_of(event) != "audit-completed"]


def test_beyond_a_few_they_are_recorded_one_by_one_and_told_by_one_summary(machine: Machine) -> None:
    before = len(machine.published)
    change_all(machine, 2)
    machine.audited()
    machine.engine.summing.sum_up(last=True)
    events = since(machine, before)
    assert actions(events) == ["drift-opened"] * FILES + ["drift-summary"]
    assert actions(told(events)) == ["drift-opened"] * 3 + ["drift-summary"]
    summary = summary_of(events[-1])
    assert (summary["opened"], summary["open"], summary["complete"]) == (FILES - 3, FILES - 3, True)
    assert [summary["first"], summary["last"]] == [sequence_of(events[3]), sequence_of(events[-2])]
    assert summary["by_baseline"] == {"app": FILES - 3}
    assert summary["by_change"] == [{"aspect": "content", "kind": "changed", "key": "$.port", "count": FILES - 3}]
    assert [drift["item"] for drift in summary["worst"]] == [
        f"{machine.etc}/{number:02}.yaml" for number in range(3, FILES)
    ]
    assert summary["worst"][0]["change"]["after"] == "2"
    assert namespace(events[-1])["severity"] == "medium"
    assert len(machine.store.database.drifts()) == FILES
    assert machine.engine.grouping.next_summary() is None


def test_each_item_has_its_details_in_the_store(machine: Machine) -> None:
    change_all(machine, 2)
    machine.audited()
    machine.engine.summing.sum_up(last=True)
    (drift,) = machine.store.database.drifts_of([f"{machine.etc}/11.yaml"])
    (change,) = drift.changes
    assert isinstance(change, dict)
    assert (change["before"], change["after"]) == ("1", "2")
    assert drift.group


def test_who_was_told_that_it_opened_is_told_that_it_is_resolved(machine: Machine) -> None:
    change_all(machine, 2)
    machine.audited()
    machine.engine.summing.sum_up(last=True)
    before = len(machine.published)
    change_all(machine, 1)
    machine.audited()
    machine.engine.summing.sum_up(last=True)
    events = since(machine, before)
    heard = told(events)
    alone = [f"{machine.etc}/{number:02}.yaml" for number in range(3)]
    resolved = [namespace(event)["item"] for event in heard if action_of(event) == "drift-resolved"]
    assert set(alone) <= set(resolved)
    assert len(resolved) == 6
    assert actions(heard)[-2:] == ["drift-summary", "drift-group-resolved"]
    assert summary_of(heard[-2])["by_resolution"] == {"reverted": FILES - 6}
    assert actions(events).count("drift-resolved") == FILES
    assert machine.store.database.groups() == []


def test_the_group_is_resolved_with_the_last_of_its_drifts_wherever_it_is_seen(machine: Machine) -> None:
    change_all(machine, 2)
    machine.audited()
    machine.engine.summing.sum_up(last=True)
    group = namespace(machine.published[-1])["group"]
    before = len(machine.published)
    for number in range(3, FILES):
        machine.looked(machine.file(f"{number:02}.yaml", "port: 1\n"))
        machine.engine.summing.sum_up(last=True)
    heard = told(since(machine, before))
    assert actions(heard)[-1] == "drift-group-resolved"
    assert namespace(heard[-1])["group"] == group
    assert actions(heard).count("drift-group-resolved") == 1
    before = len(machine.published)
    machine.restart()
    assert machine.audited() == []
    assert actions(since(machine, before)) == []


def test_one_of_them_that_changes_alone_is_told_and_stands_by_itself(machine: Machine) -> None:
    change_all(machine, 2)
    machine.audited()
    machine.engine.summing.sum_up(last=True)
    item = machine.file("07.yaml", "port: 3\n")
    (updated,) = machine.looked(item)
    assert told_together(updated) is None
    standing = machine.engine.memory.drifts.get(item)
    assert standing is not None
    assert standing.group == ""
    assert [drift.group for drift in machine.store.database.drifts_of([item])] == [""]
    machine.file("07.yaml", "port: 1\n")
    (resolved,) = machine.looked(item)
    assert told_together(resolved) is None


def test_a_bad_one_is_told_by_itself(machine: Machine) -> None:
    definition = machine.baseline / "baseline.yaml"
    definition.write_text(
        definition.read_text()
        + f"rules:\n  - {{id: R, item: {machine.etc}/09.yaml, key: $.port, require: {{const: 1}}, severity: high, why: w}}\n"
    )
    machine.reload()
    before = len(machine.published)
    change_all(machine, 2)
    machine.audited()
    machine.engine.summing.sum_up(last=True)
    heard = told(since(machine, before))
    assert actions(heard) == ["drift-opened"] * 4 + ["drift-summary"]
    assert namespace(heard[3])["item"] == f"{machine.etc}/09.yaml"
    assert summary_of(heard[4])["opened"] == FILES - 4


@pytest.mark.parametrize("how", ["killed", "killed, and the database lost"])
def test_what_was_not_summed_up_before_a_kill_is_summed_up_after_it_once(machine: Machine, how: str) -> None:
    change_all(machine, 2)
    machine.audited()
    machine.store.close()  # as a kill leaves it: nothing was said
    if "lost" in how:
        for file in (machine.etc.parent / "state").glob("driftd.db*"):
            file.unlink()
    before = len(machine.published)
    machine.start()
    heard = told(since(machine, before))
    assert actions(heard) == ["drift-summary"]
    assert (summary_of(heard[0])["opened"], summary_of(heard[0])["complete"]) == (FILES - 3, True)
    assert machine.audited() == []
    machine.restart()
    assert machine.audited() == []
    assert actions(since(machine, before)) == ["drift-summary"]


def test_while_it_goes_on_a_summary_says_so_and_the_next_one_has_all(machine: Machine) -> None:
    change_all(machine, 2)
    items = [f"{machine.etc}/{number:02}.yaml" for number in range(FILES)]
    machine.looked(*items[:8])
    grouping = machine.engine.grouping
    due = grouping.next_summary()
    assert due is not None
    assert grouping.summary(due - 0.1, last=False) is None
    assert grouping.group is not None
    (stands,) = machine.store.database.groups()
    assert (stands.id, stands.told) == (grouping.group, 0)
    machine.looked(*items[8:])
    machine.engine.summing.sum_up(last=True)
    assert summary_of(machine.published[-1])["opened"] == FILES - 3
    (stands,) = machine.store.database.groups()
    assert stands == KnownGroup(stands.id, stands.first, stands.last, stands.last)


def test_the_sequence_has_no_holes_and_the_journal_has_every_drift(machine: Machine) -> None:
    for port in (2, 3, 1):
        change_all(machine, port)
        machine.audited()
        machine.engine.summing.sum_up(last=True)
    recorded = list(JournalReader(machine.etc.parent / "state" / "journal").read())
    assert [sequence_of(event) for event in recorded] == list(range(1, len(recorded) + 1))
    for number in range(FILES):
        mine = [
            action_of(event) for event in recorded if namespace(event).get("item") == f"{machine.etc}/{number:02}.yaml"
        ]
        assert mine == ["drift-opened", "drift-updated", "drift-resolved"]
    assert not len(machine.engine.memory.drifts)
