"""Where each key and value of a TOML text stands. The text need not be valid: whoever reads the values says so.

It also keeps the nesting and the size within bounds before a recursive parser sees the text.
"""

from __future__ import annotations

import contextlib
import json
import re
from bisect import bisect_right
from dataclasses import dataclass

from driftd.formats.parts.builder import MAX_DEPTH, Bounds
from driftd.formats.parts.lines import line_starts
from driftd.formats.toml.older import older_escapes
from driftd.model.document import ParseError, Steps


@dataclass(frozen=True, slots=True)
class Place:
    """The line of a value, and how it is spelled where it is neither text nor a collection."""

    line: int
    raw: str | None = None


def index_lines(text: str) -> dict[Steps, Place]:
    """Return the place of every table, array and value that can be made out; ParseError beyond the bounds."""
    index = _Index(text)
    with contextlib.suppress(_NotTomlError):  # tomllib will name the mistake
        index.read()
    return index.places


class _NotTomlError(Exception):
    """The text stops being TOML here."""


_GAP = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_SPACE = re.compile(r"[ \t]*+")
_PART = re.compile(r"""(?P<bare>[A-Za-z0-9_\-]++)|(?P<basic>"(?:[^"\\\n]++|\\.)*+")|'(?P<literal>[^'\n]*+)'""")
_TEXT = re.compile(
    r'''"""(?:[^"\\]++|\\.|"{1,2}(?!"))*+"{3,5}'''
    r"""|'''(?:[^']++|'{1,2}(?!'))*+'{3,5}"""
    r'''|"(?:[^"\\\n]++|\\.)*+"'''
    r"""|'[^'\n]*+'""",
    re.DOTALL,
)
_BARE = re.compile(r"[^,\]}#\n]++")


class _Index:
    """Walks a text once, statement by statement."""

    def __init__(self, text: str) -> None:
        self.places: dict[Steps, Place] = {}
        self._text = text
        self._starts = line_starts(text)
        self._bounds = Bounds()
        self._arrays: dict[Steps, int] = {}
        """Arrays of tables -> the index of their latest table."""
        self._at = 0

    def read(self) -> None:
        """Walk the whole text."""
        table: Steps = ()
        while True:
            self._skip(_GAP)
            if self._at >= len(self._text):
                return
            if self._text.startswith("[", self._at):
                table = self._header()
            else:
                self._pair(table, 0)

    def _header(self) -> Steps:
        line = self._line()
        is_array = self._text.startswith("[[", self._at)
        self._at += 2 if is_array else 1
        *outer, last = self._key()
        self._expect("]]" if is_array else "]")
        steps: Steps = ()
        for part in outer:
            steps = self._latest((*steps, part))
            self._note(steps, line)
        steps = (*steps, last)
        if is_array:
            self._note(steps, line)
            self._arrays[steps] = self._arrays.get(steps, -1) + 1
        steps = self._latest(steps)
        self._note(steps, line)
        return steps

    def _latest(self, steps: Steps) -> Steps:
        """The latest table of an array of tables, else the place itself."""
        latest = self._arrays.get(steps)
        return steps if latest is None else (*steps, latest)

    def _pair(self, table: Steps, depth: int) -> None:
        line = self._line()
        *outer, last = self._key()
        for part in outer:
            table = (*table, part)
            self._note(table, line)
        self._expect("=")
        self._value((*table, last), depth + len(outer) + 1)

    def _key(self) -> list[str]:
        parts: list[str] = []
        while True:
            self._skip(_SPACE)
            match = _PART.match(self._text, self._at)
            if match is None:
                raise _NotTomlError
            parts.append(_unquoted(match))
            self._at = match.end()
            if len(parts) > MAX_DEPTH:
                raise ParseError(f"nested deeper than {MAX_DEPTH} levels", self._line())
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return parts
            self._at += 1

    def _value(self, steps: Steps, depth: int) -> None:
        self._skip(_SPACE)
        line = self._line()
        self._bounds.count(max(depth, len(steps)), line)
        start = self._text[self._at : self._at + 1]
        if start == "[":
            self.places[steps] = Place(line)
            self._array(steps, depth)
        elif start == "{":
            self.places[steps] = Place(line)
            self._inline_table(steps, depth)
        elif start in ('"', "'"):
            self._take(_TEXT)
            self.places[steps] = Place(line)
        else:
            self.places[steps] = Place(line, self._take(_BARE).strip())

    def _array(self, steps: Steps, depth: int) -> None:
        self._at += 1
        number = 0
        while True:
            self._skip(_GAP)
            if self._text.startswith("]", self._at):
                self._at += 1
                return
            self._value((*steps, number), depth + 1)
            number += 1
            self._skip(_GAP)
            if self._text.startswith(",", self._at):
                self._at += 1
            elif not self._text.startswith("]", self._at):
                raise _NotTomlError

    def _inline_table(self, steps: Steps, depth: int) -> None:
        self._at += 1
        while True:
            self._skip(_GAP)
            if self._text.startswith("}", self._at):
                self._at += 1
                return
            self._pair(steps, depth)
            self._skip(_GAP)
            if self._text.startswith(",", self._at):
                self._at += 1
            elif not self._text.startswith("}", self._at):
                raise _NotTomlError

    def _note(self, steps: Steps, line: int) -> None:
        if steps not in self.places:
            self._bounds.count(len(steps), line)
            self.places[steps] = Place(line)

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise _NotTomlError
        self._at = match.end()
        return match[0]

    def _expect(self, text: str) -> None:
        self._skip(_SPACE)
        if not self._text.startswith(text, self._at):
            raise _NotTomlError
        self._at += len(text)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._at)
        assert match is not None
        self._at = match.end()

    def _line(self) -> int:
        return bisect_right(self._starts, self._at)


_LONG_ESCAPE = re.compile(r"\\U([0-9a-fA-F]{8})")


def _unquoted(match: re.Match[str]) -> str:
    """The name that one part of a key spells."""
    if match["bare"] is not None:
        return match["bare"]
    if match["literal"] is not None:
        return match["literal"]
    try:
        return str(
            json.loads(
                _LONG_ESCAPE.sub(lambda long: chr(int(long[1], 16)), older_escapes(match["basic"])), strict=False
            )
        )
    except (ValueError, OverflowError) as error:
        raise _NotTomlError from error
