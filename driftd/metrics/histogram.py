"""A histogram: how many observations were at most so large."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

from driftd.metrics.exposition import Buckets


class Histogram:
    """Counts observations in buckets whose upper bounds are given in rising order."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def buckets(self) -> Buckets:
        """Return the counts as they are now."""
        *counts, total = accumulate(self._counts)
        return Buckets(tuple(zip(self._bounds, counts, strict=True)), total, self._sum)
