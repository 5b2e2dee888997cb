"""What a real journald stores of our events."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from driftd.model.event import Event
from driftd.outputs.journald import message_id
from tests.contracts.output_suite import HOSTILE, an_event


@pytest.fixture
def stored(require_real: Callable[[str], None], tmp_path: Path) -> Callable[[list[list[Event]]], list[dict[str, Any]]]:
    """A function: send batches to a journald of our own, return the entries that journalctl reads back."""
    require_real("journald")
    require_real("unshare")

    def run(batches: list[list[Event]]) -> list[dict[str, Any]]:
        events = tmp_path / "events.json"
        events.write_text(json.dumps(batches), "utf-8")
        script = Path(__file__).with_name("journald_session.py")
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = ["unshare", "--mount", "--fork", sys.executable, str(script), str(events)]
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def test_every_field_comes_back_as_it_is_documented(
    stored: Callable[[list[list[Event]]], list[dict[str, Any]]],
) -> None:
    event = an_event(7, resolution="reverted", output={"name": "journald", "sequence": 5})
    (entry,) = stored([[event]])
    ours = {name: value for name, value in entry.items() if not name.startswith("_")}
    whole = ours.pop("DRIFTD_EVENT")
    assert json.loads(whole) == event
    assert ours == {
        "MESSAGE": event["message"],
        "MESSAGE_ID": message_id("DRIFT-1001"),
        "PRIORITY": "3",
        "SYSLOG_IDENTIFIER": "driftd",
        "DRIFTD_ACTION": "drift-opened",
        "DRIFTD_CODE": "DRIFT-1001",
        "DRIFTD_EVENT_ID": "0188-7",
        "DRIFTD_SEQUENCE": "7",
        "DRIFTD_CHAIN": "sha256:00",
        "DRIFTD_OUTPUT_SEQUENCE": "5",
        "DRIFTD_SEVERITY": "high",
        "DRIFTD_STATUS": "unapproved",
        "DRIFTD_BASELINE": "app",
        "DRIFTD_ITEM": "/etc/app.conf",
        "DRIFTD_DRIFT_ID": "d1",
        "DRIFTD_EPISODE": "1",
        "DRIFTD_RESOLUTION": "reverted",
        "DRIFTD_KEY": "$.a",
        "DRIFTD_RULE": "APP-1",
        "DRIFTD_REASON": "APP-1: a is the only setting",
        "DRIFTD_REFERENCE": "https://wiki.example/app",
    }
    assert "_PID" in entry, "journald adds who sent it"


def test_many_large_and_hostile_events_arrive_whole_and_in_order(
    stored: Callable[[list[list[Event]]], list[dict[str, Any]]],
) -> None:
    many = [an_event(number) for number in range(1, 201)]
    large = an_event(201, note="x" * 600_000)
    hostile = an_event(202, message=HOSTILE)
    entries = stored([many, [large, hostile]])
    assert [int(entry["DRIFTD_SEQUENCE"]) for entry in entries] == list(range(1, 203))
    assert json.loads(entries[200]["DRIFTD_EVENT"]) == large
    assert json.loads(entries[201]["DRIFTD_EVENT"]) == hostile
    assert entries[201]["MESSAGE"].isprintable()
