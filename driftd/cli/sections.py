"""Sections: changes that stand below one key, told together under it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from driftd.model.change import Aspect, Change

ROOT: Final = "$"
_QUOTED: Final = r"'(?:[^'\\]|\\.)*+'"
_STEP: Final = re.compile(
    rf"\.[A-Za-z_][A-Za-z0-9_]*+|\[(?:[^\[\]']|{_QUOTED}|\[(?:[^\[\]']|{_QUOTED})*+\])*+\]", re.DOTALL
)
_INDENT: Final = "  "

Spelled = tuple[str, ...]
"""A key as the spellings of its steps: `('.http', "[?@.name=='a']", '.port')`."""


@dataclass(frozen=True, slots=True)
class Row:
    """A change, or the key that those in the rows below share."""

    depth: int
    key: str
    """As spelled below the section's; whole where it is in none."""
    change: Change | None = None

    @property
    def indent(self) -> str:
        """What stands before it."""
        return _INDENT * self.depth


def rows(changes: Sequence[Change]) -> Iterator[Row]:
    """Yield changes in their order; two or more that follow each other below one key, under it."""
    keys = [split_key(change.key) if change.aspect is Aspect.CONTENT else () for change in changes]
    # Spans still to be told: (from, to, steps that the sections around it have, how many these sections are)
    pending: list[tuple[int, int, int, int]] = [(0, len(changes), 0, 0)]
    while pending:
        first, end, told, depth = pending.pop()
        if first == end:
            continue
        stop, shared = _span(keys, first, end, told)
        pending.append((stop, end, told, depth))
        if stop - first == 1:
            yield Row(depth, _spelled(keys[first], told), changes[first])
        else:
            yield Row(depth, _spelled(keys[first][:shared], told))
            pending.append((first, stop, shared, depth + 1))


def _span(keys: Sequence[Spelled], first: int, end: int, told: int) -> tuple[int, int]:
    """Return how far changes share the step behind those told already, and how many steps they share."""
    stop = first + 1
    if len(keys[first]) <= told + 1:
        return stop, told
    while stop < end and len(keys[stop]) > told + 1 and keys[stop][told] == keys[first][told]:
        stop += 1
    shared = min(map(len, keys[first:stop])) - 1
    for key in keys[first + 1 : stop]:
        while key[:shared] != keys[first][:shared]:
            shared -= 1
    return stop, shared


def _spelled(key: Spelled, told: int) -> str:
    text = "".join(key[told:])
    return text.removeprefix(".") if told else ROOT + text


def below(parent: str, key: str) -> str:
    """Return a key as it is spelled below another one; the whole key where it does not stand there."""
    if parent == ROOT or not key.startswith(parent) or key == parent:
        return key
    return key[len(parent) :].removeprefix(".")


def split_key(key: str) -> Spelled:
    """Return the steps of a key as they are spelled."""
    steps = []
    position = len(ROOT)
    while position < len(key) and (step := _STEP.match(key, position)):
        steps.append(step[0])
        position = step.end()
    if position < len(key):
        steps.append(key[position:])
    return tuple(steps)


def parent_of(key: str) -> str:
    """Return the key one step above; `$` is above itself."""
    return ROOT + "".join(split_key(key)[:-1])
