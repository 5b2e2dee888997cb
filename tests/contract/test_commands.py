"""Command items: what a program says is audited, approved and watched as a file is, and what it cannot say is a gap."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.contract.command import DRIFT, INCOMPLETE, USAGE, Sandbox, eventually
from tests.contract.shapes import Json

NOBODY = 65534
ITEM = "command:effective"
RIGHTS: dict[str, Json] = {"user": "root"} if os.geteuid() == 0 else {}
"""What a command needs to read what the test has written, where that is not nobody's to read."""


def effective(sandbox: Sandbox, **more: Json) -> None:
    """Write a baseline whose command says what a file of the host says."""
    sandbox.write("app.conf", "port = 22\nrequirepass = hunter2hunter2\n")
    command = {"command": ["cat", sandbox.item("app.conf")], "name": "effective", "format": "keyvalue", **RIGHTS}
    rule = {"id": "PORT", "item": ITEM, "key": "$.port", "require": {"const": "22"}, "why": "as agreed"}
    ignore = {"item": "command:*", "key": "$.started", "reason": "tells of the moment"}
    sandbox.baseline(items=[command | more], rules=[rule], ignore=[ignore])


def test_an_output_is_checked_approved_and_compared_setting_by_setting(sandbox: Sandbox) -> None:
    effective(sandbox)
    first = sandbox.check(status=INCOMPLETE)
    assert [(gap["item"], gap["reason"]) for gap in first["coverage"]["gaps"]] == [(ITEM, "not-approved")]
    sandbox.approve(ITEM)
    kept = (sandbox.baselines / "shop/hosts/api-1/approved/%/command/effective.json").read_text()
    assert '"type": "command"' in kept
    assert "hunter2" not in kept
    sandbox.write("app.conf", "port = 2222\nrequirepass = hunter2hunter3\nstarted = today\n")
    (drift,) = sandbox.check(status=DRIFT)["drifts"]
    assert drift["item"] == ITEM
    assert "hunter" not in str(drift)
    changes = [(change["key"], change["kind"], change["rule"]) for change in drift["changes"]]
    assert changes == [("$.port", "changed", "PORT"), ("$.requirepass", "changed", None)]
    assert (drift["changes"][0]["before"], drift["changes"][0]["after"]) == ("22", "2222")


def test_a_command_that_says_nothing_useful_is_a_gap_with_its_reason(
    sandbox: Sandbox, require_real: Callable[[str], None]
) -> None:
    require_real("root")
    fails = "echo 'login failed: password=hunter2hunter2' >&2; exit 4"
    items: list[Json] = [
        {"command": ["sh", "-c", fails], "name": "fails"},
        {"command": ["yes"], "name": "chatters", "max_bytes": 4096},
        {"command": ["sleep", "60"], "name": "hangs", "timeout": "200ms"},
        {"command": ["no-such-program"], "name": "missing"},
        {"command": ["id"], "name": "stranger", "user": "no-such-user"},
    ]
    sandbox.baseline(items=items, approved="none")
    gaps = {gap["item"]: gap for gap in sandbox.check(status=INCOMPLETE)["coverage"]["gaps"]}
    assert {item.removeprefix("command:"): gap["reason"] for item, gap in gaps.items()} == {
        "fails": "command-failed",
        "chatters": "command-output-too-large",
        "hangs": "command-timeout",
        "missing": "command-not-found",
        "stranger": "command-not-run",
    }
    assert gaps["command:fails"]["detail"].startswith("status 4: login failed: password=driftd-secret:")


def test_under_another_root_no_command_is_run(sandbox: Sandbox, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    sandbox.baseline(items=[{"command": ["touch", str(proof)], "name": "touches"} | RIGHTS], approved="none")
    gaps = sandbox.check("--root", str(sandbox.host), status=INCOMPLETE)["coverage"]["gaps"]
    assert [(gap["item"], gap["reason"]) for gap in gaps] == [("command:touches", "command-not-run")]
    assert not proof.exists()


def test_rights_are_given_by_root_alone(require_real: Callable[[str], None]) -> None:
    require_real("second user")
    with tempfile.TemporaryDirectory() as name:
        sandbox = Sandbox(Path(name))
        items: list[Json] = [
            {"command": ["id"], "name": "all", "privileged": True},
            {"command": ["id"], "name": "root", "user": "root"},
        ]
        sandbox.baseline(items=items, approved="none")
        for path in (sandbox.directory, *sandbox.directory.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        before = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
        told = sandbox.run("check", before=before, status=USAGE).err
    assert "items[0].privileged: only in a baseline that root alone can change" in told
    assert "items[1].user: only in a baseline that root alone can change" in told


def test_the_daemon_runs_commands_after_changes_and_waits_for_none(sandbox: Sandbox) -> None:
    effective(sandbox, when=[sandbox.item("app.conf")], every="12h")
    hangs = {"command": ["sh", "-c", f"echo $$ > {sandbox.host}/pid; exec sleep 1000"], "name": "hangs"}
    sandbox.baseline("other", items=[hangs | RIGHTS | {"timeout": "10m"}], approved="none")
    sandbox.approve(ITEM)
    with sandbox.daemon() as daemon:
        watch = {row["item"]: row for row in sandbox.run("status", "--json").json("status")["watch"]}
        assert watch[ITEM]["mode"] == "command"
        assert watch[ITEM]["reason"] == f"every 12h, and after changes of {sandbox.item('app.conf')}"
        assert watch["command:hangs"]["reason"] == "every 1h"
        hanging = int(eventually(lambda: read(sandbox.host / "pid"), "the command that hangs has begun"))
        sandbox.write("app.conf", "port = 22\n")

        def of_command(action: str) -> Callable[[Json], bool]:
            return lambda event: event["event"]["action"] == action and event["driftd"].get("item") == ITEM

        opened = daemon.wait_for(of_command("drift-opened"), "a drift of the command")
        assert opened["driftd"]["source"] == "watch"
        assert opened["driftd"]["detection_delay_us"] > 0
        assert (opened["file"]["path"], opened["file"]["type"]) == (ITEM, "command")
        assert sandbox.run("diff", ITEM, "--json").json("diff")["drifts"][0]["changes"][0]["key"] == "$.requirepass"
        sandbox.approve(ITEM)
        resolved = daemon.wait_for(of_command("drift-resolved"), "its approval")
        assert resolved["driftd"]["resolution"] == "approved"
        sandbox.baseline(items=[{"path": sandbox.item("app.conf")}])
        daemon.wait_for_action("drift-opened", "app.conf")
        status = sandbox.run("status", "--json").json("status")
    assert [drift["item"] for drift in status["drifts"]] == [sandbox.item("app.conf")]
    eventually(lambda: not Path(f"/proc/{hanging}").exists(), "what hung has ended with the daemon")


def read(path: Path) -> str:
    """Return what a file holds by now."""
    return path.read_text() if path.exists() else ""
