"""Alignment of two sequences: which member of one is which member of the other."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from difflib import SequenceMatcher

Pair = tuple[int | None, int | None]
"""(position before, position after); None where the member has no partner."""

_SMALL_PRODUCT = 40_000
"""Blocks up to 200 x 200 without an anchor are matched exactly; larger ones by position, which stays linear."""


def align(before: Sequence[bytes], after: Sequence[bytes]) -> list[Pair]:
    """Return the pairs of equal members, in order, and between them the members without an equal partner.

    Patience alignment: common ends, then members that occur equally often on both sides as anchors, then the blocks between.
    """
    pairs: list[Pair] = []
    pending = [(0, len(before), 0, len(after))]
    while pending:
        block = pending.pop()
        low_b, high_b, low_a, high_a = block
        while low_b < high_b and low_a < high_a and before[low_b] == after[low_a]:
            pairs.append((low_b, low_a))
            low_b, low_a = low_b + 1, low_a + 1
        tail: list[Pair] = []
        while low_b < high_b and low_a < high_a and before[high_b - 1] == after[high_a - 1]:
            high_b, high_a = high_b - 1, high_a - 1
            tail.append((high_b, high_a))
        pairs.extend(tail)
        if low_b == high_b or low_a == high_a:
            pairs.extend((index, None) for index in range(low_b, high_b))
            pairs.extend((None, index) for index in range(low_a, high_a))
            continue
        anchors = _anchors(before, after, low_b, high_b, low_a, high_a)
        if anchors:
            edges = [*anchors, (high_b, high_a)]
            for at_b, at_a in edges:
                pending.append((low_b, at_b, low_a, at_a))
                low_b, low_a = at_b + 1, at_a + 1
            pairs.extend(anchors)
        else:
            pairs.extend(_exact(before, after, low_b, high_b, low_a, high_a))
    return _in_order(pairs)


def _anchors(
    before: Sequence[bytes], after: Sequence[bytes], low_b: int, high_b: int, low_a: int, high_a: int
) -> list[tuple[int, int]]:
    """Members that occur equally often on both sides, each with its counterpart by number of occurrence.

    Of them the longest run that stands in the same order on both. Members that occur once are not enough: a long file
    without any would be aligned by position, and one line more would move all that follow.
    """
    places_b, places_a = _places(before, low_b, high_b), _places(after, low_a, high_a)
    common = sorted(
        pair
        for member, at_b in places_b.items()
        if len(at_a := places_a.get(member, [])) == len(at_b)
        for pair in zip(at_b, at_a, strict=True)
    )
    return [common[index] for index in longest_increasing([at_a for _, at_a in common])]


def _places(members: Sequence[bytes], low: int, high: int) -> dict[bytes, list[int]]:
    places: dict[bytes, list[int]] = {}
    for index in range(low, high):
        places.setdefault(members[index], []).append(index)
    return places


def longest_increasing(values: Sequence[int]) -> list[int]:
    """Return the indexes of one longest strictly increasing subsequence, in n log n."""
    tails: list[int] = []
    tail_values: list[int] = []
    previous: list[int] = []
    for index, value in enumerate(values):
        at = bisect_left(tail_values, value)
        previous.append(tails[at - 1] if at else -1)
        if at == len(tails):
            tails.append(index)
            tail_values.append(value)
        else:
            tails[at], tail_values[at] = index, value
    chain: list[int] = []
    index = tails[-1] if tails else -1
    while index >= 0:
        chain.append(index)
        index = previous[index]
    return chain[::-1]


def _exact(
    before: Sequence[bytes], after: Sequence[bytes], low_b: int, high_b: int, low_a: int, high_a: int
) -> list[Pair]:
    matched: list[Pair] = []
    if (high_b - low_b) * (high_a - low_a) <= _SMALL_PRODUCT:
        matcher = SequenceMatcher(None, before[low_b:high_b], after[low_a:high_a], autojunk=False)
        for match in matcher.get_matching_blocks():
            matched.extend((low_b + match.a + k, low_a + match.b + k) for k in range(match.size))
    else:
        step = range(min(high_b - low_b, high_a - low_a))
        matched.extend((low_b + k, low_a + k) for k in step if before[low_b + k] == after[low_a + k])
    paired_b = {pair[0] for pair in matched}
    paired_a = {pair[1] for pair in matched}
    matched.extend((index, None) for index in range(low_b, high_b) if index not in paired_b)
    matched.extend((None, index) for index in range(low_a, high_a) if index not in paired_a)
    return matched


def _in_order(pairs: list[Pair]) -> list[Pair]:
    """Matches in order, each gap's removals before its additions."""
    matches = sorted((b, a) for b, a in pairs if b is not None and a is not None)
    removed = sorted(b for b, a in pairs if a is None and b is not None)
    added = sorted(a for b, a in pairs if b is None and a is not None)
    out: list[Pair] = []
    at_r = at_a = 0
    end = (1 << 62, 1 << 62)
    for match_b, match_a in [*matches, end]:
        while at_r < len(removed) and removed[at_r] < match_b:
            out.append((removed[at_r], None))
            at_r += 1
        while at_a < len(added) and added[at_a] < match_a:
            out.append((None, added[at_a]))
            at_a += 1
        if (match_b, match_a) != end:
            out.append((match_b, match_a))
    return out
