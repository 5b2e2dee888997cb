"""What an audit looks at and says: existence, content, attributes, parsing, rules, gaps, globs, ownership."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from driftd.model.item import shown_path
from tests.contract.command import CLEAN, DRIFT, INCOMPLETE, USAGE, WITHOUT_PRIVILEGE, Sandbox, run
from tests.contract.shapes import Json


def snapshot(directory: Path) -> list[tuple[str, int, int, int]]:
    """Return name, inode, size and time of everything below a directory."""
    return sorted((str(path), (st := path.lstat()).st_ino, st.st_size, st.st_mtime_ns) for path in directory.rglob("*"))


def brief(drift: Json) -> list[tuple[str, str, str]]:
    """Return aspect, kind and key of every change of a drift."""
    return [(change["aspect"], change["kind"], change["key"]) for change in drift["changes"]]


def one_change(sandbox: Sandbox, name: str) -> Json:
    """Return the one change of an item."""
    changes = sandbox.drift_of(name)["changes"]
    assert len(changes) == 1, changes
    return changes[0]


# --- check leaves no trace


def test_check_makes_no_state(sandbox: Sandbox) -> None:
    sandbox.write("a.yml", "password: hunter2\n")
    sandbox.baseline(items=[{"path": sandbox.item("*.yml")}])
    before = snapshot(sandbox.directory)
    sandbox.run("check", status=INCOMPLETE)
    assert snapshot(sandbox.directory) == before


def test_check_changes_no_state_and_emits_nothing(shop: Sandbox) -> None:
    shop.run("run", "--once", status=CLEAN)
    shop.write("database.yml", "production:\n  host: db-3\n  port: 5432\n")
    before = snapshot(shop.directory)
    shop.run("check", status=DRIFT)
    assert snapshot(shop.directory) == before


# --- the aspects


def test_a_changed_setting(shop: Sandbox) -> None:
    shop.write("database.yml", "# moved down\nproduction:\n  host: db-1.internal\n  port: 5433\n")
    change = one_change(shop, "database.yml")
    assert (change["aspect"], change["kind"], change["key"]) == ("content", "changed", "$.production.port")
    assert (change["before"], change["after"]) == (5432, 5433)
    assert (change["before_line"], change["after_line"]) == (3, 4)
    assert (change["severity"], change["status"], change["rule"]) == ("high", "unapproved", None)


def test_the_worst_change_gives_a_drift_its_severity(shop: Sandbox) -> None:
    shop.write("database.yml", "production:\n  host: db-l.internal\n  port: 1\n")
    drift = shop.drift_of("database.yml")
    assert drift["severity"] == "critical"
    assert {change["severity"] for change in drift["changes"]} >= {"high", "critical"}
    assert any(change["rule"] == "SHOP-DB" for change in drift["changes"])


def test_a_new_match_and_a_vanished_one(shop: Sandbox) -> None:
    shop.write("new.yml", "a: 1\n")
    Path(shop.item("database.yml")).unlink()
    assert brief(shop.drift_of("new.yml")) == [("existence", "added", "$")]
    assert ("existence", "removed", "$") in brief(shop.drift_of("database.yml"))


def test_a_changed_mode(shop: Sandbox) -> None:
    path = Path(shop.item("database.yml"))
    before = f"{path.stat().st_mode & 0o7777:04o}"
    path.chmod(0o600)
    change = one_change(shop, "database.yml")
    assert (change["aspect"], change["kind"], change["key"]) == ("attributes", "changed", "$.mode")
    assert (change["before"], change["after"]) == (before, "0600")


def test_an_owner_is_named(shop: Sandbox, require_real: Callable[[str], None]) -> None:
    require_real("root")
    os.chown(shop.item("database.yml"), 65534, -1)
    change = one_change(shop, "database.yml")
    assert change["key"] == "$.owner"
    assert change["before"] == "root"


def test_a_file_that_stops_parsing_is_drift_with_a_line(shop: Sandbox) -> None:
    shop.write("database.yml", "production:\n  host: [db-1.internal\n  port: 5432\n")
    drift = shop.drift_of("database.yml")
    parse = [change for change in drift["changes"] if change["aspect"] == "parse"]
    assert [change["key"] for change in parse] == ["$"]
    assert parse[0]["after_line"]
    assert any(change["aspect"] == "content" for change in drift["changes"])


def test_digest_content_is_one_change(sandbox: Sandbox) -> None:
    sandbox.write("app.bin", "a: 1\nb: 2\n")
    sandbox.baseline(items=[{"path": sandbox.item("*.bin"), "content": "digest"}])
    sandbox.approve()
    sandbox.write("app.bin", "a: 1\nb: 2\n\n")
    assert brief(sandbox.drift_of("app.bin")) == [("content", "changed", "$")]


def test_content_none_looks_at_attributes_alone(sandbox: Sandbox) -> None:
    path = Path(sandbox.write("app.log", "one\n"))
    sandbox.baseline(items=[{"path": sandbox.item("*.log"), "content": "none"}])
    sandbox.approve()
    sandbox.write("app.log", "two\n")
    sandbox.run("check", status=CLEAN)
    path.chmod(0o777)
    sandbox.run("check", status=DRIFT)


def test_larger_than_max_bytes_is_compared_by_digest(sandbox: Sandbox) -> None:
    sandbox.write("big.yml", "a: 1\nb: 2\n")
    sandbox.baseline(items=[{"path": sandbox.item("*.yml"), "max_bytes": 5}])
    sandbox.approve()
    note = "larger than max_bytes: compared by digest"
    coverage = sandbox.check(status=CLEAN)["coverage"]
    assert (coverage["gaps"], coverage["notes"]) == ([], [{"item": sandbox.item("big.yml"), "note": note}])
    assert f"note {sandbox.item('big.yml')}  ({note})" in sandbox.run("run", "--once", status=CLEAN).out
    sandbox.write("big.yml", "a: 1\nb: 3\n")
    assert brief(sandbox.drift_of("big.yml")) == [("content", "changed", "$")]
    assert sandbox.check()["coverage"]["notes"]


# --- rules


def rules_only(sandbox: Sandbox, *rules: Json) -> None:
    sandbox.baseline(
        approved="none",
        items=[{"path": sandbox.item("*.yml")}],
        rules=[{"item": sandbox.item("*.yml"), "why": "because", **rule} for rule in rules],
    )


def test_rules_hold_where_nothing_is_ever_approved(sandbox: Sandbox) -> None:
    sandbox.write("a.yml", "port: 80\n")
    rules_only(sandbox, {"id": "R1", "key": "$.port", "require": {"minimum": 1024}, "severity": "low"})
    told = sandbox.check(status=DRIFT)
    assert told["coverage"]["gaps"] == []
    [drift] = told["drifts"]
    [change] = drift["changes"]
    assert (change["aspect"], change["key"], change["rule"]) == ("rule", "$.port", "R1")
    assert (drift["severity"], change["after"], change["after_line"]) == ("low", 80, 1)
    sandbox.write("a.yml", "port: 8080\n")
    sandbox.run("check", status=CLEAN)


def test_a_missing_key_violates_unless_it_is_optional(sandbox: Sandbox) -> None:
    sandbox.write("a.yml", "x: 1\n")
    rules_only(
        sandbox,
        {"id": "NEEDED", "key": "$.port", "require": {"type": "integer"}},
        {"id": "OPTIONAL", "key": "$.port", "require": {"type": "integer"}, "optional": True},
    )
    assert [change["rule"] for change in sandbox.drift_of("a.yml")["changes"]] == ["NEEDED"]


def test_numbers_and_booleans_are_as_the_format_types_them(sandbox: Sandbox) -> None:
    sandbox.write("a.yml", "port: '80'\n")
    rules_only(sandbox, {"id": "TYPED", "key": "$.port", "require": {"type": "integer"}})
    assert sandbox.drift_of("a.yml")["changes"][0]["rule"] == "TYPED"


def test_a_rule_speaks_before_the_first_approval(sandbox: Sandbox) -> None:
    sandbox.write("a.yml", "port: 80\n")
    sandbox.baseline(
        items=[{"path": sandbox.item("*.yml")}],
        rules=[{"id": "R", "item": "**", "key": "$.port", "require": False, "why": "no ports"}],
    )
    told = sandbox.check(status=INCOMPLETE)
    assert [change["rule"] for drift in told["drifts"] for change in drift["changes"]] == ["R"]
    assert told["summary"]["not_approved"] == 1


# --- ignore, vary, identify


def test_an_ignored_key_may_differ_and_its_neighbours_may_not(sandbox: Sandbox) -> None:
    sandbox.write("a.yml", "build: {stamp: 1, name: x}\n")
    sandbox.baseline(
        items=[{"path": sandbox.item("*.yml")}],
        ignore=[{"item": sandbox.item("*.yml"), "key": "$..stamp", "reason": "rewritten by each deploy"}],
    )
    sandbox.approve()
    sandbox.write("a.yml", "build: {stamp: 2, name: x}\n")
    sandbox.run("check", status=CLEAN)
    sandbox.write("a.yml", "build: {stamp: 2, name: y}\n")
    assert one_change(sandbox, "a.yml")["key"] == "$.build.name"


def test_an_ignored_item_is_counted_and_not_audited(sandbox: Sandbox) -> None:
    sandbox.write("a.yml", "x: 1\n")
    sandbox.write("b.yml", "x: 1\n")
    sandbox.baseline(
        items=[{"path": sandbox.item("*.yml")}], ignore=[{"item": sandbox.item("b.yml"), "reason": "scratch"}]
    )
    sandbox.approve()
    sandbox.write("b.yml", "x: 2\n")
    coverage = sandbox.check(status=CLEAN)["coverage"]
    assert (coverage["items"], coverage["compared"], coverage["ignored"]) == (1, 1, 1)


def test_what_varies_has_to_be_there(sandbox: Sandbox) -> None:
    sandbox.write("a.yml", "id: 1\nx: 1\n")
    sandbox.baseline(items=[{"path": sandbox.item("*.yml")}], vary=[{"item": "**", "key": "$.id"}])
    sandbox.approve()
    sandbox.write("a.yml", "id: 2\nx: 1\n")
    sandbox.run("check", status=CLEAN)
    sandbox.write("a.yml", "x: 1\n")
    assert brief(sandbox.drift_of("a.yml")) == [("content", "removed", "$.id")]


def test_identify_names_list_members(sandbox: Sandbox) -> None:
    sandbox.write("a.yml", "users:\n- {mail: a, uid: 1}\n- {mail: b, uid: 2}\n")
    sandbox.baseline(
        items=[{"path": sandbox.item("*.yml")}],
        identify=[{"item": "**", "key": "$.users", "by": ["mail"]}],
    )
    sandbox.approve()
    sandbox.write("a.yml", "users:\n- {mail: new, uid: 0}\n- {mail: a, uid: 1}\n- {mail: b, uid: 3}\n")
    keys = {(kind, key) for _, kind, key in brief(sandbox.drift_of("a.yml"))}
    assert keys == {("added", "$.users[?@.mail=='new']"), ("changed", "$.users[?@.mail=='b'].uid")}


# --- gaps


def unprivileged(require_real: Callable[[str], None]) -> tuple[str, ...]:
    if os.geteuid() != 0:
        return ()
    require_real("setpriv")
    return WITHOUT_PRIVILEGE


def test_what_cannot_be_read_is_a_gap_and_not_gone(shop: Sandbox, require_real: Callable[[str], None]) -> None:
    before = unprivileged(require_real)
    Path(shop.item("database.yml")).chmod(0)
    told = shop.run("check", "--json", status=INCOMPLETE, before=before).json("check")
    assert [gap["item"] for gap in told["coverage"]["gaps"]] == [shop.item("database.yml")]
    assert not [change for drift in told["drifts"] for change in drift["changes"] if change["aspect"] == "existence"]


def test_a_directory_that_cannot_be_read_is_a_gap(sandbox: Sandbox, require_real: Callable[[str], None]) -> None:
    before = unprivileged(require_real)
    sandbox.write("conf.d/a.yml", "x: 1\n")
    sandbox.baseline(items=[{"path": sandbox.item("conf.d/*.yml")}])
    sandbox.approve()
    directory = Path(sandbox.item("conf.d"))
    directory.chmod(0)
    try:
        told = sandbox.run("check", "--json", status=INCOMPLETE, before=before).json("check")
    finally:
        directory.chmod(0o755)
    assert told["coverage"]["gaps"]
    assert told["drifts"] == []


def test_more_than_max_items_is_a_gap(sandbox: Sandbox) -> None:
    for number in range(5):
        sandbox.write(f"{number}.yml", "x: 1\n")
    sandbox.baseline(approved="none", items=[{"path": sandbox.item("*.yml"), "max_items": 3}])
    told = sandbox.check(status=INCOMPLETE)
    assert told["coverage"]["gaps"]
    assert told["coverage"]["compared"] <= 3


def test_a_corrupt_approved_file_is_never_clean(shop: Sandbox) -> None:
    [approved] = (shop.baselines / "shop").rglob("database.yml.json")
    approved.write_text(approved.read_text().replace("db-1", "db-9"))
    told = shop.check(status=INCOMPLETE)
    assert [gap["item"] for gap in told["coverage"]["gaps"]] == [shop.item("database.yml")]


def test_coverage_tells_what_is_there_from_what_was_compared(sandbox: Sandbox) -> None:
    sandbox.write("a.yml", "x: 1\n")
    sandbox.write("b.yml", "x: 1\n")
    sandbox.baseline(items=[{"path": sandbox.item(name)} for name in ("a.yml", "b.yml", "nowhere.yml")])
    sandbox.approve()
    sandbox.write("a.yml", "x: 2\n")
    [approved] = sandbox.baselines.rglob("b.yml.json")
    approved.write_text("{}")
    told = sandbox.check(status=INCOMPLETE)
    assert (told["coverage"]["items"], told["coverage"]["compared"]) == (2, 1)
    assert [gap["item"] for gap in told["coverage"]["gaps"]] == [sandbox.item("b.yml")]
    assert [(drift["item"], len(drift["changes"])) for drift in told["drifts"]] == [(sandbox.item("a.yml"), 1)]


def test_a_corrupt_manifest_is_never_clean(shop: Sandbox) -> None:
    [manifest] = (shop.baselines / "shop").rglob("approved.json")
    manifest.write_bytes(manifest.read_bytes()[:-20])
    assert shop.run("check").status in {USAGE, INCOMPLETE}


# --- globs


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("*.conf", {"a.conf", ".hidden.conf"}),
        ("?.conf", {"a.conf"}),
        ("**/*.conf", {"a.conf", ".hidden.conf", "d/b.conf", "d/e/c.conf"}),
        ("d/**", {"d/b.conf", "d/e", "d/e/c.conf"}),
        ("d/*", {"d/b.conf", "d/e"}),
        ("{a,d/b}.conf", {"a.conf", "d/b.conf"}),
        ("d", {"d"}),
        ("*/b.conf", {"d/b.conf"}),
        ("**/b.conf", {"d/b.conf"}),
    ],
)
def test_globs(pattern: str, matched: set[str], sandbox: Sandbox) -> None:
    for name in ("a.conf", ".hidden.conf", "d/b.conf", "d/e/c.conf"):
        sandbox.write(name, "x\n")
    Path(sandbox.item("link")).symlink_to("d")
    sandbox.baseline(items=[{"path": sandbox.item(pattern)}])
    told = sandbox.check()
    items = {Path(gap["item"]).relative_to(sandbox.host).as_posix() for gap in told["coverage"]["gaps"]}
    assert items == matched


# --- ownership


def test_the_most_specific_pattern_owns_and_the_others_add(sandbox: Sandbox) -> None:
    sandbox.write("etc/app.yml", "name: a\nport: 80\n")
    sandbox.baseline(
        "broad",
        items=[{"path": sandbox.item("**")}],
        severity="low",
        ignore=[{"item": "**/app.yml", "key": "$.stamp", "reason": "changes"}],
        rules=[{"id": "BROAD", "item": "**/app.yml", "key": "$.port", "require": {"const": 80}, "why": "w"}],
    )
    sandbox.baseline("narrow", items=[{"path": sandbox.item("etc/*.yml")}], severity="high")
    sandbox.approve()
    sandbox.write("etc/app.yml", "name: b\nport: 81\nstamp: 1\n")
    drift = sandbox.drift_of("etc/app.yml")
    assert drift["baseline"] == "narrow"
    told = {change["key"]: (change["severity"], change["rule"]) for change in drift["changes"]}
    assert told.keys() == {"$.name", "$.port"}
    assert told["$.name"] == ("high", None)
    assert told["$.port"][1] == "BROAD"


def test_equally_specific_patterns_are_a_configuration_error(sandbox: Sandbox) -> None:
    sandbox.write("a.yml", "x: 1\n")
    for name in ("one", "two"):
        sandbox.baseline(name, items=[{"path": sandbox.item("a.yml")}])
    told = sandbox.run("check", status=USAGE)
    assert "one" in told.err
    assert "two" in told.err


# --- kinds of items


def test_a_link_is_an_item_and_is_read_through(sandbox: Sandbox) -> None:
    sandbox.write("real-1", "a: 1\n")
    sandbox.write("real-2", "a: 1\n")
    link = Path(sandbox.item("app.yml"))
    link.symlink_to("real-1")
    sandbox.baseline(items=[{"path": str(link)}])
    sandbox.approve()
    sandbox.write("real-1", "a: 2\n")
    assert one_change(sandbox, "app.yml")["key"] == "$.a"
    sandbox.write("real-1", "a: 1\n")
    link.unlink()
    link.symlink_to("real-2")
    change = one_change(sandbox, "app.yml")
    assert (change["aspect"], change["key"]) == ("attributes", "$.target")
    assert (change["before"], change["after"]) == ("real-1", "real-2")


def test_a_link_into_proc_is_its_text_alone(sandbox: Sandbox) -> None:
    Path(sandbox.item("status")).symlink_to("/proc/self/status")
    directory = sandbox.baseline(items=[{"path": sandbox.item("status")}])
    sandbox.approve()
    [approved] = directory.rglob("status.json")
    assert "digest" not in approved.read_text()
    sandbox.run("check", status=CLEAN)


def test_a_dangling_link_and_a_loop_are_items(sandbox: Sandbox) -> None:
    Path(sandbox.item("dangling")).symlink_to("nowhere")
    Path(sandbox.item("loop")).symlink_to("loop")
    sandbox.baseline(items=[{"path": sandbox.item("*")}])
    sandbox.approve(status=sandbox.run("approve", "--reason", "x", "--yes").status)
    told = sandbox.check()
    assert told["coverage"]["items"] == 2
    assert told["drifts"] == []


def test_special_files_are_never_opened(sandbox: Sandbox) -> None:
    os.mkfifo(sandbox.item("fifo"))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(sandbox.item("socket"))
        sandbox.baseline(items=[{"path": sandbox.item("*")}])
        sandbox.approve()
        sandbox.run("check", status=CLEAN)
    Path(sandbox.item("fifo")).unlink()
    sandbox.write("fifo", "now a file\n")
    assert ("attributes", "changed", "$.type") in brief(sandbox.drift_of("fifo"))


@pytest.mark.parametrize(
    "name", [b"caf\xe9.yml", b"new\nline.yml", b"esc\x1b[31m.yml", b"back\\slash.yml", "é.yml".encode()]
)
def test_names_are_shown_escaped(name: bytes, sandbox: Sandbox) -> None:
    path = os.fsencode(sandbox.host) + b"/" + name
    with open(path, "wb") as file:
        file.write(b"a: 1\n")
    sandbox.baseline(items=[{"path": sandbox.item("*.yml")}])
    sandbox.approve()
    with open(path, "wb") as file:
        file.write(b"a: 2\n")
    [drift] = sandbox.check(status=DRIFT)["drifts"]
    assert drift["item"] == shown_path(path)
    told = sandbox.run("check", status=DRIFT)
    assert drift["item"].rpartition("/")[2] in told.out
    assert "\x1b" not in told.out


# --- root


def test_root_is_another_machine(tmp_path: Path, sandbox: Sandbox) -> None:
    root = tmp_path / "image"
    (root / "srv").mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "etc/passwd").write_text("alice:x:4242:4242::/:/bin/sh\n")
    (root / "srv/app.yml").write_text("port: 80\n")
    (root / "srv/link.yml").symlink_to("/srv/app.yml")
    sandbox.baseline(
        approved="none",
        items=[{"path": "/srv/*.yml"}],
        rules=[{"id": "R", "item": "/srv/*.yml", "key": "$.port", "require": {"const": 81}, "why": "w"}],
    )
    told = sandbox.run("check", "--json", "--root", root, status=DRIFT).json("check")
    assert told["host"]["id"] is None
    assert sorted(drift["item"] for drift in told["drifts"]) == ["/srv/app.yml", "/srv/link.yml"]


def test_a_link_does_not_lead_out_of_the_root(tmp_path: Path, sandbox: Sandbox) -> None:
    outside = tmp_path / "outside.yml"
    outside.write_text("port: 80\n")
    root = tmp_path / "image"
    (root / "srv").mkdir(parents=True)
    (root / "srv/app.yml").symlink_to(f"../../{outside.name}")
    sandbox.baseline(
        approved="none",
        items=[{"path": "/srv/*.yml"}],
        rules=[{"id": "R", "item": "**", "key": "$.port", "require": {"const": 81}, "why": "w", "optional": True}],
    )
    told = sandbox.run("check", "--json", "--root", root).json("check")
    assert told["drifts"] == []


@pytest.mark.parametrize("root", ["absent", ""], ids=["absent", "empty"])
@pytest.mark.parametrize("words", [("check",), ("run", "--once"), ("run",), ("approve", "--reason", "r")], ids=" ".join)
def test_a_root_that_is_not_there_is_bad_usage(words: tuple[str, ...], root: str, sandbox: Sandbox) -> None:
    """It is not a tree from which everything is gone; and where a script's variable was empty, it is not this machine."""
    sandbox.baseline(items=[{"path": "/etc/hostname"}])
    told = sandbox.run(*words, "--root", root, status=USAGE)
    assert "is not a directory" in told.err
    assert not sandbox.state.exists()


def test_init_looks_at_no_root_that_is_not_there(tmp_path: Path) -> None:
    run("init", "--root", tmp_path / "absent", "--into", tmp_path / "into", status=USAGE)
    assert not (tmp_path / "into").exists()


def test_two_commands_need_no_settings(tmp_path: Path) -> None:
    file = tmp_path / "a.yml"
    file.write_text("a: 1\n")
    run("parse", file, status=CLEAN, cwd=tmp_path)
    run("compare", file, file, status=CLEAN, cwd=tmp_path)
