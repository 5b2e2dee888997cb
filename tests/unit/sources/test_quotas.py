"""Quotas: each pattern has its own, and the first item too many is told once."""

from __future__ import annotations

from driftd.sources.quotas import Quotas


def test_an_item_is_admitted_for_each_pattern_that_has_room() -> None:
    quotas = Quotas([1, 2])
    assert quotas.admit((0, 1)) == ((0, 1), ())
    assert quotas.admit((0, 1)) == ((1,), [0])
    assert quotas.full == {0}


def test_the_first_item_too_many_is_told_once() -> None:
    quotas = Quotas([1])
    assert [quotas.admit((0,)) for _ in range(3)] == [((0,), ()), ((), [0]), ((), [])]


def test_many_items_are_admitted_together_or_not_at_all() -> None:
    quotas = Quotas([2, 3])
    assert not quotas.admit_all([(0, 2), (1, 4)])
    assert quotas.admit_all([(0, 2), (1, 3)])
    assert quotas.admit((0, 1)) == ((), [0, 1])
