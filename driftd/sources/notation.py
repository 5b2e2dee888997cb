r"""How patterns are written: text -> the alternatives it stands for, each a list of tokens.

Names are matched as text: UTF-8, every byte that is not UTF-8 as one surrogate, so that `?` is one character. In a pattern
`\xNN` is that byte and never a wildcard, as items are shown; a backslash before another character makes that one plain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

MAX_ALTERNATIVES: Final = 1024
MAX_PATTERN: Final = 4096
MAX_NESTING: Final = 16
_UNCLOSED: Final = "'{' is never closed; write \\x7b for the character itself"


class Wild(Enum):
    """The wildcards of a pattern."""

    STAR = "*"
    CROSS = "**"
    ONE = "?"
    SLASH = "/"


@dataclass(frozen=True, slots=True)
class Class:
    """`[a-z]`: one character, as the regular expression for it."""

    expression: str


Token = str | Wild | Class


def written_out(pattern: str) -> list[list[Token]]:
    """Return the alternatives of a pattern, `{a,b}` written out; ValueError says what is wrong with it."""
    if not pattern:
        raise ValueError("an empty pattern matches nothing")
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"a pattern has at most {MAX_PATTERN} characters, this one {len(pattern)}")
    if "\0" in pattern:
        raise ValueError("no path holds a NUL")
    return _Parser(pattern).read()


def bound(count: int) -> None:
    """Raise ValueError where a pattern stands for too many alternatives."""
    if count > MAX_ALTERNATIVES:
        raise ValueError(f"the pattern stands for more than {MAX_ALTERNATIVES} alternatives: write several patterns")


class _Parser:
    """Reads a pattern from left to right; every list of tokens it returns is one alternative."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self._nesting = 0

    def read(self) -> list[list[Token]]:
        return self._sequence(end="")[0]

    def _sequence(self, end: str) -> tuple[list[list[Token]], str]:
        """Read up to one of the characters in `end`; return the alternatives and the character that ended it."""
        branches: list[list[Token]] = [[]]
        plain_braces = 0
        while self._at < len(self._text):
            char = self._text[self._at]
            if char in end and not plain_braces:
                self._at += 1
                return branches, char
            if char == "{" and self._alternates():
                pieces = self._braces()
            else:
                plain_braces += (char == "{") - (char == "}" and plain_braces > 0)
                pieces = [[self._token(char)]]
            branches = [branch + piece for branch in branches for piece in pieces]
            bound(len(branches))
        if end:
            raise ValueError(_UNCLOSED)
        return branches, ""

    def _alternates(self) -> bool:
        """Whether the brace here holds a comma of its own: `{a}` is just these three characters, as in a shell."""
        depth = 0
        for found in re.finditer(r"(?s)\\.|[{},]", self._text[self._at :]):
            char = found[0]
            depth += (char == "{") - (char == "}")
            if depth == 0:
                return False
            if depth == 1 and char == ",":
                return True
        raise ValueError(_UNCLOSED)

    def _braces(self) -> list[list[Token]]:
        self._at += 1
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise ValueError(f"'{{' inside '{{' more than {MAX_NESTING} deep")
        branches: list[list[Token]] = []
        ended = ","
        while ended == ",":
            more, ended = self._sequence(end=",}")
            branches += more
            bound(len(branches))
        self._nesting -= 1
        return branches

    def _token(self, char: str) -> Token:
        match char:
            case "*":
                start = self._at
                while self._text.startswith("*", self._at):
                    self._at += 1
                return Wild.STAR if self._at - start == 1 else Wild.CROSS
            case "[":
                return self._class()
            case "\\":
                return self._escaped()
        self._at += 1
        return {"?": Wild.ONE, "/": Wild.SLASH}.get(char, char)

    def _escaped(self) -> str:
        r"""Read `\xNN`, as many as follow each other, so that `\xc3\xa9` is one character; or `\*`."""
        if run := re.compile(r"(?:\\x[0-9a-fA-F]{2})+").match(self._text, self._at):
            self._at = run.end()
            return bytes.fromhex(run[0].replace("\\x", "")).decode("utf-8", "surrogateescape")
        plain = self._text[self._at + 1 : self._at + 2]
        if not plain or plain.isalnum() or plain == "/":
            raise ValueError(f"'\\{plain}' means nothing here; write \\x5c for a backslash")
        self._at += 2
        return plain

    def _class(self) -> Class:
        start = self._at
        self._at += 1
        negated = self._text.startswith(("!", "^"), self._at)
        self._at += negated
        members: list[str] = []
        while not (self._text.startswith("]", self._at) and members):
            if self._at >= len(self._text):
                raise ValueError("'[' is never closed; write \\x5b for the character itself")
            members.append(self._member())
        self._at += 1
        return Class(_class_expression(members, negated=negated, text=self._text[start : self._at]))

    def _member(self) -> str:
        char = self._text[self._at]
        if char == "\\":
            read = self._escaped()
            if len(read) != 1:
                raise ValueError("one character at a time in [...]")
            return "\\" + read
        if char == "/":
            raise ValueError("'/' cannot stand in [...]")
        if self._text.startswith(("[:", "[=", "[."), self._at):
            raise ValueError("named classes such as [:alpha:] are not supported; write [a-zA-Z]")
        self._at += 1
        return char


def _class_expression(members: list[str], *, negated: bool, text: str) -> str:
    """Return the regular expression of a class; a `-` that is not escaped and not at an end makes a range."""
    out = []
    at = 0
    while at < len(members):
        low = members[at][-1]
        if at + 2 < len(members) and members[at + 1] == "-":
            high = members[at + 2][-1]
            if high < low:
                raise ValueError(f"the range {low}-{high} in {text} is empty")
            out.append(f"{re.escape(low)}-{re.escape(high)}")
            at += 3
        else:
            out.append(re.escape(low))
            at += 1
    return f"[{'^' if negated else ''}{''.join(out)}]"
