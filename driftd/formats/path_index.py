"""An index of path patterns: what the most telling pattern that matches a path stands for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Generic, TypeVar

from driftd.formats.path_patterns import check, regex, weight

Found = TypeVar("Found")

_COPY = re.compile(
    r"(?P<of>[^/]*[^/.~])(?:\.(?:bak|default|dist|dpkg-dist|dpkg-new|dpkg-old|example|new|old|orig|rpmnew|rpmorig"
    r"|rpmsave|sample|save|ucf-dist|ucf-old)|~)"
)
_SUFFIX = re.compile(r"\*(?:[^*?.]*+\.)+[^*?.]++")
"""A name of which the end alone counts."""


class _Entry(Generic[Found]):
    """A pattern and what it stands for; its regular expression is made when a path is near enough to ask it."""

    __slots__ = ("_pattern", "_regex", "_telling", "found", "rank")

    def __init__(self, pattern: str, number: int, found: Found) -> None:
        check(pattern)
        self.rank = (-weight(pattern), number)
        self.found = found
        self._pattern = pattern
        self._telling = max(re.split(r"[*?]++", pattern), key=len)
        """What a path that matches holds."""
        self._regex: re.Pattern[str] | None = None

    def matches(self, path: str) -> bool:
        """Whether an absolute path matches."""
        if self._telling not in path:
            return False
        if self._regex is None:
            self._regex = re.compile(regex(self._pattern))
        return self._regex.fullmatch(path) is not None


class PathIndex(Generic[Found]):
    """Patterns and what they stand for. A pattern with more fixed characters tells more; a tie goes to the earlier."""

    def __init__(self, entries: Iterable[tuple[str, Found]]) -> None:
        self._by_name: dict[str, list[_Entry[Found]]] = {}
        self._by_suffix: dict[str, list[_Entry[Found]]] = {}
        self._others: list[_Entry[Found]] = []
        for number, (pattern, found) in enumerate(entries):
            name = pattern.rsplit("/", 1)[-1]
            entry = _Entry(pattern, number, found)
            if "*" not in name and "?" not in name:
                self._by_name.setdefault(name, []).append(entry)
            elif _SUFFIX.fullmatch(name):
                self._by_suffix.setdefault(name.rsplit(".", 1)[-1], []).append(entry)
            else:
                self._others.append(entry)

    def first(self, path: str) -> Found | None:
        """Return what the most telling pattern stands for; a copy (`x.conf.bak`) counts as what it is a copy of."""
        found = self.all(path)
        if found:
            return found[0]
        directory, _, name = path.rpartition("/")
        copy = _COPY.fullmatch(name)
        return self.first(f"{directory}/{copy['of']}") if copy else None

    def all(self, path: str) -> list[Found]:
        """Return what every matching pattern stands for, the most telling first."""
        path = "/" + path.lstrip("/")
        name = path.rsplit("/", 1)[-1]
        suffix = name.rsplit(".", 1)[-1]
        candidates = [*self._by_name.get(name, ()), *self._by_suffix.get(suffix, ()), *self._others]
        matching = [entry for entry in candidates if entry.matches(path)]
        return [entry.found for entry in sorted(matching, key=lambda entry: entry.rank)]
