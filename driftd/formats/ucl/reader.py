"""The reader of UCL; `__init__.py` says what it makes of a file, and of which."""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder, put
from driftd.formats.parts.cursor import Cursor, too_deep
from driftd.model.document import Document, Node, ParseError, Scalar

_SPACE = re.compile(r"(?:\s++|\#[^\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/|;|,)*+")
_QUOTED = re.compile(r'"(?P<double>(?:[^"\\\n]++|\\.)*+)"|' r"'(?P<single>(?:[^'\\]++|\\.)*+)'", re.DOTALL)
_KEY = re.compile(r"""[^\s"'{}\[\]=:;,\#]++""")
_AHEAD = re.compile(r"""(?:(?:"(?:[^"\\\n]++|\\.)*+"|'[^'\n]*+'|[^\s"'{}\[\]=:;,\#]++)[ \t]*+){1,16}+(?:\n\s*+)?+\{""")
"""Names of a section, and its brace; their number is bounded, as they are looked for behind every key."""
_BLANK = re.compile(r"[ \t]*+")
_VALUE = re.compile(r"(?:[^;,\n{}\[\]\#\\]++|\\.|\$\{[^}\n]*+\}|(?<=\S)\#|\{|\[)++")
_HEREDOC = re.compile(r"<<([A-Z]++)\n")
_MACRO = re.compile(r"\.(?P<name>\w++)(?:\((?P<options>[^)]*+)\))?[ \t]*+")
_OPTION = re.compile(r"(\w++)\s*+=\s*+([^\s,;]++)")
_NUMBER = re.compile(r"(?P<number>[-+]?+[0-9]++(?:\.[0-9]++)?+(?:[eE][-+]?+[0-9]++)?+)(?P<unit>[a-zA-Z]*+)")
_HEXADECIMAL = re.compile(r"-?+0[xX][0-9a-fA-F]++")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_TRUE = frozenset({"true", "yes", "on"})
_FALSE = frozenset({"false", "no", "off"})
_UNITS: dict[str, float] = {
    "": 1,
    "k": 1000,
    "m": 1000**2,
    "g": 1000**3,
    "kb": 1024,
    "mb": 1024**2,
    "gb": 1024**3,
    "ms": 0.001,
    "s": 1,
    "min": 60,
    "h": 3600,
    "d": 86400,
    "w": 7 * 86400,
    "y": 365 * 86400,
}


def read(text: str, builder: DocumentBuilder) -> Document:
    """Return what a file says."""
    return _Reader(Cursor(text, _SPACE), builder).read()


