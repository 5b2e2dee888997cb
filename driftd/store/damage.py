"""Damage: lines of the journal that are not what was recorded, as values. Nothing here repairs or hides any."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from driftd.model.document import Json
from driftd.model.event import Action, Event, action_of, namespace, sequence_of
from driftd.store.chain import UnfitEventError, canonical, decode, link
from driftd.store.segments import Line
from driftd.store.snapshot import Named, named_in


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
    MISSING = "missing"
    """The beginning of the journal is gone, and nothing says that it was pruned."""
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
    lines: int = 1
    """How many lines in a row it is about."""

    def to_json(self) -> dict[str, Json]:
        """Return the shape in which a checkpoint event names it."""
        shape: dict[str, Json] = {"segment": self.segment, "line": self.line, "sequence": self.sequence}
        return shape | {"reason": self.reason.value, "detail": self.detail}

    def __str__(self) -> str:
        return f"{self.segment}:{self.line}: {self.reason.value}" + (f": {self.detail}" if self.detail else "")


MOST_NAMED: Final = 1000
"""Damaged places that are named one by one; of more, the number is told."""


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
    snapshot: Named | None = None
    """The last snapshot that an event names."""
    problems: list[JournalProblem] = field(default_factory=list)
    unnamed: int = 0
    """How many damaged places there are beyond those."""
    acknowledged: tuple[int, int] = (0, 0)
    """How many of both stand before the last checkpoint that tells of damage."""
    unproven: tuple[JournalProblem, Event] | None = None
    """The first event of a journal whose beginning is gone: a later checkpoint may still prove it."""
    _ends: dict[int, str] = field(default_factory=dict)
    """Chain values at the ends of segments, for such a checkpoint."""

    def segment(self, name: str, lines: Iterable[Line]) -> None:
        """Take the lines of one segment."""
        beginning = len(self.problems)
        for number, line in enumerate(lines, 1):
            event = readable(line)
            if event is None:
                self._unreadable(name, number, beginning)
            else:
                self._event(name, number, event, line)
        if self.unproven is not None and self.expected is not None and self.previous is not None:
            self._ends[self.expected - 1] = self.previous

    def told(self, *, since_checkpoint: bool = False) -> list[JournalProblem]:
        """Return what is wrong; only what stands behind the last checkpoint that tells of damage, where that is asked."""
        named, unnamed = self.acknowledged if since_checkpoint else (0, 0)
        problems = self.problems[named:]
        if self.unnamed > unnamed:
            detail = f"{self.unnamed - unnamed} more damaged places, not named one by one"
            problems.append(
                JournalProblem(problems[-1].segment if problems else "", 0, None, Damage.UNREADABLE, detail)
            )
        return problems

    def _add(self, problem: JournalProblem) -> None:
        if len(self.problems) < MOST_NAMED:
            self.problems.append(problem)
        else:
            self.unnamed += 1

    def _unreadable(self, segment: str, number: int, beginning: int) -> None:
        last = self.problems[-1] if len(self.problems) > beginning else None
        if last is not None and last.reason is Damage.UNREADABLE and last.line + last.lines == number:
            self.problems[-1] = replace(last, lines=last.lines + 1, detail=f"{last.lines + 1} lines are no events")
        else:
            self._add(JournalProblem(segment, number, self.expected, Damage.UNREADABLE, "not an event"))
        self.expected = self.expected + 1 if self.expected is not None else None
        self.previous = None

    def _event(self, segment: str, number: int, event: Event, line: Line) -> None:
        sequence, chain = sequence_of(event), chain_of(event)
        problem = self._sequence(segment, number, sequence) or self._chain(segment, number, sequence, event, line)
        if problem is not None:
            self._add(problem)
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
        body = namespace(event).get("checkpoint")
        match body:
            case {"sequence": int(sequence), "chain": str(chain)} if self.unproven is not None and chain.isascii():
                self._prove(sequence, chain)
            case _:
                pass
        if not (isinstance(body, dict) and "pruned" in body):
            self.acknowledged = (len(self.problems), self.unnamed)
        self.snapshot = named_in(event) or self.snapshot

    def _prove(self, sequence: int, chain: str) -> None:
        """Take a checkpoint's word for what stood before the first event, or for what of that is not removed yet."""
        assert self.unproven is not None
        problem, first = self.unproven
        follows = sequence == sequence_of(first) - 1 and link(chain, first) == chain_of(first)
        if follows or (sequence >= sequence_of(first) and self._ends.get(sequence) == chain):
            self.problems.remove(problem)
            told, unnamed = self.acknowledged
            self.acknowledged = max(0, told - 1), unnamed
            self.unproven = None


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
