"""Exit statuses: 0 clean, 1 drift, difference or refusal, 2 usage or configuration, 3 incomplete."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from driftd.settings.host import application_id
from tests.contract.command import CLEAN, DRIFT, INCOMPLETE, USAGE, Sandbox, command, environment, run
from tests.contract.shapes import schema

COMMANDS = (
    *(
        "init",
        "run",
        "check",
        "status",
        "diff",
        "events",
        "timeline",
        "approve",
        "promote",
        "compare",
        "parse",
        "doctor",
        "demo",
    ),
)
WITH_SETTINGS = ("run", "check", "status", "diff", "events", "timeline", "approve")


def test_help_is_not_an_error_and_names_every_command() -> None:
    told = run("--help", status=CLEAN).out
    assert [name for name in COMMANDS if name not in told] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_states_its_exit_statuses_and_an_example(name: str) -> None:
    told = run(name, "--help", status=CLEAN).out
    assert "exit status" in told.lower()
    assert f"driftd {name}" in told.partition("xample")[2]


def test_the_version_is_printed() -> None:
    assert run("--version", status=CLEAN).out.startswith("driftd ")


@pytest.mark.parametrize("name", ["verify", "waive", "expect", "restore", "report"])
def test_commands_of_later_versions_are_absent(name: str) -> None:
    run(name, status=USAGE)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["no-such-command"],
        ["check", "--no-such-option"],
        ["check", "--fail-on", "dreadful"],
        ["parse"],
        ["compare", "one"],
        ["events", "--since", "yesterday-ish"],
        ["events", "--since", "99999999999999d"],
    ],
    ids=" ".join,
)
def test_bad_usage_is_2_and_says_so_on_standard_error(arguments: list[str]) -> None:
    told = run(*arguments, status=USAGE)
    assert told.err.strip()
    assert not told.out.strip()


def test_the_schema_of_events_is_printed() -> None:
    assert json.loads(run("events", "--schema", status=CLEAN).out) == schema("events")


def test_a_misspelt_word_is_answered_with_the_words_there_are(tmp_path: Path) -> None:
    file = tmp_path / "x.yml"
    file.write_text("a: 1\n")
    told = run("parse", file, "--format", "yamll", status=USAGE)
    assert "yaml" in told.err


@pytest.mark.parametrize("name", WITH_SETTINGS)
def test_without_settings_nothing_is_done(name: str, tmp_path: Path) -> None:
    more = ["--reason", "x"] if name == "approve" else []
    told = run(name, "--config", tmp_path / "absent.yaml", *more, status=USAGE)
    assert str(tmp_path / "absent.yaml") in told.err


@pytest.mark.parametrize("arguments", [["parse"], ["compare"]])
def test_a_file_that_is_not_there_is_named(arguments: list[str], tmp_path: Path) -> None:
    absent = tmp_path / "absent.yml"
    told = run(*arguments, *[str(absent)] * (2 if arguments == ["compare"] else 1))
    assert told.status in {USAGE, INCOMPLETE}
    assert str(absent) in told.err + told.out


def test_check_is_3_then_0_then_1_then_0(sandbox: Sandbox) -> None:
    sandbox.write("a.yml", "x: 1\n")
    sandbox.baseline(items=[{"path": sandbox.item("*.yml")}])
    sandbox.run("check", status=INCOMPLETE)
    sandbox.approve()
    sandbox.run("check", status=CLEAN)
    sandbox.write("a.yml", "x: 2\n")
    sandbox.run("check", status=DRIFT)
    sandbox.write("a.yml", "x:   1 # the same\n")
    sandbox.run("check", status=CLEAN)


@pytest.mark.parametrize("words", [("check",), ("check", "--json"), ("run", "--once"), ("status",)], ids=" ".join)
def test_the_status_is_the_same_where_nobody_reads_to_the_end(words: tuple[str, ...], sandbox: Sandbox) -> None:
    """As in `set -o pipefail; driftd check | head -1 && deploy`."""
    drifted(sandbox)
    wanted = sandbox.run(*words).status
    assert wanted != CLEAN
    assert unread(sandbox, *words) == (wanted, b"")


def test_what_is_approved_does_not_hang_on_who_reads_it(sandbox: Sandbox) -> None:
    drifted(sandbox)
    assert unread(sandbox, "approve", "--reason", "r", "--yes") == (CLEAN, b"")
    sandbox.check(status=CLEAN)


def test_output_that_cannot_be_written_is_said_in_a_line(sandbox: Sandbox) -> None:
    drifted(sandbox)
    full = sandbox.run("check", before=("sh", "-c", 'exec "$@" > /dev/full', "sh"), status=USAGE)
    assert full.err == "driftd check: standard output cannot be written: No space left on device\n"
    assert sandbox.run("check", before=("sh", "-c", 'exec "$@" >&- <&-', "sh"), status=DRIFT).err == ""


def drifted(sandbox: Sandbox) -> None:
    sandbox.write("a.yml", "x: 1\n")
    sandbox.baseline(items=[{"path": sandbox.item("*")}])
    sandbox.approve()
    sandbox.write("a.yml", "x: 2\n")


def unread(sandbox: Sandbox, *words: str) -> tuple[int, bytes]:
    """Return the status, and standard error, of a command whose output nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*command(), *words, "--config", sandbox.config],
        stdout=writing,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env=environment(),
        check=False,
    )
    os.close(writing)
    return done.returncode, done.stderr


