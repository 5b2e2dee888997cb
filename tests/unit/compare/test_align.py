"""Alignment: which member of one sequence is which member of the other."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.compare.align import Pair, align, longest_increasing

SEQUENCES = st.lists(st.sampled_from([b"a", b"b", b"c", b"d", b"e"]), max_size=30)


def lines(text: str) -> list[bytes]:
    return text.encode().split()


def matches(pairs: list[Pair]) -> list[tuple[int, int]]:
    return [(before, after) for before, after in pairs if before is not None and after is not None]


@pytest.mark.parametrize(
    ("before", "after", "pairs"),
    [
        ("", "", []),
        ("a b", "a b", [(0, 0), (1, 1)]),
        ("", "a", [(None, 0)]),
        ("a", "", [(0, None)]),
        ("a c", "a b c", [(0, 0), (None, 1), (1, 2)]),
        ("a b c", "a c", [(0, 0), (1, None), (2, 1)]),
        ("a b c", "a x c", [(0, 0), (1, None), (None, 1), (2, 2)]),
        ("a b", "b a", [(0, None), (1, 0), (None, 1)]),
        ("x x", "x x x", [(0, 0), (1, 1), (None, 2)]),
        ("p a q a r", "s a t a u", [(0, None), (None, 0), (1, 1), (2, None), (None, 2), (3, 3), (4, None), (None, 4)]),
        ("1 k 2 l 3", "4 k 5 l 6", [(0, None), (None, 0), (1, 1), (2, None), (None, 2), (3, 3), (4, None), (None, 4)]),
    ],
)
def test_equal_members_are_pairs_and_a_gap_names_its_removals_first(before: str, after: str, pairs: list[Pair]) -> None:
    assert align(lines(before), lines(after)) == pairs


@given(before=SEQUENCES, after=SEQUENCES)
def test_every_member_appears_once_and_only_equal_ones_are_pairs(before: list[bytes], after: list[bytes]) -> None:
    pairs = align(before, after)
    assert sorted(b for b, _ in pairs if b is not None) == list(range(len(before)))
    assert sorted(a for _, a in pairs if a is not None) == list(range(len(after)))
    assert all(before[b] == after[a] for b, a in matches(pairs))


@given(before=SEQUENCES, after=SEQUENCES)
def test_order_is_kept_on_both_sides(before: list[bytes], after: list[bytes]) -> None:
    pairs = align(before, after)
    for side in (0, 1):
        indexes = [index for pair in pairs if (index := pair[side]) is not None]
        assert indexes == sorted(indexes)


@given(members=SEQUENCES, extra=SEQUENCES, at=st.integers(0, 30))
def test_one_insertion_leaves_everything_else_paired(members: list[bytes], extra: list[bytes], at: int) -> None:
    longer = [*members[:at], *extra, *members[at:]]
    assert len(matches(align(members, longer))) == len(members)
    assert len(matches(align(longer, members))) == len(members)


def test_fifty_thousand_distinct_members_are_aligned_around_a_few_edits() -> None:
    before = [b"%d" % number for number in range(50_000)]
    after = [*before[:10_000], b"new", *before[10_001:30_000], *before[30_005:]]
    pairs = align(before, after)
    assert len(matches(pairs)) == 50_000 - 1 - 5
    assert (None, 10_000) in pairs
    assert (30_002, None) in pairs


def test_fifty_thousand_members_that_repeat_themselves_end_as_well() -> None:
    """No member is unique and nothing is alike at the ends: an exact alignment would take 2.5 thousand million steps."""
    before = [b"x%d" % (number % 7) for number in range(50_000)]
    after = [b"y", *(b"x%d" % (number % 5) for number in range(49_998)), b"z"]
    pairs = align(before, after)
    assert len([b for b, _ in pairs if b is not None]) == 50_000
    assert len([a for _, a in pairs if a is not None]) == 50_000
    assert all(before[b] == after[a] for b, a in matches(pairs))


def test_fifty_thousand_shuffled_members_keep_a_common_order() -> None:
    before = [b"%d" % number for number in range(50_000)]
    after = list(before)
    random.Random(7).shuffle(after)
    found = matches(align(before, after))
    assert found == sorted(found)
    assert len(found) > 300  # a random order of n has a common subsequence of about two square roots of n


@given(values=st.lists(st.integers(0, 30), unique=True, max_size=9))
def test_no_increasing_run_is_longer_than_the_one_found(values: list[int]) -> None:
    found = longest_increasing(values)
    run = [values[index] for index in found]
    assert found == sorted(found)
    assert run == sorted(run)
    best = [1] * len(values)
    for at, value in enumerate(values):
        best[at] = max([1, *(best[before] + 1 for before in range(at) if values[before] < value)])
    assert len(run) == max(best, default=0)
