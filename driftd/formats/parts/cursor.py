"""A place in a text that a parser reads from front to back."""

from __future__ import annotations

import re
from bisect import bisect_right

from driftd.formats.parts.builder import MAX_DEPTH
from driftd.formats.parts.lines import line_starts
from driftd.model.document import ParseError

HASH_COMMENTS = re.compile(r"(?:\s++|\#[^\n]*+)*+")
"""White space, and comments from `#` to the end of the line."""
ALL_COMMENTS = re.compile(r"(?:\s++|\#[^\n]*+|//[^\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/)*+")
"""White space, and comments of `#`, of `//` and between `/*` and `*/`."""


class Cursor:
    """A text and the place up to which it is read."""

    def __init__(self, text: str, space: re.Pattern[str] = HASH_COMMENTS) -> None:
        self.text = text
        self.at = 0
        self._space = space
        self._starts = line_starts(text)

    @property
    def line(self) -> int:
        """The line of the current place."""
        return bisect_right(self._starts, self.at)

    def skip(self) -> bool:
        """Pass over what says nothing; whether something is left."""
        match = self._space.match(self.text, self.at)
        assert match is not None
        self.at = match.end()
        return self.at < len(self.text)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Pass over what matches here, and return it."""
        match = pattern.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
        return match

    def sees(self, text: str) -> bool:
        """Whether this stands here."""
        return self.text.startswith(text, self.at)

    def passes(self, text: str) -> bool:
        """Pass over this where it stands here; whether it does."""
        found = self.sees(text)
        if found:
            self.at += len(text)
        return found

    def takes(self, text: str) -> bool:
        """Pass over what says nothing and this behind it; whether it is there."""
        self.skip()
        return self.passes(text)

    def demand(self, text: str) -> None:
        """Pass over this; ParseError where something else stands here."""
        line = self.line
        if not self.takes(text):
            raise ParseError(f"`{text}` is missing", line if self.at >= len(self.text) else self.line)

    def unexpected(self) -> ParseError:
        """Return the error that what stands here is not expected."""
        if self.at >= len(self.text):
            return ParseError("unexpected end of the file", bisect_right(self._starts, max(len(self.text) - 1, 0)))
        return ParseError(f"unexpected {self.text[self.at]!r}", self.line)


def too_deep(depth: int, line: int) -> None:
    """ParseError where blocks are nested deeper than a document may be."""
    if depth > MAX_DEPTH:
        raise ParseError(f"nested deeper than {MAX_DEPTH} levels", line)
