"""However much a file says, an event about it stays small, and says that it was cut."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from driftd.daemon.events import DriftContext, Stamp, drift_changed
from driftd.model.change import Aspect, Change, Kind
from driftd.model.drift import Drift
from driftd.model.event import Action
from driftd.model.event_id import RANDOM_BYTES, uuid7
from driftd.store.chain import FIRST, stamp
from tests.contract.shapes import assert_shape

AT = datetime(2023, 6, 1, 10, tzinfo=UTC)
STAMP = Stamp(AT, uuid7(AT, bytes(RANDOM_BYTES)), "h", "api-1", {})


def made(*changes: Change) -> Any:
    drift = Drift("0" * 32, "app", "/etc/app.conf", changes)
    context = DriftContext({"name": "app", "revision": 1, "sha256": "0" * 64}, "watch", {})
    event, _ = stamp(drift_changed(STAMP, drift, context, Action.DRIFT_OPENED), 1, FIRST)
    assert_shape("events", event)
    return event


def changed(key: str = "$.a", before: str = "1", after: str = "2", **more: Any) -> Change:
    return Change(Aspect.CONTENT, Kind.CHANGED, key, before, after, **more)


@pytest.mark.parametrize("char", ["x", "é", "\U0001f600", "\x1b"])
@pytest.mark.parametrize(("length", "count"), [(10_000, 150), (300_000, 2)])
def test_an_event_about_enormous_names_and_values_is_small(char: str, length: int, count: int) -> None:
    text = char * length
    event = made(*(changed(f"$.{text}", text, text + "y") for _ in range(count)))
    written = len(json.dumps(event, ensure_ascii=False).encode())
    assert written < 256 * 1024 * (6 if char == "\x1b" else 1), "what JSON escapes takes six bytes"
    ours = event["driftd"]
    assert ours["change_count"] == count
    assert ours.get("truncated", False) is (count > 100)
    assert all(change["truncated"] for change in ours["changes"])
    assert "... (unapproved) and " in event["message"]


def test_a_message_and_the_places_of_a_move_are_bounded_too() -> None:
    long = "m" * 100_000
    moved = Change(Aspect.CONTENT, Kind.MOVED, "$.a", moved_from="$." + long, moved_to="$." + long, message=long)
    (change,) = made(moved)["driftd"]["changes"]
    assert [len(change[name]) for name in ("from", "to", "message")] == [4096, 4096, 4096]
    assert change["truncated"]


def test_what_is_small_is_whole() -> None:
    event = made(*(changed(f"$.a{number}") for number in range(100)))
    assert len(event["driftd"]["changes"]) == 100
    assert "truncated" not in event["driftd"]
    assert not any("truncated" in change for change in event["driftd"]["changes"])
