"""Many files changed at once: every drift is recorded, few are told by themselves and the rest by one summary."""

from __future__ import annotations

import signal
from collections import Counter

import pytest

from tests.contract.command import CLEAN, DRIFT, Sandbox, eventually
from tests.contract.shapes import Json
from tests.contract.test_state import assert_whole

FILES, ALONE = 60, 10


@pytest.fixture
def fleet(sandbox: Sandbox) -> Sandbox:
    """A host with many approved files, of which more than ten at once are told together."""
    sandbox.settings(grouping={"alone": ALONE, "urgent": 5})
    change_all(sandbox, "x: 1\n")
    sandbox.baseline(items=[{"path": sandbox.item("*.yml")}])
    sandbox.approve()
    return sandbox


def change_all(sandbox: Sandbox, text: str) -> None:
    for number in range(FILES):
        sandbox.write(f"{number:03}.yml", text)


def of(events: list[Json], action: str) -> list[Json]:
    return [event for event in events if event["event"]["action"] == action]


def episodes(events: list[Json], action: str) -> Counter[tuple[str, int]]:
    return Counter((event["driftd"]["item"], event["driftd"]["episode"]) for event in of(events, action))


def test_many_at_once_are_few_events_and_one_summary_with_the_details_in_the_store(fleet: Sandbox) -> None:
    with fleet.daemon() as daemon:
        change_all(fleet, "x: 2\n")
        summary = daemon.wait_for_action("drift-summary")
        assert len(of(fleet.events(), "drift-opened")) == ALONE
        told = summary["driftd"]["summary"]
        assert (told["opened"], told["open"], told["complete"]) == (FILES - ALONE, FILES - ALONE, True)
        assert told["below"] == str(fleet.host)
        assert told["by_baseline"] == {"shop": FILES - ALONE}
        assert summary["event"]["kind"] == "alert"
        assert "driftd diff" in summary["message"]

        status = fleet.run("status", "--json", status=DRIFT).json("status")
        assert status["summary"]["drifts"] == FILES
        drifts = fleet.run("diff", "--json", status=CLEAN).json("diff")["drifts"]
        assert {drift["item"] for drift in drifts} == {fleet.item(f"{number:03}.yml") for number in range(FILES)}
        assert all(drift["changes"] for drift in drifts)

        change_all(fleet, "x: 1\n")
        settled = daemon.wait_for_action("drift-group-resolved")
        assert settled["driftd"]["group"] == summary["driftd"]["group"]
        fleet.run("status", status=CLEAN)
    journal = fleet.journal()
    assert_whole(journal)
    for action in ("drift-opened", "drift-resolved"):
        assert len(episodes(journal, action)) == FILES
        assert set(episodes(journal, action).values()) == {1}
    heard = fleet.events()
    assert episodes(heard, "drift-opened").keys() <= episodes(heard, "drift-resolved").keys()
    assert sum(one["driftd"]["summary"]["opened"] for one in of(heard, "drift-summary")) == FILES - ALONE


def test_people_see_the_summary_and_programs_every_event(fleet: Sandbox) -> None:
    change_all(fleet, "x: 2\n")
    fleet.run("run", "--once", status=DRIFT)
    shown = fleet.run("events", status=CLEAN).out
    assert shown.count("drift /") == ALONE
    assert f"{FILES - ALONE} drifts opened" in shown
    assert fleet.run("events", "--members", status=CLEAN).out.count("drift /") == FILES
    assert len(of(fleet.run("events", "--json", status=CLEAN).events(), "drift-opened")) == FILES
    for arguments, count in ((("timeline",), ALONE), (("timeline", "--members"), FILES)):
        assert len(of(fleet.run(*arguments, "--json", status=CLEAN).events(), "drift-opened")) == count
    assert f"{FILES - ALONE} drifts opened" in fleet.run("timeline", status=CLEAN).out


def test_an_output_that_asks_for_them_gets_every_event(fleet: Sandbox) -> None:
    every = fleet.directory / "every.jsonl"
    outputs = [{"jsonl": {"path": str(fleet.log)}}, {"jsonl": {"path": str(every), "members": True}}]
    fleet.settings(grouping={"alone": ALONE}, outputs=outputs)
    with fleet.daemon() as daemon:
        change_all(fleet, "x: 2\n")
        eventually(lambda: every.exists() and every.read_text().count('"drift-opened"') == FILES, "every event there")
        daemon.stop()
    assert fleet.log.read_text().count('"drift-opened"') == ALONE
    assert fleet.log.read_text().count('"drift-summary"') == every.read_text().count('"drift-summary"') == 1


def test_a_kill_in_the_middle_loses_no_drift_and_tells_none_twice(fleet: Sandbox) -> None:
    with fleet.daemon() as daemon:
        change_all(fleet, "x: 2\n")
        eventually(lambda: len(of(fleet.journal(), "drift-opened")) > 2 * ALONE, "some are told together")
        daemon.stop(signal.SIGKILL)
    assert not of(fleet.journal(), "drift-summary")
    with fleet.daemon() as daemon:
        daemon.wait_for_action("audit-completed")
        daemon.stop()
    journal, heard = fleet.journal(), fleet.events()
    assert_whole(journal)
    assert len(episodes(journal, "drift-opened")) == FILES
    assert set(episodes(journal, "drift-opened").values()) == {1}
    assert len({event["event"]["id"] for event in of(heard, "drift-opened")}) == len(of(heard, "drift-opened"))
    told = sum(one["driftd"]["summary"]["opened"] for one in of(heard, "drift-summary"))
    assert len(of(heard, "drift-opened")) + told == FILES
    assert all(one["driftd"]["summary"]["complete"] for one in of(heard, "drift-summary"))


def test_the_status_is_answered_while_thousands_of_changed_files_are_looked_at(sandbox: Sandbox) -> None:
    count = 1300
    for number in range(count):
        sandbox.write(f"{number:04}.yml", "x: 1\n")
    sandbox.baseline(items=[{"path": sandbox.item("*.yml")}])
    sandbox.approve()
    for number in range(count):
        sandbox.write(f"{number:04}.yml", "x: 2\n")
    with sandbox.daemon() as daemon:
        seen = []
        while not of(sandbox.events(), "audit-completed"):
            told = sandbox.run("status", "--json").json("status")
            assert told["daemon"]["running"]
            assert not told["daemon"]["stuck"]
            if told["daemon"]["last_deep"] is None:
                assert told["coverage"]["by_reason"]["not-audited-yet"] == 1
            seen += [audit["items"] for audit in told["audits"] if audit["running"]]
        assert seen, "an answer came while the audit was under way"
        assert seen == sorted(seen)
        told = daemon.wait_for_action("drift-summary")["driftd"]["summary"]
        assert told["opened"] + len(of(sandbox.events(), "drift-opened")) == count
        sandbox.approve()
        daemon.wait_for_action("drift-group-resolved")
        sandbox.run("status", status=CLEAN)
    resolved = of(sandbox.journal(), "drift-resolved")
    assert {event["driftd"]["resolution"] for event in resolved} == {"approved"}
    assert len(resolved) == count
