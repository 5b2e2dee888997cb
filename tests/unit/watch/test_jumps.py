from __future__ import annotations

import pytest

from driftd.ports import Readings
from driftd.watch.jumps import Jump, Jumps
from driftd.watch.reasons import CLOCK_JUMP, SUSPENDED

FIRST = Readings(wall=1_000_000.0, monotonic=50.0, boottime=80.0)


def after(wall: float = 5.0, monotonic: float = 5.0, boottime: float = 5.0) -> list[Jump]:
    """Return what is told when the clocks went on by so much."""
    jumps = Jumps(FIRST)
    return jumps.look(Readings(FIRST.wall + wall, FIRST.monotonic + monotonic, FIRST.boottime + boottime))


def test_time_that_passes_is_no_jump() -> None:
    assert after() == []
    assert after(wall=5.9) == []  # slewed into step


@pytest.mark.parametrize(("wall", "text"), [(3605.0, "forward by 3600 s"), (-55.0, "back by 60 s")])
def test_a_clock_that_was_set(wall: float, text: str) -> None:
    (jump,) = after(wall=wall)
    assert (jump.reason, jump.seconds, jump.is_backward) == (CLOCK_JUMP, wall - 5, wall < 0)
    assert text in str(jump)


def test_a_machine_that_was_suspended() -> None:
    assert after(wall=605.0, boottime=605.0) == [Jump(SUSPENDED, 600.0)]


def test_suspended_and_set() -> None:
    assert [jump.reason for jump in after(wall=5.0, boottime=605.0)] == [SUSPENDED, CLOCK_JUMP]


def test_a_jump_is_told_once() -> None:
    jumps = Jumps(FIRST)
    later = Readings(FIRST.wall + 3600, FIRST.monotonic + 1, FIRST.boottime + 1)
    assert jumps.look(later)
    assert jumps.look(Readings(later.wall + 1, later.monotonic + 1, later.boottime + 1)) == []
