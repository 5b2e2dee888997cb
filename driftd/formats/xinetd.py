"""xinetd: services and what holds for all of them. See xinetd.conf(5)."""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import lines, significant
from driftd.model.document import Document, Node, ParseError

NAME = "xinetd"
VERSION = 2
PATTERNS = ("xinetd.conf", "*/xinetd.d/*")

_ATTRIBUTE = re.compile(r"(?P<name>[^\s=+-]++)\s*+(?P<operator>=|\+=|-=)(?P<value>.*+)")
_ENTRY = re.compile(r"(?:service\s++(?P<service>\S++)|(?P<defaults>defaults))\s*+(?P<open>\{)?")
_INCLUDE = re.compile(r"(?P<name>include|includedir)\s++(?P<path>\S++)")
_TYPICAL = re.compile(rb"^(?:service[ \t]++\S++|defaults)\s*+\{\s++\w++\s*+[-+]?=", re.MULTILINE)


def parse(data: bytes, path: str) -> Document:
    """Read entries; `a += b` is an attribute `a+`; white space between the words of a value counts as one space."""
    builder = DocumentBuilder(path, NAME)
    entry: Node | None = None
    opened = started = 0
    for line in significant(lines(data)):
        text, number = line.text, line.number
        if opened and text == "}":
            entry, opened, started = None, 0, 0
        elif opened:
            _attribute(builder, text, number, entry)
        elif started and text == "{":
            opened = started
        elif (match := _ENTRY.fullmatch(text)) is not None:
            name = "service" if match["service"] else "defaults"
            entry = builder.block(name, match["service"], number, single=name == "defaults")
            started, opened = number, number if match["open"] else 0
        elif (match := _INCLUDE.fullmatch(text)) is not None:
            builder.add(match["name"], match["path"], number, repeatable=True)
            builder.include(match["path"])
        else:
            builder.unread(text, number, "neither an entry nor an include")
    if started:
        raise ParseError("an entry is not closed", started)
    return builder.done()


def sniff(data: bytes) -> bool:
    """Whether the file has an entry of a service."""
    return _TYPICAL.search(data) is not None


def _attribute(builder: DocumentBuilder, text: str, number: int, entry: Node | None) -> None:
    match = _ATTRIBUTE.fullmatch(text)
    if match is None:
        builder.unread(text, number, "not of the form attribute = value", at=entry)
        return
    name = match["name"] + match["operator"].removesuffix("=")
    builder.add(name, " ".join(match["value"].split()), number, at=entry)
