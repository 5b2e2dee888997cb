"""Dovecot: `name = value` settings and sections. See https://doc.dovecot.org/latest/core/settings/syntax.html.

A section is an object in the list under its name, its argument the member `@`; all `plugin` sections are one.
"""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import Line, continued, lines
from driftd.formats.parts.order import Order, by_name
from driftd.model.document import Document, Node, ParseError

NAME = "dovecot"
VERSION = 2
PATTERNS = (
    "dovecot.conf",
    "dovecot-*.conf",
    "dovecot*.conf.ext",
    "*/dovecot/*.conf",
    "*/dovecot/*.conf.ext",
    "*/dovecot/**/*.conf",
    "*/dovecot/**/*.conf.ext",
)

INCLUDES = frozenset({"!include", "!include_try"})
_ORDERS = by_name([("*", "!include", "!include_try")])
"""The last value wins, so the place of an include among settings (`*`) counts."""
_ONE = frozenset({"plugin"})
"""Sections that say together what one would."""

_COMMENT = re.compile(r"""(?:"(?:[^"\\]++|\\.)*+"|[^"\#\s]++|(?<=\S)\#|"|\s++(?!\#))*+""")
_SECTION = re.compile(r"([^\s={\"]++)(?:[ \t]++((?:\"(?:[^\"\\]++|\\.)*+\"|[^{\"])*+))?\s*+\{(.*+)")
_SETTING = re.compile(r"([^\s=]++)\s*+=\s*+(.*+)")
_CONTINUES = re.compile(r"\s++\\\Z")
_ESCAPE = re.compile(r"\\([\"'\\])")


def parse(data: bytes, path: str) -> Document:
    """Read settings and sections; ParseError names the line of a section that is not closed."""
    return _Reader(DocumentBuilder(path, NAME)).read(data)


class _Reader:
    """Reads one file; the innermost section that is open comes last."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._open: list[tuple[Node, str, int]] = [(builder.root, "", 1)]
        self._order = Order(_ORDERS)

    def read(self, data: bytes) -> Document:
        """Return the document."""
        source = (Line(line.number, _CONTINUES.sub(r"\\", line.text)) for line in lines(data))
        for line in continued(source, " ", inner_comments=("#",)):
            match = _COMMENT.match(line.text)
            text = (match[0] if match is not None else line.text).strip()
            if text and not text.startswith("#"):
                self._take(text, line.number)
        if len(self._open) > 1:
            _, name, number = self._open[-1]
            raise ParseError(f"section {name!r} is not closed", number)
        self._order.tell(self._builder, self._builder.root, 1)
        return self._builder.done()

    def _take(self, text: str, number: int) -> None:
        """Take a line: a setting, an include, or the braces of a section."""
        if text.startswith("}"):
            if len(self._open) == 1:
                raise ParseError("unexpected `}`", number)
            self._open.pop()
            if text[1:].strip():
                self._take(text[1:].strip(), number)
            return
        at = self._open[-1][0]
        if len(self._open) == 1:
            self._order.note_any(text.split(None, 1)[0])
        if (setting := _SETTING.fullmatch(text)) is not None:
            value = setting[2]
            closes = len(self._open) > 1 and value.endswith("}") and value.count("{") < value.count("}")
            self._builder.add(setting[1], _unquoted(value[:-1].rstrip() if closes else value), number, at=at)
            if closes:
                self._open.pop()
        elif (section := _SECTION.fullmatch(text)) is not None:
            name, argument = section[1], _unquoted((section[2] or "").strip())
            if name in _ONE and not argument:
                node = self._builder.section(name, number, at=at)
            else:
                node = self._builder.block(name, argument or None, number, at=at)
            self._open.append((node, name, number))
            if section[3].strip():
                self._take(section[3].strip(), number)
        else:
            name, _, value = text.partition(" ")
            if name not in INCLUDES:
                raise ParseError("neither a setting nor a section", number)
            self._builder.add(name, value.strip(), number, at=at, repeatable=True)
            self._builder.include(value.strip())


def _unquoted(value: str) -> str:
    """A value without the quotes around it."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return _ESCAPE.sub(r"\1", value[1:-1])
    return value
