"""Path patterns: by which paths a format, or a habit of a program, is known."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property


class PathPatterns:
    """Patterns of paths. `*` stays within a name, `**/` stands for any number of directories.

    `*/` at the start stands for any directories; a pattern without a slash is a file's name.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = tuple(patterns)

    def match(self, path: str) -> bool:
        """Whether any pattern matches; a relative path is taken as if it stood at the root."""
        return self._any.fullmatch("/" + path.lstrip("/")) is not None

    @cached_property
    def _any(self) -> re.Pattern[str]:
        return re.compile("|".join(map(regex, self.patterns)))


def regex(pattern: str) -> str:
    """Return the regular expression of one pattern, for full matches of absolute paths."""
    check(pattern)
    if "/" not in pattern:
        pattern = "*/" + pattern
    head = ""
    if pattern.startswith("*/"):
        head, pattern = r"/(?:[^/]+/)*", pattern[2:]
    parts = []
    for piece in re.split(r"(\*\*/|\*|\?)", pattern):
        match piece:
            case "**/":
                parts.append(r"(?:[^/]+/)*")
            case "*":
                parts.append("[^/]*")
            case "?":
                parts.append("[^/]")
            case _:
                parts.append(re.escape(piece))
    return head + "".join(parts)


def check(pattern: str) -> None:
    """ValueError where a pattern could never match."""
    if "/" in pattern and not pattern.startswith(("/", "*/")):
        raise ValueError(f"path pattern {pattern!r} starts with neither / nor */")


def weight(pattern: str) -> int:
    """Return how much a pattern says about a path: the number of its characters that are no wildcards."""
    return len(pattern) - pattern.count("*") - pattern.count("?")
