"""The journal and the state: one owner, a sequence without holes, a chain that anybody can recompute, stable identities."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import BinaryIO

import rfc8785

from driftd.store.lock import StateLock
from tests.contract.command import CLEAN, DRIFT, INCOMPLETE, USAGE, Sandbox, command, environment, eventually, run
from tests.contract.shapes import Json

GOOD = "production:\n  host: db-1.internal\n  port: 5432\n"
BAD = "production:\n  host: db-l.internal\n  port: 5432\n"
WORSE = "production:\n  host: db-l.internal\n  port: 5433\n"


def actions(events: list[Json]) -> list[str]:
    return [event["event"]["action"] for event in events]


def assert_whole(events: list[Json]) -> None:
    """Assert that the sequence has no holes, ids are unique, and the chain is what the contract says."""
    assert [event["event"]["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert len({event["event"]["id"] for event in events}) == len(events)
    before = ""
    for event in events:
        bare = {**event, "driftd": {name: value for name, value in event["driftd"].items() if name != "chain"}}
        before = "sha256:" + hashlib.sha256(before.encode() + rfc8785.dumps(bare)).hexdigest()
        assert event["driftd"]["chain"] == before, event["event"]["sequence"]


def test_a_drift_opens_updates_and_resolves_once_each(shop: Sandbox) -> None:
    for text, status in ((BAD, DRIFT), (BAD, DRIFT), (WORSE, DRIFT), (WORSE + "# more\n", DRIFT), (GOOD, CLEAN)):
        shop.write("database.yml", text)
        shop.run("run", "--once", status=status)
    told = shop.events_of("database.yml")
    assert actions(told) == ["drift-opened", "drift-updated", "drift-resolved"]
    assert len({event["driftd"]["drift_id"] for event in told}) == 1
    assert {event["driftd"]["episode"] for event in told} == {told[0]["event"]["sequence"]}
    assert told[-1]["driftd"]["resolution"] == "reverted"
    assert_whole(shop.journal())


def test_what_comes_back_is_the_same_drift_in_another_episode(shop: Sandbox) -> None:
    for text in (BAD, GOOD, BAD):
        shop.write("database.yml", text)
        shop.run("run", "--once")
    opened = [event["driftd"] for event in shop.events_of("database.yml") if event["event"]["action"] == "drift-opened"]
    assert len(opened) == 2
    assert opened[0]["drift_id"] == opened[1]["drift_id"]
    assert opened[0]["episode"] < opened[1]["episode"]
    assert shop.drift_of("database.yml")["id"] == opened[0]["drift_id"]


def test_approving_resolves_as_approved(shop: Sandbox) -> None:
    shop.write("database.yml", "production:\n  host: db-2.internal\n  port: 5432\n")
    shop.run("run", "--once", status=DRIFT)
    shop.approve()
    shop.run("run", "--once", status=CLEAN)
    told = shop.events_of("database.yml")
    assert actions(told) == ["drift-opened", "drift-resolved"]
    assert told[-1]["driftd"]["resolution"] == "approved"


def test_the_event_tells_what_a_person_on_call_needs(shop: Sandbox) -> None:
    shop.write("database.yml", BAD)
    shop.run("run", "--once", status=DRIFT)
    [event] = shop.events_of("database.yml")
    assert event["host"] == {"id": "host-under-test", "name": "api-1"}
    assert event["labels"] == {"role": "api"}
    assert event["file"]["path"] == shop.item("database.yml")
    assert event["file"]["hash"]["sha256"] == hashlib.sha256(BAD.encode()).hexdigest()
    assert event["rule"]["id"] == "SHOP-DB"
    assert event["event"]["reason"].startswith("SHOP-DB: Another host")
    assert event["event"]["reference"] == "https://wiki.example/postmortem"
    assert event["driftd"]["severity"] == "critical"
    assert event["driftd"]["fix"]
    assert event["driftd"]["controls"] == ["NIST CM-6"]
    assert event["driftd"]["baseline"]["revision"] == 1
    content = [change for change in event["driftd"]["changes"] if change["aspect"] == "content"]
    assert [(change["key"], change["before"], change["after"], change["after_line"]) for change in content] == [
        ("$.production.host", "db-1.internal", "db-l.internal", 2)
    ]
    assert "$.production.host" in event["message"]


def test_values_in_events_are_text_with_their_type(shop: Sandbox) -> None:
    shop.write("database.yml", "production:\n  host: db-1.internal\n  port: [1, {a: null}]\n")
    shop.run("run", "--once", status=DRIFT)
    [change] = shop.events_of("database.yml")[0]["driftd"]["changes"]
    assert (change["before"], change["after"]) == ("5432", '[1,{"a":null}]')


def test_a_long_value_is_cut_to_a_kilobyte(shop: Sandbox) -> None:
    shop.write("database.yml", f"production:\n  host: db-1.internal\n  port: {'ä' * 5000}\n")
    shop.run("run", "--once", status=DRIFT)
    [change] = shop.events_of("database.yml")[0]["driftd"]["changes"]
    assert 1000 < len(change["after"].encode()) <= 1024


def test_the_first_run_is_no_flood(sandbox: Sandbox) -> None:
    for number in range(40):
        sandbox.write(f"{number}.yml", "x: 1\n")
    sandbox.baseline(items=[{"path": sandbox.item("*.yml")}])
    for _ in range(2):
        sandbox.run("run", "--once", status=INCOMPLETE)
    told = actions(sandbox.events())
    assert told.count("baseline-proposed") == 1
    assert not [action for action in told if action.startswith(("drift-", "coverage-"))]


def test_what_happened_while_nobody_looked_is_found(shop: Sandbox) -> None:
    shop.run("run", "--once", status=CLEAN)
    shop.write("database.yml", BAD)
    shop.run("run", "--once", status=DRIFT)
    assert actions(shop.events_of("database.yml")) == ["drift-opened"]


def test_outputs_get_exactly_what_the_journal_has(shop: Sandbox) -> None:
    for text in (BAD, WORSE, GOOD):
        shop.write("database.yml", text)
        shop.run("run", "--once")
    recorded = shop.journal()
    sent = shop.events()
    numbers = [event["driftd"].pop("output")["sequence"] for event in sent]
    assert sent == recorded[-len(sent) :]
    assert numbers == list(range(numbers[0], numbers[0] + len(sent))), "counted across three runs"


def test_min_severity_holds_back_the_lesser(shop: Sandbox) -> None:
    shop.settings(outputs=[{"jsonl": {"path": str(shop.log), "min_severity": "critical"}}])
    shop.write("database.yml", "production:\n  host: db-1.internal\n  port: 1\n")
    shop.run("run", "--once", status=DRIFT)
    assert shop.events_of("database.yml") == []
    shop.write("database.yml", BAD)
    shop.run("run", "--once", status=DRIFT)
    assert actions(shop.events_of("database.yml")) == ["drift-updated"]


def test_the_database_can_be_thrown_away(shop: Sandbox) -> None:
    shop.write("database.yml", BAD)
    shop.run("run", "--once", status=DRIFT)
    before = shop.run("diff", "--json").json("diff")
    for file in shop.state.glob("*.db*"):
        file.unlink()
    shop.run("run", "--once", status=DRIFT)
    assert shop.run("diff", "--json").json("diff") == before
    delivered = {event["event"]["id"]: event for event in shop.events_of("database.yml")}  # at least once, the same id
    assert actions(list(delivered.values())) == ["drift-opened"]


def test_a_torn_last_line_of_the_journal_loses_nothing_that_was_recorded(shop: Sandbox) -> None:
    shop.write("database.yml", BAD)
    shop.run("run", "--once", status=DRIFT)
    recorded = shop.journal()
    segment = max((shop.state / "journal").glob("*.jsonl"))
    with segment.open("ab") as file:
        file.write(b'{"@timestamp": "2023-')
    shop.run("run", "--once", status=DRIFT)
    after = shop.journal()
    assert after[: len(recorded)] == recorded
    assert_whole(after)


def test_events_and_timeline_tell_what_the_journal_has(shop: Sandbox) -> None:
    shop.write("database.yml", BAD)
    shop.run("run", "--once", status=DRIFT)
    told = shop.run("events", "--json", "--since", "1h", status=CLEAN).events()
    assert told == shop.journal()
    assert "drift-opened" in actions(shop.run("timeline", "--json", "--since", "1h", status=CLEAN).events())
    timeline = shop.run("timeline", "--since", "1h", status=CLEAN).out
    assert "$.production.host" in timeline
    assert "critical critical" not in timeline, "the severity stands there once"


def test_only_one_owner_of_the_state(shop: Sandbox) -> None:
    with shop.daemon() as daemon:
        for arguments in (["run"], ["run", "--once"]):
            told = shop.run(*arguments, status=USAGE)
            assert str(daemon.process.pid) in told.err
        shop.run("check", status=CLEAN)


def test_whoever_holds_the_state_is_named_to_those_who_would_write_and_in_nobodys_way_who_reads(shop: Sandbox) -> None:
    approved = next(event for event in shop.journal() if event["event"]["action"] == "baseline-approved")
    assert approved["driftd"]["asked_by"]["uid"] == os.getuid(), "who approved without a daemon"
    lock = StateLock(shop.state)
    lock.acquire("driftd run --once")
    try:
        told = shop.run("approve", "--reason", "x", "--yes", status=USAGE).err
        assert re.search(rf"held by process {os.getpid()} \(driftd run --once\) since 20\d\d-", told)
        shop.run("status", status=INCOMPLETE)
        shop.run("events", status=CLEAN)
    finally:
        lock.release()


def test_killed_and_started_again_nothing_is_missed_or_repeated(shop: Sandbox) -> None:
    with shop.daemon() as daemon:
        shop.write("database.yml", BAD)
        daemon.wait_for_action("drift-opened", "database.yml")
        daemon.stop(signal.SIGKILL)
    shop.write("extra.yml", "x: 1\n")
    with shop.daemon() as daemon:
        daemon.wait_for_action("drift-opened", "extra.yml")
    for name in ("database.yml", "extra.yml"):  # what was sent and not yet noted is sent again, under the same id
        assert actions(list({event["event"]["id"]: event for event in shop.events_of(name)}.values())) == [
            "drift-opened"
        ]
    assert_whole(shop.journal())


def test_a_state_directory_that_cannot_be_written_is_said(shop: Sandbox) -> None:
    shutil.rmtree(shop.state)
    shop.state.write_text("a file\n")
    told = shop.run("run", "--once", status=USAGE)
    assert str(shop.state) in told.err


def test_a_log_that_cannot_be_written_loses_no_event(shop: Sandbox) -> None:
    shop.settings(outputs=[{"jsonl": {"path": str(shop.directory / "dir" / "events.jsonl")}}])
    shop.write("database.yml", BAD)
    told = shop.run("run", "--once")
    assert told.status in {DRIFT, INCOMPLETE}
    assert "events.jsonl" in told.err
    (shop.directory / "dir").mkdir()
    shop.run("run", "--once")
    assert "drift-opened" in (shop.directory / "dir" / "events.jsonl").read_text()


def followed(shop: Sandbox, stdout: int | BinaryIO) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*command(), "events", "--config", str(shop.config), "--follow", "--json"],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=environment(),
    )


def test_following_outlives_the_daemon_and_ends_with_an_interrupt(shop: Sandbox, tmp_path: Path) -> None:
    out = tmp_path / "followed"
    with out.open("wb") as file, followed(shop, file) as follower:
        try:
            with shop.daemon() as daemon:
                shop.write("database.yml", BAD)
                daemon.wait_for_action("drift-opened", "database.yml")
                eventually(lambda: b"drift-opened" in out.read_bytes(), "the event is followed")
                daemon.stop(signal.SIGKILL)
            with shop.daemon() as daemon:
                shop.write("database.yml", GOOD)
                daemon.wait_for_action("drift-resolved", "database.yml")
                eventually(lambda: b"drift-resolved" in out.read_bytes(), "the next daemon is followed")
            follower.send_signal(signal.SIGINT)
            _, said = follower.communicate(timeout=60)
        finally:
            follower.kill()
    assert follower.returncode == 130
    assert said == b""
    told = [json.loads(line) for line in out.read_bytes().splitlines()]
    assert told == shop.journal()[: len(told)]


def test_following_ends_quietly_when_nobody_reads_it_any_more(shop: Sandbox) -> None:
    with followed(shop, subprocess.PIPE) as follower:
        try:
            assert follower.stdout is not None
            assert follower.stdout.readline().startswith(b"{")
            follower.stdout.close()
            assert follower.wait(60) == CLEAN
            assert follower.stderr is not None
            assert follower.stderr.read() == b""
        finally:
            follower.kill()


def test_help_of_a_state_that_is_not_there(tmp_path: Path) -> None:
    run("events", "--config", tmp_path / "none.yaml", status=USAGE)
