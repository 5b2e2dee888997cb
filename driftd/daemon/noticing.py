"""Noticing: what a notification means for the items, and when each of them is looked at."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from datetime import datetime
from typing import Final

from driftd.auditor import Examined
from driftd.daemon.engine import Engine, looks_half_done
from driftd.daemon.messages import Noticed, Tree
from driftd.daemon.rechecks import Inside, Rechecks
from driftd.daemon.shared_files import MAX_FILES
from driftd.daemon.watching import Watching
from driftd.model.item import Gap, Observation, real_path, shown_path
from driftd.ports import Clock
from driftd.watch.reasons import MOUNTS_CHANGED
from driftd.watch.settle import MAX_WAITING, Settling

BATCH: Final = 256
"""Items looked at between two looks at the queue, at most."""
SLICE: Final = 0.05
"""Seconds of looking at items between two looks at the queue."""
FEW: Final = 8
"""Items between two looks at the clock."""


class PassingNames:
    """Paths of what lasts only while something is saved, by their names; what is approved is to last."""

    def __init__(self, names: Container[bytes], engine: Engine) -> None:
        self._names = names
        self._engine = engine

    def __contains__(self, path: object) -> bool:
        """Whether nobody expects what stands at a path to be there for long."""
        return (
            isinstance(path, bytes) and path in self._names and not self._engine.auditor.is_approved(shown_path(path))
        )


class Noticing:
    """Takes notifications, and looks at what is due. Sets itself to be told by the engine of what it looked at, and of new items."""

    def __init__(
        self,
        engine: Engine,
        watching: Watching,
        settling: Settling,
        rechecks: Rechecks,
        clock: Clock,
        may_look_into: Callable[[bytes], bool],
    ) -> None:
        self._engine = engine
        self._watching = watching
        self._settling = settling
        self._rechecks = rechecks
        self._clock = clock
        self._may_look_into = may_look_into
        self._since: dict[bytes, datetime] = {}
        engine.on_observed = self._depends
        engine.sweeps.on_hold = self._holds

    def settle_for(self, seconds: float) -> None:
        """Give a file that looks half-written another time to become whole."""
        self._settling.settle_for(seconds)

    def next_deadline(self) -> float | None:
        """Return when something is due to be looked at."""
        return self._settling.next_deadline()

    def notice(self, noticed: Noticed) -> None:
        """Have the items looked at that a change of a name in a directory concerns."""
        if not self._watching.is_audited(noticed.directory):
            return
        for directory in self._watching.names(noticed.directory):
            path = directory.rstrip(b"/") + b"/" + noticed.name if noticed.name else directory
            if noticed.is_directory:
                self._permission(path, noticed)
            elif self._may_hold_items(path):
                self._below(path, noticed.when)
            for item in self._watching.concerned(path):
                self._wait(item, noticed.at, noticed.when, complete=noticed.complete)

    def _may_hold_items(self, path: bytes) -> bool:
        """Whether what is no directory may be the way to items: a link, also one in the place of a directory."""
        watching = self._watching
        return watching.leads_on(path) or bool(watching.entries.through(path)) or self._engine.memory.knows_in(path)

    def tree(self, tree: Tree) -> None:
        """Have everything looked through that a directory holds which came to a path, left it, or lost its watch there."""
        above = tree.path.rpartition(b"/")[0] or b"/"
        if not self._watching.is_audited(tree.path) and not self._watching.holds(above):
            return
        for path in self._watching.names(tree.path):
            self._below(path, tree.when)

    def mounts_changed(self) -> None:
        """Have everything looked through that a file system hides which was mounted, or shows which was unmounted."""
        mounts = self._engine.auditor.mounts
        mounts.refresh()
        for point in mounts.changed():
            for path in self._watching.hidden(point):
                self._engine.places.lost(
                    Gap(shown_path(path), MOUNTS_CHANGED, "what is there is being looked at again")
                )
                self._below(path, self._clock.now())

    def look_due(self) -> bool:
        """Look at what is due, some at a time, and record what it shows in one go; whether everything in a place is due."""
        now = self._clock.monotonic()
        examined: list[tuple[Examined | str, datetime | None]] = []
        for path in self._due(now):
            item = shown_path(path)
            self._engine.on_look(item)
            seen = self._engine.auditor.examine(item)
            worse = seen is not None and looks_half_done(seen)
            if not self._settling.outcome(path, worse=worse, now=self._clock.monotonic()):
                continue
            examined.append((seen or item, self._since.pop(path, None)))
        if examined:
            self._look_at_other_names([seen for seen, _ in examined if not isinstance(seen, str)])
            self._engine.accept(examined, "watch")
        everything = False
        for directory in self._settling.rescans(now):
            if directory == b"/":
                everything = True
            else:
                self._rechecks.add(directory, deep=False)
        return everything

    def _look_at_other_names(self, examined: Sequence[Examined]) -> None:
        """Have the items looked at whose files have got another name: from now on they may be changed under that one."""
        memory = self._engine.memory
        if len(memory.shared) >= MAX_FILES:
            return
        shared = [seen.observed.shared for seen in examined if seen.item not in memory.shared]
        for item in memory.of_inodes({inode for inode in shared if inode is not None}):
            if item not in memory.shared:
                self._settling.noticed(real_path(item), self._clock.monotonic(), complete=True)

    def _due(self, now: float) -> Iterator[bytes]:
        """Yield what is due, some of it: as much as there is time for."""
        for _ in range(BATCH // FEW):
            yield from self._settling.due(now, FEW)
            if self._clock.monotonic() >= now + SLICE:
                return

    def _below(self, path: bytes, when: datetime) -> None:
        """Have a path looked through, and what is reached through links in it."""
        self._rechecks.add(path)
        for directory in list(self._watching.entries.below(path)):
            self._rechecks.add(directory)
        now = self._clock.monotonic()
        for item in list(self._watching.items.below(path)):
            self._wait(item, now, when, complete=True)

    def _wait(self, item: bytes, at: float, when: datetime, *, complete: bool) -> None:
        """Have an item looked at; where it is looked at with its whole directory, nothing is kept of it."""
        self._settling.noticed(item, at, complete=complete)
        if item not in self._settling:
            return
        self._since.setdefault(item, when)
        if len(self._since) > 2 * MAX_WAITING:
            self._since = {item: when for item, when in self._since.items() if item in self._settling}

    def _permission(self, path: bytes, noticed: Noticed) -> None:
        """Look through a directory that was changed itself if it cannot be looked into now, or something in it could not."""
        memory = self._engine.memory
        holds = Inside({path: True}).holds
        if (
            not self._may_look_into(path)
            or any(map(holds, memory.places))
            or any(map(holds, memory.gaps))
            or (memory.gaps and any(shown_path(item) in memory.gaps for item in self._watching.items.below(path)))
        ):
            self._below(path, noticed.when)

    def _depends(self, observed: Observation) -> None:
        """Watch where else an item may be changed; what happened there before that, a second look tells."""
        if self._watching.depends(observed):
            self._settling.noticed(real_path(observed.item), self._clock.monotonic(), complete=True)

    def _holds(self, item: str) -> bool:
        """Hold what an editor or a package manager will have removed in a moment; what survives is looked at then."""
        path = real_path(item)
        if not self._settling.is_transient(path):
            return False
        self._settling.noticed(path, self._clock.monotonic(), complete=True)
        return True
