"""The daemon while its state breaks under it: it says so, goes on, and knows in the end what an independent look finds."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from driftd.clock import SystemClock
from driftd.model.event import Action, action_of, namespace, sequence_of
from driftd.store.reader import JournalReader
from driftd.store.store import Store
from tests.system.daemon_process import (
    DaemonProcess,
    Object,
    ScratchHost,
    assert_sound,
    open_drifts,
    told,
    until,
)
from tests.unit.store.made import heartbeat

NEW = "x: 2\n"
FILES = 12


@pytest.fixture
def host(tmp_path: Path) -> ScratchHost:
    """A host with some approved files, of which every other one has drifted, seen by a daemon that has ended."""
    host = ScratchHost(tmp_path)
    files = [host.write(f"{number}.yaml") for number in range(FILES)]
    host.approve()
    for file in files[::2]:
        file.write_text(NEW)
    with host.daemon() as daemon:
        daemon.wait_event(Action.AUDIT_COMPLETED)
        daemon.wait(lambda: len(open_drifts(daemon.journal)) == FILES // 2, "what has drifted is known")
        assert daemon.stop() == 0
    return host


def state_of(host: ScratchHost) -> Object:
    status: Object = json.loads(host.run("status", "--json").stdout)
    return status


def said_kinds(host: ScratchHost) -> list[str]:
    """Return what `status` says befell the state since the daemon started."""
    return [told["kind"] for told in state_of(host)["state"]["told"]]


def events(host: ScratchHost, action: Action) -> list[Object]:
    return [event for event in JournalReader(host.state / "journal").read() if action_of(event) == action]


def assert_still_right(host: ScratchHost, daemon: DaemonProcess) -> None:
    """Assert that the daemon sees a change, knows what `check` finds, and has repeated nothing."""
    file = host.write(f"{FILES - 1}.yaml", NEW)
    daemon.wait_event(Action.DRIFT_OPENED, file)
    expected = host.checked()
    daemon.wait(lambda: open_drifts(daemon.journal) == expected, "what check finds")
    for number in range(FILES):
        assert len(told(daemon.journal, host.tree / f"{number}.yaml")) <= 1, "told once"
    assert {drift["item"] for drift in state_of(host)["drifts"]} == set(expected)


def garbled(database: Path) -> None:
    database.write_bytes(b"no database " * 5000)


def emptied(database: Path) -> None:
    database.write_bytes(b"")


def cut(database: Path) -> None:
    os.truncate(database, database.stat().st_size // 2)


def gone(database: Path) -> None:
    database.unlink()


@pytest.mark.parametrize("damage", [garbled, emptied, cut, gone])
def test_a_database_that_is_broken_at_a_start_is_made_again_and_said(
    host: ScratchHost, damage: Callable[[Path], None]
) -> None:
    damage(host.state / "driftd.db")
    with host.daemon() as daemon:
        assert said_kinds(host) in (["database-damaged"], ["database-missing"])
        assert daemon.said().index("EXTEND_TIMEOUT_USEC=") < daemon.said().index("READY=1")
        assert "the state was repaired" in daemon.errors
        assert_still_right(host, daemon)
        (event,) = events(host, Action.STATE_REPAIRED)
        assert [Path(line) for line in [str(event["message"]).partition(":")[0]]] == [host.state / "driftd.db"]
        until(lambda: json.dumps(event["event"]["id"]) in host.log.read_text(), "outputs have it")
        assert_sound(daemon.journal)


@pytest.mark.parametrize("damage", [garbled, emptied, gone])
def test_a_database_that_breaks_under_the_daemon_is_made_again_and_said(
    host: ScratchHost, damage: Callable[[Path], None]
) -> None:
    with host.daemon() as daemon:
        daemon.wait_audit()
        damage(host.state / "fresh" if damage is not gone else host.state / "driftd.db")
        if damage is not gone:
            os.rename(host.state / "fresh", host.state / "driftd.db")
        assert_still_right(host, daemon)
        daemon.wait_event(Action.STATE_REPAIRED)
        assert said_kinds(host) in (["database-damaged"], ["database-missing"])
        assert daemon.stop() == 0
    with host.daemon() as daemon:
        daemon.wait_audit()
        assert said_kinds(host) == []
        assert len(events(host, Action.STATE_REPAIRED)) == 1
        assert_sound(daemon.journal)


def test_a_newer_state_is_refused_clearly_and_left_alone(host: ScratchHost) -> None:
    import sqlite3

    with sqlite3.connect(host.state / "driftd.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = (host.state / "driftd.db").read_bytes()
    with DaemonProcess(host) as daemon:
        until(lambda: daemon.process.poll() is not None, "it ends")
        assert daemon.process.returncode == 2
        assert "newer driftd" in daemon.errors
        assert "install that version again" in daemon.errors
    assert (host.state / "driftd.db").read_bytes() == before


def test_a_damaged_journal_is_kept_gone_on_from_and_named(host: ScratchHost) -> None:
    (segment,) = (host.state / "journal").glob("*.jsonl")
    lines = segment.read_bytes().splitlines(keepends=True)
    lines[-2] = b"\xff" * (len(lines[-2]) - 1) + b"\n"
    damaged = b"".join(lines)
    segment.write_bytes(damaged)
    with host.daemon() as daemon:
        assert said_kinds(host) == ["journal-damaged"]
        assert "the journal is damaged" in daemon.errors
        assert_still_right(host, daemon)
        (event,) = events(host, Action.JOURNAL_CHECKPOINT)
        named = event["driftd"]["checkpoint"]["problems"]
        assert (named[0]["line"], named[0]["reason"]) == (len(lines) - 1, "unreadable")
        assert daemon.stop() == 0
    assert segment.read_bytes().startswith(damaged)
    with host.daemon() as daemon:
        daemon.wait_audit()
        assert len(events(host, Action.JOURNAL_CHECKPOINT)) == 1, "not told again"


def test_a_file_system_that_turns_read_only_stops_recording_but_not_the_daemon(
    host: ScratchHost, require_real: Callable[[str], None]
) -> None:
    """As ext4 does when its disk fails: `remount,abort`."""
    require_real("mounts")
    require_real("mkfs.ext4")
    state, image = shlex.quote(str(host.state)), shlex.quote(str(host.directory / "image"))
    inside = (
        f"truncate -s 32M {image} && mkfs.ext4 -q {image} && cp -a {state} {state}.before && mount -o loop {image} {state}"
        f' && cp -a {state}.before/. {state}/ && exec "$@"'
    )
    with host.daemon(["unshare", "--mount", "sh", "-c", inside, "sh"]) as daemon:
        daemon.journal = JournalReader(daemon.inside(host.state / "journal"))
        daemon.wait_audit()
        recorded = list(daemon.journal.read())
        abort = [
            "nsenter",
            "--mount",
            "--target",
            str(daemon.process.pid),
            "mount",
            "-o",
            "remount,abort",
            str(host.state),
        ]
        subprocess.run(abort, check=True)
        host.write("1.yaml", NEW)
        daemon.wait(lambda: "STATUS=nothing can be recorded" in daemon.said(), "STATUS says what cannot be done")
        assert "mount that file system writable" in daemon.errors or "Input/output error" in daemon.errors
        assert "state-unwritable" in {gap["reason"] for gap in state_of(host)["coverage"]["gaps"]}
        there = list(daemon.journal.read())
        assert there[: len(recorded)] == recorded
        assert not [event for event in there if namespace(event).get("item") == str(host.tree / "1.yaml")]
        assert daemon.stop() != 2, "whoever keeps it running tries again"
        assert "Traceback" not in daemon.errors
    with host.daemon() as daemon:  # on another disk, with the state of before
        assert_still_right(host, daemon)
        assert_sound(daemon.journal)


def test_syncs_that_fail_lose_nothing(host: ScratchHost, require_real: Callable[[str], None]) -> None:
    require_real("strace")
    fails = [
        "strace",
        "-D",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "trace=fsync",
        "-e",
        "inject=fsync:error=EIO:when=3..5",
    ]
    with host.daemon(fails) as daemon:
        for number in range(1, FILES, 2):
            host.write(f"{number}.yaml", NEW)
        daemon.wait(lambda: "Input/output error: the disk or its connection fails" in daemon.errors, "it is said")
        expected = host.checked()
        daemon.wait(lambda: open_drifts(daemon.journal) == expected, "what check finds")
        daemon.wait(lambda: not state_of(host)["coverage"]["gaps"], "status is sure again")
        assert_sound(daemon.journal)


def test_a_segment_that_the_disk_does_not_give_is_left_and_gone_on_from(
    host: ScratchHost, require_real: Callable[[str], None]
) -> None:
    require_real("strace")
    (segment,) = (host.state / "journal").glob("*.jsonl")
    content, last = segment.read_bytes(), JournalReader(host.state / "journal").position().sequence
    fails = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-P", str(segment), "-e", "trace=read,pread64"]
    with host.daemon([*fails, "-e", "inject=read,pread64:error=EIO"]) as daemon:
        assert "journal-damaged" in said_kinds(host)
        assert "Input/output error" in daemon.errors
        file = host.write(f"{FILES - 1}.yaml", NEW)
        event = daemon.wait_event(Action.DRIFT_OPENED, file)
        assert sequence_of(event) > last
        expected = host.checked()
        daemon.wait(lambda: {drift["item"] for drift in state_of(host)["drifts"]} == set(expected), "what check finds")
    assert segment.read_bytes() == content
    with host.daemon() as daemon:
        daemon.wait_audit()
        assert {drift["item"] for drift in state_of(host)["drifts"]} == set(expected)


def test_a_daemon_that_has_much_to_say_keeps_within_its_limits(host: ScratchHost) -> None:
    with host.daemon() as daemon:
        host.configure(journal={"max_size": "1MiB"})
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_event(Action.DAEMON_RELOADED)
        for turn in range(80):
            write_all_anew(host, daemon, turn)
            if events(host, Action.JOURNAL_CHECKPOINT):
                break
        daemon.wait_event(Action.JOURNAL_CHECKPOINT)
        daemon.wait_audit()
        daemon.wait(lambda: daemon.journal.extent()[1] < (1 << 20) + (128 << 10), "the journal is small")
        assert daemon.journal.first_sequence() > 1
        assert daemon.journal.verify() == []
        expected = host.checked()
        daemon.wait(lambda: {drift["item"] for drift in state_of(host)["drifts"]} == set(expected), "what check finds")
        assert state_of(host)["state"]["journal"]["first"] == daemon.journal.first_sequence()
        assert daemon.stop() == 0
    delivered = [json.loads(line)["event"]["sequence"] for line in host.log.read_text().splitlines()]
    assert delivered == list(range(delivered[0], delivered[-1] + 1)), "every event, those that are gone as well"
    (host.state / "driftd.db").unlink()
    with host.daemon() as daemon:
        daemon.wait_audit()
        assert {drift["item"] for drift in state_of(host)["drifts"]} == set(expected)
        repeated = [
            namespace(event)["item"]
            for event in daemon.journal.read(delivered[-1])
            if action_of(event).startswith("drift-")
        ]
        assert repeated == []


def test_a_single_run_prunes_as_well_once_outputs_had_their_time(host: ScratchHost) -> None:
    store = Store.open(host.state, SystemClock(), "test")
    first = store.journal.last_sequence + 1
    for _ in range(6):
        store.record([heartbeat(1) | {"message": "long " * 200}] * 400)
    last = store.journal.last_sequence
    store.close()
    host.configure(journal={"max_size": "1MiB"})
    journal = JournalReader(host.state / "journal")
    assert journal.extent()[1] > 2 << 20
    assert host.run("run", "--once").returncode == 1
    assert journal.extent()[1] <= (1 << 20) + (128 << 10)
    assert journal.verify() == []
    (checkpoint,) = events(host, Action.JOURNAL_CHECKPOINT)
    assert "lost" not in checkpoint["driftd"]
    delivered = [json.loads(line)["event"]["sequence"] for line in host.log.read_text().splitlines()]
    assert set(range(first, last + 1)) <= set(delivered)


def write_all_anew(host: ScratchHost, daemon: DaemonProcess, turn: int) -> None:
    """Give every file other contents, and wait until some of it is told."""
    last = daemon.journal.position().sequence
    for number in range(FILES):
        host.write(f"{number}.yaml", f"x: {turn}\ny: {'long ' * 300}{turn}\n")
    daemon.wait(lambda: daemon.journal.position().sequence > last, "something is told")
