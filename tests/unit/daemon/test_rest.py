"""At rest the loop wakes for nothing but what is due."""

from __future__ import annotations

from pathlib import Path

from driftd.daemon.service import TICK
from driftd.daemon.upkeep import EVERY
from tests.unit.daemon.live import living


def test_at_rest_the_loop_sleeps_until_something_is_due(tmp_path: Path) -> None:
    with living(tmp_path) as live:
        service = live.service
        service.told_of_clocks = True
        assert service._timeout() == service.upkeep.next_at - live.clock.monotonic()
        service.upkeep.next_at += EVERY
        assert service._timeout() == service._notifier.interval, "the watchdog's ping"


def test_where_nobody_tells_of_the_clocks_they_are_looked_at(tmp_path: Path) -> None:
    with living(tmp_path) as live:
        assert live.service._timeout() == TICK


def test_waiting_is_no_standstill_and_work_is(tmp_path: Path) -> None:
    with living(tmp_path) as live:
        pulse = live.service.pulse
        pulse.begin("looking at /etc/a")
        live.clock.seconds += 7
        assert pulse.age() == 7
        live.turns()
        live.service._take(0)
        live.clock.seconds += 7000
        assert pulse.age() == 0
