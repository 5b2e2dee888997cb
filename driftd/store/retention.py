"""Retention: which of the oldest segments of the journal may go. Pure: it looks at no file and no clock.

By age, what every output has delivered; by size, what has to go. What is young is kept whatever a clock said: see `ages`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

LOOKS_APART: Final = timedelta(hours=20)
"""Nothing goes by age before two looks, so far apart, have found it old: a clock that is wrong for a day costs nothing."""
STEP: Final = timedelta(days=35)
"""A longer step from one event to the next is a clock that was set, or a machine that was off."""
_NONE: Final = timedelta(0)


def moment(text: str) -> datetime | None:
    """Return the moment, with a zone, that a text says; None where it says none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


@dataclass(frozen=True, slots=True)
class Limits:
    """How long events are kept, and how much room they may take."""

    keep: timedelta
    max_bytes: int

    @property
    def segment_bytes(self) -> int:
        """Size at which a segment is followed by a new one: the journal is pruned by whole segments."""
        return max(1, min(16 * 1024 * 1024, self.max_bytes // 8))

    @property
    def segment_age(self) -> timedelta:
        """Age at which a segment is followed by a new one, however little is in it."""
        return min(timedelta(days=30), self.keep / 8)


DEFAULT_LIMITS: Final = Limits(timedelta(days=400), 512 * 1024 * 1024)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one segment of the journal holds."""

    first: int
    last: int
    bytes: int
    times: tuple[datetime, ...] = ()
    """Of its first and its last readable event, as the clock was then."""


@dataclass(frozen=True, slots=True)
class Look:
    """What an earlier look found old enough to go."""

    at: datetime
    through: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What may go now."""

    through: int
    """Sequence of the last event that goes; 0: none does."""
    lost: dict[str, int] = field(default_factory=dict)
    """Output -> how many events go before it has delivered them."""
    look: Look | None = None
    """To be remembered for the next look."""


def plan(
    stretches: Sequence[Stretch], limits: Limits, now: datetime, delivered: Mapping[str, int], before: Look | None
) -> Plan:
    """Return what may go of a journal; the last segment, which is written to, never does.

    `delivered`: how far each output has come; `before`: what the look before this one found.
    """
    if not stretches:
        return Plan(0)
    passed = ages(stretches, now, limits.keep)
    look, due = _confirmed(Look(now, _old(stretches[:-1], passed, limits.keep)), before)
    held = min(delivered.values(), default=stretches[-1].last)
    through = max((one.last for one in stretches[:-1] if one.last <= min(due, held)), default=0)
    through = max(through, _by_size(stretches, limits.max_bytes, held))
    begins = stretches[0].first - 1
    lost = {name: through - max(cursor, begins) for name, cursor in delivered.items() if cursor < through}
    return Plan(through, lost, look)


def _old(closed: Sequence[Stretch], passed: Sequence[timedelta], keep: timedelta) -> int:
    through = 0
    for stretch, age in zip(closed, passed, strict=False):
        if age <= keep:
            break
        through = stretch.last
    return through


def _confirmed(look: Look, before: Look | None) -> tuple[Look, int]:
    """Return what to remember, and up to where two looks agree."""
    if before is None or look.at < before.at:  # the clock was set back: begin anew
        return look, 0
    both = min(look.through, before.through)
    if look.at < before.at + LOOKS_APART:
        return Look(before.at, both), 0
    return look, both


def _by_size(stretches: Sequence[Stretch], most: int, held: int) -> int:
    """Return up to where events go for the room they take; once that is needed, some more of what was delivered."""
    left, through = sum(stretch.bytes for stretch in stretches), 0
    if left <= most:
        return 0
    for stretch in stretches[:-1]:
        if left <= most and (left <= most * 3 // 4 or stretch.last > held):
            break
        left -= stretch.bytes
        through = stretch.last
    return through


def ages(stretches: Sequence[Stretch], now: datetime, keep: timedelta) -> list[timedelta]:
    """Return how long ago each stretch ended, at least: what a clock that was set claims to have passed does not count.

    Time runs from event to event and to `now`. Where the clock goes back, none passes until it is again where it was; a
    step longer than a daemon, or a cron job of every month, is ever silent was no time that passed.
    """
    longest = min(STEP, keep)
    offset, level = _NONE, None
    ends: list[datetime | None] = []
    for stretch in stretches:
        for time in stretch.times:
            offset, level = _passed(time, offset, level, longest)
        ends.append(level)
    offset, _ = _passed(now, offset, level, longest)
    today = now - offset
    return [_NONE if end is None else max(_NONE, today - end) for end in ends]


def _passed(
    time: datetime, offset: timedelta, level: datetime | None, longest: timedelta
) -> tuple[timedelta, datetime]:
    seen = time - offset
    if level is None:
        return offset, seen
    if abs(seen - level) > longest:
        return time - level, level
    return offset, max(level, seen)
