"""Places: directories that could not be looked into, are not taken over or are polled. Each is a gap as long as that lasts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from driftd.daemon.batch import Batch
from driftd.model.item import Gap
from driftd.sources.reasons import MAX_ITEMS

if TYPE_CHECKING:
    from driftd.daemon.engine import Engine


class Places:
    """Records where nothing, or too little, is seen, and where it is seen again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._withheld: dict[str, Gap] = {}
        """Baseline -> why what stands on disk for it is not taken over."""

    def seen(self, trouble: dict[str, Gap]) -> None:
        """Record, after a look at everything, where it could not go, and where it could again."""
        trouble = trouble | {gap.item: gap for gap in self._withheld.values()}
        known = self._engine.memory.places
        lost = [gap for item, gap in trouble.items() if item not in known or known[item].reason != gap.reason]
        self._engine.memory.places = dict(trouble)
        self._record(lost, [gap for item, gap in known.items() if item not in trouble])

    def seen_within(self, trouble: dict[str, Gap], inside: Callable[[str], bool]) -> None:
        """Record the same after a look at some directories alone."""
        known = self._engine.memory.places
        elsewhere = {item: gap for item, gap in known.items() if not inside(item) or gap.reason == MAX_ITEMS}
        self.seen(elsewhere | trouble)

    def lost(self, gap: Gap) -> None:
        """Record that nothing is known of a directory until it was looked through."""
        known = self._engine.memory.places
        if gap.item not in known:
            self.seen(known | {gap.item: gap})

    def withhold(self, withheld: dict[str, Gap]) -> None:
        """Record what is not taken over of baselines, and why."""
        if withheld != self._withheld:
            former = {gap.item for gap in self._withheld.values()}
            self._withheld = dict(withheld)
            self.seen({item: gap for item, gap in self._engine.memory.places.items() if item not in former})

    def polled(self, polled: dict[str, Gap]) -> None:
        """Record which directories are polled from now on, and which are watched again."""
        known, self._engine.memory.polled = self._engine.memory.polled, polled
        lost = [gap for item, gap in polled.items() if known.get(item) != gap]
        self._record(lost, [gap for item, gap in known.items() if item not in polled], watch="polled")

    def _record(self, lost: list[Gap], restored: list[Gap], watch: str | None = None) -> None:
        batch = Batch(lost=[(None, gap) for gap in lost], restored=[(None, gap) for gap in restored])
        self._engine.record(batch, watch)
