"""What the kernel says of the clock, from the real one: it is set to what it says already, which is no jump but is told."""

from __future__ import annotations

import os
import queue
import select
import time
from collections.abc import Callable

from driftd.watch.clock_set import CLOCK, clock_set, open_timer
from driftd.watch.notices import Notices, Source


def test_a_clock_that_is_set_is_told_each_time_and_no_more_after_the_end(require_real: Callable[[str], None]) -> None:
    require_real("root")
    told: queue.Queue[str] = queue.Queue()
    notices = Notices(clock_set(lambda: told.put("set")))
    assert notices.start() == {CLOCK}
    try:
        for _ in range(2):
            time.clock_settime_ns(time.CLOCK_REALTIME, time.clock_gettime_ns(time.CLOCK_REALTIME))
            assert told.get(timeout=30) == "set"
    finally:
        notices.stop()


def test_a_clock_that_goes_on_is_not_told() -> None:
    descriptor = open_timer()
    try:
        assert select.select([descriptor], [], [], 0.05)[0] == []
    finally:
        os.close(descriptor)


def test_one_source_that_cannot_be_opened_is_no_loss_of_the_others() -> None:
    told: queue.Queue[str] = queue.Queue()
    read, write = os.pipe()

    def refuse() -> int:
        raise FileNotFoundError(2, "no /proc")

    notices = Notices(
        Source("mounts", refuse, select.POLLPRI, lambda: told.put("never")),
        Source(
            "pipe", lambda: read, select.POLLIN, lambda: told.put("said"), lambda descriptor: os.read(descriptor, 1)
        ),
    )
    assert notices.start() == {"pipe"}
    os.write(write, b"x")
    assert told.get(timeout=30) == "said"
    notices.stop()
    notices.stop()
    os.close(write)
    assert told.empty()


def test_without_any_there_is_no_thread() -> None:
    def refuse() -> int:
        raise FileNotFoundError(2, "no /proc")

    notices = Notices(Source("mounts", refuse, select.POLLPRI, lambda: None))
    assert notices.start() == frozenset()
    notices.stop()
