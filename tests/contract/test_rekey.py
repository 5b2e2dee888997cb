"""Replacing the secret key: what is proved to be approved goes on being clean, all else is a gap; nothing is approved unseen."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from driftd.settings.host import application_id
from tests.contract.command import CLEAN, DRIFT, INCOMPLETE, USAGE, Sandbox

FIRST, SECOND = "zq7Kv9-first-Xw3", "zq7Kv9-second-Yp5"


@pytest.fixture
def host(sandbox: Sandbox) -> Sandbox:
    """A host with secrets in settings, in a file that is compared by digest alone, and a file without any."""
    sandbox.write("app.yml", f"db:\n  password: {FIRST}\n  user: app\n")
    sandbox.write("id_rsa", f"-----BEGIN RSA PRIVATE KEY-----\n{FIRST}\n-----END RSA PRIVATE KEY-----\n")
    sandbox.write("plain.yml", "port: 80\n")
    sandbox.baseline(items=[{"path": sandbox.item("*")}])
    sandbox.approve()
    return sandbox


def key_file(sandbox: Sandbox) -> Path:
    return sandbox.state / "secret.key"


def rekey(sandbox: Sandbox, *arguments: str, status: int = CLEAN) -> dict[str, object]:
    told: dict[str, object] = sandbox.run(
        "rekey", *arguments, "--reason", "rotated", "--yes", "--json", status=status
    ).json("rekey")
    return told


def reasons(sandbox: Sandbox) -> dict[str, str]:
    return {Path(gap["item"]).name: gap["reason"] for gap in sandbox.check()["coverage"]["gaps"]}


def approved_text(sandbox: Sandbox) -> str:
    return "".join(path.read_text() for path in sorted((sandbox.baselines / "shop").rglob("*.json")))


def test_a_new_key_leaves_what_is_approved_clean_and_everything_else_drifted(host: Sandbox) -> None:
    before = key_file(host).read_bytes()
    told = rekey(host)
    assert key_file(host).read_bytes() != before
    assert told["gaps"] == []
    assert told["items"] == {"shop": [host.item("app.yml"), host.item("id_rsa")]}
    assert host.check(status=CLEAN)["coverage"]["gaps"] == []
    assert str(told["key"]["before"]) not in approved_text(host)  # type: ignore[index]
    host.write("app.yml", f"db:\n  password: {SECOND}\n  user: app\n")
    assert [change["key"] for change in host.drift_of("app.yml")["changes"]] == ["$.db.password"]


def test_a_change_that_nobody_approved_is_not_approved_by_a_new_key(host: Sandbox) -> None:
    host.write("app.yml", f"db:\n  password: {SECOND}\n  user: mallory\n")
    rekey(host)
    keys = {change["key"] for change in host.drift_of("app.yml")["changes"]}
    assert keys == {"$.db.password", "$.db.user"}


def test_what_cannot_be_proved_is_a_gap_until_it_is_approved_again(host: Sandbox) -> None:
    shutil.rmtree(host.state / "content")
    host.write("app.yml", f"db:\n  password: {SECOND}\n  user: app\n")
    told = rekey(host, status=INCOMPLETE)
    assert [(Path(gap["item"]).name, gap["reason"]) for gap in told["gaps"]] == [("app.yml", "secret-key-unknown")]  # type: ignore[attr-defined]
    assert reasons(host) == {"app.yml": "secret-key-unknown"}
    assert host.check(status=INCOMPLETE)["drifts"] == []
    host.approve(host.item("app.yml"))
    host.check(status=CLEAN)


def test_a_file_as_it_was_approved_proves_itself_where_its_bytes_were_not_kept(host: Sandbox) -> None:
    shutil.rmtree(host.state / "content")
    assert rekey(host)["gaps"] == []
    host.check(status=CLEAN)


def test_another_host_takes_the_key_and_what_was_approved_with_it(host: Sandbox) -> None:
    host.approve("--shared", reason="nothing new")
    shared = host.baselines / "shop"
    for path in (shared / "hosts" / "api-1").iterdir():  # the host's layer becomes that of all hosts
        path.rename(shared / path.name)
    (shared / "hosts" / "api-1").rmdir()
    other = host.directory / "other-state"
    shutil.copytree(host.state, other)
    rekey(host)
    host.settings(state=str(other))  # another host with the old key, after it has pulled
    assert set(reasons(host).values()) == {"secret-key-unknown"}
    told = rekey(host, "--key", str(key_file(host)))
    assert (told["items"], told["gaps"]) == ({}, [])
    host.check(status=CLEAN)
    host.write("app.yml", f"db:\n  password: {SECOND}\n  user: app\n")
    assert [change["key"] for change in host.drift_of("app.yml")["changes"]] == ["$.db.password"]


def test_a_replacement_that_was_interrupted_goes_on_with_its_key(host: Sandbox) -> None:
    old = key_file(host).read_bytes()
    rekey(host)
    begun = key_file(host).with_name("secret.key.next")
    key_file(host).rename(begun)  # as if it had ended before the key was put in its place
    key_file(host).write_bytes(old)
    key_file(host).chmod(0o600)
    assert set(reasons(host).values()) == {"secret-key-unknown"}
    rekey(host)
    assert not begun.exists()
    host.check(status=CLEAN)


def test_a_running_daemon_goes_on_with_the_new_key(host: Sandbox) -> None:
    with host.daemon() as daemon:
        daemon.wait_for_action("audit-completed")
        assert rekey(host)["gaps"] == []
        reloaded = daemon.wait_for_action("daemon-reloaded")
        daemon.wait_for_action("audit-completed", after=reloaded["event"]["sequence"])
        assert host.run("status", "--json", status=CLEAN).json("status")["drifts"] == []
        host.write("app.yml", f"db:\n  password: {SECOND}\n  user: app\n")
        opened = daemon.wait_for_action("drift-opened", "app.yml")
        assert [change["key"] for change in opened["driftd"]["changes"]] == ["$.db.password"]
        host.approve(host.item("app.yml"))
        daemon.wait_for_action("drift-resolved", "app.yml")
    host.check(status=CLEAN)
    assert [event for event in host.events() if event["event"]["action"] == "drift-opened"] == [opened]


def test_no_is_an_answer_and_changes_nothing(host: Sandbox) -> None:
    before = key_file(host).read_bytes(), approved_text(host)
    host.run("rekey", "--reason", "rotated", status=USAGE)  # nobody is there to ask
    assert (key_file(host).read_bytes(), approved_text(host)) == before
    assert not key_file(host).with_name("secret.key.next").exists()


def test_the_key_in_use_and_no_key_are_refused(host: Sandbox) -> None:
    told = host.run("rekey", "--key", str(key_file(host)), "--reason", "x", "--yes", status=USAGE)
    assert "that is the key in use" in told.err
    told = host.run("rekey", "--key", str(host.directory / "none"), "--reason", "x", "--yes", status=USAGE)
    assert "there is no key" in told.err


def test_an_old_key_open_to_others_is_refused(host: Sandbox) -> None:
    loose = host.directory / "loose.key"
    loose.write_bytes(bytes(range(32)))
    loose.chmod(0o644)
    assert "chmod 0600" in host.run("rekey", "--key", str(loose), "--reason", "x", "--yes", status=USAGE).err


def test_the_old_key_is_kept_for_its_owner_alone(host: Sandbox) -> None:
    before = key_file(host).read_bytes()
    kept = Path(str(rekey(host)["key"]["kept"]))  # type: ignore[index]
    assert kept.read_bytes() == before
    assert oct(kept.stat().st_mode & 0o777) == "0o600"


def test_an_extended_attribute_of_another_key_is_a_gap_and_no_drift(
    sandbox: Sandbox, lacking: Callable[[str], None]
) -> None:
    import os

    path = sandbox.write("app.conf", "a = 1\n")
    try:
        os.setxattr(path, "user.note", b"mine")
    except OSError:
        lacking("extended attributes of users")
    sandbox.baseline(items=[{"path": sandbox.item("*"), "attributes": ["mode", "xattrs"]}])
    sandbox.approve()
    key = key_file(sandbox).read_bytes()
    key_file(sandbox).write_bytes(bytes(32))
    assert sandbox.check(status=INCOMPLETE)["drifts"] == []
    key_file(sandbox).write_bytes(key)
    assert rekey(sandbox)["gaps"] == []
    sandbox.check(status=CLEAN)
    os.setxattr(path, "user.note", b"theirs")
    sandbox.check(status=DRIFT)


def test_what_was_approved_with_a_third_key_and_what_is_corrupt_is_left_and_named(host: Sandbox) -> None:
    [corrupt] = (host.baselines / "shop").rglob("id_rsa.json")
    corrupt.write_text("{}")
    key_file(host).write_bytes(bytes(range(32)))  # replaced by hand: nobody has the key that approved
    before = approved_text(host)
    told = rekey(host, status=INCOMPLETE)
    assert {Path(gap["item"]).name: gap["reason"] for gap in told["gaps"]} == {  # type: ignore[attr-defined]
        "app.yml": "secret-key-unknown",
        "id_rsa": "approved-corrupt",
    }
    assert told["revisions"] == {}
    assert approved_text(host) == before
    assert host.check(status=INCOMPLETE)["drifts"] == []


def test_an_undo_that_reaches_behind_the_new_key_is_a_gap(host: Sandbox) -> None:
    rekey(host)
    host.approve("shop", "--undo", "1")
    assert set(reasons(host).values()) == {"secret-key-unknown"}
    assert host.check(status=INCOMPLETE)["drifts"] == []


def test_another_root_gets_a_new_key_as_the_host_it_is(sandbox: Sandbox, tmp_path: Path) -> None:
    """As where `run --once --root /host` audits a host from a container: no daemon says which tree is meant."""
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    (root / "app.yml").write_text(f"password: {FIRST}\n")
    sandbox.baseline(items=[{"path": "/app.yml"}])
    sandbox.settings(host={})
    there = ("--root", str(root))
    sandbox.approve(*there)
    before = key_file(sandbox).read_bytes()
    assert "no-such" in sandbox.run("rekey", "--root", "no-such", "--reason", "r", status=USAGE).err
    assert key_file(sandbox).read_bytes() == before
    assert rekey(sandbox, *there)["items"] == {"shop": ["/app.yml"]}
    assert key_file(sandbox).read_bytes() != before
    assert sandbox.check(*there, status=CLEAN)["coverage"]["gaps"] == []
    ids = {event["host"]["id"] for event in sandbox.journal()}
    assert ids == {application_id(bytes.fromhex("0123456789abcdef0123456789abcdef"))}
