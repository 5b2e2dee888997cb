"""Damage: lines of the journal that are not what was recorded, as values. Nothing here repairs or hides any."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from driftd.model.document import Json
from driftd.model.event import Action, Event, action_of, namespace, sequence_of
from driftd.store.chain import UnfitEventError, canonical, decode, link
from driftd.store.segments import Line


class Damage(StrEnum):
    """What is wrong with a place in the journal."""

    TORN = "torn"
    """The unfinished last line of a write that was cut off; the event never existed."""
    UNREADABLE = "unreadable"
    """A line that is not an event."""
    ALTERED = "altered"
    """The line, or the chain value before it, is not what was recorded."""
    SEQUENCE = "sequence"
    """Another event belongs here: events are missing before the line, or it stands here a second time."""
    UNPROVABLE = "unprovable"
    """What the line was chained to cannot be read any more, so that nothing proves the line."""
    INTERFERENCE = "interference"
    """Somebody else wrote to, cut or removed the segment while driftd had it open."""


@dataclass(frozen=True, slots=True)
class JournalProblem:
    """One damaged place of the journal."""

    segment: str
    line: int
    """From 1; 0 where the whole segment is meant."""
    sequence: int | None
    """Of the event that stands or stood there, where it is known."""
    reason: Damage
    detail: str = ""

    def to_json(self) -> dict[str, Json]:
        """Return the shape in which a checkpoint event names it."""
        shape: dict[str, Json] = {"segment": self.segment, "line": self.line, "sequence": self.sequence}
        return shape | {"reason": self.reason.value, "detail": self.detail}

    def __str__(self) -> str:
        return f"{self.segment}:{self.line}: {self.reason.value}" + (f": {self.detail}" if self.detail else "")


@dataclass(slots=True)
class ChainCheck:
    """Lines of a journal in order, and what is wrong with them.

    Begins with what is known of the place: the sequence that comes first and the chain value before it, or None for either.
    """

    expected: int | None = None
    previous: str | None = None
    midway: bool = False
    """It begins in the middle of an intact journal: the first event needs no proof."""
    head: str | None = None
    """The last chain value that could be read."""
    problems: list[JournalProblem] = field(default_factory=list)
    acknowledged: int = 0
    """How many of the problems stand before the last checkpoint."""
    unproven: tuple[JournalProblem, Event] | None = None
    """The first event of a journal whose beginning is gone: a later checkpoint may still prove it."""

    def segment(self, name: str, lines: Iterable[Line]) -> None:
        """Take the lines of one segment."""
        for number, line in enumerate(lines, 1):
            event = readable(line)
            if event is None:
                self._unreadable(name, number)
            else:
                self._event(name, number, event, line)

    def _unreadable(self, segment: str, number: int) -> None:
        self.problems.append(JournalProblem(segment, number, self.expected, Damage.UNREADABLE, "not an event"))
        self.expected = self.expected + 1 if self.expected is not None else None
        self.previous = None

    def _event(self, segment: str, number: int, event: Event, line: Line) -> None:
        sequence, chain = sequence_of(event), chain_of(event)
        problem = self._sequence(segment, number, sequence) or self._chain(segment, number, sequence, event, line)
        if problem is not None:
            self.problems.append(problem)
        self.expected, self.previous, self.head = sequence + 1, chain, chain
        if action_of(event) == Action.JOURNAL_CHECKPOINT:
            self._checkpoint(event)

    def _sequence(self, segment: str, number: int, sequence: int) -> JournalProblem | None:
        if self.expected is None or sequence == self.expected:
            return None
        detail = f"event {self.expected} belongs here, {sequence} stands here"
        return JournalProblem(segment, number, sequence, Damage.SEQUENCE, detail)

    def _chain(self, segment: str, number: int, sequence: int, event: Event, line: Line) -> JournalProblem | None:
        if _spelling(event) != line.data:
            return JournalProblem(segment, number, sequence, Damage.ALTERED, "not spelled as it was recorded")
        chain = chain_of(event)
        if self.previous is not None:
            if link(self.previous, event) == chain:
                return None
            return JournalProblem(segment, number, sequence, Damage.ALTERED, "it does not follow from the line before")
        if self.head is not None:
            if link(self.head, event) == chain:
                return None
            return JournalProblem(segment, number, sequence, Damage.UNPROVABLE, "the line before it is damaged")
        if not self.midway:
            problem = JournalProblem(segment, number, sequence, Damage.UNPROVABLE, "the journal before it is gone")
            self.unproven = problem, event
            return problem
        return None

    def _checkpoint(self, event: Event) -> None:
        match namespace(event).get("checkpoint"):
            case {"sequence": int(sequence), "chain": str(chain)} if self.unproven is not None and chain.isascii():
                problem, first = self.unproven
                if sequence == sequence_of(first) - 1 and link(chain, first) == chain_of(first):
                    self.problems.remove(problem)
                    self.unproven = None
        self.acknowledged = len(self.problems)


def _spelling(event: Event) -> bytes | None:
    try:
        return canonical(event)
    except UnfitEventError:
        return None


def readable(line: Line) -> Event | None:
    """Return the event of a line, None where it is none any more."""
    if line.data is None:
        return None
    try:
        return decode(line.data)
    except ValueError:
        return None


def chain_of(event: Event) -> str:
    """Return a recorded event's chain value."""
    return str(namespace(event)["chain"])
