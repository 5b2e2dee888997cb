"""Conditional lines of Exim's configuration: what has to be defined for a line to be read."""

from __future__ import annotations

import re

from driftd.formats.parts.builder import MAX_DEPTH
from driftd.formats.parts.lines import Line
from driftd.model.document import ParseError

_CONDITIONAL = re.compile(r"\.(?P<kind>ifn?def|elifn?def|else|endif)(?:\s++(?P<macro>\S++).*+)?", re.DOTALL)


class Conditions:
    """The conditions that are active; `.else` is the opposite of all before it."""

    def __init__(self) -> None:
        self._frames: list[tuple[str, ...]] = []

    @property
    def active(self) -> tuple[str, ...]:
        """All that must hold: `.ifdef X`, `.ifndef Y`."""
        return tuple(condition for frame in self._frames for condition in frame)

    def take(self, line: Line) -> bool:
        """Follow a line if it is a conditional one, and return whether it was; ParseError where there are too many."""
        match = _CONDITIONAL.fullmatch(line.text)
        if match is None:
            return False
        before = self._frames.pop() if self._frames and match["kind"] not in ("ifdef", "ifndef") else ()
        if match["kind"] == "endif":
            return True
        otherwise = (*before[:-1], _opposite(before[-1])) if before else ()
        if match["kind"] == "else":
            self._frames.append(otherwise)
        else:
            self._frames.append((*otherwise, f".{match['kind'].removeprefix('el')} {match['macro'] or ''}".rstrip()))
        if len(self._frames) + len(self._frames[-1]) > MAX_DEPTH:
            raise ParseError(f"nested deeper than {MAX_DEPTH} levels", line.number)
        return True

    def since(self, outside: tuple[str, ...]) -> tuple[str, ...]:
        """Return what has come to hold since `outside` was all."""
        active = self.active
        shared = 0
        while shared < min(len(active), len(outside)) and active[shared] == outside[shared]:
            shared += 1
        return active[shared:]


def _opposite(condition: str) -> str:
    if condition.startswith(".ifdef"):
        return ".ifndef" + condition.removeprefix(".ifdef")
    return ".ifdef" + condition.removeprefix(".ifndef")
