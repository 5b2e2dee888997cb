"""Doubts: items of which nothing is said yet, because what is approved for them may be in the middle of being replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from driftd.auditor import Examined
from driftd.baselines.approved import CORRUPT

if TYPE_CHECKING:
    from driftd.daemon.engine import Engine


class Doubts:
    """The items whose approved files could not be believed when they were looked at."""

    def __init__(self, engine: Engine) -> None:
        self.on_doubt: Callable[[], None] | None = None
        """Told of each; who takes this in has `settling` done once what is approved has come to rest. None: it is said at once."""
        self._engine = engine
        self._waiting: dict[str, None] = {}
        self._settled: dict[str, None] = {}
        """Those of which it is said now, by whoever comes first."""

    def take(self, examined: Examined) -> bool:
        """Whether nothing is said of an item yet; it is remembered to be looked at."""
        memory, item = self._engine.memory, examined.item
        if self.on_doubt is None or item in self._settled or item in memory.gaps:
            return False
        if not any(gap.reason == CORRUPT for gap in examined.verdict.gaps):
            return False
        self._waiting[item] = None
        memory.take(examined.observed, settled=False)
        self.on_doubt()
        return True

    def settling(self) -> Iterator[None]:
        """Say, in steps, what is known of these items now."""
        self._settled, self._waiting = self._waiting, {}
        try:
            yield from self._engine.looking(self._settled, "approval")
        finally:
            self._settled = {}
