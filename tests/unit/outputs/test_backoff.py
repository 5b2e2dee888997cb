from __future__ import annotations

from driftd.outputs.backoff import Backoff


def test_delays_double_up_to_the_limit() -> None:
    backoff = Backoff(chance=lambda: 1.0)
    assert [backoff.next() for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]


def test_chance_takes_away_at_most_half() -> None:
    backoff = Backoff(chance=lambda: 0.0)
    assert [backoff.next() for _ in range(3)] == [0.25, 0.5, 1.0]


def test_a_success_begins_anew() -> None:
    backoff = Backoff(chance=lambda: 1.0)
    backoff.next()
    backoff.reset()
    assert backoff.next() == 0.5


def test_a_year_of_failures_does_not_overflow() -> None:
    backoff = Backoff(chance=lambda: 1.0)
    assert [backoff.next() for _ in range(5000)][-1] == 60
