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
from driftd.sources.automaton import Automaton, Place, State, Step
from driftd.sources.facts import Facts
from driftd.sources.glob import Glob, name_text
from driftd.sources.ground import Ground
from driftd.sources.isolated import IsolatedReader
from driftd.sources.mounts import Mounts
from driftd.sources.quotas import Quotas
from driftd.sources.reasons import MAX_ITEMS, IsolationError, detail_for, is_absent, reason_for
from driftd.sources.root import LinkLoopError, Root, joined

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
        return joined(self.path, name)

    def below(self, name: bytes, patterns: Place) -> Directory:
        """Return the directory of this name in it."""
        path = joined(self.path, name)
        return Directory(path, path if self.place is self.path else joined(self.place, name), patterns)


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
        self._ground = Ground(root, mounts, isolated)
        self._patterns = plan.patterns
        self._automaton = plan.automaton
        self._quotas = Quotas(pattern.max_items for pattern in plan.patterns)
        self._pending: list[Directory] = []
        self._found = self._run()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Found:
        return next(self._found)

    def _run(self) -> Iterator[Found]:
        yield from self._begun()
        while self._pending:
            yield from self._looked_into(self._next())

    def _begun(self) -> Iterator[Found]:
        self._ground.mounts.refresh()
        step = self._automaton.start.step("")
        if step.matched and self._within == b"/":
            yield from self._matched(b"/", step.matched)
        if step.place is not None:
            top = b"/"  # one object: path and place are the same as long as no link is followed
            self._pending.append(Directory(top, top, step.place))

    def _next(self) -> Directory:
        """Take up a directory; the guide is told before anybody looks there."""
        directory = self._pending.pop()
        if self._guide is not None:
            self._guide.enter(directory.path, directory.place)
        return directory

    def _looked_into(self, directory: Directory) -> Iterator[Found]:
        below = len(self._pending)
        if _lies_below(self._within, directory.path):
            yield from self._toward(directory)
        else:
            yield from self._listed(directory) if directory.patterns.scans else self._looked_up(directory)
        self._pending[below:] = reversed(self._pending[below:])

    def _toward(self, directory: Directory) -> Iterator[Found]:
        """Take the one step that leads to what is looked for."""
        name = self._within[len(directory.key) :].split(b"/", 1)[0]
        step = directory.patterns.step(name_text(name))
        if directory.child(name) != self._within:
            step = Step((), step.place)  # what is only on the way is not looked for
        if step.matched or step.place is not None:
            yield from self._named(directory, name, step)

    def _looked_up(self, directory: Directory) -> Iterator[Found]:
        self.directories.add(directory.path)
        for text in sorted(directory.patterns.written):
            name = text.encode("utf-8", "surrogateescape")
            yield from self._named(directory, name, directory.patterns.step(text))

    def _named(self, directory: Directory, name: bytes, step: Step) -> Iterator[Found]:
        """Look for one name in a directory that is not listed."""
        try:
            found = self._ground.facts(joined(directory.place, name))
        except (OSError, IsolationError) as error:
            yield from _gap(directory.child(name), error)
            return
        if step.matched:
            yield from self._matched(directory.child(name), step.matched)
        is_link = stat.S_ISLNK(found.mode)
        if step.place is not None and (is_link or stat.S_ISDIR(found.mode)):
            yield from self._below(directory, name, step.place, is_link=is_link)

    def _listed(self, directory: Directory) -> Iterator[Found]:
        try:
            entries = self._ground.entries(directory.place)
        except (OSError, IsolationError) as error:
            yield from self._not_listed(directory, error)
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

    def _not_listed(self, directory: Directory, error: OSError | IsolationError) -> Iterator[Found]:
        if isinstance(error, OSError) and not is_absent(error):
            self.directories.add(directory.path)
        yield from _gap(directory.path, error)

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
            yield from _gap(below.path, error)
            return
        self._push(Directory(below.path, place, going), is_led_to=True)

    def _push(self, directory: Directory, *, is_led_to: bool = False) -> None:
        """Have a directory looked into, for those patterns that go on in it."""
        patterns: Place | None = directory.patterns
        if not is_led_to and self._ground.is_mount_point(directory.place):
            depth = directory.path.count(b"/") + 1
            patterns = self._only(directory.patterns, lambda state: self._may_cross(state, depth))
        if self._quotas.full and patterns is not None:
            patterns = self._only(patterns, lambda state: self._automaton.pattern(state[0]) not in self._quotas.full)
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
        hops, behind = self._ground.follow(link)
        tries = LINK_TRIES
        while self._guide is not None and tries and self._guide.led(path, hops):
            hops, behind = self._ground.follow(link)
            tries -= 1
        self.directories.update(os.path.dirname(hop) for hop in (hops[:-1] if isinstance(behind, Facts) else hops))
        if isinstance(behind, LinkLoopError):
            raise behind
        if behind is None or not stat.S_ISDIR(behind.mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return hops[-1]

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
        kept, filled = self._quotas.admit(matched)
        for index in filled:
            yield self._too_many(index)
        if kept:
            yield Found(path, kept)

    def _too_many(self, index: int) -> Found:
        pattern = self._patterns[index]
        detail = f"more than {pattern.max_items} items: the rest is not audited"
        return Found(real_path(pattern.glob.prefix), (), Gap(pattern.glob.pattern, MAX_ITEMS, detail))


def _lies_below(path: bytes, directory: bytes) -> bool:
    """Whether a path is another one than the directory and leads through it."""
    return path != directory and path.startswith(directory if directory == b"/" else directory + b"/")


def _gap(path: bytes, error: OSError | IsolationError) -> Iterator[Found]:
    """Yield the gap of what could not be looked at; none where nothing is there: it may have vanished just now."""
    if isinstance(error, IsolationError):
        yield Found(path, (), Gap(shown_path(path), error.reason, error.detail))
    elif not is_absent(error):
        yield Found(path, (), Gap(shown_path(path), reason_for(error), detail_for(error)))
