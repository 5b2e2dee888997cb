"""What a reload would replace, and how it is told."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from driftd.app import Host, open_host
from driftd.baselines.item_files import item_file
from driftd.baselines.layer import MANIFEST, digest_of
from driftd.model.approved import canonical_json
from driftd.reloading.changes import changed_baselines, changed_settings
from driftd.reloading.reading import UnsettledError, reading_anew, restart_needed
from driftd.settings.problems import ConfigurationError
from driftd.surroundings import Surroundings

AROUND = Surroundings(os.environ, Path("/"), os.geteuid())


class Place:
    """Settings and baselines in a directory."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.directory = directory
        self._stack = stack
        self.baseline("app", path="/etc/app")

    def baseline(self, name: str, **item: str) -> None:
        place = self.directory / "baselines" / name
        place.mkdir(parents=True, exist_ok=True)
        body = {"schema": "driftd/baseline/1", "name": name, "items": [item]}
        (place / "baseline.yaml").write_text(json.dumps(body))

    def settings(self, **settings: Any) -> str:
        file = self.directory / "driftd.yaml"
        told = {"host": {"id": "h", "name": "h"}, "baselines": ["baselines"], "state": "state"}
        file.write_text(json.dumps(told | settings))
        return str(file)

    def host(self, **settings: Any) -> Host:
        host = open_host(self.settings(**settings), AROUND, make_key=True)
        self._stack.callback(host.close)
        return host


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as stack:
        yield Place(tmp_path, stack)


def test_a_changed_setting_is_told_by_its_key_with_both_values(place: Place) -> None:
    before = place.host(audit={"every": "15m"}, outputs=[{"journald": {}}])
    after = place.host(
        audit={"every": "1h"}, outputs=[{"journald": {"min_severity": "high"}}], timezone="Europe/Berlin"
    )
    assert changed_settings(before, after) == [
        {"key": "$.audit.every", "before": "15m", "after": "1h"},
        {"key": "$.outputs[0].journald.min_severity", "before": "info", "after": "high"},
        {"key": "$.timezone", "before": "UTC", "after": "Europe/Berlin"},
    ]
    assert changed_settings(after, after) == []


def test_what_is_new_or_gone_has_one_side(place: Place) -> None:
    before = place.host(host={"id": "h", "labels": {"role": "db"}})
    after = place.host(host={"id": "h", "labels": {"env": "prod"}})
    assert changed_settings(before, after) == [
        {"key": "$.host.labels.env", "after": "prod"},
        {"key": "$.host.labels.role", "before": "db"},
    ]


def test_of_a_new_output_what_was_said_of_it_is_told(place: Place) -> None:
    before = place.host()
    after = place.host(outputs=[{"jsonl": {"path": "/var/log/events.jsonl"}}, {"journald": {}}])
    assert changed_settings(before, after) == [
        {"key": "$.outputs[0].jsonl.path", "after": "/var/log/events.jsonl"},
        {"key": "$.outputs[1].journald", "after": "{}"},
    ]


