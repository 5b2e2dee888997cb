"""Walking: every path that any pattern means, once, in one pass over the tree.

Links are not followed, except in the part of a pattern before its first wildcard: who writes `/bin/*` means what stands in
`/bin`, link or not. File systems mounted below that part are entered only where a pattern says so. What is written out in full
is looked up, and its directory is not listed.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, Self

from driftd.model.baseline import DEFAULT_MAX_ITEMS
from driftd.model.item import Gap, real_path, shown_path
from driftd.sources.automaton import Automaton, Place, State
from driftd.sources.facts import Facts, facts
from driftd.sources.glob import Glob, name_text
from driftd.sources.isolated import IsolatedReader
from driftd.sources.mounts import Mount, Mounts, RemoteMountError
from driftd.sources.reasons import MAX_ITEMS, IsolationError, detail_for, is_absent, reason_for
from driftd.sources.root import Entry, LeadsNowhereError, LinkLoopError, Root

LINK_TRIES: Final = 3
"""How often a link is followed again because the directory it stands in is watched only now."""


class Guide(Protocol):
    """Told by a walk where it goes, before it looks there: who watches a directory first misses nothing that happens in it."""

    def enter(self, path: bytes, place: bytes) -> None:
        """A directory is about to be looked into; `place` is its path without links."""

    def led(self, path: bytes, hops: Sequence[bytes]) -> bool:
        """A directory is reached through links: each of them, and where the last one leads, if it does.

        Return whether it may have been another way a moment ago, and is to be followed again.
        """

    def covers(self, place: bytes) -> bool:
        """Whether somebody looks after what is in the directory already."""


@dataclass(frozen=True, slots=True)
class WalkPattern:
    """One pattern to look for."""

    glob: Glob
    max_items: int = DEFAULT_MAX_ITEMS
    cross_mounts: bool = False


class Found:
    """A path that patterns mean, or (with `gap`) a place that could not be looked into."""

    __slots__ = ("gap", "matches", "path")

    def __init__(self, path: bytes, matches: tuple[int, ...], gap: Gap | None = None) -> None:
        self.path = path
        self.matches = matches
        """Indexes of all patterns that mean it."""
        self.gap = gap

    def __repr__(self) -> str:
        return f"Found({self.path!r}, {self.matches!r}, {self.gap!r})"

    @property
    def item(self) -> str:
        """The path as it is shown."""
        return shown_path(self.path)


class Plan:
    """Patterns, and what was worked out about them: the same for every walk."""

    def __init__(self, patterns: Sequence[WalkPattern]) -> None:
        self.patterns = tuple(patterns)
        self.automaton = Automaton([pattern.glob.ways for pattern in patterns])


class Directory:
    """A directory to look into."""

    __slots__ = ("path", "patterns", "place")

    def __init__(self, path: bytes, place: bytes, patterns: Place) -> None:
        self.path = path
        """As the patterns name it."""
        self.place = place
        """The same without links."""
        self.patterns = patterns

    @property
    def key(self) -> bytes:
        """The path, ending in a slash."""
        return self.path if self.path == b"/" else self.path + b"/"

    def child(self, name: bytes) -> bytes:
        """Return the path of what has this name in it, as the patterns name it."""
        return _join(self.path, name)

    def below(self, name: bytes, patterns: Place) -> Directory:
        """Return the directory of this name in it."""
        path = _join(self.path, name)
        return Directory(path, path if self.place is self.path else _join(self.place, name), patterns)


class Walk(Iterator[Found]):
    """One walk. Take what it yields; `directories` fills meanwhile and is complete when nothing more comes.

    `within`: only what is at or below this path. `shallow`: not below the directories in it that the guide covers already.
    """

    def __init__(
        self,
        root: Root,
        plan: Plan,
        mounts: Mounts | None = None,
        isolated: IsolatedReader | None = None,
        *,
        guide: Guide | None = None,
        within: bytes = b"/",
        shallow: bool = False,
    ) -> None:
        self.directories: set[bytes] = set()
        """Where a notification can tell of new, vanished or changed matches: every directory that was looked into, so that
        there is one also above what does not exist and above what may be moved away."""
        self._guide = guide
        self._within = within
        self._shallow = shallow
        self._root = root
        self._patterns = plan.patterns
        self._mounts = mounts or Mounts()
        self._isolated = isolated
        self._automaton = plan.automaton
        self._counts = [0] * len(plan.patterns)
        self._full: set[int] = set()
        self._pending: list[Directory] = []
        self._found = self._run()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Found:
        return next(self._found)

    def _run(self) -> Iterator[Found]:
        yield from self._begun()
        while self._pending:
            yield from self._entered(self._pending.pop())

    def _begun(self) -> Iterator[Found]:
        self._mounts.refresh()
        step = self._automaton.start.step("")
        if step.matched and self._within == b"/":
            yield from self._matched(b"/", step.matched)
        if step.place is not None:
            top = b"/"
            self._pending.append(Directory(top, top, step.place))

    def _entered(self, directory: Directory) -> Iterator[Found]:
        if self._guide is not None:
            self._guide.enter(directory.path, directory.place)
        below = len(self._pending)
        if _lies_below(self._within, directory.path):
            yield from self._toward(directory)
        else:
            yield from self._listed(directory) if directory.patterns.scans else self._looked_up(directory)
        self._pending[below:] = reversed(self._pending[below:])

    def _toward(self, directory: Directory) -> Iterator[Found]:
        """Take the one step that leads to what is looked for."""
        name = self._within[len(directory.child(b"")) :].split(b"/", 1)[0]
        path = directory.child(name)
        step = directory.patterns.step(name_text(name))
        if step.place is None and (not step.matched or path != self._within):
            return
        try:
            found = self._facts(_join(directory.place, name))
        except OSError as error:
            if not is_absent(error):
                yield _gap(path, reason_for(error), detail_for(error))
            return
        except IsolationError as error:
            yield _gap(path, error.reason, error.detail)
            return
        if step.matched and path == self._within:
            yield from self._matched(path, step.matched)
        if step.place is not None and (stat.S_ISDIR(found.mode) or stat.S_ISLNK(found.mode)):
            yield from self._below(directory, name, step.place, is_link=stat.S_ISLNK(found.mode))

    def _listed(self, directory: Directory) -> Iterator[Found]:
        try:
            entries = self._entries(directory.place)
        except OSError as error:
            yield from self._not_listed(directory, error)
            return
        except IsolationError as error:
            yield _gap(directory.path, error.reason, error.detail)
            return
        self.directories.add(directory.path)
        entries.sort()  # the same items are the first max_items on every walk
        step_for = directory.patterns.step
        for name, is_directory, is_link in entries:
            step = step_for(name_text(name))
            if step.matched:
                yield from self._matched(directory.child(name), step.matched)
            if step.place is not None and (is_directory or is_link):
                yield from self._below(directory, name, step.place, is_link=is_link)

    def _not_listed(self, directory: Directory, error: OSError) -> Iterator[Found]:
        if not is_absent(error):  # vanished while walking: as if it had never been
            self.directories.add(directory.path)
            yield _gap(directory.path, reason_for(error), detail_for(error))

    def _looked_up(self, directory: Directory) -> Iterator[Found]:
        self.directories.add(directory.path)
        for text in sorted(directory.patterns.written):
            name = text.encode("utf-8", "surrogateescape")
            path = directory.child(name)
            step = directory.patterns.step(text)
            try:
                found = self._facts(_join(directory.place, name))
            except OSError as error:
                if not is_absent(error):
                    yield _gap(path, reason_for(error), detail_for(error))
                continue
            except IsolationError as error:
                yield _gap(path, error.reason, error.detail)
                continue
            if step.matched:
                yield from self._matched(path, step.matched)
            if step.place is not None and (stat.S_ISDIR(found.mode) or stat.S_ISLNK(found.mode)):
                yield from self._below(directory, name, step.place, is_link=stat.S_ISLNK(found.mode))

    def _below(self, directory: Directory, name: bytes, patterns: Place, *, is_link: bool) -> Iterator[Found]:
        """Enter a directory, for the patterns that go there: not through links or mounts behind the fixed part."""
        below = directory.below(name, patterns)
        if not is_link:
            self._push(below)
            return
        depth = below.path.count(b"/") + 1
        going = self._only(patterns, lambda state: self._automaton.in_fixed_part(state, depth))
        if going is None:
            return
        try:
            place = self._behind(below.path, below.place)
        except (OSError, IsolationError) as error:
            if isinstance(error, IsolationError):
                yield _gap(below.path, error.reason, error.detail)
            elif not is_absent(error):
                yield _gap(below.path, reason_for(error), detail_for(error))
            return
        self._push(Directory(below.path, place, going), is_led_to=True)

    def _push(self, directory: Directory, *, is_led_to: bool = False) -> None:
        """Have a directory looked into, for those patterns that go on in it."""
        patterns: Place | None = directory.patterns
        if not is_led_to and self._mounts.points and self._root.on_host(directory.place) in self._mounts.points:
            depth = directory.path.count(b"/") + 1
            patterns = self._only(directory.patterns, lambda state: self._may_cross(state, depth))
        if self._full and patterns is not None:
            patterns = self._only(patterns, lambda state: self._automaton.pattern(state[0]) not in self._full)
        if patterns is None or (self._shallow and self._is_covered(directory)):
            return
        if patterns is not directory.patterns:
            directory = Directory(directory.path, directory.place, patterns)
        self._pending.append(directory)

    def _is_covered(self, directory: Directory) -> bool:
        inside = _lies_below(directory.path, self._within)
        return inside and self._guide is not None and self._guide.covers(directory.place)

    def _behind(self, path: bytes, link: bytes) -> bytes:
        """Return the directory that a link in the fixed part of a pattern leads to; whoever moves a link on the way is seen."""
        hops, behind = self._follow(link)
        tries = LINK_TRIES
        while self._guide is not None and tries and self._guide.led(path, hops):
            hops, behind = self._follow(link)
            tries -= 1
        self.directories.update(os.path.dirname(hop) for hop in (hops[:-1] if isinstance(behind, Facts) else hops))
        if isinstance(behind, LinkLoopError):
            raise behind
        if behind is None or not stat.S_ISDIR(behind.mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return hops[-1]

    def _follow(self, link: bytes) -> tuple[tuple[bytes, ...], Facts | LinkLoopError | None]:
        """Return every link on the way and where the last one leads, and what is there: None where nothing is."""
        try:
            led = self._root.follow(link, guard=self._guard)
        except RemoteMountError as error:
            assert self._isolated is not None
            seen = self._isolated.look(self._root, link, error.mount)
            return seen.links, seen.behind
        except LeadsNowhereError as error:
            return (*error.links, error.place), None
        except LinkLoopError as error:
            return error.links, error
        return (*led.links, led.path), led.facts

    def _may_cross(self, state: State, depth: int) -> bool:
        return (
            self._automaton.in_fixed_part(state, depth)
            or self._patterns[self._automaton.pattern(state[0])].cross_mounts
        )

    def _only(self, patterns: Place, wanted: Callable[[State], bool]) -> Place | None:
        states = [state for state in patterns.states if wanted(state)]
        if len(states) == len(patterns.states):
            return patterns
        return self._automaton.place(states) if states else None

    def _matched(self, path: bytes, matched: tuple[int, ...]) -> Iterator[Found]:
        kept, excess = self._admitted(matched)
        yield from excess
        if kept:
            yield Found(path, kept)

    def _admitted(self, matched: tuple[int, ...]) -> tuple[tuple[int, ...], list[Found]]:
        """Count one more match; return the patterns that have room for it, and the gaps of those that just had none."""
        counts = self._counts
        within = True
        for index in matched:
            counts[index] += 1
            within = within and counts[index] <= self._patterns[index].max_items
        if within:
            return matched, []
        excess = []
        for index in matched:
            if index not in self._full and counts[index] > self._patterns[index].max_items:
                self._full.add(index)
                excess.append(self._too_many(self._patterns[index]))
        return tuple(index for index in matched if index not in self._full), excess

    def _too_many(self, pattern: WalkPattern) -> Found:
        detail = f"more than {pattern.max_items} items: the rest is not audited"
        return Found(real_path(pattern.glob.prefix), (), Gap(pattern.glob.pattern, MAX_ITEMS, detail))

    @property
    def _guard(self) -> Callable[[bytes], None] | None:
        return self._mounts.guard_for(isolated=self._isolated is not None)

    def _entries(self, place: bytes) -> list[Entry]:
        mount = self._remote(place)
        if mount is not None and self._isolated is not None:
            return self._isolated.list_directory(self._root, place, mount)
        return self._root.list_directory(place)

    def _remote(self, place: bytes) -> Mount | None:
        """Return the file system that a place stands on, if that may hang and somebody else can look."""
        guard = self._guard
        if guard is not None:
            try:
                guard(self._root.on_host(place))
            except RemoteMountError as error:
                return error.mount
        return None

    def _facts(self, place: bytes) -> Facts:
        mount = self._remote(place)
        if mount is not None and self._isolated is not None:
            return self._isolated.look(self._root, place, mount).item
        return facts(os.lstat(self._root.on_host(place)))


def walk(
    root: Root,
    patterns: Sequence[WalkPattern],
    mounts: Mounts | None = None,
    isolated: IsolatedReader | None = None,
) -> Walk:
    """Yield every path that a pattern means, once, with the indexes of all patterns that do, and the gaps."""
    return Walk(root, Plan(patterns), mounts, isolated)


def _lies_below(path: bytes, directory: bytes) -> bool:
    """Whether a path is another one than the directory and leads through it."""
    return path != directory and path.startswith(directory if directory == b"/" else directory + b"/")


def _gap(path: bytes, reason: str, detail: str) -> Found:
    return Found(path, (), Gap(shown_path(path), reason, detail))


def _join(directory: bytes, name: bytes) -> bytes:
    return directory + name if directory == b"/" else directory + b"/" + name
