"""Scenarios that need a host, a baseline or a user of their own. A docstring is the row of the reference: what happens; what is reported."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from driftd.model.event import Action, action_of, namespace
from tests.contract.command import WITHOUT_PRIVILEGE
from tests.system.daemon_process import Object, ScratchHost, open_drifts
from tests.system.test_scenarios import REFERENCE

NOBODY = 65534


@pytest.fixture
def host(tmp_path: Path) -> ScratchHost:
    host = ScratchHost(tmp_path)
    host.write("f.yaml", "a: 1\nb: 2\n")
    return host


def define(host: ScratchHost, *items: Object, **more: object) -> None:
    body = {"schema": "driftd/baseline/1", "name": "live", "items": list(items), **more}
    (host.baseline / "baseline.yaml").write_text(json.dumps(body))


def everything(host: ScratchHost, **more: object) -> Object:
    return {"path": str(host.tree / "**"), **more}


def checked(host: ScratchHost) -> tuple[dict[str, list[Object]], list[Object], int]:
    """Return the changes that `check` finds by name in the tree, its gaps, and its status."""
    done = host.run("check", "--json")
    found = json.loads(done.stdout)
    drifts = {drift["item"].removeprefix(f"{host.tree}/"): drift["changes"] for drift in found["drifts"]}
    return drifts, found["coverage"]["gaps"], done.returncode


def keys(changes: list[Object]) -> list[str]:
    return sorted(change["key"] for change in changes)


def test_e05(host: ScratchHost) -> None:
    """A file becomes unreadable for the daemon; coverage is lost with the reason, and nothing is called removed or empty"""
    host.approve()
    path = host.tree / "f.yaml"
    with host.daemon(WITHOUT_PRIVILEGE) as daemon:
        daemon.wait_event(Action.AUDIT_COMPLETED)
        path.chmod(0)
        daemon.wait_event(Action.COVERAGE_LOST)
        bodies: list[Object] = [namespace(event) for event in daemon.journal.read()]
        gaps = [gap for body in bodies for gap in body.get("gaps", ())]
        assert {"item": str(path), "reason": "unreadable"}.items() <= gaps[-1].items()
        drifted = [body for body in bodies if body.get("item") == str(path)]
        assert {change["kind"] for body in drifted for change in body["changes"]} <= {"changed"}
        path.chmod(0o644)
        daemon.wait_event(Action.COVERAGE_RESTORED)


def test_e06(host: ScratchHost) -> None:
    """A file is unreadable from the start, another is edited; the other is reported, the unreadable one a gap"""
    hidden = host.write("hidden.yaml")
    host.approve()
    hidden.chmod(0)
    with host.daemon(WITHOUT_PRIVILEGE) as daemon:
        daemon.wait_event(Action.COVERAGE_LOST)
        host.write("f.yaml", "a: 1\nb: 3\n")
        body: Object = namespace(daemon.wait_event(Action.DRIFT_OPENED, host.tree / "f.yaml"))
        assert keys(body["changes"]) == ["$.b"]


def test_e08(host: ScratchHost) -> None:
    """`mode` is not among the audited attributes, and changes; nothing"""
    define(host, everything(host, attributes=["owner"]))
    host.approve()
    (host.tree / "f.yaml").chmod(0o600)
    assert checked(host) == ({}, [], 0)


def test_e10(host: ScratchHost) -> None:
    """An extended attribute is set, and `xattrs` are audited; attributes `f.yaml`"""
    define(host, everything(host, attributes=["xattrs"]))
    host.approve()
    os.setxattr(host.tree / "f.yaml", "user.note", b"x")
    drifts, _, _ = checked(host)
    assert keys(drifts["f.yaml"]) == ["$.xattrs"]


def test_e12(host: ScratchHost) -> None:
    """Owner and mode change, the owner alone is audited; exactly that attribute"""
    define(host, everything(host, attributes=["mode"]))
    host.approve()
    (host.tree / "f.yaml").chmod(0o640)
    if os.geteuid() == 0:
        os.chown(host.tree / "f.yaml", NOBODY, NOBODY)
    assert keys(checked(host)[0]["f.yaml"]) == ["$.mode"]


def test_e13(host: ScratchHost) -> None:
    """An attribute was not recorded when this was approved; a gap: neither equal nor different"""
    define(host, everything(host, attributes=["owner"]))
    host.approve()
    define(host, everything(host, attributes=["owner", "mode"]))
    drifts, gaps, status = checked(host)
    assert (drifts, status) == ({}, 3)
    assert {"not-approved"} == {gap["reason"] for gap in gaps}


def test_e15(host: ScratchHost) -> None:
    """Mode, owner and a setting are broken one after the other; each is named alone"""
    host.approve()
    path = host.tree / "f.yaml"
    path.chmod(0o600)
    assert keys(checked(host)[0]["f.yaml"]) == ["$.mode"]
    path.chmod(0o644)
    path.write_text("a: 1\n")
    assert keys(checked(host)[0]["f.yaml"]) == ["$.b"]


def test_e16(host: ScratchHost) -> None:
    """A file that is approved not to be there is made; added"""
    define(host, {"path": str(host.tree / "never.yaml")}, everything(host))
    host.approve()
    host.write("never.yaml")
    assert [change["kind"] for change in checked(host)[0]["never.yaml"]] == ["added"]


def test_f01(host: ScratchHost) -> None:
    """A file of an ignored directory and another are edited; the other alone"""
    host.write("sub/g.yaml")
    define(host, everything(host), ignore=[{"item": str(host.tree / "sub/**"), "reason": "caches"}])
    host.approve()
    host.write("sub/g.yaml", "x: 2\n")
    host.write("f.yaml", "a: 2\nb: 2\n")
    assert list(checked(host)[0]) == ["f.yaml"]


def test_f02(host: ScratchHost) -> None:
    """Both an item and an `ignore` name a file; the ignore wins: nothing"""
    path = str(host.tree / "f.yaml")
    define(host, {"path": path}, ignore=[{"item": path, "reason": "a cache"}])
    host.approve()
    host.write("f.yaml", "a: 9\n")
    assert checked(host) == ({}, [], 0)


def test_f03(host: ScratchHost) -> None:
    """The pattern is `*.conf`, and `a.conf` and `a.bak` are made; added `a.conf`"""
    host.write("z.conf")
    define(host, {"path": str(host.tree / "*.conf")})
    host.approve()
    host.write("a.conf")
    host.write("a.bak")
    assert list(checked(host)[0]) == ["a.conf"]


def test_f04(host: ScratchHost) -> None:
    """Two baselines mean the same files by equally specific patterns; refused as a mistake, with both places"""
    other = host.baseline.with_name("other")
    other.mkdir()
    body = {"schema": "driftd/baseline/1", "name": "other", "items": [everything(host, attributes=["owner"])]}
    (other / "baseline.yaml").write_text(json.dumps(body))
    done = host.run("check")
    assert done.returncode == 2
    assert "live" in done.stderr
    assert "other" in done.stderr


def test_f06(host: ScratchHost) -> None:
    """A path holds `$HOME`; refused: paths are absolute, and no variable is expanded, so that everybody sees what is audited"""
    define(host, {"path": "$HOME/f.yaml"})
    done = host.run("check")
    assert done.returncode == 2
    assert "$HOME/f.yaml" in done.stderr


def test_f07(host: ScratchHost) -> None:
    """A rule with controls is broken; its change names the rule, which names its controls"""
    rule = {
        "id": "APP-A",
        "item": str(host.tree / "f.yaml"),
        "key": "$.a",
        "require": {"const": 1},
        "why": "it must be 1",
    }
    define(host, everything(host), rules=[{**rule, "controls": ["NIST CM-6"]}])
    host.approve()
    host.write("f.yaml", "a: 2\nb: 2\n")
    assert [change["rule"] for change in checked(host)[0]["f.yaml"]] == ["APP-A"]


def test_f08(host: ScratchHost) -> None:
    """An empty path; refused with file and line"""
    define(host, {"path": ""})
    done = host.run("check")
    assert done.returncode == 2
    assert "baseline.yaml:" in done.stderr


def test_f09(host: ScratchHost) -> None:
    """One file more than `max_items`; one gap that names the limit, until files are removed"""
    pattern = {"path": str(host.tree / "many/*"), "max_items": 3}
    for number in range(3):
        host.write(f"many/{number}.yaml")
    define(host, pattern)
    host.approve()
    extra = host.write("many/3.yaml")
    _, gaps, status = checked(host)
    assert [gap["reason"] for gap in gaps] == ["max-items"]
    assert status == 3
    extra.unlink()
    assert checked(host) == ({}, [], 0)


def test_f10(host: ScratchHost) -> None:
    """Beyond the limit, a file whose name begins as an audited one's is removed; nothing about the audited one"""
    for name in ("file1", "file10", "file2"):
        host.write(f"many/{name}.yaml")
    define(host, {"path": str(host.tree / "many/*"), "max_items": 2})
    host.run("approve", "--reason", "two of three", "--yes")
    (host.tree / "many/file2.yaml").unlink()
    assert checked(host)[0] == {}