def test_a_secret_is_told_as_changed_and_never_shown(place: Place) -> None:
    hooks = [f"https://hooks.example/services/{secret}" for secret in ("T0KEN-one", "T0KEN-two")]
    before, after = (
        place.host(outputs=[{"webhook": {"url": hook, "headers": {"X-Team": hook}}}], host={"id": "h", "labels": label})
        for hook, label in zip(hooks, ({"password": "swordfish-1"}, {"password": "swordfish-2"}), strict=True)
    )
    told = changed_settings(before, after)
    assert [setting["key"] for setting in told] == [
        "$.host.labels.password",
        "$.outputs[0].webhook.headers['X-Team']",
        "$.outputs[0].webhook.url",
    ]
    text = json.dumps(told)
    assert not [word for word in ("T0KEN", "swordfish", "services") if word in text]
    assert text.count("driftd-secret:") == 6


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ({"state": "other"}, "state"),
        ({"host": {"id": "another"}}, "host.id"),
        ({"control": {"socket": "/run/other.sock"}}, "control.socket"),
        ({"control": {"group": "adm"}}, "control.group"),
        ({"watch": {"enabled": False}}, "watch.enabled"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_holds_from_a_start_to_its_end_needs_a_restart(setting: dict[str, Any], named: str, place: Place) -> None:
    before, after = place.host(), place.host(**setting)
    [problem] = restart_needed(before, after)
    assert str(problem) == f"{after.file}: {named}: another one needs a restart (systemctl restart driftd)"
    assert restart_needed(before, before) == []


def test_baselines_that_are_others_are_named_with_what_of_them_is(place: Place) -> None:
    place.baseline("gone", path="/etc/gone")
    before = place.host()
    place.baseline("app", path="/etc/app", severity="high")
    place.baseline("new", path="/etc/new")
    (place.directory / "baselines/gone/baseline.yaml").unlink()
    after = place.host()
    assert changed_baselines(before, after) == {"app": ["definition"], "gone": ["removed"], "new": ["added"]}


def test_what_is_being_written_is_not_read(place: Place) -> None:
    before = place.host()
    lock = place.directory / ".git" / "index.lock"
    lock.parent.mkdir()
    lock.write_text("")
    for config in (place.settings(), place.settings(audit={"evry": "1s"})):
        with pytest.raises(UnsettledError, match="if no git is running"):
            next(reading_anew(before, config, AROUND, b"/"))
    lock.unlink()
    with pytest.raises(ConfigurationError, match="evry"):
        next(reading_anew(before, place.settings(audit={"evry": "1s"}), AROUND, b"/"))


def approve(place: Place, count: int) -> Path:
    """Approve so many files of `/etc/app`; return the manifest."""
    layer = place.directory / "baselines/app/hosts/h"
    items: dict[str, str] = {}
    for number in range(count):
        item = f"/etc/app/{number}"
        content = canonical_json({"attributes": {"type": "file"}, "digest": None})
        file = layer.joinpath(*item_file(item))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        items[item] = digest_of(content)
    manifest = layer / MANIFEST
    manifest.write_bytes(canonical_json({"schema": "driftd/approved/1", "revision": 1, "items": {**items}}))
    return manifest


def test_many_approved_files_are_read_in_steps(place: Place) -> None:
    before = place.host()
    approve(place, 200)
    steps = reading_anew(before, place.settings(), AROUND, b"/")
    fresh, count = exhausted(steps)
    assert count == 3
    assert fresh.auditor.approvals.layers["app"].count == 200
    fresh.close()


def exhausted(steps: Generator[None, None, Host]) -> tuple[Host, int]:
    """Return what a reading returns, and after how many steps."""
    for count in itertools.count():
        try:
            next(steps)
        except StopIteration as done:
            fresh: Host = done.value
            return fresh, count
    raise AssertionError


def test_what_is_approved_between_two_steps_of_reading_is_no_mixture_but_read_again(place: Place) -> None:
    before = place.host()
    manifest = approve(place, 200)
    steps = reading_anew(before, place.settings(), AROUND, b"/")
    next(steps)
    (manifest.parent / "approved/etc/app/199.json").write_text("another")
    manifest.write_bytes(manifest.read_bytes() + b"\n")
    with pytest.raises(UnsettledError, match="changed while they were read"):
        exhausted(steps)


def test_a_host_knows_whether_what_it_read_is_still_there(place: Place) -> None:
    host = place.host()
    assert host.unsettled() == []
    place.baseline("new", path="/etc/new")
    assert [gap.reason for gap in host.unsettled()] == ["baseline-changed"]
    host = place.host()
    manifest = place.directory / "baselines/new/hosts/h/approved.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("{}")
    assert [gap.reason for gap in host.unsettled()] == ["baseline-changed"]
