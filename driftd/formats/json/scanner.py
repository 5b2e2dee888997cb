"""Reads JSON text into a tree in which every value knows its line; in one pass, without recursion."""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right

from driftd.formats.parts.builder import MAX_PROBLEMS, Bounds
from driftd.formats.parts.lines import line_starts
from driftd.model.document import Node, ParseError, Problem

_TOKEN = re.compile(
    r"""
      (?P<punctuation>[{}\[\],:])
    | (?P<string>"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+")
    | (?P<number>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?)(?![\w.+])
    | (?P<word>true|false|null)(?!\w)
    """,
    re.VERBOSE,
)
_GAP = re.compile(r"[ \t\r\n]*+")
_ASIDE = re.compile(r"//[^\n]*+|#[^\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/|<\?include\s++\"([^\"\n]++)\"\s*+\?>")
"""A comment, or a file that Kea reads here."""
_WORDS = {"true": True, "false": False, "null": None}
_MAX_DIGITS = 400


class JsonScanner:
    """Reads one text. `lenient`: comments and trailing commas are no problem."""

    tokens = _TOKEN

    def __init__(self, text: str, *, lenient: bool) -> None:
        self.problems: list[Problem] = []
        self.includes: list[str] = []
        self._text = text
        self._lenient = lenient
        self._starts = line_starts(text)
        self._bounds = Bounds()
        self._at = 0
        self._line = 1

    def read(self) -> Node:
        """Return the tree; ParseError names the line of what is not JSON."""
        root = self._tree(self._next(), 0)
        if self._next(at_end=True):
            raise ParseError("more text after the value", self._line)
        return root

    def read_stream(self) -> Node:
        """Return a list of all values, which follow one another without commas."""
        values: list[Node] = []
        while symbol := self._next(at_end=True):
            values.append(self._tree(symbol, 1))
        return Node(values, 1)

    def _tree(self, symbol: str, depth: int) -> Node:
        root = self._value(symbol, depth)
        open_nodes = [root] if isinstance(root.value, dict | list) else []
        first = True
        while open_nodes:
            child = self._member(open_nodes[-1], depth + len(open_nodes), first=first)
            if child is None:
                open_nodes.pop()
                first = False
            elif isinstance(child.value, dict | list):
                open_nodes.append(child)
                first = True
            else:
                first = False
        return root

    def _member(self, parent: Node, depth: int, *, first: bool) -> Node | None:
        """Read the next member of a list or object into it; None at its end."""
        closing = "}" if isinstance(parent.value, dict) else "]"
        symbol = self._next()
        if not first and symbol == ",":
            symbol = self._next()
            if symbol == closing:
                self._tolerate("a comma before the end of a list or object")
        elif not first and symbol != closing:
            raise ParseError(f"expected `,` or `{closing}`", self._line)
        if symbol == closing:
            return None
        if isinstance(parent.value, list):
            child = self._value(symbol, depth)
            parent.value.append(child)
            return child
        assert isinstance(parent.value, dict)
        return self._pair(parent.value, symbol, depth)

    def _pair(self, members: dict[str, Node], symbol: str, depth: int) -> Node:
        name = self._name(symbol)
        line = self._line
        if self._next() != ":":
            raise ParseError("expected `:`", self._line)
        child = self._value(self._next(), depth)
        if name in members:
            first = members[name].line
            self._problem(line, f"key {name!r} is there twice, in lines {first} and {line}; the last one counts")
        members[name] = child
        return child

    def _name(self, symbol: str) -> str:
        if not symbol.startswith('"'):
            raise ParseError("expected a name in double quotes", self._line)
        return _string(symbol)

    def _value(self, symbol: str, depth: int) -> Node:
        self._bounds.count(depth, self._line)
        if symbol == "{":
            return Node({}, self._line)
        if symbol == "[":
            return Node([], self._line)
        if symbol in _WORDS:
            return Node(_WORDS[symbol], self._line)
        if not symbol or symbol in "}],:":
            raise ParseError("expected a value", self._line)
        return self._scalar(symbol)

    def _scalar(self, symbol: str) -> Node:
        if symbol.startswith('"'):
            return Node(_string(symbol), self._line)
        return number_node(symbol, self._line)

    def _next(self, *, at_end: bool = False) -> str:
        """The next symbol; the empty text at the end, which is an error unless it is expected."""
        while True:
            gap = _GAP.match(self._text, self._at)
            assert gap is not None
            self._at = gap.end()
            aside = _ASIDE.match(self._text, self._at) if self._text.startswith(("/", "#", "<"), self._at) else None
            if aside is None:
                break
            self._line = bisect_right(self._starts, self._at)
            if aside[1] is None:
                self._tolerate("a comment")
            else:
                self._tolerate("an include")
                self.includes.append(aside[1])
            self._at = aside.end()
        self._line = bisect_right(self._starts, self._at)
        if self._at >= len(self._text):
            if at_end:
                return ""
            raise ParseError("the file is empty" if not self._text.strip() else "the file ends too early", self._line)
        match = self.tokens.match(self._text, self._at)
        if match is None:
            raise ParseError("not a JSON value", self._line)
        self._at = match.end()
        return match[0]

    def _tolerate(self, what: str) -> None:
        if not self._lenient and not any(problem.message.startswith(what) for problem in self.problems):
            self._problem(self._line, f"{what}: not all programs accept it in JSON")

    def _problem(self, line: int, message: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(line, message))


def _string(symbol: str) -> str:
    return str(json.loads(symbol)) if "\\" in symbol else symbol[1:-1]


def number_node(symbol: str, line: int) -> Node:
    """A number; what has no finite value, or too many digits to convert in reasonable time, stays text."""
    if len(symbol) > _MAX_DIGITS:
        return Node(symbol, line)
    value: int | float = float(symbol) if any(char in symbol for char in ".eE") else int(symbol)
    if isinstance(value, float) and not math.isfinite(value):
        return Node(symbol, line)
    return Node(value, line, raw=symbol if repr(value) != symbol else None)