def test_f11(host: ScratchHost) -> None:
    """Six hundred settings of a file change; one event that carries some of them and says that there are more"""
    host.write("f.yaml", "".join(f"k{n}: {'x' * 500}\n" for n in range(600)))
    host.approve()
    with host.daemon() as daemon:
        host.write("f.yaml", "".join(f"k{n}: {'y' * 500}\n" for n in range(600)))
        body: Object = namespace(daemon.wait_event(Action.DRIFT_OPENED, host.tree / "f.yaml"))
        assert body["change_count"] == 600
        assert 0 < len(body["changes"]) < 600


def test_f12(host: ScratchHost) -> None:
    """A file grows over `max_bytes`, and is edited; reported by its digest"""
    define(host, everything(host, max_bytes=100))
    host.write("f.yaml", "a: " + "x" * 200 + "\n")
    host.approve()
    host.write("f.yaml", "a: " + "y" * 200 + "\n")
    (change,) = checked(host)[0]["f.yaml"]
    assert (change["key"], change["aspect"]) == ("$", "content")
    assert "yyy" not in json.dumps(change)


def test_f13(host: ScratchHost) -> None:
    """A secret changes; reported, and no text of it is shown"""
    host.write("f.yaml", "password: first-Secret-77\n")
    host.approve()
    host.write("f.yaml", "password: other-Secret-88\n")
    (change,) = checked(host)[0]["f.yaml"]
    assert change["key"] == "$.password"
    assert "Secret" not in json.dumps(change)


