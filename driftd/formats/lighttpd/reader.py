"""The reader of lighttpd; `__init__.py` says what it makes of a file, and of which."""

from __future__ import annotations

import json
import re

from driftd.formats.parts.builder import DocumentBuilder, put
from driftd.formats.parts.cursor import Cursor, too_deep
from driftd.formats.parts.expressions import Token, spell
from driftd.model.document import Document, Node, ParseError

_SAME_LINE = re.compile(r"(?:[^\S\n]++|\#[^\n]*+)*+")
_NAME = re.compile(r"[A-Za-z_][\w.-]*+")
_OPERATOR = re.compile(r"\+=|:=|=(?![~=^$>])")
_STRING = re.compile(r'"(?P<double>(?:[^"\\]++|\\.)*+)"|' r"'(?P<single>[^']*+)'", re.DOTALL)
_NUMBER = re.compile(r"[0-9]++\b")
_CONDITION = re.compile(
    r"""(?:(?P<variable>\$[A-Z_a-z]\w*+(?:\s*+\[\s*+"[^"\n]*+"\s*+\])?+)|(?P<name>[\w.]++))\s*+"""
    r"""(?P<operator>==|!=|=~|!~|=\^|=\$)\s*+""",
)
_INCLUDES = frozenset({"include", "include_shell"})
# Arrays of which the first key that matches counts; `@order` keeps their keys as they come.
_IN_TURN = frozenset(
    {
        *("alias.url", "cgi.assign", "fastcgi.server", "proxy.server", "scgi.server", "url.redirect", "url.rewrite"),
        *("url.rewrite-if-not-file", "url.rewrite-once", "url.rewrite-repeat", "url.rewrite-repeat-if-not-file"),
    }
)
_ESCAPE = re.compile(r'\\(["\\])')


def read(text: str, builder: DocumentBuilder) -> Document:
    """Return what a file says."""
    return _Reader(Cursor(text), builder).read()


class _Reader:
    """Reads one file."""

    def __init__(self, cursor: Cursor, builder: DocumentBuilder) -> None:
        self._cursor = cursor
        self._builder = builder

    def read(self) -> Document:
        """Return the document."""
        members: dict[str, Node] = {}
        self._body(members, 0)
        if self._cursor.skip():
            raise self._cursor.unexpected()
        self._builder.graft_all(members)
        return self._builder.done()

    def _body(self, members: dict[str, Node], depth: int) -> None:
        """Read statements up to a closing brace or the end of the file."""
        cursor = self._cursor
        while cursor.skip() and not cursor.sees("}"):
            line = cursor.line
            too_deep(depth, line)
            if (condition := self._condition()) is not None:
                put(members, "if", self._chain(condition, line, depth), repeatable=True)
                continue
            match = cursor.take(_NAME)
            if match is None:
                raise cursor.unexpected()
            name = match[0]
            if name in _INCLUDES:
                self._include(name, members)
            elif name == "global" and cursor.takes("{"):
                self._body(members, depth + 1)
                cursor.demand("}")
            else:
                cursor.skip()
                operator = cursor.take(_OPERATOR)
                if operator is None:
                    raise ParseError(f"{name!r} is followed by no `=`", line)
                key = f"{name} +=" if operator[0] == "+=" else name
                value = self._value(depth + 1)
                if name in _IN_TURN and isinstance(value.value, dict) and len(value.value) > 1:
                    value.value["@order"] = Node(" ".join(value.value), value.line)
                put(members, key, value, repeatable=operator[0] == "+=")

    def _chain(self, condition: str, line: int, depth: int) -> Node:
        """A condition with what it is for, and what else is done."""
        cursor = self._cursor
        members = self._block(condition, line, depth)
        others: list[Node] = []
        while True:
            mark = cursor.at
            cursor.skip()
            at = cursor.line
            match = cursor.take(_NAME)
            if match is None or match[0] not in ("else", "elseif", "elif"):
                cursor.at = mark
                return Node(members, line)
            cursor.skip()
            if (found := cursor.take(_NAME)) is not None and found[0] != "if":
                raise ParseError(f"unexpected {found[0]!r}", at)
            cursor.skip()
            other = self._condition()
            if other is None:
                members["else"] = Node(self._block(None, at, depth + 1), at)
                return Node(members, line)
            others.append(Node(self._block(other, at, depth + 2), at))
            members["else if"] = Node(others, others[0].line)

    def _block(self, condition: str | None, line: int, depth: int) -> dict[str, Node]:
        self._cursor.demand("{")
        members: dict[str, Node] = {} if condition is None else {"@": Node(condition, line)}
        self._body(members, depth + 1)
        self._cursor.demand("}")
        return members

    def _condition(self) -> str | None:
        """Pass over a condition and return it in one spelling; None where there is none."""
        match = self._cursor.take(_CONDITION)
        if match is None:
            return None
        subject = match["name"] or "".join(match["variable"].split())
        text = self._cursor.take(_STRING)
        if text is None:
            raise self._cursor.unexpected()
        return f"{subject} {match['operator']} {json.dumps(_text(text), ensure_ascii=False)}"

    def _include(self, name: str, members: dict[str, Node]) -> None:
        node = self._value(1)
        put(members, name, node, repeatable=True)
        if name == "include" and isinstance(node.value, str):
            self._builder.include(node.value)

    def _value(self, depth: int) -> Node:
        """A value: a literal, or operands that `+` joins."""
        cursor = self._cursor
        first = self._operand(depth)
        rest: list[Token] = []
        while True:
            cursor.take(_SAME_LINE)
            if not cursor.sees("+"):
                break
            cursor.at += 1
            rest += [Token("mark", "+", cursor.line), _token(self._operand(depth))]
        if not rest:
            return first
        return Node(f"${{{spell([_token(first), *rest])}}}", first.line)

    def _operand(self, depth: int) -> Node:
        cursor = self._cursor
        if not cursor.skip():
            raise cursor.unexpected()
        line = cursor.line
        too_deep(depth, line)
        if cursor.takes("("):
            return self._array(line, depth)
        if (match := cursor.take(_STRING)) is not None:
            return Node(_text(match), line)
        if (match := cursor.take(_NUMBER)) is not None and len(match[0]) < 20:
            return Node(int(match[0]), line)
        match = cursor.take(_NAME)
        if match is None:
            raise cursor.unexpected()
        return Node(f"${{{match[0]}}}" if "." in match[0] else match[0], line)

    def _array(self, line: int, depth: int) -> Node:
        """An array: a list, or an object where its members have keys."""
        cursor = self._cursor
        members: dict[str, Node] = {}
        values: list[Node] = []
        while not cursor.takes(")"):
            node = self._value(depth + 1)
            if cursor.takes("=>"):
                put(members, str(node.value), self._value(depth + 1))
            else:
                values.append(node)
            if not cursor.takes(",") and not cursor.sees(")"):
                raise cursor.unexpected()
        if not members:
            return Node(values, line)
        for value in values:
            put(members, "", value)
        return Node(members, line)


def _token(node: Node) -> Token:
    """An operand as it stands inside an expression."""
    line = node.line or 0
    value = node.value
    if isinstance(value, str) and value.startswith("${") and value.endswith("}"):
        return Token("word", value[2:-1], line)
    return Token("string", json.dumps(node.to_json(), ensure_ascii=False), line)


def _text(match: re.Match[str]) -> str:
    if match["single"] is not None:
        return match["single"]
    return _ESCAPE.sub(r"\1", match["double"])
