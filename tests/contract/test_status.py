"""`driftd status` in every state that a host and its daemon can be in: it answers, and its exit status says which it is."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from driftd.daemon.control import address
from tests.contract.command import CLEAN, DRIFT, INCOMPLETE, Daemon, Sandbox, eventually
from tests.contract.shapes import Json
from tests.contract.test_state import BAD, GOOD

LISTED, SHOWN = 1000, 20


def test_of_a_daemon_that_runs_and_finds_nothing(shop: Sandbox) -> None:
    with shop.daemon() as daemon:
        daemon.wait_for_action("audit-completed")
        told = shop.run("status", "--json", status=CLEAN).json("status")
        assert told["daemon"]["pid"] == daemon.process.pid
        assert (told["daemon"]["running"], told["daemon"]["stuck"]) == (True, False)
        assert told["coverage"] == {"items": 1, "compared": 1, "gaps": [], "gap_count": 0, "by_reason": {}}
        assert told["summary"] == {"drifts": 0, "by_severity": {}, "by_status": {}, "not_approved": 0}
        [audit] = told["audits"]
        assert (audit["items"], audit["running"]) == (1, False)
        assert audit["started"] == told["daemon"][f"last_{audit['depth']}"]
        assert audit["duration_us"] > 0
        assert [watch["mode"] for watch in told["watch"]] == ["live"]
        shown = shop.run("status", status=CLEAN).out
        assert f"running, pid {daemon.process.pid}" in shown
        assert "1 of 1 items compared, 0 gaps" in shown
        assert "output    jsonl: ok, backlog 0" in shown


def test_what_is_named_and_was_never_there_is_no_item_of_an_audit(shop: Sandbox) -> None:
    shop.baseline("more", items=[{"path": shop.item("may-come.yml")}])
    with shop.daemon() as daemon:
        daemon.wait_for_action("audit-completed")
        told = shop.run("status", "--json", status=CLEAN).json("status")
        checked = shop.run("check", "--json", status=CLEAN).json("check")
        counts = {checked["coverage"]["items"], told["coverage"]["items"], told["audits"][0]["items"]}
        assert counts == {1}


def test_drifts_are_counted_by_severity_and_status(shop: Sandbox) -> None:
    with shop.daemon() as daemon:
        shop.write("database.yml", BAD)
        daemon.wait_for_action("drift-opened")
        told = shop.run("status", "--json", status=DRIFT).json("status")
        assert told["summary"]["by_severity"] == {"critical": 1}
        assert told["summary"]["by_status"] == {"unapproved": 1}
        assert "1 open: 1 critical (1 unapproved)" in shop.run("status", status=DRIFT).out


def test_what_is_gone_is_an_item_as_check_counts_it(shop: Sandbox) -> None:
    with shop.daemon() as daemon:
        daemon.wait_for_action("audit-completed")
        Path(shop.item("database.yml")).unlink()
        daemon.wait_for_action("drift-opened")
        told = shop.run("status", "--json", status=DRIFT).json("status")
    found = [shop.check()["coverage"], told["coverage"], shop.run("status", "--json").json("status")["coverage"]]
    assert [(coverage["items"], coverage["compared"]) for coverage in found] == [(1, 1)] * 3


def test_gaps_are_named_with_their_reasons_and_win_over_drifts(shop: Sandbox) -> None:
    shop.write("database.yml", BAD)
    shop.write("new.txt", "x\n")
    shop.baseline("later", items=[{"path": shop.item("*.txt")}])
    with shop.daemon() as daemon:
        daemon.wait_for_action("audit-completed")
        told = shop.run("status", "--json", status=INCOMPLETE).json("status")
        assert told["coverage"]["by_reason"] == {"not-approved": 1}
        assert told["coverage"]["gaps"] == [{"item": shop.item("new.txt"), "reason": "not-approved"}]
        assert told["summary"] == {
            "drifts": 1,
            "by_severity": {"critical": 1},
            "by_status": {"unapproved": 1},
            "not_approved": 1,
        }
        shown = shop.run("status", status=INCOMPLETE).out
        assert "1 of 2 items compared, 1 gaps: 1 not-approved" in shown
        assert "1 items wait for a first approval" in shown


def test_without_a_daemon_it_says_so_and_what_was_known_last(shop: Sandbox) -> None:
    shop.write("database.yml", BAD)
    shop.run("run", "--once", status=DRIFT)
    told = shop.run("status", "--json", status=INCOMPLETE).json("status")
    assert (told["daemon"]["running"], told["daemon"]["pid"]) == (False, None)
    assert [drift["item"] for drift in told["drifts"]] == [shop.item("database.yml")]
    [audit] = told["audits"]
    assert (audit["depth"], audit["items"]) == ("deep", 1)
    assert told["daemon"]["last_deep"] == audit["started"]
    assert [(output["name"], output["state"], output["backlog"]) for output in told["outputs"]] == [
        ("jsonl", "stopped", 0)
    ]
    assert "daemon    not running" in shop.run("status", status=INCOMPLETE).out


def test_of_a_daemon_that_ends_while_it_is_asked_it_says_that_none_runs(shop: Sandbox) -> None:
    shop.write("database.yml", BAD)
    shop.run("run", "--once", status=DRIFT)

    def hang_up(listening: socket.socket) -> None:
        listening.accept()[0].close()

    with socket.socket(socket.AF_UNIX) as listening, address(shop.state / "control.sock") as short:
        listening.bind(short)
        listening.listen()
        ending = threading.Thread(target=hang_up, args=(listening,))
        ending.start()
        told = shop.run("status", "--json", status=INCOMPLETE).json("status")
        ending.join()
    assert told["daemon"]["running"] is False
    assert [drift["item"] for drift in told["drifts"]] == [shop.item("database.yml")]


def test_what_was_approved_without_a_daemon_is_covered(shop: Sandbox) -> None:
    told = shop.run("status", "--json", status=INCOMPLETE).json("status")
    assert (told["coverage"]["items"], told["coverage"]["compared"]) == (1, 1)
    assert told["coverage"]["gaps"] == []


def test_a_daemon_that_is_stopped_by_a_signal_is_stuck_and_named(shop: Sandbox) -> None:
    with shop.daemon() as daemon:
        shop.write("database.yml", BAD)
        daemon.wait_for_action("drift-opened")
        daemon.send(signal.SIGSTOP)
        told = shop.run("status", "--json", status=INCOMPLETE).json("status")
        assert (told["daemon"]["running"], told["daemon"]["stuck"]) == (True, True)
        assert told["daemon"]["pid"] == daemon.process.pid
        assert "stopped by a signal" in told["daemon"]["error"]
        assert [drift["item"] for drift in told["drifts"]] == [shop.item("database.yml")], "from the state directory"
        shown = shop.run("status", status=INCOMPLETE).out
        assert f"stuck, pid {daemon.process.pid}" in shown
        assert f"kill -CONT {daemon.process.pid}" in shown
        assert len(shop.run("diff", "--json", status=CLEAN).json("diff")["drifts"]) == 1
        daemon.send(signal.SIGCONT)
        shop.run("status", status=DRIFT)
        shop.write("database.yml", GOOD)
        daemon.wait_for_action("drift-resolved")


def test_a_loop_that_hangs_is_stuck_and_says_in_what(sandbox: Sandbox) -> None:
    """A child process that reads a big file and does not go on: it has ten seconds, and the loop waits for it."""
    sandbox.write("big.yml", big(1))
    sandbox.baseline(items=[{"path": sandbox.item("*.yml")}])
    sandbox.approve()
    with sandbox.daemon() as daemon:
        daemon.wait_for_action("audit-completed")
        told: Json = None
        for number in range(2, 1000):
            sandbox.write("big.yml", big(number))
            with stopped(eventually(lambda: children(daemon), "the child reads")):
                told = eventually(lambda: busy(sandbox, daemon), "it is said to be stuck, or it gave up")
            if told["daemon"]["stuck"]:
                break
        assert told["daemon"]["doing"] == f"looking at {sandbox.item('big.yml')}"
        assert told["daemon"]["doing_seconds"] >= 5
        assert told["outputs"][0]["name"] == "jsonl"
        assert told["coverage"]["items"] == 1, "from the state directory"
        sandbox.write("big.yml", big(1))
        eventually(lambda: sandbox.run("status").status == CLEAN, "it has recovered")


def big(number: int) -> str:
    return f"x: {number}\n" + "".join(f"k{line}: {'v' * 50}\n" for line in range(6000))


def children(daemon: Daemon) -> list[int]:
    tasks = Path(f"/proc/{daemon.process.pid}/task").glob("*/children")
    return [int(word) for task in tasks for word in task.read_text().split()]


@contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def busy(sandbox: Sandbox, daemon: Daemon) -> Json | None:
    """Return what is said while the loop does not answer, once that counts as stuck; what is said, when it goes on."""
    told = sandbox.run("status", "--json").json("status")
    if told["daemon"]["stuck"] or not children(daemon):
        return told
    return None if "doing" in told["daemon"] else told


def test_of_very_many_drifts_the_worst_are_named_and_all_are_counted(sandbox: Sandbox) -> None:
    count = LISTED + 50
    for number in range(count):
        sandbox.write(f"{number:04}.txt", "a\n")
    sandbox.baseline(items=[{"path": sandbox.item("*.txt"), "content": "digest", "attributes": []}], severity="low")
    sandbox.baseline("worse", items=[{"path": sandbox.item("worst")}], severity="critical")
    sandbox.write("worst", "a\n")
    sandbox.approve()
    for name in [f"{number:04}.txt" for number in range(count)] + ["worst"]:
        sandbox.write(name, "b\n")
    sandbox.run("run", "--once", status=DRIFT)
    told = sandbox.run("status", "--json", status=INCOMPLETE).json("status")
    assert told["summary"]["by_severity"] == {"critical": 1, "low": count}
    assert len(told["drifts"]) == LISTED
    assert told["drifts"][0]["item"] == sandbox.item("worst")
    every = sandbox.run("status", "--json", "--all", status=INCOMPLETE).json("status")
    assert len({drift["id"] for drift in every["drifts"]}) == count + 1
    shown = sandbox.run("status", status=INCOMPLETE).out
    assert f"{count + 1} open: 1 critical, {count} low" in shown
    assert shown.count(".txt  (") == SHOWN - 1
    assert f"... and {count + 1 - SHOWN} more drifts" in shown
    assert sandbox.run("status", "--all", status=INCOMPLETE).out.count(".txt  (") == count
