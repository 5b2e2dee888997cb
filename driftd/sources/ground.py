"""The ground that a walk goes over: a root, what is mounted there, and who looks instead of us where looking may hang."""

from __future__ import annotations

import os
from collections.abc import Callable

from driftd.sources.facts import Facts, facts
from driftd.sources.isolated import IsolatedReader
from driftd.sources.mounts import Mount, Mounts, RemoteMountError
from driftd.sources.root import Entry, LeadsNowhereError, LinkLoopError, Root


class Ground:
    """Says what stands at places: paths without links. Raises OSError, and IsolationError where nobody can look."""

    def __init__(self, root: Root, mounts: Mounts | None, isolated: IsolatedReader | None) -> None:
        self.root = root
        self.mounts = mounts or Mounts()
        self._isolated = isolated

    def entries(self, place: bytes) -> list[Entry]:
        """Return the names in a directory, in no order."""
        mount = self.remote(place)
        if mount is not None and self._isolated is not None:
            return self._isolated.list_directory(self.root, place, mount)
        return self.root.list_directory(place)

    def facts(self, place: bytes) -> Facts:
        """Return the facts of what stands there; of a link, its own."""
        mount = self.remote(place)
        if mount is not None and self._isolated is not None:
            return self._isolated.look(self.root, place, mount).item
        return facts(os.lstat(self.root.on_host(place)))

    def follow(self, link: bytes) -> tuple[tuple[bytes, ...], Facts | LinkLoopError | None]:
        """Return every link on the way and where the last one leads, and what is there: None where nothing is."""
        try:
            led = self.root.follow(link, guard=self._guard)
        except RemoteMountError as error:
            assert self._isolated is not None
            seen = self._isolated.look(self.root, link, error.mount)
            return seen.links, seen.behind
        except LeadsNowhereError as error:
            return (*error.links, error.place), None
        except LinkLoopError as error:
            return error.links, error
        return (*led.links, led.path), led.facts

    def remote(self, place: bytes) -> Mount | None:
        """Return the file system that a place stands on, if that may hang and somebody else can look."""
        guard = self._guard
        if guard is not None:
            try:
                guard(self.root.on_host(place))
            except RemoteMountError as error:
                return error.mount
        return None

    @property
    def _guard(self) -> Callable[[bytes], None] | None:
        return self.mounts.guard_for(isolated=self._isolated is not None)

    def is_mount_point(self, place: bytes) -> bool:
        """Whether something is mounted there."""
        points = self.mounts.points
        return bool(points) and self.root.on_host(place) in points

    def is_near(self, place: bytes) -> bool:
        """Whether what stands there answers at once, and is what the host has there."""
        masks = self.mounts.masks
        if masks.all and masks.over(self.root.on_host(place)) is not None:
            return False
        return not self.mounts.remote or self.remote(place) is None

    def is_made_up(self, place: bytes) -> bool:
        """Whether the kernel makes up what stands in a directory: no stat field tells that it changed."""
        return (self.root.on_host(place).rstrip(b"/") + b"/").startswith(self.mounts.kernel_made)
