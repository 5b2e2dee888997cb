"""Watching: which directories are watched for which items, and which have to be polled because they cannot be."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from driftd.auditor import Auditor
from driftd.daemon.place_names import PlaceNames
from driftd.daemon.routes import Routes, directories_above
from driftd.daemon.shared_files import SharedFiles
from driftd.model.item import Observation, real_path
from driftd.ports import Watcher, WatchEvents
from driftd.watch.reasons import MISSING, REMOTE, WATCH_LIMIT

REST: Final = 60.0
"""A watcher that dies sooner after its start is not started again at once: retries come with growing pauses."""


class Watching:
    """Keeps the watches in step with the items. Walks tell where they go, before they look there."""

    def __init__(
        self,
        watcher: Watcher | None,
        auditor: Auditor,
        configuration: Iterable[bytes],
        root: bytes = b"/",
        listener: WatchEvents | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._watcher = watcher
        self._listener = listener
        self._monotonic = monotonic
        self._started = monotonic()
        self._place_names = PlaceNames(root)
        self._told = 0
        self._entered: dict[bytes, int] = {}
        """Place -> when a walk last came there; walks are counted, and what they tell."""
        self._ways: dict[bytes, int] = {}
        """Directory reached through links -> when a walk last came there."""
        self._doubted: set[bytes] = set()
        """Watched directories that may be others by now: notifications were lost."""
        self._files = SharedFiles(watcher, self._place_names.on_host) if watcher is not None else None
        self.items = Routes()
        self.entries = Routes()
        """The directories that walks reached through links."""
        self.polled: dict[bytes, str] = {}
        """Places that cannot be watched, and why."""
        self.news = True
        """Whether these are others than when that was said."""
        self.blind = False
        """Whether some directory of settings or baselines is there and cannot be watched."""
        self.use(auditor, configuration)

    @property
    def live(self) -> bool:
        """Whether anything is watched at all."""
        return self._watcher is not None

    @property
    def watched(self) -> int:
        """How many directories are watched."""
        return sum(1 for _ in self._watcher.watched()) if self._watcher is not None else 0

    def use(self, auditor: Auditor, configuration: Iterable[bytes]) -> None:
        """Watch for another set of items, after a reload."""
        self._auditor = auditor
        self._fixed = fixed_ways(auditor)
        self._configuration = {path.rstrip(b"/") or b"/" for path in configuration}
        if self._watcher is not None:
            auditor.guide = self

    def watch_refused(self, files: Iterable[bytes]) -> None:
        """Watch where files are because of which settings or baselines were refused, until others are in force.

        They will be mended there, be it in the directory of a baseline that is not in force yet.
        """
        places = {os.path.realpath(place) for file in files for place in (file, os.path.dirname(file))}
        self._configuration |= {place for place in places if os.path.isdir(place)}
        self.watch_configuration()

    # --- what walks tell

    def enter(self, path: bytes, place: bytes) -> None:
        """Watch a directory that a walk is about to look into."""
        self._told += 1
        self._entered[place] = self._told
        self._place_names.entered(path, place, self._told)
        self._cover(place)

    def led(self, path: bytes, hops: Sequence[bytes]) -> bool:
        """Watch where the links stand through which a walk reached a directory; whether any is watched only now."""
        self._told += 1
        self._ways[path] = self._told
        self.entries.put(path, tuple(hops))
        return self._cover_hops(hops)

    def covers(self, place: bytes) -> bool:
        """Whether a directory is watched or polled."""
        return place in self.polled or (
            self._watcher is not None and self._watcher.watches(self._place_names.on_host(place))
        )

    def begins(self) -> int:
        """A walk over everything begins."""
        self.watch_configuration()
        for place in (*self.items.directories(), *self.entries.directories()):
            self._cover(place)
        if self._files is not None:
            self._files.cover(self._doubted)
        return self._told

    def ends(self, begun: int) -> None:
        """Forget the directories where the walk did not come."""
        for path in [path for path, told in self._ways.items() if told <= begun]:
            del self._ways[path]
            self.entries.put(path, ())
        for place in [place for place, told in self._entered.items() if told <= begun]:
            del self._entered[place]
        self._place_names.forget(begun)
        hops = {*self.items.directories(), *self.entries.directories()}
        for place in [place for place in self.polled if place not in self._entered and place not in hops]:
            self.gone(place)
        assert self._watcher is not None and self._files is not None
        wanted = self._place_names.all_on_host({*self._entered, *hops, *self._files.places()}) | self._configuration
        for directory in self._watcher.watched():
            if directory not in wanted:
                self._watcher.forget(directory)
                self._doubted.discard(directory)

    # --- what items tell

    def depends(self, observed: Observation) -> bool:
        """Take note of where else an item may be changed; whether it may have been another way a moment ago.

        An item in a directory where no walk comes (one that a file system hides) is watched for by itself.
        """
        path, hops = real_path(observed.item), tuple(map(real_path, observed.links))
        if observed.gap is not None and self.items.knows(path):
            return False  # nobody could look where it leads: who makes that possible again does so on the way it had
        only_now = self._depends_on(path, hops)
        if self._files is not None and self._files.put(path, hops[-1] if hops else path, observed.shared):
            return True
        return only_now

    def _depends_on(self, path: bytes, hops: tuple[bytes, ...]) -> bool:
        directory = path.rpartition(b"/")[0] or b"/"
        if hops or directory in self._entered:
            self.items.put(path, hops)
            return self._cover_hops(hops)
        watched = self._cover(directory)
        self.items.put(path, (path,) if self.covers(directory) else ())
        return watched

    # --- watches

    def _cover_hops(self, hops: Iterable[bytes]) -> bool:
        """Watch where hops stand, and every directory above: who moves one of these moves what lies in it along."""
        covered = [self._cover(place) for place in {place for hop in hops for place in directories_above(hop)}]
        return any(covered)

    def _cover(self, place: bytes) -> bool:
        """Watch a place, or have it polled; whether it is watched only now."""
        host = self._place_names.on_host(place)
        if self._watcher is None or (self._watcher.watches(host) and host not in self._doubted):
            return False
        reason = REMOTE if self._is_remote(host) else self._watch(host)
        if reason is None or reason == MISSING:
            self.gone(place)
        elif self.polled.get(place) != reason:
            self.polled[place] = reason
            self.news = True
        return reason is None

    def gone(self, place: bytes) -> None:
        """Poll a place no more."""
        if self.polled.pop(place, None) is not None:
            self.news = True

    def _is_remote(self, host: bytes) -> bool:
        """Whether others change a file system, of which no notification tells, and asking may hang."""
        mount = self._auditor.mounts.holding(host)
        if mount is None or not mount.is_remote:
            return False
        if mount.point == b"/":  # driftd itself stands on it: what this machine changes may as well be told
            self._watch(host)
        return True

    def _watch(self, host: bytes) -> str | None:
        assert self._watcher is not None
        self._doubted.discard(host)
        return self._watcher.watch(host)

    def watch_configuration(self) -> None:
        """Watch the directories of settings and baselines: those that were removed or moved and are there again, too."""
        reasons = {directory: self._watch(directory) for directory in self._configuration}
        self.blind = any(reason not in (None, MISSING) for reason in reasons.values())

    def _revive(self) -> None:
        if self._watcher is not None and self._listener is not None and not self._watcher.alive():
            self._started = self._monotonic()
            self._watcher.start(self._listener)

    def rearm(self) -> None:
        """After a loss: no watch is believed any more, and a dead watcher is started again."""
        if self._watcher is None:
            return
        if self._monotonic() - self._started >= REST:
            self._revive()
        self._doubted = set(self._watcher.watched())

    def hidden(self, point: bytes) -> list[bytes]:
        """Give up the watches at and below a place where something was mounted or unmounted, on this machine.

        Return the names of what has to be looked at again, the place itself, or nothing where no item can be concerned.
        """
        place = self._place_names.under_root(point)
        if place is None or self._watcher is None:
            return []
        prefix = place.rstrip(b"/") + b"/"
        known = {*self._entered, *self.items.directories(), *self.entries.directories()}
        concerned = [directory for directory in known if directory == place or directory.startswith(prefix)]
        if not concerned and not self.holds(point.rpartition(b"/")[0] or b"/"):
            return []
        for directory in concerned:
            self._entered.pop(directory, None)
            self._watcher.forget(self._place_names.on_host(directory))
            self.gone(directory)
        return self.names(point)

    def retry(self) -> list[bytes]:
        """Try to watch what could not be watched; return the places that are watched now."""
        if self._watcher is None:
            return []
        self._revive()
        self.watch_configuration()
        watched = []
        for place, reason in list(self.polled.items()):
            if reason == REMOTE:
                continue
            if self._cover(place):
                watched.append(place)
            elif not self._watcher.alive() or self.polled.get(place) == WATCH_LIMIT:
                break  # so it would be with all others
        return watched

    @property
    def may_retry(self) -> bool:
        """Whether something is polled that might be watched another time."""
        return any(reason != REMOTE for reason in self.polled.values())

    # --- what notifications concern

    def names(self, host: bytes) -> list[bytes]:
        """Return the paths by which items may stand at a path on this machine, or below it."""
        place = self._place_names.under_root(host)
        return [] if place is None else self.names_of(place)

    def names_of(self, place: bytes) -> list[bytes]:
        """Return the same for a place: itself, and what links in patterns make of it."""
        return self._place_names.of(place)

    def is_audited(self, host: bytes) -> bool:
        """Whether a change of anything in a directory on this machine may concern an item."""
        place = self._place_names.under_root(host)
        return place is not None and (place in self._entered or self.items.passes(place) or self.entries.passes(place))

    def holds(self, host: bytes) -> bool:
        """Whether what comes to a directory on this machine, whatever its name, may concern an item."""
        place = self._place_names.under_root(host)
        return place is not None and (place in self._entered or self.items.leads(place) or self.entries.leads(place))

    def is_configuration(self, directory: bytes, name: bytes, *, is_directory: bool) -> bool:
        """Whether a name holds settings, a baseline or what is approved. Their directories may hold state and logs too."""
        return directory in self._configuration and (is_directory or name.endswith((b".yaml", b"approved.json")))

    def concerned(self, path: bytes) -> Iterable[bytes]:
        """Return the items that a change of a path concerns."""
        items = set(self.items.through(path))
        if self._auditor.scope.means(path):
            items.add(path)
        return items

    def leads_on(self, path: bytes) -> bool:
        """Whether patterns go through a path by name: what comes there, a link too, may hold items."""
        return path in self._fixed

    def directories(self) -> Iterator[bytes]:
        """Yield every directory in which something may be noticed, by all its names."""
        for place in {*self._entered, *self.polled}:
            yield from self.names_of(place)


def fixed_ways(auditor: Auditor) -> frozenset[bytes]:
    """Return every path that patterns name in full on the way to what they mean, without that itself."""
    ways = set()
    for scoped in auditor.scope.patterns:
        for segments in scoped.glob.ways:
            way = ""
            for segment in segments[1:-1]:
                if not isinstance(segment, str):
                    break
                way += "/" + segment
                ways.add(way.encode("utf-8", "surrogateescape"))
    return frozenset(ways)
