"""How many items each pattern may have. What is too many is a gap, so that no pattern fills the memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class Quotas:
    """Counts the items of patterns, which go by their indexes."""

    def __init__(self, most: Iterable[int]) -> None:
        self._most = tuple(most)
        self._counts = [0] * len(self._most)
        self.full: set[int] = set()
        """Patterns that had an item too many."""

    def admit(self, matched: tuple[int, ...]) -> tuple[tuple[int, ...], Sequence[int]]:
        """Count one more item; return the patterns that have room for it, and those for which it is the first too many."""
        counts, most = self._counts, self._most
        within = True
        for index in matched:
            counts[index] += 1
            within = within and counts[index] <= most[index]
        if within:
            return matched, ()
        filled = [index for index in matched if index not in self.full and counts[index] > most[index]]
        self.full.update(filled)
        return tuple(index for index in matched if index not in self.full), filled

    def admit_all(self, items: Sequence[tuple[int, int]]) -> bool:
        """Count so many items of each pattern, unless that makes too many for one of them."""
        counts = self._counts
        if any(counts[index] + more > self._most[index] for index, more in items):
            return False
        for index, more in items:
            counts[index] += more
        return True
