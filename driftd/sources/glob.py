"""Globs: which paths are meant. One kind everywhere in driftd; nothing here touches the machine.

`*` and `?` stop at `/`, `**` crosses it, hidden names match, `{a,b}` alternates, `[a-z]` is one of these. A path is given as
it is shown (`str`) or as the machine has it (`bytes`).
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterable
from typing import Final

from driftd.model.item import real_path, shown_path
from driftd.sources.automaton import Automaton
from driftd.sources.segments import ANY, CROSSING, Names, Segment, Segments, alternatives

_SPECIAL: Final = re.compile(r"[*?{}\[\],]")


class Glob:
    """One pattern. A pattern that starts with `/` means paths from the root, others mean names that do not."""

    __slots__ = ("_automaton", "literal", "literals", "pattern", "prefix", "specificity", "ways")

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.ways: tuple[Segments, ...] = alternatives(pattern)
        """The pattern with `{a,b}` written out, as segments."""
        self._automaton = Automaton([self.ways])
        fixed = [_fixed_text(way) for way in self.ways]
        whole = [_is_literal(way) for way in self.ways]
        self.literals: tuple[str, ...] = tuple(text for text, literal in zip(fixed, whole, strict=True) if literal)
        """The paths that are written out in full, as shown."""
        self.literal: str | None = fixed[0] if whole == [True] else None
        """The one path this pattern means, as shown; None where it is a real pattern."""
        self.prefix: str = os.path.commonprefix(fixed)  # noqa: RUF071 - characters are meant
        """The fixed text before the first wildcard, as shown."""
        self.specificity: tuple[bool, int] = (all(whole), min(map(len, fixed)))
        """Sort key: the more specific pattern is greater. Written out in full first, then the longest fixed prefix."""

    def __repr__(self) -> str:
        return f"Glob({self.pattern!r})"

    def matches(self, path: str | bytes) -> bool:
        """Whether a path (shown, or the machine's bytes) is meant."""
        place = self._automaton.start
        parts = _parts(path)
        for part in parts[:-1]:
            below = place.step(part).place
            if below is None:
                return False
            place = below
        return bool(place.step(parts[-1]).matched)

    def overlaps(self, other: Glob) -> bool:
        """Whether some path may match both; where two classes of names are hard to tell apart the answer is yes."""
        return any(_meet(mine, theirs) for mine in self.ways for theirs in other.ways)


class Globs:
    """Many globs at once: a path is taken apart once, however many there are."""

    def __init__(self, globs: Iterable[Glob]) -> None:
        self._automaton = Automaton([glob.ways for glob in globs])

    def matching(self, path: str | bytes) -> tuple[int, ...]:
        """Return the indexes of all globs that mean a path."""
        place = self._automaton.start
        parts = _parts(path)
        for part in parts[:-1]:
            below = place.step(part).place
            if below is None:
                return ()
            place = below
        return place.step(parts[-1]).matched


def escape(item: str) -> str:
    """Return the pattern that means exactly this item."""
    return _SPECIAL.sub(lambda found: f"\\x{ord(found[0]):02x}", item)


def name_text(name: bytes) -> str:
    """Return a name as patterns see it: UTF-8, any other byte as one surrogate."""
    return name.decode("utf-8", "surrogateescape")


def _parts(path: str | bytes) -> list[str]:
    if isinstance(path, str):
        path = real_path(path)
    text = name_text(path)
    parts = text.split("/")
    return [parts[0], *(part for part in parts[1:] if part)]


def _is_literal(way: Segments) -> bool:
    return all(isinstance(segment, str) for segment in way)


def _fixed_text(way: Segments) -> str:
    """Return the text before the first wildcard, as shown: `/etc/*.conf` -> `/etc/`."""
    texts: list[str] = []
    for segment in way:
        if isinstance(segment, str):
            texts.append(segment)
            continue
        texts.append(segment.start if isinstance(segment, Names) else "")
        break
    return "/" if texts == [""] and _is_literal(way) else shown_path("/".join(texts).encode("utf-8", "surrogateescape"))


def _meet(mine: Segments, theirs: Segments) -> bool:
    """Whether two alternatives have a path in common: every pair of positions that reading one path can lead to."""
    seen: set[tuple[int, int]] = set()
    pending = [(0, 0)]
    while pending:
        at = pending.pop()
        if at in seen:
            continue
        seen.add(at)
        i, j = at
        if i == len(mine) and j == len(theirs):
            return True
        left = mine[i] if i < len(mine) else None
        right = theirs[j] if j < len(theirs) else None
        if left is CROSSING:
            pending += [(i + 1, j)] + ([(i, j + 1)] if right is not None else [])
        if right is CROSSING:
            pending += [(i, j + 1)] + ([(i + 1, j)] if left is not None else [])
        if left is not None and right is not None and _may_share(left, right):
            pending.append((i + 1, j + 1))
    return False


def _may_share(left: Segment, right: Segment) -> bool:
    if left is CROSSING or right is CROSSING:
        return True
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if isinstance(left, str):
        return _names_it(right, left)
    if isinstance(right, str):
        return _names_it(left, right)
    if isinstance(left, Names) and isinstance(right, Names):
        starts = left.start.startswith(right.start) or right.start.startswith(left.start)
        return starts and (left.end.endswith(right.end) or right.end.endswith(left.end))
    return True


def _names_it(segment: Segment, name: str) -> bool:
    if segment is ANY:
        return name != ""
    return isinstance(segment, Names) and segment.matches(name)
