"""Refusals: events that receivers refused for good, told by an event soon after, and counted for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Final

from driftd.daemon.engine import Engine
from driftd.model.change import Severity
from driftd.model.document import Json
from driftd.model.event import Action, Event, action_of, sequence_of
from driftd.store.database import Database

PAUSE: Final = 60.0
"""Seconds between two events about refusals: what is refused meanwhile is told by the next."""
MOST_NAMED: Final = 10
"""Refused events that one event names; it counts all."""


class Refusals:
    """Takes in what is refused, on the threads of the deliveries, and tells it on that of the loop.

    How many no event tells yet stands in the database beside the cursors: a kill in between loses no count, only the reasons.
    An event about refusals that is refused itself is counted and waits for the next refusal, so that the two do not go on for ever.
    """

    def __init__(self, engine: Engine, monotonic: Callable[[], float]) -> None:
        self._engine = engine
        self._monotonic = monotonic
        self._guard = threading.Lock()
        self._named: list[Json] = []
        self._not_before = monotonic()
        self._news = True  # whoever ran before may not have told everything
        self.wake: Callable[[], None] = lambda: None
        """Called when there is something to tell, where there was nothing before."""

    def refused(self, output: str, event: Event, reason: str) -> None:
        """Take in an event that was refused for good, and is counted already. Any thread may say so."""
        if action_of(event) == Action.DELIVERY_REFUSED:
            return
        with self._guard:
            if len(self._named) < MOST_NAMED:
                self._named.append({"output": output, "sequence": sequence_of(event), "reason": reason})
            known, self._news = self._news, True
        if not known:
            self.wake()

    def due(self) -> float | None:
        """Return when there is something to tell; None: nothing is known of."""
        return self._not_before if self._news else None

    def tell(self) -> None:
        """Record what was refused since the last time, when that is due."""
        if not self._news or self._monotonic() < self._not_before:
            return
        with self._guard:
            self._news = False
            named, self._named = self._named, []
        counts = self._engine.store.attempt(Database.refused_untold)
        if counts == {}:
            return
        self._not_before = self._monotonic() + PAUSE
        told = False
        try:
            if counts:
                self._say(counts, named)
                told = True
        finally:
            if not told:
                self._put_back(named)

    def _put_back(self, named: list[Json]) -> None:
        with self._guard:
            self._news = True
            self._named[:0] = named

    def _say(self, counts: Mapping[str, int], named: list[Json]) -> None:
        words = ", ".join(f"{output} ({count})" for output, count in counts.items())
        first = f"; first: {named[0]['reason']}" if named and isinstance(named[0], dict) else ""
        store = self._engine.store
        driftd: dict[str, Json] = {
            "refused": dict(counts),
            "delivered": dict(store.cursors()),
            "output_sequences": dict(store.numbers()),
        }
        if named:
            driftd["refusals"] = named
        message = f"events were refused for good by their receivers: {words}{first}"
        self._engine.say(Action.DELIVERY_REFUSED, Severity.HIGH, message, driftd)
