"""Layers: what is approved on one host and promoted for all, by labels, with values that legally differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftd.settings.host import application_id
from tests.contract.command import CLEAN, INCOMPLETE, USAGE, Result, Sandbox
from tests.contract.test_approve import approved_file, layer, manifest


def promote(sandbox: Sandbox, *arguments: str, status: int = CLEAN) -> Result:
    return sandbox.run("promote", *arguments, "--reason", "for all", "--yes", status=status)


@pytest.fixture
def pair(sandbox: Sandbox) -> Sandbox:
    """A host whose file a.yml differs from what all hosts share, as it approved for itself."""
    sandbox.write("a.yml", "x: 1\n")
    sandbox.write("b.yml", "x: 1\n")
    sandbox.baseline(items=[{"path": sandbox.item("*.yml")}])
    sandbox.approve("--shared")
    sandbox.write("a.yml", "x: 2\n")
    sandbox.approve()
    return sandbox


def as_another(sandbox: Sandbox, name: str = "api-2", **labels: str) -> None:
    sandbox.settings(host={"id": name, "name": name, "labels": labels or {"role": "api"}})


def test_what_one_host_approved_is_promoted_for_all(pair: Sandbox) -> None:
    item = pair.item("a.yml")
    told = pair.run("promote", item, "--reason", "for all", "--ticket", "OPS-1", "--yes", "--json", status=CLEAN)
    shape = told.json("promote")
    assert shape["items"] == {"shop": [item]}
    [difference] = shape["differences"]
    assert [(change["key"], change["before"], change["after"]) for change in difference["changes"]] == [("$.x", 1, 2)]
    assert shape["revisions"] == {"shop": {"shared": 2, "host": 2}}
    assert manifest(layer(pair))["items"] == {}
    assert not approved_file(layer(pair), item).exists()
    shared = manifest(layer(pair, shared=True))
    assert (shared["revision"], shared["proposed"]["reason"], shared["proposed"]["ticket"]) == (2, "for all", "OPS-1")
    pair.run("check", status=CLEAN)
    as_another(pair)
    pair.run("check", status=CLEAN)


def test_promoting_shows_what_changes_for_all_and_where_nothing_does(pair: Sandbox) -> None:
    item = pair.item("a.yml")
    as_another(pair)
    pair.write("a.yml", "x: 3\n")
    pair.approve()
    told = promote(pair, "shop")
    assert f"{item}\n  ~ $.x: 1 -> 3  line 1\n" in told.out
    assert f"{item}: nothing changes on api-1, which has a state of its own" in told.out
    pair.run("check", status=CLEAN)
    as_another(pair, "api-1")
    assert pair.drift_of("a.yml")["changes"][0]["before"] == 2


def test_an_item_is_gone_from_all_hosts_once_its_absence_is_promoted(pair: Sandbox) -> None:
    Path(pair.item("b.yml")).unlink()
    pair.approve()
    assert manifest(layer(pair))["items"][pair.item("b.yml")] == "absent"
    told = promote(pair, pair.item("b.yml"))
    assert "is gone" in told.out
    assert pair.item("b.yml") not in manifest(layer(pair, shared=True))["items"]
    as_another(pair)
    pair.write("a.yml", "x: 1\n")
    pair.run("check", status=CLEAN)


def test_what_this_host_hides_is_promoted_and_not_approved_for_all(pair: Sandbox) -> None:
    item = pair.item("a.yml")
    told = pair.approve("--shared", item, status=INCOMPLETE)
    assert "driftd promote" in told.out
    pair.write("a.yml", "x: 4\n")
    pair.write("c.yml", "x: 1\n")
    assert "nothing is approved for it" in promote(pair, pair.item("c.yml"), status=USAGE).err
    told = pair.run("approve", "--shared", "--reason", "r", "--yes", "--json", status=INCOMPLETE)
    shape = told.json("approve")
    assert shape["overridden"] == [item]
    assert list(shape["items"]["shop"]) == [pair.item("c.yml")]
    assert pair.drift_of("a.yml")["changes"][0]["before"] == 2
    assert "name items or baselines, or say --all" in promote(pair, status=USAGE).err
    assert "is in the layer of all hosts already" in promote(pair, pair.item("b.yml")).out
    approved_file(layer(pair), item).write_text("{}")
    assert "approved-corrupt" in promote(pair, "--all", status=INCOMPLETE).out


def test_the_daemon_takes_a_promotion_over_at_once(pair: Sandbox) -> None:
    with pair.daemon() as daemon:
        daemon.wait_for_action("audit-completed")
        seen = pair.events()[-1]["event"]["sequence"]
        promote(pair, "--all")
        told = daemon.wait_for_action("baseline-approved", after=seen)
        assert told["driftd"]["approval"]["reason"] == "for all"
        pair.run("status", status=CLEAN)
        pair.write("a.yml", "x: 5\n")
        opened = daemon.wait_for_action("drift-opened", "a.yml")
        assert opened["driftd"]["changes"][0]["before"] == "2"


def test_a_value_that_differs_on_each_host_is_audited_for_its_presence_alone(sandbox: Sandbox) -> None:
    names = ("listen", "number", "list", "nothing", "gone")
    sandbox.write("a.yml", "".join(f"{name}: 10.0.0.1\n" for name in names) + "port: 80\n")
    vary = [{"item": "**/a.yml", "key": f"$.{name}"} for name in names]
    sandbox.baseline(items=[{"path": sandbox.item("*.yml")}], vary=vary)
    sandbox.approve("--shared")
    as_another(sandbox)
    sandbox.write("a.yml", "listen: 10.0.0.2\nnumber: 7\nlist: [a, b]\nnothing: null\nport: 81\n")
    found = {(change["kind"], change["key"]) for change in sandbox.drift_of("a.yml")["changes"]}
    assert found == {("removed", "$.gone"), ("changed", "$.port")}


def test_another_root_is_approved_as_the_host_it_is(sandbox: Sandbox, tmp_path: Path) -> None:
    """As in a container that audits its host: neither name nor id are those of this machine."""
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc/hostname").write_text("image-7\n")
    (root / "app.yml").write_text("x: 1\n")
    sandbox.baseline(items=[{"path": "/app.yml"}])
    sandbox.settings(host={})
    words = ("approve", "--reason", "r", "--yes", "--root", root)
    assert "host.id" in sandbox.run(*words, status=USAGE).err
    (root / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    sandbox.run(*words, status=CLEAN)
    assert (sandbox.baselines / "shop/hosts/image-7/approved.json").exists()
    sandbox.root = root
    with sandbox.daemon() as daemon:
        daemon.wait_for_action("audit-completed")
        (root / "app.yml").write_text("x: 2\n")
        daemon.wait_for(lambda event: event["event"]["action"] == "drift-opened", "drift-opened")
        shape = sandbox.run("status", "--json").json("status")
        assert (shape["host"]["name"], shape["daemon"]["root"]) == ("image-7", str(root))
        assert "$.x" in sandbox.run("diff", status=CLEAN).out
        assert "audits" in sandbox.run(*words[:-1], "/", status=USAGE).err
        sandbox.run(*words[:-2], status=CLEAN)
        daemon.wait_for_action("drift-resolved")
    assert manifest(sandbox.baselines / "shop/hosts/image-7")["revision"] == 2
    [host_id] = {event["host"]["id"] for event in sandbox.journal()}
    assert host_id == application_id(bytes.fromhex("0123456789abcdef0123456789abcdef"))
