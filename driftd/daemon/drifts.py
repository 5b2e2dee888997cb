"""The open drifts as the engine remembers them: what tells whether one changed; the rest is in the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from driftd.model.change import Severity, Status
from driftd.store.known import OpenDrift, Standing

Kind = tuple[str, str, str]
"""Baseline, severity and status of a drift."""


class Drifts:
    """Open drifts by item, counted."""

    def __init__(self, standings: Iterable[tuple[str, Standing]] = ()) -> None:
        self._standing: dict[str, Standing] = {}
        self._counts: Counter[Kind] = Counter()
        self._groups: Counter[str] = Counter()
        for item, standing in standings:
            self._put(item, standing)

    def __len__(self) -> int:
        return len(self._standing)

    def __iter__(self) -> Iterator[str]:
        """Return the items that are drifted."""
        return iter(self._standing)

    def get(self, item: str) -> Standing | None:
        """Return what stands open about an item."""
        return self._standing.get(item)

    def take(self, drift: OpenDrift, *, opened: bool) -> None:
        """Take over a drift as an event told it; `opened`: it begins here."""
        known = None if opened else self.get(drift.item)
        standing = Standing(
            drift.drift_id,
            drift.episode,
            drift.fingerprint,
            drift.baseline,
            drift.severity,
            drift.status,
            drift.group,
        )
        if known is not None and drift.group:
            standing = replace(standing, group=known.group)
        self._put(drift.item, standing)

    def drop(self, item: str) -> None:
        """Take note that an item is not drifted any more."""
        known = self._standing.pop(item, None)
        if known is not None:
            self._count(known, -1)

    def by_severity(self) -> dict[str, int]:
        """Return how many drifts there are of each severity that there are any of, the worst first."""
        words = [severity.word for severity in sorted(Severity, reverse=True)]
        return _ordered(words, ((severity, count) for (_, severity, _), count in self._counts.items()))

    def by_status(self) -> dict[str, int]:
        """Return how many drifts there are of each status that there are any of, the worst first."""
        words = [status.value for status in Status]
        return _ordered(words, ((status, count) for (_, _, status), count in self._counts.items()))

    def counts(self) -> dict[Kind, int]:
        """Return how many drifts there are of each kind that there are any of."""
        return {kind: count for kind, count in self._counts.items() if count}

    def of_baseline(self, name: str) -> list[str]:
        """Return the drifted items of a baseline."""
        return [item for item, standing in self._standing.items() if standing.baseline == name]

    def told_with(self, group: str) -> int:
        """Return how many drifts are open that were told together by the summary of a group."""
        return self._groups[group]

    def _put(self, item: str, standing: Standing) -> None:
        self.drop(item)
        self._standing[item] = standing
        self._count(standing, 1)

    def _count(self, standing: Standing, by: int) -> None:
        self._counts[standing.baseline, standing.severity, standing.status] += by
        if standing.group:
            self._groups[standing.group] += by
            if not self._groups[standing.group]:
                del self._groups[standing.group]


def _ordered(words: Sequence[str], counted: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return the sums by word, in the order of the words, without those that nothing was counted for."""
    sums: Counter[str] = Counter()
    for word, count in counted:
        sums[word] += count
    return {word: sums[word] for word in words if sums[word]}