def test_a_gap_wins_over_a_drift_and_the_drift_is_still_told(shop: Sandbox) -> None:
    shop.write("database.yml", "production:\n  host: db-1.internal\n  port: 1\n")
    shop.write("other/x.yml", "a: 1\n")
    shop.baseline("other", items=[{"path": shop.item("other/*.yml")}])
    told = shop.check(status=INCOMPLETE)
    assert [drift["item"] for drift in told["drifts"]] == [shop.item("database.yml")]
    assert [gap["reason"] for gap in told["coverage"]["gaps"]] == ["not-approved"]


def test_fail_on_leaves_lesser_drifts_out_of_the_status_and_in_the_answer(shop: Sandbox) -> None:
    shop.write("database.yml", "production:\n  host: db-1.internal\n  port: 1\n")
    assert len(shop.check("--fail-on", "high", status=DRIFT)["drifts"]) == 1
    assert len(shop.check("--fail-on", "critical", status=CLEAN)["drifts"]) == 1
    assert len(shop.check(status=DRIFT)["drifts"]) == 1


def test_run_once_has_the_statuses_of_check(shop: Sandbox) -> None:
    shop.run("run", "--once", status=CLEAN)
    shop.write("database.yml", "production:\n  host: db-3.internal\n  port: 5432\n")
    shop.run("run", "--once", status=DRIFT)


def test_status_is_incomplete_where_no_daemon_runs(shop: Sandbox) -> None:
    told = shop.run("status", "--json", status=INCOMPLETE).json("status")
    assert told["daemon"]["running"] is False


def test_diff_events_and_timeline_are_done_whatever_they_tell(shop: Sandbox) -> None:
    shop.write("database.yml", "production:\n  host: db-3.internal\n  port: 5432\n")
    shop.run("run", "--once", status=DRIFT)
    assert [drift["item"] for drift in shop.run("diff", "--json", status=CLEAN).json("diff")["drifts"]]
    assert "drift-opened" in {event["event"]["action"] for event in shop.run("events", "--json", status=CLEAN).events()}
    assert shop.run("timeline", "--since", "2h", "--json", status=CLEAN).events()


def test_an_unknown_baseline_or_item_is_bad_usage(shop: Sandbox) -> None:
    assert "shop" in shop.run("check", "shoq", status=USAGE).err
    shop.run("approve", "shoq", "--reason", "x", "--yes", status=USAGE)


def test_an_item_that_neither_is_there_nor_was_is_not_approved_in_silence(shop: Sandbox) -> None:
    """A slip of the pen in a name that a glob covers; nothing of what was asked for is done."""
    shop.write("database.yml", "production:\n  host: db-3.internal\n  port: 5432\n")
    slip = shop.item("databaes.yml")
    for words in ([slip], [shop.item("database.yml"), slip]):
        told = shop.run("approve", *words, "--reason", "x", "--yes", status=USAGE)
        assert f"{slip}: is not there, and nothing is approved for it" in told.err
    shop.check(status=DRIFT)


def test_diff_shows_values_by_their_types_as_check_does(shop: Sandbox) -> None:
    shop.write("database.yml", 'production:\n  host: 7\n  port: "5432"\n  b: true\n  t: "true"\n  l: [1, a]\n')
    shop.run("run", "--once", status=DRIFT)

    def changes(text: str) -> list[str]:
        return [line for line in text.splitlines() if line.startswith(("  + ", "  ~ "))]

    seen = changes(shop.run("check").out)
    assert [line.split(": ")[1].split("  ")[0] for line in seen if "$.production.b" in line] == ["true"]
    told = changes(shop.run("diff").out)
    ambiguous = "$.production.port"  # a number that became a text of the same letters: an event does not say so
    assert [line for line in told if ambiguous not in line] == [line for line in seen if ambiguous not in line]


def test_approve_needs_a_reason(shop: Sandbox) -> None:
    shop.run("approve", "--yes", status=USAGE)


@pytest.mark.parametrize("name", ["approve", "promote", "rekey"])
def test_a_reason_that_says_nothing_is_none(name: str, shop: Sandbox) -> None:
    """As of a script whose variable is empty: the record would say nothing for ever."""
    before = shop.journal()
    for reason in ("", " \t"):
        assert "--reason: is empty" in shop.run(name, "--reason", reason, "--yes", status=USAGE).err
    assert shop.journal() == before


