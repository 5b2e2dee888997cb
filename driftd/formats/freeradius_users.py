"""The users file of FreeRADIUS: entries in their order, each with what is checked and what is replied. See users(5)."""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import Line, lines
from driftd.model.document import Document, Node, ParseError

NAME = "freeradius_users"
VERSION = 1
PATTERNS = tuple(
    f"*/{directory}/{name}"
    for directory in ("freeradius", "freeradius/*", "raddb")
    for name in (
        *("users", "hints", "huntgroups", "acct_users", "preproxy_users", "mods-config/files/*"),
        *("mods-config/attr_filter/*", "mods-config/preprocess/hints", "mods-config/preprocess/huntgroups"),
    )
)

_ITEM = re.compile(
    r"""\s*+(?P<attribute>[\w:.&-]++)\s*+(?P<operator>:=|==|\+=|-=|!=|<=|>=|=~|!~|=\*|!\*|\^=|=|<|>)\s*+"""
    r"""(?P<value>"(?:[^"\\]++|\\.)*+"|'(?:[^'\\]++|\\.)*+'|`[^`]*+`|[^\s,\#]*+)\s*+(?:,|\Z|(?=\#))"""
)
_ESCAPE = re.compile(r"\\([\"'\\])")


def parse(data: bytes, path: str) -> Document:
    """Read entries; ParseError where there are lines and not one is an entry."""
    return _Reader(DocumentBuilder(path, NAME, table=True)).read(data)


class _Reader:
    """Reads one file: lines with an indentation belong to the entry before them."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._entry: Node | None = None

    def read(self, data: bytes) -> Document:
        """Return the document."""
        for line in lines(data):
            text = line.text.strip()
            if not text or text.startswith("#"):
                continue
            if line.text[0].isspace():
                if self._entry is None:
                    raise ParseError("a reply without an entry", line.number)
                self._items("reply items", Line(line.number, text), self._entry)
                continue
            name, *rest = text.split(None, 1)
            self._entry = self._builder.row(line.number)
            if name == "$INCLUDE":
                self._builder.add(name, rest[0] if rest else "", line.number, at=self._entry)
                self._builder.include(rest[0] if rest else "")
                continue
            self._builder.add("name", name, line.number, at=self._entry)
            if rest:
                self._items("check items", Line(line.number, rest[0]), self._entry)
        return self._builder.done()

    def _items(self, name: str, line: Line, at: Node) -> None:
        """Add `Attribute operator value` pairs that commas part."""
        position = 0
        while position < len(line.text) and not line.text.startswith("#", position):
            match = _ITEM.match(line.text, position)
            if match is None:
                self._builder.problem(line.number, "not of the form attribute, operator, value")
                self._builder.add(name, line.text[position:].strip(), line.number, at=at, repeatable=True)
                return
            value = match["value"]
            if value[:1] in ('"', "'"):
                value = _ESCAPE.sub(r"\1", value[1:-1])
            pair = f"{match['attribute']} {match['operator']} {value}"
            self._builder.add(name, pair, line.number, at=at, repeatable=True)
            position = match.end()
            while position < len(line.text) and line.text[position].isspace():
                position += 1
