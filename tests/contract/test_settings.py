"""Settings and baselines: what is refused, with file and line, the nearest known word, and every problem at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contract.command import CLEAN, INCOMPLETE, USAGE, Sandbox, run
from tests.contract.shapes import Json


def refuse(sandbox: Sandbox, text: str, *said: str) -> None:
    """Write settings, and assert that they are refused with these words, at file and line."""
    sandbox.config.write_text(f"baselines: [{sandbox.baselines}]\nstate: {sandbox.state}\n{text}")
    told = sandbox.run("check", status=USAGE)
    assert [word for word in said if word not in told.err] == [], told.err
    assert not sandbox.state.exists()


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("wacth: {settle: 1s}\n", 3, "watch"),
        ("watch:\n  setle: 1s\n", 4, "settle"),
        ("audit: {evry: 15m}\n", 3, "every"),
        ("outputs:\n- jsonl: {pth: x}\n", 4, "path"),
        ("outputs:\n- jsnl: {path: x}\n", 4, "jsonl"),
        ("outputs:\n- jsonl: {path: x, min_severity: hihg}\n", 4, "high"),
    ],
)
def test_an_unknown_word_is_answered_with_the_nearest(text: str, line: int, said: str, sandbox: Sandbox) -> None:
    refuse(sandbox, text, f"driftd.yaml:{line}", said)


@pytest.mark.parametrize("text", ["approval: {signatures: required}\n", "reports: []\n"])
def test_what_a_later_version_knows_is_refused_as_such(text: str, sandbox: Sandbox) -> None:
    refuse(sandbox, text, "driftd.yaml:3", "not in this version")


@pytest.mark.parametrize(
    "text",
    [
        "audit: {every: soon}\n",
        "audit: {every: 15}\n",
        "watch: {enabled: maybe}\n",
        "timezone: Mars/Olympus\n",
        "host: {labels: {role: [a]}}\n",
        'audit: {deep: "0 3 * *"}\n',
        "audit: {every: 99999999999999d}\n",
        "journal: {keep: 5000000d}\n",
        "watch: {poll: 0s}\n",
        "outputs: [syslog: {timeout: 0s}]\n",
        "outputs: [webhook: {url: 'http://127.0.0.1/', timeout: 0s}]\n",
        "outputs: [jsonl: {path: /x}, stdout: {}, jsonl: {path: /y/../x}]\n",
        "outputs: [{}, jsonl: {path: 1}]\n",
    ],
)
def test_a_wrong_value_is_named_with_its_line(text: str, sandbox: Sandbox) -> None:
    refuse(sandbox, text, "driftd.yaml:3")


def test_all_problems_are_told_at_once(sandbox: Sandbox) -> None:
    sandbox.baseline("shop", items=[{"path": "relative"}], severty="high")
    refuse(
        sandbox,
        "wacth: {}\naudit: {every: soon}\n",
        "driftd.yaml:3",
        "driftd.yaml:4",
    )


@pytest.mark.parametrize("which", ["settings", "baseline", "key"])
def test_a_pipe_in_the_place_of_a_file_is_refused_and_not_waited_for(which: str, sandbox: Sandbox) -> None:
    directory = sandbox.baseline("shop", items=[{"path": "/x"}])
    places = {"settings": sandbox.config, "baseline": directory / "baseline.yaml", "key": sandbox.directory / "key"}
    sandbox.settings(secrets={"key_file": str(places["key"])})
    places[which].unlink(missing_ok=True)
    os.mkfifo(places[which], 0o600)
    assert f"{places[which]}: cannot be read: not a regular file" in sandbox.run("check", status=USAGE).err


def test_a_key_written_twice_is_refused(sandbox: Sandbox) -> None:
    refuse(sandbox, "timezone: UTC\ntimezone: UTC\n", "driftd.yaml:4")


def test_what_is_not_yaml_is_refused_with_its_line(sandbox: Sandbox) -> None:
    refuse(sandbox, "watch: {\n", "driftd.yaml:")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"items": [{"path": "/x"}], "severty": "high"}, "severity"),
        ({"items": [{"pth": "/x"}]}, "path"),
        ({"items": [{"path": "relative/x"}]}, "relative/x"),
        ({"items": [{"path": "/x", "format": "yamll"}]}, "yaml"),
        ({"items": [{"path": "/x"}], "severity": "dreadful"}, "severity"),
        ({"items": [{"path": "/x"}], "ignore": [{"item": "/x", "key": "$..[", "reason": "r"}]}, "$..["),
        ({"items": [{"path": "/x"}], "ignore": [{"item": "/x"}]}, "reason"),
        ({"items": [{"command": ["sshd", "-T"]}]}, "name missing"),
        ({"items": [{"command": "sshd -T", "name": "n"}]}, "wanted a list of text"),
        ({"items": [{"path": "/x"}], "schema": "driftd/baseline/2"}, "driftd/baseline/1"),
        (
            {
                "items": [{"path": "/x"}],
                "rules": [{"id": "R", "item": "/x", "key": "$.a", "why": "w", "require": {"type": "intger"}}],
            },
            "R",
        ),
        ({"items": []}, "items"),
    ],
)
def test_a_baseline_that_makes_no_sense_is_refused(body: dict[str, Json], said: str, sandbox: Sandbox) -> None:
    sandbox.baseline(**body)
    told = sandbox.run("check", status=USAGE)
    assert f"{sandbox.baselines}/shop/baseline.yaml" in told.err
    assert said in told.err


def test_two_baselines_of_one_name_are_refused(sandbox: Sandbox) -> None:
    for directory, name in (("one", "same"), ("two", "same")):
        sandbox.baseline(directory, name=name, items=[{"path": f"/{directory}"}])
    told = sandbox.run("check", status=USAGE)
    assert "same" in told.err


def test_a_directory_without_baselines_is_not_a_clean_host(sandbox: Sandbox) -> None:
    assert sandbox.run("check").status in {USAGE, INCOMPLETE}


def test_labels_choose_the_baselines_of_a_host(sandbox: Sandbox) -> None:
    sandbox.write("a.yml", "x: 1\n")
    sandbox.baseline("mine", applies_to={"role": ["api", "web"]}, items=[{"path": sandbox.item("a.yml")}])
    sandbox.baseline("not-mine", applies_to={"role": "db"}, items=[{"path": sandbox.item("*")}])
    gaps = sandbox.check(status=INCOMPLETE)["coverage"]["gaps"]
    assert [gap["item"] for gap in gaps] == [sandbox.item("a.yml")]


def test_the_order_of_looking_for_settings(shop: Sandbox, tmp_path: Path) -> None:
    run("check", status=CLEAN, cwd=tmp_path, DRIFTD_CONFIG=str(shop.config))
    if not Path("/etc/driftd/driftd.yaml").exists():
        run("check", status=CLEAN, cwd=shop.directory)
    run("check", "--config", tmp_path / "absent", status=USAGE, cwd=tmp_path, DRIFTD_CONFIG=str(shop.config))


@pytest.mark.parametrize("place", ["settings", "baseline", "directory"])
def test_what_others_can_write_is_refused_with_the_remedy(place: str, shop: Sandbox) -> None:
    path = {
        "settings": shop.config,
        "baseline": shop.baselines / "shop" / "baseline.yaml",
        "directory": shop.baselines / "shop",
    }[place]
    path.chmod(0o777 if path.is_dir() else 0o666)
    told = shop.run("check", status=USAGE)
    assert "chmod" in told.err
    assert str(path) in told.err


def test_what_belongs_to_somebody_else_is_refused(shop: Sandbox, require_real: Callable[[str], None]) -> None:
    require_real("root")
    os.chown(shop.config, 65534, -1)
    told = shop.run("check", status=USAGE)
    assert "chown" in told.err
