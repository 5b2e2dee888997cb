"""Which audit goes on, with audits of the test: how long a slice takes and when it pauses is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import cast

import pytest

from driftd.daemon.audits import LONG, NEVER, Audits
from driftd.daemon.engine import Engine
from driftd.daemon.sweep import Sweep


class Told:
    """An engine whose audits take so many steps, with a pause after each."""

    def __init__(self, steps: int, pause: float) -> None:
        self.now = 1000.0
        self.log: list[str] = []
        self.steps, self.pause = steps, pause
        self.audits = Audits(cast("Engine", self), settle=0.25, monotonic=lambda: self.now)
        self.audits.before = lambda depth: self.log.append(f"begins {depth}")
        self.audits.after = lambda sweep: self.log.append(f"ends {sweep.depth}")

    @property
    def sweeps(self) -> Told:
        return self

    def begin(self, depth: str, source: str) -> Iterator[Sweep]:
        sweep = Sweep(depth, datetime(2023, 6, 1, tzinfo=UTC), self.now)
        try:
            for _ in range(self.steps if depth == "deep" else 2):
                sweep.pause = self.pause
                yield sweep
            sweep.finished = True
            yield sweep
        finally:
            self.log.append(f"{'' if sweep.finished else 'un'}finished {depth} for {source}")

    def advance(self) -> None:
        self.audits.advance(lambda: True)

    def go_on(self, until: float) -> None:
        """Do what is due up to a moment."""
        for _ in range(10_000):
            due = self.audits.due()
            if due is None or due > until:
                self.now = max(self.now, until)
                return
            self.now = max(self.now, due)
            self.advance()
        raise AssertionError("it never comes to rest")


@pytest.fixture
def slow() -> Told:
    """Deep audits that take two minutes, for their rate."""
    return Told(steps=120, pause=1.0)


def test_nothing_is_due_until_an_audit_is_wanted() -> None:
    told = Told(1, 0)
    assert told.audits.due() is None
    assert told.audits.under_way is None
    told.advance()
    assert told.log == []


def test_a_deep_audit_that_is_wanted_does_for_a_quick_one_too() -> None:
    told = Told(1, 0)
    told.audits.want("quick", "schedule")
    told.audits.want("deep", "schedule")
    told.audits.want("quick", "command")
    told.go_on(told.now)
    assert [line for line in told.log if line.startswith("begins")] == ["begins deep", "begins quick"]
    told.audits.want("deep", "schedule")
    told.audits.want("quick", "command")
    told.log.clear()
    told.go_on(told.now)
    assert [line for line in told.log if line.startswith("begins")] == ["begins deep"]


def test_a_short_deep_audit_is_not_overtaken() -> None:
    told = Told(steps=int(LONG) - 2, pause=1.0)
    told.audits.want("deep", "schedule")
    told.go_on(told.now + 5)
    told.audits.want("quick", "overflow")
    told.go_on(told.now + 100)
    assert [line for line in told.log if "finished" not in line] == [
        "begins deep",
        "ends deep",
        "begins quick",
        "ends quick",
    ]


def test_a_quick_audit_overtakes_a_long_deep_one_which_goes_on_after_it(slow: Told) -> None:
    slow.audits.want("deep", "schedule")
    slow.go_on(slow.now + 5)
    slow.audits.want("quick", "overflow")
    slow.go_on(slow.now + 10)
    assert slow.log == ["begins deep"]
    slow.go_on(slow.now + LONG)
    assert [line for line in slow.log if "finished" not in line] == ["begins deep", "begins quick", "ends quick"]
    assert slow.audits.under_way is not None
    assert slow.audits.under_way.depth == "deep"
    slow.go_on(slow.now + 600)
    assert "ends deep" in slow.log[-2:]
    assert slow.log.count("begins deep") == 1


def test_a_reload_waits_for_a_short_audit_and_interrupts_a_long_one(slow: Told) -> None:
    assert slow.audits.interruptible_from() <= slow.now
    slow.audits.want("deep", "schedule")
    begun = slow.now
    slow.go_on(slow.now + 5)
    assert slow.audits.interruptible_from() == begun + LONG
    slow.go_on(begun + LONG)
    slow.audits.want("quick", "schedule")
    slow.advance()
    assert slow.audits.interruptible_from() == NEVER
    slow.go_on(begun + LONG + 10)
    slow.audits.interrupt()
    assert slow.log[-1] == "unfinished deep for schedule"
    assert slow.audits.under_way is None
    slow.go_on(slow.now + 600)
    assert "ends deep" in slow.log[-2:]


def test_what_is_dropped_is_not_begun_again(slow: Told) -> None:
    slow.audits.want("deep", "schedule")
    slow.advance()
    slow.audits.drop()
    assert slow.log == ["begins deep", "unfinished deep for schedule"]
    assert slow.audits.due() is None
