"""The pace at which bytes are read, with a clock of the test."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from driftd.sources.pace import BURST, Pace


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_without_a_rate_nobody_waits() -> None:
    assert Pace(None, Clock()).spend(1 << 40) == 0.0


def test_who_reads_for_a_second_waits_for_a_second_less_what_may_be_read_at_once() -> None:
    assert Pace(1000, Clock()).spend(1000) == 1.0 - BURST


def test_a_long_pause_is_not_made_up_for() -> None:
    clock = Clock()
    pace = Pace(1000, clock)
    pace.spend(10)
    clock.now += 3600
    assert pace.spend(1000) == 1.0 - BURST


@given(st.lists(st.tuples(st.integers(0, 1 << 20), st.floats(0, 3)), min_size=1, max_size=60), st.integers(1, 1 << 24))
def test_who_waits_as_told_reads_no_more_than_the_rate_in_any_time(pieces: list[tuple[int, float]], rate: int) -> None:
    clock = Clock()
    pace = Pace(rate, clock)
    begins: list[tuple[float, int]] = []
    for size, pause in pieces:
        begins.append((clock.now, size))
        clock.now += pace.spend(size) + pause
    for first, (begin, _) in enumerate(begins):
        total = 0
        for at, size in begins[first:]:
            assert total <= rate * (at - begin + BURST) * (1 + 1e-9) + 1  # before this one
            total += size
