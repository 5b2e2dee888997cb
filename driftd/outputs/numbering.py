"""The delivery envelope: each output counts the events that are for it, without a hole, whatever its filter leaves out.

The count stands in `driftd.output` of every copy that is delivered, and is no part of the chain. It is remembered with the
output's cursor, so that an event that is delivered again has the number that it had. What was removed before it could
be delivered, and what a receiver refused for good, leaves a hole: so it is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from driftd.model.event import Event, namespace, sequence_of


class Batch(NamedTuple):
    """What is to be delivered next."""

    events: list[Event]
    """Copies with their envelope."""
    through: int
    """`event.sequence` up to which nothing else is for the output."""
    number: int
    """What that comes to in the output's own count."""
    lost: int = 0
    """Events that should have come before and are gone."""


def enveloped(event: Event, name: str, number: int) -> Event:
    """Return a copy of an event that says what its number is among the events for an output."""
    return event | {"driftd": namespace(event) | {"output": {"name": name, "sequence": number}}}


def number_of(event: Event) -> int:
    """Return the number in the envelope of an event."""
    output = namespace(event)["output"]
    assert isinstance(output, dict)
    number = output["sequence"]
    assert isinstance(number, int)
    return number


def next_in_row(events: Iterable[Event], through: int, name: str, number: int) -> Batch:
    """Return events that are all for the output, of a stretch without a hole, numbered on."""
    numbered = [enveloped(event, name, count) for count, event in enumerate(events, number + 1)]
    return Batch(numbered, through, number + len(numbered))


def from_journal(events: Iterable[Event], takes: Callable[[Event], bool], name: str, cursor: int, number: int) -> Batch:
    """Return what of the events that follow a cursor is for the output, numbered on.

    Events that the journal does not hold any more are counted as if they had been for the output.
    """
    begin, lost, taken = number, 0, []
    for event in events:
        sequence = sequence_of(event)
        lost += sequence - cursor - 1
        number += sequence - cursor - 1
        cursor = sequence
        if takes(event):
            number += 1
            taken.append(enveloped(event, name, number))
    assert number - begin == lost + len(taken)
    return Batch(taken, cursor, number, lost)
