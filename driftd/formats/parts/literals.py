"""Values of languages that have lists, objects and expressions: what is a literal becomes a tree, all else one text."""

from __future__ import annotations

import math
from collections.abc import Callable

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.cursor import too_deep
from driftd.formats.parts.expressions import Token, spell
from driftd.model.document import Node, ParseError, Scalar

_LITERALS: dict[str, Scalar] = {"true": True, "false": False, "null": None}
_CLOSING = {"(": ")", "[": "]", "{": "}", "{{": "}}"}
OPENING = frozenset(_CLOSING)
CLOSING = frozenset(_CLOSING.values())


class LiteralReader:
    """The tokens of a file, and the values among them.

    `is_code`: whether the bracket at a place opens no literal, so that the ends of lines in it mean nothing.
    """

    def __init__(
        self,
        found: list[Token],
        builder: DocumentBuilder,
        is_code: Callable[[list[Token], int], bool],
        part: Callable[[list[Token]], list[Token]],
        assigning: tuple[str, ...] = ("=", ":"),
    ) -> None:
        self.tokens, self._ends = matched(found, is_code)
        self.builder = builder
        self._is_code = is_code
        self._part = part
        self._assigning = assigning

    def is_mark(self, at: int, *marks: str) -> bool:
        """Whether one of these marks stands at a place."""
        return at < len(self.tokens) and self.tokens[at].kind == "mark" and self.tokens[at].text in marks

    def behind(self, at: int) -> int:
        """The place behind a token, or behind the brackets that it opens."""
        return self._ends.get(at, at) + 1

    def separates(self, at: int) -> bool:
        """Whether what stands at a place ends a value: the end of a line, a comma, a semicolon."""
        return self.tokens[at].kind == "newline" or self.is_mark(at, ",", ";")

    def value_end(self, at: int, stop: int) -> int:
        """Where the value that starts at a place ends."""
        while at < stop and not self.separates(at):
            at = self.behind(at)
        return at

    def text(self, at: int, stop: int) -> str:
        """An expression in its one spelling."""
        return spell(self._part(self.tokens[at:stop]))

    def value(self, at: int, stop: int, line: int, depth: int) -> Node:
        """The value that the tokens between two places are."""
        if at == stop:
            raise ParseError("a value is missing", line)
        too_deep(depth, line)
        token = self.tokens[at]
        if self._ends.get(at) == stop - 1 and token.text in "[{" and not self._is_code(self.tokens, at):
            node = self._list(at, stop - 1, depth) if token.text == "[" else self._object(at, stop - 1, depth)
            if node is not None:
                return node
        if stop - at == 1 and token.kind == "string":
            return Node(token.text, token.line)
        if stop - at == 1 and token.kind == "word" and token.text in _LITERALS:
            return Node(_LITERALS[token.text], token.line)
        text = self.text(at, stop)
        if self.tokens[stop - 1].kind == "number" and (stop - at == 1 or (stop - at == 2 and self.is_mark(at, "-"))):
            number = _number(text)
            return Node(number, token.line, raw=text if text != str(number) else None)
        return Node(f"${{{text}}}", token.line)

    def _list(self, at: int, stop: int, depth: int) -> Node:
        members: list[Node] = []
        node = Node(members, self.tokens[at].line)
        at += 1
        while at < stop:
            if self.separates(at):
                at += 1
                continue
            end = self.value_end(at, stop)
            members.append(self.value(at, end, self.tokens[at].line, depth + 1))
            at = end
        return node

    def _object(self, at: int, stop: int, depth: int) -> Node | None:
        """An object; None where what stands in its braces is no list of members."""
        members: dict[str, Node] = {}
        node = Node(members, self.tokens[at].line)
        at += 1
        while at < stop:
            first = self.tokens[at]
            if self.separates(at):
                at += 1
                continue
            equals = at
            while equals < stop and not self.is_mark(equals, *self._assigning) and not self.separates(equals):
                equals = self.behind(equals)
            if equals >= stop or self.separates(equals):
                return None
            name = self._member_name(at, equals)
            if name in members:
                self.builder.problem(first.line, f"{name!r} is twice in one object; the last one counts")
            end = self.value_end(equals + 1, stop)
            members[name] = self.value(equals + 1, end, first.line, depth + 1)
            at = end
        return node

    def _member_name(self, at: int, stop: int) -> str:
        if stop - at == 1 and self.tokens[at].kind != "mark":
            return self.tokens[at].text
        return f"${{{self.text(at, stop)}}}"


def matched(found: list[Token], is_code: Callable[[list[Token], int], bool]) -> tuple[list[Token], dict[int, int]]:
    """The tokens without the ends of lines that mean nothing, and of each opening bracket the place of its closing one."""
    result: list[Token] = []
    ends: dict[int, int] = {}
    open_at: list[tuple[int, bool]] = []
    """Of each open bracket: its place, and whether the ends of lines in it mean something."""
    for at, token in enumerate(found):
        if token.kind == "newline" and open_at and not open_at[-1][1]:
            continue
        if token.kind == "mark" and token.text in OPENING:
            open_at.append((len(result), token.text in ("{", "{{") and not is_code(found, at)))
        elif token.kind == "mark" and token.text in CLOSING:
            if not open_at or _CLOSING[result[open_at[-1][0]].text] != token.text:
                raise ParseError(f"unexpected {token.text!r}", token.line)
            ends[open_at.pop()[0]] = len(result)
        result.append(token)
    if open_at:
        token = result[open_at[-1][0]]
        raise ParseError(f"`{token.text}` is not closed", token.line)
    return result, ends


def _number(text: str) -> int | float | str:
    """The number that a literal is; its text where it has a unit, or Python has no number of this size."""
    try:
        if "x" in text.lower():
            return int(text, 16)
        if text.lstrip("-").isdigit():
            return int(text)
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        return text
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