class _Reader:
    """Reads one file."""

    def __init__(self, cursor: Cursor, builder: DocumentBuilder) -> None:
        self._cursor = cursor
        self._builder = builder

    def read(self) -> Document:
        """Return the document."""
        cursor = self._cursor
        if cursor.skip() and cursor.passes("{"):
            members = self._object(1)
            if cursor.skip():
                raise cursor.unexpected()
        else:
            members = self._members(0)
        self._builder.graft_all(members)
        return self._builder.done()

    def _object(self, depth: int) -> dict[str, Node]:
        """Members up to the closing brace, the opening one being passed."""
        start = self._cursor.line
        too_deep(depth, start)
        members = self._members(depth)
        if not self._cursor.takes("}"):
            raise ParseError("`{` is not closed", start)
        return members

    def _members(self, depth: int) -> dict[str, Node]:
        """Members up to a closing brace or the end of the file."""
        cursor = self._cursor
        members: dict[str, Node] = {}
        while cursor.skip() and not cursor.sees("}"):
            line = cursor.line
            if cursor.sees("."):
                match = cursor.take(_MACRO)
                if match is not None:
                    self._macro(match, line, members)
                    continue
            self._member(self._key(), line, members, depth)
        return members

    def _member(self, name: str, line: int, members: dict[str, Node], depth: int) -> None:
        """What follows a key: a value, or further names and a section."""
        cursor = self._cursor
        cursor.take(_BLANK)
        if cursor.passes("=") or cursor.passes(":"):
            put(members, name, self._value(depth + 1))
            return
        while _AHEAD.match(cursor.text, cursor.at) is not None and not cursor.sees("{"):
            outer = members.get(name)
            if outer is None or not isinstance(outer.value, dict):
                inner = Node({}, line)
                put(members, name, inner)
                outer = inner
            assert isinstance(outer.value, dict)
            members, name, depth = outer.value, self._key(), depth + 1
            too_deep(depth, line)
            cursor.take(_BLANK)
        put(members, name, self._value(depth + 1))

    def _macro(self, match: re.Match[str], line: int, members: dict[str, Node]) -> None:
        """A macro such as `.include(try=true) "file"`."""
        target = self._value(1)
        options = {option[1]: Node(option[2], line) for option in _OPTION.finditer(match["options"] or "")}
        node = Node({"@": target, **options}, line) if options else target
        name = "." + match["name"]
        if name not in members:
            members[name] = Node([node], line, repeated=True)
        else:
            put(members, name, node)
        if match["name"] in ("include", "includes", "try_include") and isinstance(target.value, str):
            self._builder.include(target.value)

    def _key(self) -> str:
        match = self._cursor.take(_QUOTED)
        if match is not None:
            return _text(match)
        match = self._cursor.take(_KEY)
        if match is None:
            raise self._cursor.unexpected()
        return match[0]

    def _value(self, depth: int) -> Node:
        """The value that starts here."""
        cursor = self._cursor
        if not cursor.skip():
            raise cursor.unexpected()
        line = cursor.line
        too_deep(depth, line)
        if cursor.takes("{"):
            return Node(self._object(depth), line)
        if cursor.takes("["):
            members: list[Node] = []
            while not cursor.takes("]"):
                members.append(self._value(depth + 1))
            return Node(members, line)
        match = cursor.take(_QUOTED)
        if match is not None:
            return Node(_text(match), line)
        match = cursor.take(_HEREDOC)
        if match is not None:
            return Node(self._heredoc(match[1], line), line)
        match = cursor.take(_VALUE)
        if match is None:
            raise cursor.unexpected()
        return _typed(match[0].rstrip(), line)

    def _heredoc(self, name: str, line: int) -> str:
        cursor = self._cursor
        end = cursor.text.find(f"\n{name}", cursor.at - 1)
        while end >= 0 and cursor.text[end + 1 + len(name) : end + 2 + len(name)].strip(" \t;\n,"):
            end = cursor.text.find(f"\n{name}", end + 1)
        if end < 0:
            raise ParseError(f"heredoc {name} is not closed", line)
        text = cursor.text[cursor.at : end]
        cursor.at = end + 1 + len(name)
        return text


def _typed(text: str, line: int) -> Node:
    value: Scalar = text
    if text.lower() in _TRUE or text.lower() in _FALSE:
        value = text.lower() in _TRUE
    elif text == "null":
        value = None
    elif _HEXADECIMAL.fullmatch(text):
        value = int(text, 16)
    elif (match := _NUMBER.fullmatch(text)) is not None and match["unit"].lower() in _UNITS and len(text) < 30:
        number = float(match["number"]) * _UNITS[match["unit"].lower()]
        if abs(number) < 2**53:
            value = int(number) if number.is_integer() else number
    raw = None if isinstance(value, str) or value is None or text in (str(value), str(value).lower()) else text
    return Node(value, line, raw=raw)


def _text(match: re.Match[str]) -> str:
    if match["single"] is not None:
        return match["single"].replace("\\'", "'")
    return _ESCAPE.sub(_unescaped, match["double"])


def _unescaped(match: re.Match[str]) -> str:
    if len(match[1]) == 5:
        return chr(int(match[1][1:], 16))
    return _ESCAPED.get(match[1], match[1])
