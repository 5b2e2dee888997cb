"""krb5.conf, kdc.conf, mke2fs.conf: sections of relations, which may hold relations in braces. See krb5.conf(5).

A section or a subsection that comes again is the same one.
"""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import Line, lines, significant
from driftd.formats.parts.order import Order, by_name
from driftd.model.document import Document, Node, ParseError

NAME = "krb5"
VERSION = 2
PATTERNS = ("krb5.conf", "kdc.conf", "*/krb5.conf.d/*", "*/krb5kdc/*.conf", "krb5*.conf", "mke2fs.conf", "e2fsck.conf")

_SECTION = re.compile(r"\[(?P<name>[^\]]++)\](?P<final>\*?)\s*+")
_RELATION = re.compile(r"(?P<name>\"[^\"]*+\"|[^\s=]++)\s*+=\s*+(?P<value>.*+)", re.DOTALL)
_INCLUDE = re.compile(r"(?P<name>include|includedir|module)\s++(?P<value>.*+)", re.DOTALL)
_ORDERS = by_name([("include", "*")])
"""The first value counts, so the place of an include among sections (`*`) does."""
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "b": "\b"}


def parse(data: bytes, path: str) -> Document:
    """Read sections; ParseError where braces do not match."""
    return _Reader(DocumentBuilder(path, NAME)).read(data)


class _Reader:
    """Reads one file: relations of the subsection that was opened last."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._section: Node | None = None
        self._opened: list[Node] = []
        self._order = Order(_ORDERS)
        self._pending: Line | None = None
        """A name behind which neither a value nor a brace has come yet."""

    def read(self, data: bytes) -> Document:
        """Return the document."""
        for line in significant(lines(data), ("#", ";")):
            if self._pending is not None and line.text == "{":
                self._open(self._pending.text, line.number)
                self._pending = None
                continue
            self._flush()
            header = _SECTION.fullmatch(line.text)
            if header is not None and not self._opened:
                self._order.note("*")
                self._section = self._builder.section(header["name"].strip(), line.number)
            elif line.text.startswith("}"):
                self._close(line.number)
            else:
                self._relation(line)
        self._flush()
        if self._opened:
            raise ParseError("a `{` is not closed", self._opened[-1].line)
        self._order.tell(self._builder, self._builder.root, 1)
        return self._builder.done()

    def _at(self) -> Node | None:
        return self._opened[-1] if self._opened else self._section

    def _open(self, name: str, number: int) -> None:
        self._opened.append(self._builder.section(name, number, at=self._at()))

    def _close(self, number: int) -> None:
        if not self._opened:
            raise ParseError("unexpected `}`", number)
        self._opened.pop()

    def _relation(self, line: Line) -> None:
        include = _INCLUDE.fullmatch(line.text)
        relation = _RELATION.fullmatch(line.text)
        if include is not None and relation is None:
            self._order.note("include")
            self._builder.add(include["name"], include["value"].strip(), line.number, repeatable=True)
            if include["name"] != "module":
                self._builder.include(include["value"].strip())
            return
        if relation is None:
            self._builder.unread(line.text, line.number, "not of the form name = value", at=self._at())
            return
        name = relation["name"].strip('"')
        match relation["value"]:
            case "{":
                self._open(name.removesuffix("*"), line.number)
            case "":
                self._pending = Line(line.number, name)
            case value:
                self._builder.add(name, _value(value), line.number, at=self._at())

    def _flush(self) -> None:
        if self._pending is not None:
            self._builder.add(self._pending.text, "", self._pending.number, at=self._at())
            self._pending = None


def _value(text: str) -> str:
    """A value without its quotes and their escapes."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), text[1:-1])
    return text
