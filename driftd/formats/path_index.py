"""An index of path patterns: what the most telling pattern that matches a path stands for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Generic, TypeVar

from driftd.formats.path_patterns import regex, weight

Found = TypeVar("Found")

_COPY = re.compile(
    r"(?P<of>[^/]*[^/.~])(?:\.(?:bak|default|dist|dpkg-dist|dpkg-new|dpkg-old|example|new|old|orig|rpmnew|rpmorig"
    r"|rpmsave|sample|save|ucf-dist|ucf-old)|~)"
)


class PathIndex(Generic[Found]):
    """Patterns and what they stand for. A pattern with more fixed characters tells more; a tie goes to the earlier."""

    def __init__(self, entries: Iterable[tuple[str, Found]]) -> None:
        self._by_name: dict[str, list[tuple[int, int, re.Pattern[str], Found]]] = {}
        self._by_suffix: dict[str, list[tuple[int, int, re.Pattern[str], Found]]] = {}
        self._others: list[tuple[int, int, re.Pattern[str], Found]] = []
        for number, (pattern, found) in enumerate(entries):
            name = pattern.rsplit("/", 1)[-1]
            entry = (-weight(pattern), number, re.compile(regex(pattern)), found)
            if not re.search(r"[*?]", name):
                self._by_name.setdefault(name, []).append(entry)
            elif re.fullmatch(r"\*(?:[^*?.]*\.)+[^*?.]+", name) or re.fullmatch(r"\*\.[^*?.]+", name):
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
        matching = [entry for entry in candidates if entry[2].fullmatch(path)]
        return [found for _, _, _, found in sorted(matching, key=lambda entry: entry[:2])]
