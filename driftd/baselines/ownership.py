"""Which baseline owns an item's approved state: the one whose pattern is the most specific."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from driftd.sources.glob import Glob

Specificity = tuple[bool, int]


def specificity(pattern: Glob) -> Specificity:
    """Return how specific a pattern is, to be compared: a literal path, then the longest fixed prefix."""
    return (True, 0) if pattern.literal is not None else (False, len(pattern.prefix))


def ties(patterns: Sequence[tuple[str, Glob]]) -> Iterator[tuple[int, int]]:
    """Yield the positions of patterns of different baselines that are equally specific and can match one path.

    `patterns` are pairs of baseline name and pattern. Only patterns with the same fixed text can tie, so that the
    number of comparisons stays small. Within one baseline the first pattern named wins.
    """
    groups: dict[tuple[bool, str], list[int]] = {}
    for position, (_, pattern) in enumerate(patterns):
        fixed = pattern.prefix if pattern.literal is None else pattern.literal
        groups.setdefault((pattern.literal is not None, fixed), []).append(position)
    for group in groups.values():
        for first, second in combinations(group, 2):
            (name, pattern), (other_name, other) = patterns[first], patterns[second]
            if name != other_name and (pattern.literal is not None or pattern.overlaps(other)):
                yield first, second