def test_f16(host: ScratchHost) -> None:
    """A file has a second, hard link, both audited; each name is an item and is counted once"""
    (host.tree / "g.yaml").hardlink_to(host.tree / "f.yaml")
    host.approve()
    coverage = json.loads(host.run("check", "--json").stdout)["coverage"]
    names = list(host.tree.rglob("*"))
    assert (coverage["items"], coverage["compared"]) == (len(names), len(names))


def test_f17(host: ScratchHost) -> None:
    """Somebody asks what happened since a sequence, twice; each event once, then none: sequences have no holes"""
    host.approve()
    with host.daemon() as daemon:
        before = daemon.journal.position().sequence
        host.write("f.yaml", "a: 2\nb: 2\n")
        daemon.wait_event(Action.DRIFT_OPENED, host.tree / "f.yaml")
        last = daemon.journal.position().sequence
        assert any(action_of(event) == Action.DRIFT_OPENED for event in daemon.journal.read(before))
        assert list(daemon.journal.read(last)) == []


def test_f19(host: ScratchHost) -> None:
    """Files change while the daemon is stopped for a maintenance; reported at its start"""
    host.approve()
    with host.daemon() as daemon:
        daemon.wait_event(Action.AUDIT_COMPLETED)
        daemon.stop()
    host.write("f.yaml", "a: 2\nb: 2\n")
    with host.daemon() as daemon:
        daemon.wait_event(Action.DRIFT_OPENED, host.tree / "f.yaml")


