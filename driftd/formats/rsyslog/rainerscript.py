"""RainerScript, the language of rsyslog: tokens, expressions, and the parameters of an object.

See https://www.rsyslog.com/doc/rainerscript/index.html.
"""

from __future__ import annotations

import json
import re

from driftd.formats.parts.cursor import Cursor
from driftd.formats.parts.expressions import Token, spell
from driftd.model.document import Node, ParseError

_SPACE = re.compile(r"(?:\s++|\#[^\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/)*+")
_TOKEN = re.compile(
    r"""
      "(?P<double>(?:[^"\\]++|\\.)*+)" | '(?P<single>(?:[^'\\]++|\\.)*+)'
    | (?P<word>\$[!./]?+[\w.!-]++|[A-Za-z_]\w*+) | (?P<number>[0-9]\w*+)
    | (?P<mark>==|!=|<>|<=|>=|:=|[-+*/%&<>=(),\[\]{};!])
    """,
    re.VERBOSE | re.DOTALL,
)
_PARAMETER = re.compile(r"([A-Za-z_][\w.]*+)\s*+=\s*+")
_VALUE = re.compile(r"""[^\s"'()\[\],]++""")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "a": "\a"}
_RESERVED = frozenset(
    {"and", "contains", "contains_i", "do", "else", "endswith", "foreach", "if", "in", "not", "or", "startswith"}
    | {"startswith_i", "then"}
)


class Script(Cursor):
    """A text of rsyslog and the place up to which it is read."""

    def __init__(self, text: str) -> None:
        super().__init__(text, _SPACE)

    def token(self) -> Token:
        """Return the next token; ParseError where there is none."""
        line = self.line
        if not self.skip():
            raise ParseError("unexpected end of the file", line)
        line = self.line
        match = self.take(_TOKEN)
        if match is None:
            raise ParseError(f"unexpected {self.text[self.at]!r}", line)
        match match.lastgroup:
            case "double" | "single" as kind:
                value = _ESCAPE.sub(_unescaped, match[kind])
                return Token("string", value, line, json.dumps(value, ensure_ascii=False))
            case "word":
                word = match["word"]
                return Token("word", word.lower() if word.lower() in _RESERVED else word, line)
            case "number":
                return Token("number", match["number"], line)
        return Token("mark", match[0], line)

    def expression(self, *ends: str) -> str:
        """Return the expression up to one of these words or marks outside of brackets, which is passed, too."""
        found: list[Token] = []
        depth = 0
        line = self.line
        while True:
            token = self.token()
            if depth == 0 and token.kind != "string" and token.text in ends:
                return spell(found)
            if token.kind == "mark":
                depth += (token.text in "([{") - (token.text in ")]}")
            if depth < 0:
                raise ParseError(f"unexpected {token.text!r} in an expression", line)
            found.append(token)

    def parameters(self) -> dict[str, Node]:
        """Return `name="value"` pairs up to the closing parenthesis, the opening one being passed. Names ignore case."""
        found: dict[str, Node] = {}
        start = self.line
        while True:
            if not self.skip():
                raise ParseError("parameters are not closed", start)
            line = self.line
            if self.text[self.at] in "),":
                self.at += 1
                if self.text[self.at - 1] == ")":
                    return found
                continue
            name = self.take(_PARAMETER)
            if name is None:
                raise ParseError("not of the form name=value", line)
            found[name[1].lower()] = self._value(line)

    def _value(self, line: int) -> Node:
        self.skip()
        bare = self.take(_VALUE)
        if bare is not None:
            return Node(bare[0], line)
        token = self.token()
        if token.kind == "string":
            return Node(token.text, line)
        if token.text != "[":
            raise ParseError("a value is missing", line)
        members: list[Node] = []
        while (token := self.token()).kind == "string" or token.text == ",":
            if token.kind == "string":
                members.append(Node(token.text, token.line))
        return Node(members, line)


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPED.get(match[1], match[1])
