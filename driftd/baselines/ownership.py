"""Which baseline owns an item's approved state: the one whose pattern is the most specific."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from driftd.sources.glob import Glob

Rank = tuple[bool, bool, int]


def rank(pattern: Glob, *, approves: bool) -> Rank:
    """Return a pattern's claim to an item, the greatest one wins: a literal path, then the longest fixed prefix.

    A baseline that approves nothing (`approved: none`) owns an item only where no other baseline means it: its rules
    are added all the same, and an item that somebody approves is never left unwatched because of them.
    """
    return (approves, *pattern.specificity)


def ties(patterns: Sequence[tuple[str, Glob]]) -> Iterator[tuple[int, int]]:
    """Yield the positions of patterns of different baselines that are equally specific and can match one path.

    `patterns` are pairs of baseline name and pattern. Within one baseline the first pattern named wins.
    """
    groups: dict[tuple[bool, int], list[int]] = {}
    for position, (_, pattern) in enumerate(patterns):
        groups.setdefault(pattern.specificity, []).append(position)
    for group in groups.values():
        for first, second in combinations(group, 2):
            (name, pattern), (other_name, other) = patterns[first], patterns[second]
            if name != other_name and _near(pattern, other) and pattern.overlaps(other):
                yield first, second


def _near(one: Glob, other: Glob) -> bool:
    """Whether the fixed text before the wildcards lets two patterns meet at all."""
    return one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix)
