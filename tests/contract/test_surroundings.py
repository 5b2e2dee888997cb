"""What surrounds the command: names, locales, time zones, clones, a host without /proc or with a read-only /var, a newer state."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.contract.command import (
    CLEAN,
    DRIFT,
    INCOMPLETE,
    USAGE,
    WITHOUT_PRIVILEGE,
    Sandbox,
    command,
    environment,
)
from tests.contract.test_state import BAD

NAMES = (b"caf\xe9.yml", "über.yml".encode(), b"tab\there.yml", b"esc\x1b[31m.yml", b"back\\x41slash.yml")
ASCII = ("env", "LC_ALL=C", "PYTHONUTF8=0", "PYTHONCOERCECLOCALE=0")
"""Before a command: a locale in which names of files are ASCII to Python, as they are Latin-1 in others."""


def test_every_name_that_is_printed_can_be_pasted_back_in_any_locale(sandbox: Sandbox) -> None:
    for name in NAMES:
        (sandbox.host / os.fsdecode(name)).write_text("x: 1\n")
    sandbox.baseline(items=[{"path": sandbox.item("*.yml")}])
    sandbox.approve()
    for name in NAMES:
        (sandbox.host / os.fsdecode(name)).write_text("x: 2\n")
    sandbox.run("run", "--once", status=DRIFT, before=ASCII)
    items = {drift["item"] for drift in sandbox.run("status", "--json").json("status")["drifts"]}
    assert len(items) == len(NAMES)
    shown = sandbox.run("diff", status=CLEAN, before=ASCII).out
    assert "\x1b" not in shown
    assert shown.isascii()
    pasted = {line.split()[1] for line in shown.splitlines() if line.startswith("medium")}
    told = sandbox.run("diff", "--json", *pasted, status=CLEAN, before=ASCII).json("diff")
    assert {drift["item"] for drift in told["drifts"]} == items
    told = sandbox.run("events", "--json", *(word for one in pasted for word in ("--item", one)), status=CLEAN).events()
    assert {event["driftd"]["item"] for event in told if "item" in event["driftd"]} == items
    sandbox.approve(*pasted)
    assert sandbox.check(status=CLEAN)["drifts"] == []


def test_a_locale_that_is_none_changes_nothing(shop: Sandbox) -> None:
    shop.write("database.yml", BAD)
    told = shop.run("check", "--json", status=DRIFT, LC_ALL="no such locale", LANG="tr_TR").json("check")
    assert [drift["item"] for drift in told["drifts"]] == [shop.item("database.yml")]


def test_the_time_zone_of_whoever_asks_changes_nothing(shop: Sandbox) -> None:
    shop.write("database.yml", BAD)
    shop.run("run", "--once", status=DRIFT)
    recorded = shop.run("events", "--json", TZ="UTC", status=CLEAN).out
    for zone in ("Nonsense/Zone", "XXX-14", ":/etc/passwd"):
        assert shop.run("events", "--json", TZ=zone, status=CLEAN).out == recorded
        begun = datetime.fromisoformat(json.loads(shop.run("check", "--json", TZ=zone, status=DRIFT).out)["started"])
        assert abs(datetime.now(UTC) - begun) < timedelta(hours=1)


def test_the_state_of_a_clone_goes_on_as_that_of_another_host(shop: Sandbox) -> None:
    """Its drifts are others, as its alerts are; `doctor` says whose the state is until then."""
    shop.write("database.yml", BAD)
    shop.run("run", "--once", status=DRIFT)
    [opened] = [event for event in shop.events() if event["event"]["action"] == "drift-opened"]
    shop.settings(host={"id": "the-clone", "name": "api-1", "labels": {"role": "api"}})
    told = shop.run("doctor", "--json", status=DRIFT).json("doctor")["findings"]
    [host] = [finding for finding in told if finding["name"] == "host"]
    assert (host["state"], "host-under-test" in host["message"], "the-clone" in host["message"]) == (
        "failed",
        True,
        True,
    )
    before = len(shop.events())
    shop.run("run", "--once", status=DRIFT)
    resolved, again, _ = shop.events()[before:]
    assert {event["host"]["id"] for event in (resolved, again)} == {"the-clone"}
    assert resolved["driftd"]["drift_id"] == opened["driftd"]["drift_id"] != again["driftd"]["drift_id"]
    assert (resolved["driftd"]["resolution"], again["event"]["action"]) == ("no-longer-audited", "drift-opened")


@pytest.mark.usefixtures("apart")
def test_without_a_machine_id_a_host_is_asked_for_its_id(shop: Sandbox) -> None:
    shop.settings(host={"name": "api-1"})
    config = ["--config", str(shop.config)]
    empty = "touch empty; mount --bind empty /etc/machine-id"
    for words in (["check"], ["run", "--once"], ["approve", "--reason", "x", "--yes"]):
        done = unshared(shop, empty, *words, *config)
        assert done.returncode == USAGE, done
        assert "host.id: /etc/machine-id is not initialized (set host.id" in done.stderr
    assert unshared(shop, empty, "diff", *config).returncode == CLEAN  # whoever asks need not know


def test_a_state_of_a_newer_version_is_refused_by_all_who_would_read_or_write_it(shop: Sandbox) -> None:
    shop.run("run", "--once", status=CLEAN)
    database = shop.state / "driftd.db"
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = contents(shop.state)
    for words in (["run", "--once"], ["diff"]):
        told = shop.run(*words, status=USAGE)
        assert "newer" in told.err
        assert str(database) in told.err
    told = shop.run("status", status=INCOMPLETE)
    assert "newer" in told.out
    assert contents(shop.state) == before


def test_the_state_directory_of_another_user_is_refused_and_left_alone(
    shop: Sandbox, require_real: Callable[[str], None]
) -> None:
    require_real("second user")
    before = contents(shop.state)
    os.chown(shop.state, 65534, 65534)
    for words in (["status"], ["events"], ["run", "--once"]):
        told = shop.run(*words, status=USAGE, before=WITHOUT_PRIVILEGE)
        assert str(shop.state) in told.out + told.err
        assert "unexpected" not in told.err
    assert contents(shop.state) == before


def contents(directory: Path) -> dict[str, bytes]:
    """Return every file below a directory but the lock, in which the one who tried stands."""
    return {
        str(path): path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file() and path.name != "lock"
    }


def unshared(shop: Sandbox, script: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of driftd in mount and process namespaces of its own, prepared by a script."""
    return subprocess.run(
        ["unshare", "--mount", "--fork", "sh", "-ec", f'{script}; exec "$@"', "sh", *command(), *words],
        cwd=shop.directory,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def apart(require_real: Callable[[str], None]) -> None:
    """Mounts of one's own can be made."""
    require_real("mounts")


WITHOUT_PROC = "mount -t tmpfs none /proc"


@pytest.mark.usefixtures("apart")
def test_without_proc_it_audits_and_says_what_it_cannot_know(shop: Sandbox) -> None:
    shop.write("database.yml", BAD)
    config = ["--config", str(shop.config)]
    done = unshared(shop, WITHOUT_PROC, "run", *config, "--once", "--json")
    assert done.returncode == DRIFT, done
    assert [drift["item"] for drift in json.loads(done.stdout)["drifts"]] == [shop.item("database.yml")]
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("apart")
def test_a_read_only_state_can_be_looked_at_and_refuses_what_writes(shop: Sandbox) -> None:
    shop.write("database.yml", BAD)
    shop.run("run", "--once", status=DRIFT)
    read_only = f"mount --bind {shop.state} {shop.state}; mount -o remount,bind,ro {shop.state}"
    config = ["--config", str(shop.config)]
    for words, status, said in (
        (["status", *config], INCOMPLETE, "database.yml"),
        (["log", "verify", *config], CLEAN, "intact"),
        (["approve", *config, "--reason", "x", "--yes"], USAGE, "mount that file system writable"),
        (["run", *config, "--once"], INCOMPLETE, "mount that file system writable"),
    ):
        done = unshared(shop, read_only, *words)
        assert done.returncode == status, (words, done)
        assert said in done.stdout + done.stderr, (words, done)
        assert "Traceback" not in done.stderr
