"""The daemon: what happens live, on reload, on rotation, at its end, and what it tells a service manager and `status`."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import stat
from pathlib import Path

import pytest

from tests.contract.command import CLEAN, DRIFT, USAGE, Daemon, Sandbox
from tests.contract.test_state import BAD, GOOD, actions, assert_whole


def test_a_change_opens_a_drift_and_its_repair_resolves_it(shop: Sandbox) -> None:
    with shop.daemon() as daemon:
        daemon.wait_for_action("audit-completed")  # which would find it as well
        shop.write("database.yml", BAD)
        opened = daemon.wait_for_action("drift-opened", "database.yml")
        assert opened["driftd"]["source"] == "watch"
        assert opened["driftd"]["detection_delay_us"] >= 0
        shop.write("database.yml", GOOD)
        resolved = daemon.wait_for_action("drift-resolved", "database.yml")
        assert resolved["driftd"]["drift_id"] == opened["driftd"]["drift_id"]
    assert daemon.status == CLEAN
    told = actions(shop.events())
    assert told.index("daemon-started") < told.index("drift-opened") < told.index("daemon-stopped")
    assert_whole(shop.journal())


def replaced(shop: Sandbox) -> None:
    shop.write("database.tmp", BAD)
    os.rename(shop.item("database.tmp"), shop.item("database.yml"))


def moved_away(shop: Sandbox) -> None:
    os.rename(shop.item("database.yml"), shop.item("database.away"))


def made_again(shop: Sandbox) -> None:
    shutil.rmtree(shop.host)
    shop.host.mkdir()
    shop.write("database.yml", BAD)


WAYS = {
    "in place": lambda shop: shop.write("database.yml", BAD),
    "by rename": replaced,
    "deleted": lambda shop: Path(shop.item("database.yml")).unlink(),
    "moved away": moved_away,
    "chmod": lambda shop: Path(shop.item("database.yml")).chmod(0o600),
    "the whole directory made again": made_again,
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_way_to_change_a_file_is_seen(way: object, shop: Sandbox) -> None:
    assert callable(way)
    with shop.daemon() as daemon:
        way(shop)
        daemon.wait_for_action("drift-opened", "database.yml")
    assert_whole(shop.journal())


def test_a_directory_made_later_is_watched(sandbox: Sandbox) -> None:
    sandbox.write("a.yml", "x: 1\n")
    sandbox.baseline(items=[{"path": sandbox.item("**/*.yml")}])
    sandbox.approve()
    with sandbox.daemon() as daemon:
        sandbox.write("deep/er/b.yml", "x: 1\n")
        daemon.wait_for_action("drift-opened", "deep/er/b.yml")
        sandbox.write("deep/er/c.yml", "x: 1\n")
        daemon.wait_for_action("drift-opened", "deep/er/c.yml")


def test_the_target_of_a_link_is_watched(sandbox: Sandbox) -> None:
    sandbox.write("elsewhere/real", "x: 1\n")
    link = Path(sandbox.item("app.yml"))
    link.symlink_to("elsewhere/real")
    sandbox.baseline(items=[{"path": str(link)}])
    sandbox.approve()
    with sandbox.daemon() as daemon:
        sandbox.write("elsewhere/real", "x: 2\n")
        daemon.wait_for_action("drift-opened", "app.yml")


def test_a_swapped_directory_link_is_seen(sandbox: Sandbox) -> None:
    """As Kubernetes replaces a ConfigMap."""
    for version in ("1", "2"):
        sandbox.write(f"..{version}/app.yml", f"x: {version}\n")
    Path(sandbox.item("..data")).symlink_to("..1")
    Path(sandbox.item("app.yml")).symlink_to("..data/app.yml")
    sandbox.baseline(items=[{"path": sandbox.item("app.yml")}])
    sandbox.approve()
    with sandbox.daemon() as daemon:
        Path(sandbox.item("..tmp")).symlink_to("..2")
        os.rename(sandbox.item("..tmp"), sandbox.item("..data"))
        daemon.wait_for_action("drift-opened", "app.yml")


def test_cosmetic_edits_and_transient_names_raise_nothing(sandbox: Sandbox) -> None:
    sandbox.write("a.yml", "x: 1\n")
    sandbox.baseline(items=[{"path": sandbox.item("**")}])
    sandbox.approve()
    with sandbox.daemon() as daemon:
        sandbox.write("a.yml", "x:  1 # the same\n")
        for name in ("4913", ".a.yml.swp", "a.yml~", "a.yml.dpkg-new"):
            sandbox.write(name, "x\n")
            Path(sandbox.item(name)).unlink()
        sandbox.write("z.yml", "x: 1\n")
        daemon.wait_for_action("drift-opened", "z.yml")
    items = {event["driftd"]["item"] for event in sandbox.events() if "item" in event["driftd"]}
    assert items == {sandbox.item("z.yml")}


def test_status_tells_what_is_drifted_now(shop: Sandbox) -> None:
    with shop.daemon() as daemon:
        daemon.wait_for_action("audit-completed")
        told = shop.run("status", "--json", status=CLEAN).json("status")
        assert told["daemon"]["running"] is True
        assert told["daemon"]["pid"] == daemon.process.pid
        assert told["daemon"]["stuck"] is False
        assert told["coverage"]["items"] == 1
        assert [output["name"] for output in told["outputs"]] == ["jsonl"]
        shop.write("database.yml", BAD)
        opened = daemon.wait_for_action("drift-opened", "database.yml")
        told = shop.run("status", "--json", status=DRIFT).json("status")
        assert [drift["id"] for drift in told["drifts"]] == [opened["driftd"]["drift_id"]]
        told = shop.run("diff", shop.item("database.yml"), "--json", status=CLEAN).json("diff")
        assert told["drifts"][0]["episode"] == opened["driftd"]["episode"]


def test_approving_beside_the_daemon_resolves_at_once(shop: Sandbox) -> None:
    with shop.daemon() as daemon:
        shop.write("database.yml", "production:\n  host: db-2.internal\n  port: 5432\n")
        daemon.wait_for_action("drift-opened", "database.yml")
        shop.approve("shop")
        resolved = daemon.wait_for_action("drift-resolved", "database.yml")
        assert resolved["driftd"]["resolution"] == "approved"
        daemon.wait_for_action("audit-completed")
        shop.run("status", status=CLEAN)
    assert "baseline-approved" in actions(shop.events())


def reload(daemon: Daemon, sandbox: Sandbox, action: str) -> None:
    seen = max((event["event"]["sequence"] for event in sandbox.events()), default=0)
    daemon.send(signal.SIGHUP)
    daemon.wait_for_action(action, after=seen)


def test_a_reload_takes_new_baselines_and_drops_old_items(shop: Sandbox) -> None:
    shop.write("other.yaml", "x: 1\n")
    with shop.daemon() as daemon:
        shop.write("database.yml", BAD)
        opened = daemon.wait_for_action("drift-opened", "database.yml")
        shop.baseline(
            approved="none",
            items=[{"path": shop.item("*.yaml")}],
            rules=[{"id": "X", "item": "**", "key": "$.x", "require": {"const": 2}, "why": "w"}],
        )
        reload(daemon, shop, "daemon-reloaded")
        daemon.wait_for_action("drift-opened", "other.yaml")
        resolved = daemon.wait_for_action("drift-resolved", "database.yml")
        assert resolved["driftd"]["resolution"] == "no-longer-audited"
        assert resolved["driftd"]["episode"] == opened["driftd"]["episode"]


def test_a_rotated_log_goes_on_in_a_new_file(shop: Sandbox) -> None:
    with shop.daemon() as daemon:
        daemon.wait_for_action("daemon-started")
        shop.log.rename(shop.directory / "events.jsonl.1")
        shop.write("database.yml", BAD)
        daemon.wait_for_action("drift-opened", "database.yml")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_orderly_and_said(number: signal.Signals, shop: Sandbox) -> None:
    with shop.daemon() as daemon:
        status = daemon.stop(number)
        assert status in ({CLEAN} if number is signal.SIGTERM else {CLEAN, 130})
        assert "STOPPING=1" in daemon.notified()
    assert actions(shop.journal())[-1] == "daemon-stopped"


def test_a_reload_is_announced_to_the_service_manager(shop: Sandbox) -> None:
    with shop.daemon() as daemon:
        reload(daemon, shop, "daemon-reloaded")
        daemon.wait_until_ready(times=2)
        said = daemon.notified()
        assert "RELOADING=1" in said
        assert any(re.fullmatch(r"MONOTONIC_USEC=\d+", word) for word in said)
        assert any(word.startswith("STATUS=") for word in said)


def test_the_control_socket_is_not_for_everybody_and_survives_nonsense(shop: Sandbox) -> None:
    with shop.daemon() as daemon:
        path = shop.state / "control.sock"
        mode = path.stat().st_mode
        assert stat.S_ISSOCK(mode)
        assert not mode & 0o007
        for nonsense in (b"\xff\xfe\n", b"{}\n", b"[" * 100_000 + b"\n", b'{"version": 99}\n', b"x" * 1_000_000):
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(30)
                client.connect(str(path))
                try:
                    client.sendall(nonsense)
                    client.shutdown(socket.SHUT_WR)
                    client.recv(65536)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # hanging up on nonsense is an answer
        assert daemon.running
        daemon.wait_for_action("audit-completed")
        shop.run("status", status=CLEAN)


def test_settings_that_are_refused_start_nothing(shop: Sandbox) -> None:
    shop.config.write_text("baselines: 7\n")
    shop.run("run", status=USAGE)


def test_a_socket_left_by_a_killed_daemon_is_in_nobodys_way(shop: Sandbox) -> None:
    with shop.daemon() as daemon:
        daemon.stop(signal.SIGKILL)
    with shop.daemon() as daemon:
        daemon.wait_for_action("audit-completed")
        shop.run("status", status=CLEAN)


def test_standard_output_is_json_when_listed_and_no_terminal(shop: Sandbox) -> None:
    shop.settings(outputs=[{"jsonl": {"path": str(shop.log)}}, {"stdout": {}}])
    with shop.daemon() as daemon:
        shop.write("database.yml", BAD)
        daemon.wait_for_action("drift-opened", "database.yml")
    lines = (shop.directory / "daemon.out").read_text().splitlines()
    assert lines
    assert all(line.startswith("{") for line in lines)


def test_without_it_standard_output_is_silent(shop: Sandbox) -> None:
    with shop.daemon() as daemon:
        shop.write("database.yml", BAD)
        daemon.wait_for_action("drift-opened", "database.yml")
    assert (shop.directory / "daemon.out").read_text() == ""
