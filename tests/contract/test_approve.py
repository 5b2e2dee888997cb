"""Approving: what is written, in which layer, by whom; what it resolves; that it swallows nothing; undo."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tests.contract.command import CLEAN, DRIFT, INCOMPLETE, USAGE, Sandbox
from tests.contract.shapes import Json, assert_shape


def layer(sandbox: Sandbox, *, shared: bool = False, baseline: str = "shop") -> Path:
    """Return the directory of a layer."""
    directory = sandbox.baselines / baseline
    return directory if shared else directory / "hosts" / "api-1"


def manifest(directory: Path) -> Json:
    """Return the manifest of a layer, after its shape was judged."""
    value = json.loads((directory / "approved.json").read_text())
    assert_shape("approved", value)
    return value


def approved_file(directory: Path, item: str) -> Path:
    """Return where one item's approved state stands."""
    return directory / "approved" / (item.lstrip("/") + ".json")


def test_an_approval_is_one_canonical_file_an_item_and_a_manifest_of_digests(shop: Sandbox) -> None:
    written = manifest(layer(shop))
    item = shop.item("database.yml")
    file = approved_file(layer(shop), item)
    content = file.read_bytes()
    assert written["items"] == {item: f"sha256:{hashlib.sha256(content).hexdigest()}"}
    assert (written["revision"], written["previous"]) == (1, None)
    assert (written["proposed"]["reason"], written["proposed"]["ticket"]) == ("reviewed", None)
    assert written["proposed"]["by"]
    value = json.loads(content)
    assert_shape("approved-item", value)
    assert value["settings"] == {"production": {"host": "db-1.internal", "port": 5432}}
    assert value["digest"] == "sha256:" + hashlib.sha256(Path(item).read_bytes()).hexdigest()
    assert content == (json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def test_one_more_setting_is_one_more_line_of_the_review(shop: Sandbox) -> None:
    file = approved_file(layer(shop), shop.item("database.yml"))
    before = file.read_text().splitlines()
    shop.write("database.yml", "production:\n  host: db-1.internal\n  port: 5432\n  sslmode: require\n")
    shop.approve()
    after = file.read_text().splitlines()
    assert [line.strip(' ,"') for line in after if line not in before and "digest" not in line] != []
    assert len(after) == len(before) + 1


def test_a_drift_approved_is_clean_and_the_manifest_names_the_one_before(shop: Sandbox) -> None:
    before = (layer(shop) / "approved.json").read_bytes()
    shop.write("database.yml", "production:\n  host: db-1.internal\n  port: 6432\n")
    shop.run("check", status=DRIFT)
    told = shop.run(*("approve", "--reason", "pooler", "--ticket", "OPS-7", "--yes", "--json"), status=CLEAN).json(
        "approve"
    )
    assert [change["key"] for drift in told["drifts"] for change in drift["changes"]] == ["$.production.port"]
    shop.run("check", status=CLEAN)
    written = manifest(layer(shop))
    assert (written["revision"], written["proposed"]["ticket"]) == (2, "OPS-7")
    assert written["previous"] == f"sha256:{hashlib.sha256(before).hexdigest()}"


def test_one_item_alone(shop: Sandbox) -> None:
    shop.write("a.yml", "x: 1\n")
    shop.write("b.yml", "x: 1\n")
    shop.approve(shop.item("a.yml"))
    assert [drift["item"] for drift in shop.check(status=DRIFT)["drifts"]] == [shop.item("b.yml")]


def test_one_baseline_alone(sandbox: Sandbox) -> None:
    for name in ("one", "two"):
        sandbox.write(f"{name}.yml", "x: 1\n")
        sandbox.baseline(name, items=[{"path": sandbox.item(f"{name}.yml")}])
    sandbox.approve("one")
    told = sandbox.check(status=INCOMPLETE)
    assert [gap["item"] for gap in told["coverage"]["gaps"]] == [sandbox.item("two.yml")]


def test_an_approved_removal_is_clean(shop: Sandbox) -> None:
    shop.write("extra.yml", "x: 1\n")
    shop.approve()
    Path(shop.item("extra.yml")).unlink()
    shop.run("check", status=DRIFT)
    shop.approve()
    shop.run("check", status=CLEAN)
    assert not approved_file(layer(shop), shop.item("extra.yml")).exists()


def test_the_shared_layer_is_everybodys_and_the_hosts_overrides_whole_items(sandbox: Sandbox) -> None:
    sandbox.write("a.yml", "x: 1\n")
    sandbox.write("b.yml", "x: 1\n")
    sandbox.baseline(items=[{"path": sandbox.item("*.yml")}])
    sandbox.approve("--shared")
    assert sorted(manifest(layer(sandbox, shared=True))["items"]) == [sandbox.item("a.yml"), sandbox.item("b.yml")]
    assert not layer(sandbox).exists()
    sandbox.run("check", status=CLEAN)
    sandbox.write("a.yml", "x: 2\n")
    sandbox.approve()
    assert sorted(manifest(layer(sandbox))["items"]) == [sandbox.item("a.yml")]
    sandbox.run("check", status=CLEAN)
    sandbox.settings(host={"id": "another", "name": "api-2"})
    assert [drift["item"] for drift in sandbox.check(status=DRIFT)["drifts"]] == [sandbox.item("a.yml")]


def test_undo_brings_the_revision_before_back_as_a_new_one(shop: Sandbox) -> None:
    shop.write("database.yml", "production:\n  host: db-1.internal\n  port: 6432\n")
    shop.approve()
    shop.approve("shop", "--undo", reason="not yet")
    written = manifest(layer(shop))
    assert (written["revision"], written["proposed"]["reason"]) == (3, "not yet")
    shop.run("check", status=DRIFT)
    shop.write("database.yml", "production:\n  host: db-1.internal\n  port: 5432\n")
    shop.run("check", status=CLEAN)


def test_undo_names_a_revision_that_is_not_there(shop: Sandbox) -> None:
    told = shop.run("approve", "shop", "--undo", "9", "--reason", "x", "--yes")
    assert told.status in {DRIFT, USAGE}
    assert "9" in told.err


def test_approving_what_is_approved_writes_nothing(shop: Sandbox) -> None:
    before = (layer(shop) / "approved.json").read_bytes()
    shop.approve(reason="again")
    assert (layer(shop) / "approved.json").read_bytes() == before


def test_approve_says_what_it_is_about_to_approve(shop: Sandbox) -> None:
    shop.write("database.yml", "production:\n  host: db-1.internal\n  port: 6432\n")
    told = shop.approve()
    shown = told.out + told.err
    assert "$.production.port" in shown
    assert "6432" in shown


def test_a_rule_is_not_approved_away(shop: Sandbox) -> None:
    shop.write("database.yml", "production:\n  host: db-l.internal\n  port: 5432\n")
    shop.approve()
    told = shop.check(status=DRIFT)
    assert [change["rule"] for drift in told["drifts"] for change in drift["changes"]] == ["SHOP-DB"]


def test_what_cannot_be_read_is_not_approved(sandbox: Sandbox) -> None:
    sandbox.write("a.yml", "x: 1\n")
    sandbox.baseline(items=[{"path": sandbox.item("*.yml"), "max_items": 1}])
    sandbox.write("b.yml", "x: 1\n")
    told = sandbox.run("approve", "--reason", "x", "--yes")
    assert told.status == INCOMPLETE


def test_an_approval_is_an_event(shop: Sandbox) -> None:
    [event] = [event for event in shop.journal() if event["event"]["action"] == "baseline-approved"]
    assert event["driftd"]["baseline"]["name"] == "shop"
    assert event["driftd"]["baseline"]["revision"] == 1
    digest = hashlib.sha256((layer(shop) / "approved.json").read_bytes()).hexdigest()
    assert event["driftd"]["baseline"]["sha256"] == digest


def test_what_is_approved_is_named_even_in_hard_places(sandbox: Sandbox) -> None:
    names = ("with space.yml", "d/approved.yml", "ü.yml", "x.yml.json")
    for name in names:
        sandbox.write(name, "x: 1\n")
    sandbox.baseline(items=[{"path": sandbox.item("**")}])
    sandbox.approve()
    sandbox.run("check", status=CLEAN)
    assert {sandbox.item(name) for name in names} <= manifest(layer(sandbox))["items"].keys()


def test_of_many_items_the_first_are_shown_and_the_others_are_counted(sandbox: Sandbox) -> None:
    for number in range(130):
        sandbox.write(f"{number:03}.yml", "x: 1\n")
    sandbox.baseline(items=[{"path": sandbox.item("*.yml")}])
    assert "130 items are approved for the first time" in sandbox.approve().out
    for number in range(130):
        sandbox.write(f"{number:03}.yml", f"x: {number + 2}\n")
    told = sandbox.run("approve", "--reason", "x", "--yes", status=CLEAN)
    assert told.out.count("$.x: 1 -> ") == 100
    assert "... and 30 more items differ" in told.out
    assert "30 x content changed $.x" in told.out
    sandbox.run("check", status=CLEAN)
    for number in range(130):
        sandbox.write(f"{number:03}.yml", "x: 1\n")
    whole = sandbox.run("approve", "--reason", "x", "--yes", "--json", status=CLEAN).json("approve")
    assert len(whole["drifts"]) == len(whole["items"]["shop"]) == 130
    assert whole["revisions"] == {"shop": 3}
    assert manifest(layer(sandbox))["items"].keys() == whole["items"]["shop"].keys()
