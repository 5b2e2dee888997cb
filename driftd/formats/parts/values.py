"""Values as programs spell them: quotes, escapes, comments behind them, lines that continue them.

A `ValueSyntax` is what a format declares; a `Value` reads one value, line by line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class ValueSyntax:
    """What a program takes away from a value before it looks at it. By default nothing: a value is as written."""

    comments: str = ""
    """Characters that start a comment behind a value."""
    after_space: bool = True
    """A comment starts after white space only, and not within a word."""
    quotes: str = ""
    """Characters that quote: they are taken away, and what they enclose counts as written."""
    enclosing: str = ""
    """Characters that are taken away where a pair of them encloses the whole value, and say nothing elsewhere."""
    literal: re.Pattern[str] | None = None
    """Quoted text that would say something else without its quotes: it keeps them."""
    escapes: Mapping[str, str] | None = None
    """What a backslash and a character stand for in double quotes; where the character is missing here, the backslash
    is one like any other."""
    bare_escapes: bool = False
    """Escapes count outside of quotes, too."""
    continuation: bool = False
    """A backslash at the end of a line joins the next one."""
    across_lines: bool = False
    """Quoted text may hold ends of lines."""


AS_WRITTEN = ValueSyntax()


@dataclass
class Value:
    """One value that is being read."""

    syntax: ValueSyntax
    _pieces: list[str] = field(default_factory=list)
    _quote: str = ""
    """The quote that is open."""
    _space: str = ""
    """White space that counts if something follows."""
    _quoted: bool = False
    _joined: bool = False
    """The line before ended in a backslash: the white space around that is one space."""

    def feed(self, text: str) -> bool:
        """Take one line; return whether the next one belongs to the value as well."""
        if self._plain(text):
            return False
        outside = _outside(self.syntax)
        at = self._start(text)
        while at < len(text):
            if self._quote:
                at = self._inside(text, at)
                continue
            match = outside.match(text, at)
            assert match is not None
            at = match.end()
            match match.lastgroup:
                case "comment":
                    break
                case "joined":
                    self._joined = True
                    return True
                case "space":
                    self._space = match[0] if self._pieces or self._quoted else ""
                case "quote":
                    self._flush()
                    self._quote, self._quoted = match[0], True
                case "escape":
                    self._flush()
                    self._pieces.append(_resolved(match[0], self.syntax.escapes or _NONE))
                case _:
                    self._flush()
                    self._pieces.append(match[0])
        if self._quote and self._joins_quoted(text):
            return True
        if self._quote and self.syntax.across_lines:
            self._pieces.append("\n")
            return True
        return False

    @property
    def open(self) -> bool:
        """Whether a quote is not closed."""
        return bool(self._quote)

    def text(self) -> str:
        """Return the value."""
        value = "".join(self._pieces)
        enclosed = len(value) > 1 and value[0] == value[-1] and value[0] in self.syntax.enclosing
        return value[1:-1] if enclosed else value

    def _plain(self, text: str) -> bool:
        """Take a line in which nothing is special."""
        if self._pieces or self._quote or _special(self.syntax).search(text):
            return False
        self._pieces.append(text.strip())
        return True

    def _start(self, text: str) -> int:
        """Where a line is read from."""
        if not self._joined:
            return 0
        self._joined = False
        start = len(text) - len(text.lstrip())
        if (start or self._space) and (self._pieces or self._quoted):
            self._space = " "
        return start

    def _flush(self) -> None:
        if self._space:
            self._pieces.append(self._space)
            self._space = ""

    def _inside(self, text: str, at: int) -> int:
        """Take quoted text from here on; return where it ends."""
        escapes = self.syntax.escapes if self._quote == '"' else None
        match = _INSIDE[self._quote, escapes is not None].match(text, at)
        assert match is not None
        content = match["content"] if escapes is None else _resolved(match["content"], escapes)
        literal = self.syntax.literal
        self._pieces.append(f'"{content}"' if literal is not None and literal.search(content) else content)
        if match["end"]:
            self._quote = ""
        return match.end()

    def _joins_quoted(self, text: str) -> bool:
        if not self.syntax.continuation or (len(text) - len(text.rstrip("\\"))) % 2 == 0:
            return False
        self._pieces[-1] = self._pieces[-1].removesuffix("\\")
        return True


_ESCAPE = re.compile(r"\\(.)")
_INSIDE = {
    ('"', True): re.compile(r'(?P<content>(?:[^"\\]++|\\.|\\\Z)*+)(?P<end>"?)'),
    ('"', False): re.compile(r'(?P<content>[^"]*+)(?P<end>"?)'),
    ("'", False): re.compile(r"(?P<content>[^']*+)(?P<end>'?)"),
    ("`", False): re.compile(r"(?P<content>[^`]*+)(?P<end>`?)"),
}


def _resolved(text: str, escapes: Mapping[str, str]) -> str:
    return _ESCAPE.sub(lambda match: escapes.get(match[1], match[0]), text)


@lru_cache
def _special(syntax: ValueSyntax) -> re.Pattern[str]:
    """What makes a line more than plain text."""
    characters = syntax.comments + syntax.quotes + ("\\" if syntax.escapes is not None else "")
    parts = [f"[{re.escape(characters)}]"] if characters else []
    if syntax.continuation:
        parts.append(r"\\\Z")
    return re.compile("|".join(parts) or r"(?!)")


@lru_cache
def _outside(syntax: ValueSyntax) -> re.Pattern[str]:
    """The pieces of a value outside of quotes."""
    parts = [r"(?P<space>\s++)"]
    if syntax.comments:
        place = r"(?:(?<=\s)|\A)" if syntax.after_space else ""
        parts.append(f"(?P<comment>{place}[{re.escape(syntax.comments)}])")
    if syntax.quotes:
        parts.append(f"(?P<quote>[{re.escape(syntax.quotes)}])")
    if syntax.continuation:
        parts.append(r"(?P<joined>\\\Z)")
    if syntax.bare_escapes:
        parts.append(r"(?P<escape>\\.)")
    special = re.escape(syntax.comments + syntax.quotes + "\\")
    parts.append(rf"(?P<plain>[^\s{special}]++|.)")
    return re.compile("|".join(parts))
