"""What every output promises (driftd/ports.py), asked of each. A new output adds a stand and a class in test_outputs.py."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import Protocol

import pytest

from driftd.model.document import Json
from driftd.model.event import Event
from driftd.ports import DeliveryError, Output

HOSTILE = "\x1b[31mred\r\n\x9b2J\u202egnp\u2028\udcff\x00"


def an_event(
    sequence: int = 1, *, message: str = "high: /etc/app.conf $.a is '2', approved '1'", **ours: Json
) -> Event:
    """An event as the journal stamps it; `ours` are members of `driftd`."""
    changes: list[Json] = [
        {
            "aspect": "content", "kind": "changed", "key": "$.a", "before": "1", "after": "2", "value_type": "integer",
            "before_line": 1, "after_line": 1, "severity": "high", "status": "unapproved", "rule": None, "ref": None,
        }
    ]  # fmt: skip
    body: dict[str, Json] = {
        "drift_id": "d1",
        "baseline": {"name": "app", "revision": 3},
        "severity": "high",
        "status": "unapproved",
        "episode": 1,
        "changes": changes,
        "change_count": 1,
        "chain": "sha256:00",
    }
    return {
        "@timestamp": f"2023-06-01T10:00:00.{sequence:03}Z",
        "message": message,
        "event": {
            "id": f"0188-{sequence}",
            "action": "drift-opened",
            "code": "DRIFT-1001",
            "sequence": sequence,
            "reason": "APP-1: a is the only setting",
            "reference": "https://wiki.example/app",
        },
        "file": {"path": "/etc/app.conf"},
        "rule": {"id": "APP-1"},
        "driftd": body | ours,
    }


def descriptors() -> dict[str, str]:
    """Return what is open, without what looking takes."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            found[name] = os.readlink(f"/proc/self/fd/{name}")
    return found


def settled(condition: Callable[[], bool]) -> None:
    """Wait until it holds: the receiver of a stand, in this process, ends its side of a connection a moment later."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


class Stand(Protocol):
    """An output and the receiver it speaks to."""

    def build(self) -> Output:
        """Return an output for this receiver."""

    def break_receiver(self) -> None:
        """Make every delivery fail."""

    def repair_receiver(self) -> None:
        """Make deliveries work again."""

    def received(self) -> list[int]:
        """Return the sequences that have arrived, in order."""

    def raw(self) -> bytes:
        """Return the bytes that have arrived."""


class OutputSuite:
    """Subclasses provide the fixture `stand`."""

    @pytest.fixture
    def output(self, stand: Stand) -> Iterator[Output]:
        output = stand.build()
        yield output
        output.close()

    def test_events_arrive_in_order(self, output: Output, stand: Stand) -> None:
        output.send([an_event(1), an_event(2)])
        output.send([an_event(3)])
        assert stand.received() == [1, 2, 3]

    def test_no_events_are_no_delivery(self, output: Output, stand: Stand) -> None:
        output.send([])
        assert stand.raw() == b""

    def test_events_may_be_sent_again(self, output: Output, stand: Stand) -> None:
        for _ in range(2):
            output.send([an_event(1)])
        assert stand.received() == [1, 1]

    def test_building_opens_nothing(self, stand: Stand) -> None:
        stand.break_receiver()
        before = descriptors()
        stand.build()
        assert descriptors() == before

    def test_a_receiver_that_fails_is_a_delivery_error_that_says_why(self, output: Output, stand: Stand) -> None:
        output.send([an_event(1)])
        stand.break_receiver()
        with pytest.raises(DeliveryError, match=r".{10}") as caught:
            output.send([an_event(2)])
        assert not caught.value.permanent

    def test_a_receiver_that_was_broken_at_first_is_tried_again(self, output: Output, stand: Stand) -> None:
        stand.break_receiver()
        for _ in range(2):
            with pytest.raises(DeliveryError):
                output.send([an_event(1)])
        stand.repair_receiver()
        output.send([an_event(1)])
        assert stand.received() == [1]

    def test_a_receiver_that_comes_back_gets_what_it_missed(self, output: Output, stand: Stand) -> None:
        output.send([an_event(1)])
        stand.break_receiver()
        with pytest.raises(DeliveryError):
            output.send([an_event(2)])
        stand.repair_receiver()
        output.send([an_event(2)])
        assert stand.received()[-1] == 2
        assert 1 in stand.received() or stand.received() == [2]

    def test_after_a_close_it_opens_again(self, output: Output, stand: Stand) -> None:
        output.send([an_event(1)])
        output.close()
        output.close()
        output.send([an_event(2)])
        assert stand.received()[-1] == 2

    def test_a_close_gives_the_descriptors_back(self, stand: Stand) -> None:
        output = stand.build()
        before = descriptors()
        output.send([an_event(1)])
        output.close()
        settled(lambda: descriptors().items() <= before.items())

    def test_failures_leave_no_descriptor_behind(self, stand: Stand) -> None:
        output = stand.build()
        stand.break_receiver()
        before = len(descriptors())
        for _ in range(10):
            with pytest.raises(DeliveryError):
                output.send([an_event(1)])
        output.close()
        settled(lambda: len(descriptors()) <= before)

    def test_a_large_event_arrives_whole(self, output: Output, stand: Stand) -> None:
        output.send([an_event(1, note="x" * 1_000_000), an_event(2)])
        assert stand.received() == [1, 2]

    def test_what_a_terminal_would_obey_is_escaped(self, output: Output, stand: Stand) -> None:
        changes: list[Json] = [
            {"aspect": "content", "kind": "changed", "key": HOSTILE, "before": HOSTILE, "after": HOSTILE}
        ]
        event = an_event(1, message=HOSTILE, changes=changes, fix=HOSTILE, baseline={"name": HOSTILE}, status=HOSTILE)
        event["file"] = {"path": HOSTILE}
        output.send([event])
        text = stand.raw().decode("utf-8")
        for char in HOSTILE:
            assert char.isprintable() or char == "\n" or char not in text
        assert "\r" not in text
