"""Surveying: one walk that says which items differ from what is remembered of them, by one stat each.

A directory whose own stat fields are those under which it was listed has the names that it had then, and is not listed again.
What stands there is compared with what is remembered a directory at a time, so that an item that is as it was costs little
more than its stat.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Final

from driftd.model.item import shown_path
from driftd.model.item_table import ItemTable, Shelf
from driftd.sources.facts import STAMP_BYTES, is_settled, stamp_of, stamps_of
from driftd.sources.glob import name_text
from driftd.sources.isolated import IsolatedReader
from driftd.sources.listing import Listing, Listings, listing_stamp
from driftd.sources.mounts import Mounts
from driftd.sources.root import Entry, Root
from driftd.sources.walk import Directory, Found, Guide, Plan, Walk

PART: Final = 512
"""Items between two moments at which others may overtake."""
LARGE: Final = 4096
"""A directory with more items is gone through in parts."""
STAMPS: Final = 0
"""The column of a table of items in which the stamps are."""


class Differs(Found):
    """An item that is not as it is remembered: it is new, was touched, or has to be read whatever its stamp."""

    __slots__ = ()

    def __init__(self, path: bytes) -> None:
        super().__init__(path, ())


class Gone(Differs):
    """An item that is remembered and not in its directory any more, or not among the first that a pattern takes."""

    __slots__ = ()


class Quiet(Found):
    """Items that are as they are remembered."""

    __slots__ = ("count", "parts")

    def __init__(self, parts: list[tuple[Directory, list[bytes]]], count: int) -> None:
        super().__init__(b"", ())
        self.parts = parts
        """Directories, and the names in them."""
        self.count = count

    @property
    def items(self) -> Iterator[str]:
        """The items, as they are shown."""
        return (shown_path(directory.child(name)) for directory, names in self.parts for name in names)


class Survey(Walk):
    """A walk that yields what differs and what is quiet; for what is named without a wildcard, it yields what `Walk` does.

    Call `keep` when everything that differs was looked at and put into the table: the next survey lists less for it.
    `trusting`: directories that look as they did are not listed again. Not `asking`: somebody else will stat what is there, and
    all that is remembered is quiet.
    """

    def __init__(
        self,
        root: Root,
        plan: Plan,
        remembered: ItemTable,
        linked: Mapping[str, bytes],
        mounts: Mounts | None = None,
        isolated: IsolatedReader | None = None,
        *,
        guide: Guide | None = None,
        ignored: Callable[[str], bool] | None = None,
        trusting: bool = True,
        asking: bool = True,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """`linked`: the stamp of what an item leads to, where it is read through a link; empty where it leads nowhere."""
        super().__init__(root, plan, mounts, isolated, guide=guide)
        self.visited: set[bytes] = set()
        """Directories, each ending in `/`, of which every item was compared: nothing else in them is there."""
        self.ignored = 0
        self._remembered = remembered
        self._linked = linked
        self._is_ignored = ignored
        self._trusting = trusting
        self._asking = asking
        self._now_ns = now_ns
        self._listings = Listings(remembered)
        self._quiet: list[tuple[Directory, list[bytes]]] = []
        self._quiet_count = 0

    def keep(self) -> None:
        """Remember the listings of directories whose items are those of the table by now; forget directories not met."""
        self._listings.keep(self.visited)

    def _run(self) -> Iterator[Found]:
        yield from self._begun()
        while self._pending:
            directory = self._next()
            if not (self._trusting and self._glanced(directory)):
                yield from self._looked_into(directory)
            if self._quiet_count >= PART:
                yield self._take_quiet()
        if self._quiet:
            yield self._take_quiet()

    def _take_quiet(self) -> Quiet:
        quiet = Quiet(self._quiet, self._quiet_count)
        self._quiet, self._quiet_count = [], 0
        return quiet

    # --- directories that are as they were

    def _glanced(self, directory: Directory) -> bool:
        """Whether a directory and everything in it is as it is remembered; then it is done with.

        This is where a quick audit spends its time: one stat an item, and as little besides as can be.
        """
        key = directory.key
        shelf = self._remembered.shelf(key)
        listing = shelf.note if shelf is not None else None
        if (
            shelf is None
            or not isinstance(listing, Listing)
            or listing.patterns is not directory.patterns
            or listing.names is not shelf.names
            or not self._ground.is_near(directory.place)
        ):
            return False
        names = shelf.split()
        if (
            len(names) > LARGE
            or not self._is_same(directory, shelf, listing, names)
            or not self._quotas.admit_all(listing.counts)
        ):
            return False
        self.ignored += listing.ignored
        self.visited.add(key)
        self._quiet.append((directory, names))
        self._quiet_count += len(names)
        for below in reversed(listing.below):
            self._push(below)
        return True

    def _is_same(self, directory: Directory, shelf: Shelf, listing: Listing, names: list[bytes]) -> bool:
        look = os.stat
        try:
            fd = self._ground.root.enter(directory.place)
        except OSError:
            return False
        try:
            if listing_stamp(os.fstat(fd)) != listing.stamp:
                return False
            now = b"".join([stamp_of(look(name, dir_fd=fd, follow_symlinks=False)) for name in names])
            if now != shelf.columns[STAMPS]:
                return False
            return not listing.links or all(self._leads_as_known(directory, name, fd) for name in listing.links)
        except OSError:
            return False
        finally:
            os.close(fd)

    def _leads_as_known(self, directory: Directory, name: bytes, fd: int) -> bool:
        """Whether a link leads to what it led to. Where that is not told by one stat, the answer is no."""
        ground = self._ground
        if ground.mounts.remote or ground.mounts.masks.all or not ground.root.is_machine or not self._trusting:
            return False
        known = self._linked.get(shown_path(directory.child(name)))
        if not known:
            return False
        try:
            return stamp_of(os.stat(name, dir_fd=fd)) == known
        except OSError:
            return False

    # --- the others

    def _listed(self, directory: Directory) -> Iterator[Found]:
        if not self._ground.is_near(directory.place) or self._ground.is_made_up(directory.place):
            yield from super()._listed(directory)
            return
        began = self._now_ns()
        try:
            fd = self._ground.root.enter(directory.place)
        except OSError as error:
            yield from self._not_listed(directory, error)
            return
        try:
            listing = yield from self._surveyed(directory, fd, began)
        finally:
            os.close(fd)
        for below in listing.below if listing is not None else ():
            self._push(below)

    def _surveyed(self, directory: Directory, fd: int, began: int) -> Generator[Found, None, Listing | None]:
        here = os.fstat(fd)
        try:
            entries = self._ground.entries(directory.place)
        except OSError as error:
            yield from self._not_listed(directory, error)
            return None
        listing = Listing(listing_stamp(here), directory.patterns)
        names, whole = yield from self._taken(directory, entries, listing)
        key = directory.key
        if whole and is_settled(here.st_ctime_ns, began):
            self._listings.add(key, listing, names)
        yield from self._gone(directory, names)
        self.ignored += listing.ignored
        self.visited.add(key)
        for start in range(0, len(names), PART):
            part = names[start : start + PART]
            now = stamps_of(part, fd) if self._asking else None
            yield from self._compared(directory, part, now, listing.links, fd)
        return listing

    def _gone(self, directory: Directory, names: list[bytes]) -> Iterator[Gone]:
        shelf = self._remembered.shelf(directory.key)
        there = set(names)
        for name in shelf.split() if shelf is not None else ():
            if name not in there:
                yield Gone(directory.child(name))

    def _taken(
        self, directory: Directory, entries: list[Entry], listing: Listing
    ) -> Generator[Found, None, tuple[list[bytes], bool]]:
        """Sort out what was listed; return the names of the items, and whether that is all there is to say."""
        names: list[bytes] = []
        links: list[bytes] = []
        below: list[Directory] = []
        counts: dict[int, int] = {}
        whole = True
        step_for = directory.patterns.step
        entries.sort()  # the same items are the first max_items on every walk
        for name, is_directory, is_link in entries:
            step = step_for(name_text(name))
            if step.matched:
                kept, filled = self._quotas.admit(step.matched)
                for index in filled:
                    yield self._too_many(index)
                whole = whole and len(kept) == len(step.matched)
                for index in kept:
                    counts[index] = counts.get(index, 0) + 1
                if kept and self._is_ignored is not None and self._is_ignored(shown_path(directory.child(name))):
                    listing.ignored += 1
                elif kept:
                    names.append(name)
                    if is_link:
                        links.append(name)
            if step.place is not None and is_directory:
                below.append(directory.below(name, step.place))
            elif step.place is not None and is_link:
                before = len(self._pending)
                yield from self._below(directory, name, step.place, is_link=True)
                whole = whole and len(self._pending) == before  # it leads on, and may lead elsewhere tomorrow
        listing.below, listing.links, listing.counts = tuple(below), tuple(links), tuple(counts.items())
        return names, whole

    def _compared(
        self, directory: Directory, names: list[bytes], stamps: list[bytes] | None, links: Sequence[bytes], fd: int
    ) -> Iterator[Found]:
        shelf = self._remembered.shelf(directory.key)
        differing = _not_known(shelf, names) if stamps is None else _not_as_known(shelf, names, stamps)
        apart, here = set(differing), set(names)
        yield from map(Differs, map(directory.child, differing))
        for name in links:
            if name in here and name not in apart and not self._leads_as_known(directory, name, fd):
                apart.add(name)
                yield Found(directory.child(name), ())
        quiet = [name for name in names if name not in apart] if apart else names
        if quiet:
            self._quiet.append((directory, quiet))
            self._quiet_count += len(quiet)
            yield self._take_quiet()


def _not_known(shelf: Shelf | None, names: list[bytes]) -> list[bytes]:
    if shelf is None:
        return names
    known = set(shelf.split())
    return [name for name in names if name not in known]


def _not_as_known(shelf: Shelf | None, names: list[bytes], stamps: list[bytes]) -> list[bytes]:
    if shelf is None:
        return names
    known = shelf.columns[STAMPS]
    places = {name: place for place, name in enumerate(shelf.split())}
    return [
        name
        for name, stamp in zip(names, stamps, strict=True)
        if (at := places.get(name, -1)) < 0 or known[at * STAMP_BYTES : (at + 1) * STAMP_BYTES] != stamp
    ]