@pytest.mark.parametrize(("answer", "status"), [("n", DRIFT), ("", DRIFT), ("y", CLEAN)])
def test_approving_is_asked_for_on_a_terminal(answer: str, status: int, sandbox: Sandbox) -> None:
    sandbox.write("a.yml", "x: 1\n")
    directory = sandbox.baseline(items=[{"path": sandbox.item("*.yml")}])
    master, slave = os.openpty()
    try:
        os.write(master, f"{answer}\n".encode())
        sandbox.run("approve", "--reason", "x", status=status, stdin=slave)
    finally:
        os.close(master)
        os.close(slave)
    assert bool(list(directory.rglob("approved.json"))) == (status == CLEAN)


def test_where_nobody_can_be_asked_yes_has_to_be_said_before(sandbox: Sandbox) -> None:
    sandbox.write("a.yml", "x: 1\n")
    directory = sandbox.baseline(items=[{"path": sandbox.item("*.yml")}])
    told = sandbox.run("approve", "--reason", "x", status=USAGE)
    assert "--yes" in told.err
    assert [path.name for path in directory.iterdir()] == ["baseline.yaml"]


def test_doctor_says_what_it_looked_at(shop: Sandbox) -> None:
    told = shop.run("doctor", "--json").json("doctor")
    assert {"settings", "state"} <= {finding["name"] for finding in told["findings"]}


def test_init_run_again_keeps_what_people_wrote(tmp_path: Path) -> None:
    root, into = tmp_path / "root", tmp_path / "into"
    (root / "etc/ssh").mkdir(parents=True)
    (root / "etc/ssh/sshd_config").write_text("PermitRootLogin yes\n")
    run("init", "--root", root, "--into", into, "--yes", status=CLEAN)
    before = (into / "driftd.yaml").read_bytes()
    (into / "driftd.yaml").write_bytes(before + b"# mine\n")
    baseline = into / "baselines/sshd/baseline.yaml"
    baseline.write_text(baseline.read_text().replace("severity: high", "severity: low", 1))
    mine = baseline.read_bytes()
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    told = run("init", "--root", root, "--into", into, "--json", status=CLEAN).json("init")
    assert (into / "driftd.yaml").read_bytes() == before + b"# mine\n"
    assert baseline.read_bytes() == mine
    assert told["files"] == [str(into / "baselines/accounts/baseline.yaml")]


@pytest.mark.parametrize(
    "arguments",
    [["--system", "--into", "x"], ["--system", "--root", "x", "--approve"], ["--dry-run", "--approve"]],
    ids=" ".join,
)
def test_what_does_not_go_together_is_said_before_anything_is_written(arguments: list[str], tmp_path: Path) -> None:
    run("init", *arguments, status=USAGE, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_init_writes_can_be_checked_and_ends_with_findings(tmp_path: Path) -> None:
    root, into = tmp_path / "root", tmp_path / "into"
    (root / "etc/ssh").mkdir(parents=True)
    (root / "etc/ssh/sshd_config").write_text("PermitRootLogin yes\nPermitEmptyPasswords yes\n")
    (root / "etc/nginx/sites-enabled").mkdir(parents=True)
    (root / "etc/nginx/nginx.conf").write_text("user www-data;\n")
    (root / "etc/nginx/key.pem").write_bytes(b"\x00\x01")
    (root / "etc/systemd/system").mkdir(parents=True)
    (root / "etc/systemd/system/cups.service").symlink_to("/dev/null")
    run("init", "--root", root, "--into", into, "--yes", status=CLEAN)
    told = run("check", "--config", into / "driftd.yaml", "--root", root, "--json").json("check")
    rules = {change["rule"] for drift in told["drifts"] for change in drift["changes"]}
    assert rules - {None}
    assert told["host"]["id"] is None


def test_a_tree_that_init_approves_is_recorded_as_the_host_it_is(tmp_path: Path) -> None:
    root, into = tmp_path / "root", tmp_path / "into"
    (root / "etc").mkdir(parents=True)
    (root / "etc/app.yml").write_text("x: 1\n")
    words = ("init", "--root", root, "--into", into, "--approve")
    told = run(*words, status=USAGE).err
    assert f"host.id: {root}/etc/machine-id cannot be read" in told
    assert "set host.id" in told
    assert not (into / "state").exists()
    (root / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    assert run(*words, "--json", status=CLEAN).json("init")["approved"] > 0
    [segment] = (into / "state/journal").glob("*.jsonl")
    ids = {json.loads(line)["host"]["id"] for line in segment.read_text().splitlines()}
    assert ids == {application_id(bytes.fromhex("0123456789abcdef0123456789abcdef"))}


def test_the_demo_shows_the_outage_and_its_end() -> None:
    told = run("demo", status=CLEAN).out
    assert "$.production.host" in told
    assert "resolved" in told
