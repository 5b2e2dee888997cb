"""Which segments may go: by age, by size, by what outputs have delivered, and never by a clock that was set."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.store.retention import DEFAULT_LIMITS, LOOKS_APART, Limits, Look, Plan, Stretch, ages, plan

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
KEEP = 100 * DAY
LIMITS = Limits(KEEP, 1000)
ALL = 10**9


def stretches(*ends: float, size: int = 10) -> list[Stretch]:
    """Return segments of ten events that ended so many days ago, the first one begun ten days before its end."""
    begun = (ends[0] + 10, *ends)
    return [
        Stretch(10 * number + 1, 10 * number + 10, size, (NOW - begun[number] * DAY, NOW - end * DAY))
        for number, end in enumerate(ends)
    ]


OLD = (150, 130, 110, 90, 70, 50, 30, 0)


def twice(found: Sequence[Stretch], limits: Limits = LIMITS, **delivered: int) -> Plan:
    """Return the plan of a second look, a day after one that found the same."""
    first = plan(found, limits, NOW, delivered, None)
    return plan(found, limits, NOW + DAY, delivered, first.look)


def test_what_is_older_than_is_kept_goes_at_the_second_look() -> None:
    found = stretches(*OLD)
    first = plan(found, LIMITS, NOW, {}, None)
    assert first == Plan(0, {}, Look(NOW, 30))
    assert plan(found, LIMITS, NOW + LOOKS_APART / 2, {}, first.look).through == 0
    assert plan(found, LIMITS, NOW + LOOKS_APART, {}, first.look).through == 30


def test_the_segment_that_is_written_to_stays_however_old_and_large_it_is() -> None:
    assert twice([Stretch(1, 10, 10_000, (NOW - 300 * DAY, NOW - 290 * DAY))]).through == 0
    assert twice([]).through == 0


def test_what_an_output_has_not_delivered_stays_however_old_it_is() -> None:
    found = stretches(*OLD)
    assert twice(found, jsonl=ALL, journald=15) == Plan(10, {}, Look(NOW + DAY, 30))
    assert twice(found, jsonl=0).through == 0


def test_what_takes_too_much_room_goes_at_once_and_more_of_what_was_delivered() -> None:
    found = stretches(9, 8, 7, 6, 5, 4, 3, 2, 1, 0, size=120)
    assert plan(found, LIMITS, NOW, {"jsonl": ALL}, None).through == 40, "down to three quarters"
    assert plan(found, LIMITS, NOW, {"jsonl": 35}, None).through == 30


def test_what_has_to_go_before_it_was_delivered_is_counted_for_each_output() -> None:
    found = stretches(9, 8, 7, 6, 5, 4, 3, 2, 1, 0, size=120)
    planned = plan(found, LIMITS, NOW, {"ahead": ALL, "behind": 13, "never": 0}, None)
    assert (planned.through, planned.lost) == (20, {"behind": 7, "never": 20})
    later = found[2:]
    again = plan(later, Limits(KEEP, 500), NOW, {"behind": 13}, None)
    assert (again.through, again.lost) == (60, {"behind": 40}), "what was gone before is not counted again"


def test_a_clock_set_back_begins_the_looks_anew() -> None:
    found = stretches(130, 110, 90, 70, 50, 30, 0)
    first = plan(found, LIMITS, NOW, {}, None)
    back = plan(found, LIMITS, NOW - 5 * DAY, {}, first.look)
    assert (back.through, back.look) == (0, Look(NOW - 5 * DAY, 20))


def test_a_clock_that_was_wrong_for_less_than_a_day_costs_nothing() -> None:
    found = stretches(80, 60, 30, 0)
    look = plan(found, LIMITS, NOW, {}, None).look
    wrong = plan(found, LIMITS, NOW + 30 * DAY, {}, look)
    assert wrong.through == 0
    right = plan(found, LIMITS, NOW + DAY, {}, wrong.look)
    assert right.through == 0
    assert plan(found, LIMITS, NOW + 2 * DAY, {}, right.look).through == 0


def test_ages_are_those_of_the_last_event_by_a_clock_that_runs() -> None:
    assert ages(stretches(40, 20, 5), NOW, KEEP) == [40 * DAY, 20 * DAY, 5 * DAY]


@pytest.mark.parametrize("wrong", [-50 * 365 * DAY, 70 * 365 * DAY, -40 * DAY, 40 * DAY], ids=str)
def test_a_clock_that_was_wrong_by_much_makes_nothing_older(wrong: timedelta) -> None:
    def at(*days_ago: float, by: timedelta = timedelta(0)) -> tuple[datetime, ...]:
        return tuple(NOW - ago * DAY + by for ago in days_ago)

    at_first = [Stretch(1, 10, 9, at(30, 25, by=wrong)), Stretch(11, 20, 9, at(25, 10)), Stretch(21, 30, 9, at(10, 0))]
    between = [Stretch(1, 10, 9, at(30, 25)), Stretch(11, 20, 9, at(25, 10, by=wrong)), Stretch(21, 30, 9, at(10, 0))]
    at_last = [Stretch(1, 10, 9, at(30, 25)), Stretch(11, 20, 9, at(25, 10)), Stretch(21, 30, 9, at(10, 0, by=wrong))]
    for found in (at_first, between, at_last):
        for age, most in zip(ages(found, NOW, KEEP), (25 * DAY, 10 * DAY, timedelta(0)), strict=True):
            assert age <= most
    assert all(age <= 25 * DAY for age in ages(stretches(25, 10, 0), NOW + wrong, KEEP))


def test_a_segment_without_a_readable_time_is_as_old_as_what_stands_before_it() -> None:
    found = stretches(50, 40, 20, 0)
    found[1] = Stretch(11, 20, 10)
    assert ages(found, NOW, KEEP)[1] == 50 * DAY
    assert ages([Stretch(1, 10, 10)], NOW, KEEP) == [timedelta(0)]


errors = st.just(0) | st.integers(-800, 800).map(lambda number: number * 50)
"""Days: a step from one to another is larger than any silence, or none."""


@given(
    lengths=st.lists(st.floats(0.01, 12), min_size=2, max_size=40),
    wrong=st.lists(errors, min_size=41, max_size=41),
    since=st.floats(0, 12),
)
def test_nothing_young_is_ever_old_whatever_the_clock_is_set_to(
    lengths: list[float], wrong: list[int], since: float
) -> None:
    """Segments follow one another; within each, and now, the clock is wrong by another number of days."""
    true, found = datetime(2020, 1, 1, tzinfo=UTC), []
    ends = []
    for number, (length, error) in enumerate(zip(lengths, wrong, strict=False)):
        begun, true = true, true + length * DAY
        found.append(Stretch(number * 10 + 1, number * 10 + 10, 1, (begun + error * DAY, true + error * DAY)))
        ends.append(true)
    true += since * DAY
    for age, end in zip(ages(found, true + wrong[-1] * DAY, KEEP), ends, strict=True):
        assert age <= true - end + timedelta(seconds=1)


def test_the_defaults_are_those_of_the_reference() -> None:
    assert Limits(timedelta(days=400), 512 * 1024 * 1024) == DEFAULT_LIMITS
    assert (DEFAULT_LIMITS.segment_bytes, DEFAULT_LIMITS.segment_age) == (16 * 1024 * 1024, 30 * DAY)
    small = Limits(8 * DAY, 80_000)
    assert (small.segment_bytes, small.segment_age) == (10_000, DAY)
