"""Secret values leave the content store nowhere: planted in many formats, then looked for in everything that is written or said."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.contract.command import CLEAN, DRIFT, Sandbox, run

FINGERPRINT = re.compile(r"driftd-secret:[0-9a-f]{8}:[0-9a-f]+")

FIRST, SECOND = "zq7Kv9-first-Xw3", "zq7Kv9-second-Yp5"

PEM = "-----BEGIN RSA PRIVATE KEY-----\n{0}\n{0}\n-----END RSA PRIVATE KEY-----\n"

PLANTED = {
    "app.yml": "database:\n  password: {0}\n  user: app\n",
    "list.yml": "api_tokens:\n  - {0}\n",
    "app.json": '{{"smtp": {{"password": "{0}"}}, "port": 25}}\n',
    "app.toml": 'secret_key = "{0}"\n',
    "app.ini": "[db]\npassword = {0}\n",
    ".env": "DB_PASSWORD={0}\nMODE=x\n",
    "url.yml": "database_url: postgres://app:{0}@db-1/shop\n",
    "unit.service": "[Service]\nEnvironment=DB_PASSWORD={0}\n",
    "named.yml": "connection: {0}\n",
    "notes.txt": "# free text\npassword = {0}\n",
    "broken.yml": "password: {0}\nlist: [1\n",
    "pem.yml": "cert: |\n  -----BEGIN PRIVATE KEY-----\n  {0}\n  -----END PRIVATE KEY-----\n",
    "nginx.conf": 'server {{ proxy_set_header X-Api-Key "{0}"; }}\n',
    "secret-manifest.yaml": "kind: Secret\nmetadata: {{name: a}}\nstringData: {{anything: {0}}}\n",
    "cron.d/dump": "0 4 * * * root mysqldump -uroot -p{0} shop\n",
    "snmp/snmpd.conf": "rocommunity {0} 10.0.0.0/8\n",
    "main.tf": 'resource "a" "b" {{\n  password = "{0}"\n}}\n',
    "nginx/.htpasswd": "alice:{0}\n",
    "id_rsa": PEM,
    "etc/shadow": "root:{0}:19000:0:99999:7:::\n",
}
"""File -> content with one secret in it."""


def plant(sandbox: Sandbox, secret: str) -> None:
    for name, text in PLANTED.items():
        sandbox.write(name, text.format(secret))


@pytest.fixture
def planted(sandbox: Sandbox) -> Sandbox:
    plant(sandbox, FIRST)
    sandbox.baseline(
        items=[{"path": sandbox.item("**")}],
        secrets=[{"key": "$..connection"}],
        rules=[
            {"id": "R", "item": "**/app.yml", "key": "$.database.password", "require": {"maxLength": 3}, "why": "w"}
        ],
    )
    return sandbox


def leaks(text: str) -> list[str]:
    return [secret for secret in (FIRST, SECOND) if secret in text]


def leaking_files(sandbox: Sandbox) -> list[str]:
    """Return every file below the sandbox that holds a planted secret, beside the host's own and the content store's."""
    found = []
    for path in sandbox.directory.rglob("*"):
        if not path.is_file() or path.is_relative_to(sandbox.host):
            continue
        if path.is_relative_to(sandbox.state / "content"):
            continue
        if any(secret.encode() in path.read_bytes() for secret in (FIRST, SECOND)):
            found.append(str(path.relative_to(sandbox.directory)))
    return found


def test_a_changed_secret_is_drift_and_the_secret_is_nowhere(planted: Sandbox) -> None:
    spoken = []
    told = planted.run("approve", "--reason", "first", "--yes", status=CLEAN)
    spoken += [told.out, told.err]
    plant(planted, SECOND)
    for arguments in (
        ["check"],
        ["check", "--json"],
        ["run", "--once"],
        ["status"],
        ["status", "--json"],
        ["diff"],
        ["diff", "--json"],
        ["events"],
        ["events", "--json"],
        ["timeline", "--since", "1h"],
        ["doctor"],
        ["approve", "--reason", "second", "--yes"],
        ["approve", "shop", "--undo", "--reason", "third", "--yes"],
        ["run", "--once"],
    ):
        told = planted.run(*arguments)
        spoken += [told.out, told.err]
    assert leaks("\n".join(spoken)) == []
    assert leaking_files(planted) == []
    assert any(event["event"]["action"] == "drift-opened" for event in planted.events())


@pytest.mark.parametrize("name", PLANTED)
def test_every_changed_secret_is_seen(name: str, planted: Sandbox) -> None:
    planted.approve()
    planted.write(name, PLANTED[name].format(SECOND))
    drift = planted.drift_of(name)
    assert leaks(str(drift)) == []
    assert any(change["kind"] == "changed" for change in drift["changes"])


def test_an_equal_secret_is_equal(planted: Sandbox) -> None:
    planted.approve()
    planted.write("app.yml", f"database:\n  password: '{FIRST}' # quoted\n  user: app\n")
    assert planted.check()["drifts"] == planted.check()["drifts"]
    assert [
        change for drift in planted.check()["drifts"] for change in drift["changes"] if change["aspect"] == "content"
    ] == []


def test_a_secret_has_the_same_fingerprint_everywhere(planted: Sandbox) -> None:
    planted.approve()
    texts = [path.read_text() for path in (planted.baselines / "shop").rglob("app.*.json")]
    found = [FINGERPRINT.findall(text) for text in texts]
    assert len(texts) == 4
    assert all(found)
    assert len({mark for marks in found for mark in marks}) == 1


def test_a_file_with_a_secret_has_a_keyed_digest_and_no_hash(planted: Sandbox) -> None:
    planted.approve()
    for file in (planted.baselines / "shop").rglob("*.json"):
        text = file.read_text()
        if file.name == "approved.json" or '"type": "directory"' in text:
            continue
        assert '"digest": "sha256:' not in text, file
        assert '"digest": "hmac:' in text, file
    plant(planted, SECOND)
    planted.run("run", "--once")
    opened = [event for event in planted.events() if event["event"]["action"] == "drift-opened"]
    assert opened
    assert [event["file"] for event in opened if "hash" in event["file"]] == []


def test_what_was_approved_before_it_counted_as_a_secret_is_not_shown_later(sandbox: Sandbox) -> None:
    sandbox.write("app.yml", f"note: {FIRST}\nport: 80\n")
    sandbox.baseline(items=[{"path": sandbox.item("*")}])
    sandbox.approve()
    shutil.rmtree(sandbox.state / "content")  # as on a host that has pulled what another one approved
    sandbox.baseline(items=[{"path": sandbox.item("*")}], secrets=[{"key": "$.note"}])
    sandbox.write("app.yml", f"note: {FIRST}\nport: 81\n")
    drift = sandbox.drift_of("app.yml")
    assert [change["key"] for change in drift["changes"]] == ["$.port"]
    sandbox.write("app.yml", f"note: {SECOND}\nport: 80\n")
    assert [change["key"] for change in sandbox.drift_of("app.yml")["changes"]] == ["$.note"]
    assert leaks(str(sandbox.drift_of("app.yml"))) == []


def test_private_keys_and_shadow_are_compared_by_digest_alone(planted: Sandbox) -> None:
    planted.approve()
    for name in ("id_rsa", "etc/shadow"):
        [file] = (planted.baselines / "shop").rglob(Path(name).name + ".json")
        assert '"settings"' not in file.read_text()


def test_parse_and_compare_mask_without_any_key(tmp_path: Path) -> None:
    before, after = tmp_path / "a.yml", tmp_path / "b.yml"
    before.write_text(PLANTED["app.yml"].format(FIRST))
    after.write_text(PLANTED["app.yml"].format(SECOND))
    for arguments in (["parse"], ["parse", "--json"]):
        told = run(*arguments, before, status=CLEAN)
        assert leaks(told.out + told.err) == []
    for arguments in (["compare"], ["compare", "--json"]):
        told = run(*arguments, before, after, status=DRIFT)
        assert leaks(told.out + told.err) == []
    change = run("compare", "--json", before, after).json("compare")["changes"][0]
    assert change["key"] == "$.database.password"
    assert FINGERPRINT.fullmatch(change["before"])
    assert FINGERPRINT.fullmatch(change["after"])
    assert change["before"] != change["after"]


def test_an_unknown_key_is_a_gap_and_neither_drift_nor_clean(planted: Sandbox) -> None:
    planted.approve()
    assert planted.check()["coverage"]["gaps"] == []
    planted.settings(secrets={"key_file": str(planted.directory / "other.key")})
    (planted.directory / "other.key").write_bytes(bytes(range(32)).hex().encode() + b"\n")
    (planted.directory / "other.key").chmod(0o600)
    told = planted.check()
    assert planted.item("app.yml") in {gap["item"] for gap in told["coverage"]["gaps"]}
    assert [
        change
        for drift in told["drifts"]
        for change in drift["changes"]
        if change["aspect"] == "content" and "password" in change["key"]
    ] == []


def test_the_key_and_the_contents_are_for_the_owner_alone(planted: Sandbox) -> None:
    planted.approve()
    planted.run("run", "--once")
    loose = [
        (str(path), oct(path.stat().st_mode))
        for path in planted.state.rglob("*")
        if path.is_file() and path.stat().st_mode & 0o077
    ]
    assert loose == []
    assert oct(planted.log.stat().st_mode & 0o777) == "0o640"
