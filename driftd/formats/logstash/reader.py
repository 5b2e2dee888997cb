"""The reader of Logstash; `__init__.py` says what it makes of a file, and of which."""

from __future__ import annotations

import json
import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.cursor import Cursor, too_deep
from driftd.formats.parts.expressions import Token, spell
from driftd.model.document import Document, Node, ParseError

_SECTION = re.compile(r"(input|filter|output)\b")
_NAME = re.compile(r"[A-Za-z0-9_-]++")
_STRING = re.compile(r'"(?P<double>(?:[^"\\]++|\\.)*+)"|' r"'(?P<single>(?:[^'\\]++|\\.)*+)'", re.DOTALL)
_BARE = re.compile(r"""[^\s"'{}\[\](),=>#]++""")
_CONDITION = re.compile(
    r"""
      (?P<field>(?:\[[^\[\],"'\n]++\])++) | (?P<word>[A-Za-z_][\w-]*+) | (?P<number>-?+[0-9]++(?:\.[0-9]++)?+)
    | (?P<mark>==|!=|<=|>=|=~|!~|[<>!(),\[\]])
    """,
    re.VERBOSE,
)
_REGEX = re.compile(r"/((?:[^/\\\n]++|\\.)*+)/")


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
        cursor = self._cursor
        sections: dict[str, Node] = {}
        while cursor.skip():
            line = cursor.line
            match = cursor.take(_SECTION)
            if match is None:
                raise ParseError("neither input, filter nor output", line)
            cursor.demand("{")
            statements = self._statements(1)
            section = sections.setdefault(match[1], Node([], line))
            assert isinstance(section.value, list)
            section.value += statements
        self._builder.graft_all(sections)
        return self._builder.done()

    def _statements(self, depth: int) -> list[Node]:
        """Plugins and conditions up to the closing brace, the opening one being passed."""
        cursor = self._cursor
        start = cursor.line
        too_deep(depth, start)
        found: list[Node] = []
        while cursor.skip():
            line = cursor.line
            if cursor.passes("}"):
                return found
            name = self._name()
            if name == "if" and cursor.skip() and not cursor.sees("{"):
                found.append(self._if(line, depth))
            else:
                cursor.demand("{")
                found.append(Node({name: Node(self._settings(depth + 1), line)}, line))
        raise ParseError("a block is not closed", start)

    def _if(self, line: int, depth: int) -> Node:
        """A condition with its branches; those of `else if` are a list."""
        cursor = self._cursor
        members = self._branch(line, depth)
        others: list[Node] = []
        while True:
            mark = cursor.at
            at = cursor.line if cursor.skip() else line
            match = cursor.take(_NAME)
            if match is None or match[0] != "else":
                cursor.at = mark
                break
            if cursor.takes("{"):
                members["else"] = Node(self._statements(depth + 1), at)
                break
            at = cursor.line
            match = cursor.take(_NAME)
            if match is None or match[0] != "if":
                raise cursor.unexpected()
            others.append(Node(self._branch(at, depth + 2), at))
            members["else if"] = Node(others, others[0].line)
        return Node(members, line)

    def _branch(self, line: int, depth: int) -> dict[str, Node]:
        condition = self._condition()
        return {"if": Node(condition, line), "then": Node(self._statements(depth + 1), line)}

    def _condition(self) -> str:
        """The condition up to the brace behind it, which is passed, in one spelling."""
        cursor = self._cursor
        line = cursor.line
        found: list[Token] = []
        while cursor.skip():
            if cursor.takes("{"):
                return spell(found)
            at = cursor.line
            if (match := cursor.take(_STRING)) is not None:
                text = _text(match)
                found.append(Token("string", text, at, json.dumps(text, ensure_ascii=False)))
            elif found and found[-1].text in ("=~", "!~") and (match := cursor.take(_REGEX)) is not None:
                found.append(Token("string", match[0], at))
            elif (match := cursor.take(_CONDITION)) is not None:
                found.append(Token("mark" if match["mark"] else "word", match[0], at))
            else:
                raise cursor.unexpected()
        raise ParseError("a condition is not followed by a block", line)

    def _settings(self, depth: int) -> dict[str, Node]:
        """Settings of a plugin up to the closing brace; one that comes again adds to what was said."""
        cursor = self._cursor
        start = cursor.line
        too_deep(depth, start)
        found: dict[str, Node] = {}
        while cursor.skip():
            line = cursor.line
            if cursor.passes("}"):
                return found
            name = self._key()
            cursor.demand("=>")
            node = self._value(depth + 1)
            existing = found.get(name)
            if existing is None:
                found[name] = node
            elif isinstance(existing.value, list) and existing.repeated:
                existing.value.append(node)
            else:
                found[name] = Node([existing, node], line, repeated=True)
        raise ParseError("a plugin is not closed", start)

    def _value(self, depth: int) -> Node:
        cursor = self._cursor
        cursor.skip()
        line = cursor.line
        too_deep(depth, line)
        if cursor.takes("["):
            members: list[Node] = []
            while not cursor.takes("]"):
                members.append(self._value(depth + 1))
                cursor.takes(",")
            return Node(members, line)
        if cursor.takes("{"):
            return Node(self._hash(depth), line)
        word = self._key()
        if _NAME.fullmatch(word) and cursor.takes("{"):  # a codec with settings of its own
            return Node({word: Node(self._settings(depth + 1), line)}, line)
        return Node(word, line)

    def _hash(self, depth: int) -> dict[str, Node]:
        """Pairs up to the closing brace; they may be parted by commas."""
        cursor = self._cursor
        found: dict[str, Node] = {}
        while not cursor.takes("}"):
            line = cursor.line
            name = self._key()
            cursor.demand("=>")
            if name in found:
                self._builder.problem(line, f"{name!r} is twice in one hash; the last one counts")
            found[name] = self._value(depth + 1)
            cursor.takes(",")
        return found

    def _key(self) -> str:
        """Pass over a word, number or quoted text, and return what it says."""
        self._cursor.skip()
        match = self._cursor.take(_STRING)
        if match is not None:
            return _text(match)
        match = self._cursor.take(_BARE)
        if match is None:
            raise self._cursor.unexpected()
        return match[0]

    def _name(self) -> str:
        match = self._cursor.take(_NAME) or self._cursor.take(_STRING)
        if match is None:
            raise self._cursor.unexpected()
        return match[0].strip("\"'")


def _text(match: re.Match[str]) -> str:
    """What quotes hold: Logstash resolves escapes only where it is told to, so that they stay."""
    return match["double"] if match["double"] is not None else match["single"]
