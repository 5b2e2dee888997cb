"""Nagios, Icinga 1 and NRPE: `define TYPE { ... }` objects, and the `name=value` lines of the main files.

See https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/4/en/objectdefinitions.html.
"""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.content import is_well_formed
from driftd.formats.parts.lines import Line, continued, decode, lines
from driftd.model.document import Document, Node, ParseError

NAME = "nagios"
VERSION = 1
PATTERNS = (
    "nagios.cfg",
    "icinga.cfg",
    "cgi.cfg",
    "nrpe.cfg",
    "nrpe_local.cfg",
    "*/nrpe.d/*.cfg",
    "nsca.cfg",
    "send_nsca.cfg",
    "ndo2db.cfg",
    "ido2db.cfg",
    "*/nagios*/*.cfg",
    "*/nagios*/**/*.cfg",
    "*/icinga/*.cfg",
    "*/icinga/**/*.cfg",
    "*/pnp4nagios/*.cfg",
)
HINTS = ("*.cfg", "*.conf")

# Settings of the main files that add to what was said before.
REPEATABLE = frozenset(
    {"broker_module", "cfg_dir", "cfg_file", "include", "include_dir", "include_file", "resource_file"}
)
INCLUDES = frozenset({"cfg_dir", "cfg_file", "include", "include_dir", "include_file", "resource_file"})

_DEFINE = re.compile(r"define\s++([A-Za-z_]\w*+)\s*+(\{?)(.*+)", re.DOTALL)
_COMMENT = re.compile(r"(?<!\\);.*+", re.DOTALL)
_ARGUMENT = re.compile(r"(\w++)\[([^\]]++)\]\s*+=(.*+)", re.DOTALL)


def parse(data: bytes, path: str) -> Document:
    """Read objects and settings; ParseError names the line of what is neither."""
    return _Reader(DocumentBuilder(path, NAME)).read(data)


class _Reader:
    """Reads one file line by line."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._object: Node | None = None
        self._type = ""
        self._start = 1
        self._opened = True
        """Whether the brace behind `define TYPE` was there already."""

    def read(self, data: bytes) -> Document:
        """Return the document."""
        source = (Line(line.number, line.text.lstrip()) for line in lines(data))
        for line in continued(source, "", inner_comments=("#",)):
            text = line.text.strip()
            if not text or text.startswith(("#", ";")):
                continue
            if self._object is not None:
                self._inside(Line(line.number, text))
            elif (match := _DEFINE.fullmatch(text)) is not None:
                self._open(match, line.number)
            else:
                self._setting(Line(line.number, text))
        if self._object is not None:
            raise ParseError("an object is not closed", self._start)
        return self._builder.done()

    def _open(self, match: re.Match[str], number: int) -> None:
        self._type = match[1].lower()
        self._object = self._builder.block(self._type, None, number)
        self._start = number
        self._opened = bool(match[2])
        rest = _COMMENT.sub("", match[3]).strip()
        if rest:
            self._inside(Line(number, rest))

    def _inside(self, line: Line) -> None:
        """Take a directive of an object, or its closing brace."""
        text = _COMMENT.sub("", line.text).replace("\\;", ";").strip()
        if not self._opened:
            if not text.startswith("{"):
                raise ParseError("an object is not opened", line.number)
            self._opened, text = True, text[1:].strip()
        if text == "}":
            self._object = None
            return
        if text:
            name, *rest = text.split(None, 1)
            value = rest[0] if rest else ""
            if self._type == "timeperiod":  # days and times in columns
                value = " ".join(value.split())
            self._builder.add(name, value, line.number, at=self._object)

    def _setting(self, line: Line) -> None:
        argument = _ARGUMENT.fullmatch(line.text)
        if argument is not None:  # NRPE: command[check_load]=...
            at = self._builder.section(argument[1], line.number)
            self._builder.add(argument[2], argument[3].strip(), line.number, at=at)
            return
        name, equals, value = line.text.partition("=")
        name, value = name.rstrip(), value.strip()
        if not equals or not name:
            raise ParseError("neither an object nor of the form name=value", line.number)
        self._builder.add(name, value, line.number, repeatable=name in REPEATABLE)
        if name in INCLUDES:
            self._builder.include(value)


_TYPICAL = re.compile(
    r"^[ \t]*+define\s++(?:command|contact|contactgroup|host|hostgroup|hostdependency|hostescalation|hostextinfo|module"
    r"|service|servicegroup|servicedependency|serviceescalation|serviceextinfo|timeperiod)\s*+\{",
    re.MULTILINE,
)


def sniff(data: bytes) -> bool:
    """Whether the file is well-formed and defines an object of Nagios."""
    return b"define" in data and _TYPICAL.search(decode(data)) is not None and is_well_formed(data, parse)
