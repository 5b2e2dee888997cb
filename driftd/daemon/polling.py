"""Polling: what cannot be watched is asked for its stat fields from time to time, directories and the items in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from driftd.daemon.engine import Engine
from driftd.daemon.rechecks import Inside, Rechecks
from driftd.daemon.watching import Watching
from driftd.model.item import shown_path
from driftd.sources.observe import NO_STAMPS, Stamps

SHARE: Final = 20
"""A poll takes at most one twentieth of the time: where it takes longer, the next one comes later."""
LONGEST_RETRY: Final = 300.0
"""Seconds between two tries to watch what could not be watched."""
_BATCH: Final = 64


class Polling:
    """Looks after what is polled, every so many seconds. The loop calls it; nothing here waits."""

    def __init__(
        self, engine: Engine, watching: Watching, rechecks: Rechecks, every: float, monotonic: Callable[[], float]
    ) -> None:
        self.every = every
        self._engine = engine
        self._watching = watching
        self._rechecks = rechecks
        self._monotonic = monotonic
        self._due: float | None = None
        self._seen: dict[bytes, tuple[Stamps, bool]] = {}
        """Name of a directory -> its stamps at the last poll, and whether it was the same at the one before."""
        self._under_way: Iterator[None] | None = None
        self._took = 0.0
        self._retry_after = 0.0
        self._retry_at: float | None = None
        self.on_polled: Callable[[], None] = lambda: None
        """Called after each poll."""

    @property
    def may_go_on(self) -> bool:
        """Whether a poll is under way and can go on now."""
        return self._under_way is not None and self._rechecks.has_room

    def due(self) -> float | None:
        """Return when there is something to do next; None while everything is watched."""
        if not self._watching.polled:
            self._due = self._retry_at = None
            self._retry_after = 0.0
            self._seen.clear()
            return None
        now = self._monotonic()
        if self._due is None:
            self._due = now + self.every
        if self._retry_at is None and self._watching.may_retry:
            self._retry_after = min(LONGEST_RETRY, 2 * self._retry_after or self.every)
            self._retry_at = now + self._retry_after
        return self._due if self._retry_at is None else min(self._due, self._retry_at)

    def advance(self, until: float) -> None:
        """Do what is due, up to a moment."""
        due, now = self.due(), self._monotonic()
        if due is None:
            self._under_way = None
            return
        if self._retry_at is not None and now >= self._retry_at:
            self._retry()
        if self._under_way is None and self._due is not None and now >= self._due:
            self._under_way, self._took = self._poll(), 0.0
        if self._under_way is None or not self._rechecks.has_room:
            return
        for _ in self._under_way:
            if self._monotonic() >= until:
                self._took += self._monotonic() - now
                return
        self._took += self._monotonic() - now
        self._under_way = None
        self._due = self._monotonic() + max(self.every, SHARE * self._took)
        self.on_polled()

    def _retry(self) -> None:
        """Try to watch what is polled; what is watched from now on is looked at once more."""
        self._retry_at = None
        watched = self._watching.retry()
        for place in watched:
            for name in self._watching.names_of(place):
                self._rechecks.add(name, deep=False)
        if watched:
            self._retry_after = 0.0

    def _poll(self) -> Iterator[None]:
        places = {name: place for place in self._watching.polled for name in self._watching.names_of(place)}
        for path, place in places.items():
            self._ask(path, place)
            yield
        for gone in self._seen.keys() - places.keys():
            del self._seen[gone]
        inside = Inside(dict.fromkeys(places, False))
        items = self._engine.memory.known(inside)
        items += [shown_path(item) for place in self._watching.polled for item in self._watching.items.inside(place)]
        for number, item in enumerate(dict.fromkeys(items)):
            self._rechecks.hand_over(item)
            if number % _BATCH == 0:
                yield

    def _ask(self, path: bytes, place: bytes) -> None:
        """Have a directory looked through if names may have come or gone."""
        now = self._engine.auditor.stamps(shown_path(path))
        if now is None:
            self._seen.pop(path, None)
            self._watching.gone(place)
            self._rechecks.add(path)
            return
        known, steady = self._seen.get(path, (NO_STAMPS, False))
        self._seen[path] = (now, now == known)
        if now == NO_STAMPS or now != known or not steady:  # once more: it may have changed again in the same moment
            self._rechecks.add(path, deep=False)
