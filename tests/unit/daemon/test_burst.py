"""When drifts are told together, with a clock that the tests move."""

from __future__ import annotations

from itertools import pairwise

import pytest

from driftd.daemon.burst import FIRST_SUMMARY, LAST_SUMMARY, MOST_KNOWN, QUIET, WINDOW, Burst, BurstLimits
from driftd.model.change import Severity

FEW = BurstLimits(alone=3, urgent=2)


def joined(burst: Burst, *names: str, now: float = 0.0, severity: Severity = Severity.LOW) -> list[str]:
    return [name for name in names if burst.joins(name, severity, now)]


def test_few_drifts_are_told_by_themselves_however_often_they_change() -> None:
    burst = Burst(FEW)
    for second in range(1000):
        assert joined(burst, "a", "b", "c", now=second / 10) == []
    assert burst.next_summary() is None
    assert burst.is_over(0.0)


def test_what_goes_beyond_is_told_together_until_it_is_quiet() -> None:
    burst = Burst(FEW)
    assert joined(burst, *"abcdef") == ["d", "e", "f"]
    assert joined(burst, "a", "d", "g", now=QUIET - 1) == ["d", "g"]
    assert burst.next_summary() == 2 * QUIET - 1
    assert not burst.is_over(2 * QUIET - 1.1)
    assert burst.is_over(2 * QUIET - 1)


def test_the_next_one_after_the_end_is_told_by_itself() -> None:
    burst = Burst(FEW)
    joined(burst, *"abcdef")
    burst.end()
    assert joined(burst, *"ghij", now=QUIET) == ["j"]


@pytest.mark.parametrize("severity", [Severity.HIGH, Severity.CRITICAL])
def test_the_bad_ones_are_told_by_themselves_up_to_a_bound(severity: Severity) -> None:
    burst = Burst(FEW)
    assert joined(burst, *"abcd") == ["d"]
    assert joined(burst, *"efgh", severity=severity) == ["g", "h"]
    assert joined(burst, *"ef", severity=severity) == []


def test_drifts_that_come_one_now_and_one_then_are_told_by_themselves_for_ever() -> None:
    burst = Burst(FEW)
    apart = WINDOW / 3
    assert [joined(burst, str(number), now=number * apart) for number in range(50)] == [[]] * 50


def test_a_slow_stream_is_told_together_although_it_takes_hours() -> None:
    burst = Burst(FEW)
    names = [str(number) for number in range(5000)]
    told = [name for number, name in enumerate(names) if not joined(burst, name, now=number * (QUIET - 1))]
    assert told == names[:3]


def test_while_it_goes_on_it_is_summed_up_less_and_less_often() -> None:
    burst = Burst(BurstLimits(alone=1, urgent=0))
    burst.joins("first", Severity.LOW, 0.0)
    said, second = [], 0
    while second < 20_000:
        burst.joins(str(second), Severity.LOW, float(second))
        due = burst.next_summary()
        if due is not None and second >= due:
            said.append(second)
            burst.summed_up(float(second))
        second += 1
    pauses = [after - before for before, after in zip([0, *said], said, strict=False)]
    assert pauses[0] == pytest.approx(FIRST_SUMMARY, abs=1)
    assert all(later == min(2 * earlier, LAST_SUMMARY) for earlier, later in pairwise(pauses[1:]))
    assert len(said) < 10


def test_a_drift_that_changes_for_ever_does_not_keep_it_going() -> None:
    burst = Burst(FEW)
    joined(burst, *"abcd")
    for second in range(10):
        assert joined(burst, "d", now=second) == ["d"]
    assert burst.is_over(10)


def test_memory_is_bounded_and_what_events_say_is_believed_beyond_it() -> None:
    burst = Burst(BurstLimits(alone=1, urgent=0))
    names = [str(number) for number in range(MOST_KNOWN + 10)]
    joined(burst, *names)
    assert len(burst._joined) <= MOST_KNOWN
    assert burst.joins(names[-1], Severity.LOW, 4.0, again=True)
    assert burst.next_summary() == QUIET