def test_f20(tmp_path: Path) -> None:
    """Two daemons with states of their own audit one file, and one of them ends; both report, and the other goes on"""
    hosts = [ScratchHost(tmp_path / name) for name in "ab"]
    shared = tmp_path / "shared.yaml"
    shared.write_text("a: 1\n")
    for host in hosts:
        host.define([str(shared)])
        host.approve()
    with hosts[0].daemon() as one, hosts[1].daemon() as other:
        shared.write_text("a: 2\n")
        one.wait_event(Action.DRIFT_OPENED, shared)
        other.wait_event(Action.DRIFT_OPENED, shared)
        one.stop()
        shared.write_text("a: 3\n")
        other.wait_event(Action.DRIFT_UPDATED, shared)


def test_f21(host: ScratchHost) -> None:
    """A file is edited again while its first edit is approved; what was approved is what is seen, the rest stays drift"""
    host.approve()
    with host.daemon() as daemon:
        host.write("f.yaml", "a: 2\nb: 2\n")
        daemon.wait_event(Action.DRIFT_OPENED, host.tree / "f.yaml")
        host.approve()
        host.write("f.yaml", "a: 3\nb: 2\n")
        daemon.wait_event(Action.DRIFT_RESOLVED, host.tree / "f.yaml")

        def second_edit_is_drift() -> bool:
            return open_drifts(daemon.journal).get(str(host.tree / "f.yaml"), {}).get("after") == ["3"]

        daemon.wait(second_edit_is_drift, "the second edit is drift")


@pytest.mark.parametrize("damage", ["removed", "truncated", "altered"])
def test_f22(damage: str, host: ScratchHost) -> None:
    """What is approved is gone, cut short or altered; never clean: a gap or a refusal that names the file"""
    host.approve()
    manifest = next(host.baseline.rglob("approved.json"))
    match damage:
        case "removed":
            shutil.rmtree(manifest.parent / "approved")
        case "truncated":
            manifest.write_bytes(manifest.read_bytes()[:40])
        case _:
            item = next((manifest.parent / "approved").rglob("f.yaml.json"))
            item.write_text(item.read_text().replace('"1"', '"7"').replace(": 1", ": 7"))
    done = host.run("check", "--json")
    assert done.returncode in (2, 3), done.stdout
    assert "approved" in done.stdout + done.stderr


# What of the list has no test: the row says why.
WITHOUT_TEST = {
    "E11": "`chattr +i` is set; not compared: driftd knows mode, owner, group, ACLs, xattrs, capabilities and SELinux labels",
    "E17": "A kernel parameter changes at run time, its file does not; changed in the [command](baseline.md#commands) that asks the kernel (tests/system/test_effective.py)",
    "E18": "A file system is mounted with other options; changed in the [command](baseline.md#commands) that lists mounts (tests/system/test_effective.py)",
    "F14": "An item is no longer named; its drift resolves with `no-longer-audited`, its approved content goes with the next deep audit",
    "F15": "New files are in order, or removals; not in this version: name the files, or let `ignore` name those that come and go",
    "F18": "Fifty files are deployed while somebody holds a lock; told as they come, as one summary where they are many: no lock is asked for",
}


def test_the_reference_shows_these_as_well() -> None:
    text = REFERENCE.read_text()
    assert not [row for row in rows() if row not in text]
    assert set(re.findall(r"^\| ([A-G]\d\d) \|", text, re.MULTILINE)) >= {
        *(f"A{n:02}" for n in range(1, 21)),
        *(f"B{n:02}" for n in range(1, 23)),
        *(f"E{n:02}" for n in range(1, 19)),
        *(f"F{n:02}" for n in range(1, 24)),
    }


def rows() -> list[str]:
    """Return these scenarios as rows of the reference."""
    tests = {
        name[5:].upper(): value.__doc__ for name, value in globals().items() if re.fullmatch(r"test_[a-f]\d\d", name)
    }
    described = {**tests, **WITHOUT_TEST}
    return [f"| {name} | {(text or '').replace('; ', ' | ', 1)} |" for name, text in sorted(described.items())]


if __name__ == "__main__":
    head, _, rest = REFERENCE.read_text().partition("<!-- apart -->\n")
    _, _, tail = rest.partition("<!-- end of apart -->\n")
    table = "| | what happens | reported |\n|---|---|---|\n" + "\n".join(rows()) + "\n"
    REFERENCE.write_text(f"{head}<!-- apart -->\n{table}<!-- end of apart -->\n{tail}")
