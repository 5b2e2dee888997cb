"""Rechecks: directories in which something may differ are looked through, and what was touched is handed to settling.

What a whole audit does for all items is done here for those that an occasion concerns: a directory that came or went, a storm
in one, a file system mounted over it, a poll.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Final

from driftd.daemon.engine import Engine
from driftd.daemon.watching import Watching
from driftd.model.item import Gap, is_path, real_path, shown_path
from driftd.watch.settle import MAX_WAITING, Settling

MAX_PLACES: Final = 5_000
"""So many directories at once, and everything is looked at instead."""
_BATCH: Final = 256


class Rechecks:
    """Directories that wait to be looked through."""

    def __init__(
        self,
        engine: Engine,
        watching: Watching,
        settling: Settling,
        settle: float,
        monotonic: Callable[[], float],
        wall_ns: Callable[[], int],
    ) -> None:
        self._engine = engine
        self._watching = watching
        self._settling = settling
        self._settle_ns = int(settle * 1e9)
        self._monotonic = monotonic
        self._wall_ns = wall_ns
        self.everything: Callable[[], None] = lambda: None
        """Called where the directories are too many."""
        self._places: dict[bytes, bool] = {}
        """Path -> whether what lies below the directories in it is concerned as well."""
        self._under_way: Iterator[bool] | None = None

    def settle_for(self, seconds: float) -> None:
        """Give a file that looks half-written another time to become whole."""
        self._settle_ns = int(seconds * 1e9)

    @property
    def pending(self) -> bool:
        """Whether anything waits to be looked through."""
        return bool(self._places) or self._under_way is not None

    @property
    def has_room(self) -> bool:
        """Whether settling can take what may be found."""
        return len(self._settling) < MAX_WAITING // 2

    @property
    def may_go_on(self) -> bool:
        """Whether something waits that can be done now."""
        return self.pending and self.has_room

    def add(self, path: bytes, *, deep: bool = True) -> None:
        """Have a path looked through: what is there, what was known there, and (`deep`) what lies below."""
        self._places[path] = deep or self._places.get(path, False)
        if len(self._places) > MAX_PLACES:
            self._places.clear()
            self.everything()

    def advance(self, until: float) -> None:
        """Go on until a moment, or until settling has enough to do."""
        while self.may_go_on and self._monotonic() < until:
            if self._under_way is None:
                places, self._places = outermost(self._places), {}
                self._under_way = self._look_through(places)
            if next(self._under_way, True):
                self._under_way = None
                self._watching.news = True

    def drop(self) -> None:
        """Forget what waits: everything will be looked at again."""
        self._places.clear()
        self._under_way = None

    def _look_through(self, places: dict[bytes, bool]) -> Iterator[bool]:
        """Yield False now and then, so that other work may overtake."""
        auditor = self._engine.auditor
        seen: set[str] = set()
        trouble: dict[str, Gap] = {}
        for path, deep in places.items():
            for found in auditor.found_within(path, shallow=not deep):
                if found.gap is not None:
                    trouble[found.gap.item] = found.gap
                elif auditor.scope.ignored(found.item) is None and found.item not in seen:
                    seen.add(found.item)
                    self.hand_over(found.item)
                    if len(seen) % _BATCH == 0:
                        yield False
        inside = Inside(places)
        for number, item in enumerate(self._engine.memory.known(inside)):
            if item not in seen:  # gone, or where no walk comes
                self.hand_over(item, anyway=True)
            if number % _BATCH == 0:
                yield False
        self._engine.places.seen_within(trouble, inside.holds)

    def hand_over(self, item: str, *, anyway: bool = False) -> None:
        """Have an item looked at if it was touched, or `anyway`: at once, unless somebody may still be writing it."""
        path = real_path(item)
        if path in self._settling or not (anyway or self._engine.touched(item)):
            return
        changed = self._engine.auditor.changed_ns(item)
        complete = changed is None or abs(self._wall_ns() - changed) > self._settle_ns
        self._settling.noticed(path, self._monotonic(), complete=complete)


class Inside:
    """Tells whether an item stands at one of some paths, in one of these directories, or (deep) below it."""

    def __init__(self, places: dict[bytes, bool]) -> None:
        self._places = {shown_path(path): deep for path, deep in places.items()}
        self._known: dict[str, bool] = {}

    @property
    def named(self) -> Collection[str]:
        """The paths themselves."""
        return self._places

    def holds(self, item: str) -> bool:
        """Whether an item is one of these."""
        return item in self._places or (is_path(item) and self.holds_all_in(item.rpartition("/")[0] or "/"))

    def holds_all_in(self, directory: str) -> bool:
        """Whether every item of a directory is one of these; what is no path, such as a command, has no directory."""
        if not directory:
            return False
        directory = directory.rstrip("/") or "/"
        found = self._known.get(directory)
        if found is None:
            found = self._known[directory] = directory in self._places or self._is_below(directory)
        return found

    def _is_below(self, directory: str) -> bool:
        while directory != "/":
            directory = directory.rpartition("/")[0] or "/"
            if self._places.get(directory):
                return True
        return False


def outermost(places: dict[bytes, bool]) -> dict[bytes, bool]:
    """Return the places without those that another one takes along."""
    kept: dict[bytes, bool] = {}
    last: bytes | None = None
    for path in sorted(places, key=lambda path: path.split(b"/")):
        if last is not None and path.startswith(last):
            continue
        kept[path] = places[path]
        if places[path]:
            last = path.rstrip(b"/") + b"/"
    return kept
