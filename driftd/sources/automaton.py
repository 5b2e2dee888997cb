"""All patterns at once: which of them may still match below a directory, and which match a name in it.

The states of a set of patterns are worked out when a walk first needs them and kept, so that a tree below one `**` costs one
dictionary look-up a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from driftd.sources.segments import ANY, CROSSING, Names, Segments

State = tuple[int, int]
"""(alternative, how many of its segments are behind us)."""

MAX_NAMES: Final = 4096
"""How many answers for names with wildcards are kept for one set of states."""


class Step:
    """What a name leads to: the patterns that it completes, and where we are below it."""

    __slots__ = ("matched", "place")

    def __init__(self, matched: tuple[int, ...], place: Place | None) -> None:
        self.matched = matched
        self.place = place


class Place:
    """Where the patterns stand in one directory."""

    __slots__ = ("_any", "_automaton", "_crossing", "_named", "_others", "_wild", "_written", "scans", "states")

    def __init__(self, automaton: Automaton, states: frozenset[State]) -> None:
        self.states = states
        self._automaton = automaton
        self._any: set[State] = set()
        self._crossing: set[State] = set()
        self._wild: list[tuple[Names, State]] = []
        self._written: dict[str, set[State]] = {}
        for alternative, position in states:
            self._sort((alternative, position), automaton.segments(alternative))
        self.scans = bool(self._any or self._wild)
        """Whether a listing is needed: some name here is not written out in any pattern."""
        self._named: dict[str, Step] = {}
        self._others: Step | None = None

    def _sort(self, state: State, segments: Segments) -> None:
        alternative, position = state
        if position == len(segments):
            return
        segment = segments[position]
        after = (alternative, position + 1)
        if segment is CROSSING:
            self._any.add(state)
            self._crossing.add(state)
        elif segment is ANY:
            self._any.add(after)
        elif isinstance(segment, Names):
            self._wild.append((segment, after))
        elif isinstance(segment, str):
            self._written.setdefault(segment, set()).add(after)

    @property
    def written(self) -> Iterable[str]:
        """The names that stand in some pattern as they are."""
        return self._written

    def step(self, name: str) -> Step:
        """Return what a name in this directory leads to."""
        if not name:  # what stands before the first slash: no wildcard but `**` means it
            return self._automaton.step(self._crossing | self._written.get("", set()))
        known = self._named.get(name)
        if known is not None:
            return known
        if name in self._written or self._wild:
            return self._work_out(name)
        if self._others is None:
            self._others = self._automaton.step(self._any)
        return self._others

    def _work_out(self, name: str) -> Step:
        states = self._any | self._written.get(name, set())
        states.update(after for names, after in self._wild if names.matches(name))
        step = self._automaton.step(states)
        if name in self._written or len(self._named) < MAX_NAMES:
            self._named[name] = step
        return step


class Automaton:
    """A set of patterns, each a tuple of alternatives."""

    def __init__(self, patterns: Sequence[tuple[Segments, ...]]) -> None:
        self._alternatives: list[tuple[Segments, int]] = [
            (segments, index) for index, ways in enumerate(patterns) for segments in ways
        ]
        self._places: dict[frozenset[State], Place] = {}
        self._steps: dict[frozenset[State], Step] = {}
        self.start = self.place((index, 0) for index in range(len(self._alternatives)))

    def segments(self, alternative: int) -> Segments:
        """Return the segments of one alternative."""
        return self._alternatives[alternative][0]

    def pattern(self, alternative: int) -> int:
        """Return the index of the pattern that an alternative belongs to."""
        return self._alternatives[alternative][1]

    def in_fixed_part(self, state: State, depth: int) -> bool:
        """Whether the `depth` names that led to a state (the one before the first slash counts) are all written out in it."""
        alternative, position = state
        return position == depth and all(isinstance(each, str) for each in self.segments(alternative)[:position])

    def place(self, states: Iterable[State]) -> Place:
        """Return the one place with these states."""
        wanted = frozenset(states)
        place = self._places.get(wanted)
        if place is None:
            # `**` may stand for no directory at all: what follows it may come at once.
            closed = wanted | {
                (alternative, position + 1)
                for alternative, position in wanted
                if position < len(self.segments(alternative)) and self.segments(alternative)[position] is CROSSING
            }
            place = self._places[wanted] = Place(self, closed)
        return place

    def step(self, states: Iterable[State]) -> Step:
        """Return which patterns these states complete, and the place below them (None: nothing can match there)."""
        wanted = frozenset(states)
        step = self._steps.get(wanted)
        if step is None:
            matched = {self.pattern(way) for way, position in wanted if position == len(self.segments(way))}
            going = {(way, position) for way, position in wanted if position < len(self.segments(way))}
            step = self._steps[wanted] = Step(tuple(sorted(matched)), self.place(going) if going else None)
        return step
