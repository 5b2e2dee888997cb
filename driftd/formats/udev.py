"""udev rules: what is done with devices that match. The order of rules counts. See udev(7)."""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.content import is_well_formed
from driftd.formats.parts.lines import Line, continued, lines, significant
from driftd.model.document import Document, ParseError

NAME = "udev"
VERSION = 1
PATTERNS = ("*/udev/rules.d/*.rules", "*/udev/*.rules", "*.udev")
HINTS = ("*.rules",)

_PAIR = re.compile(
    r"""[\s,]*+(?P<key>[A-Z_]++(?:\{[^}]*+\})?+)\s*+(?P<operator>==|!=|\+=|-=|:=|=)\s*+
    (?P<anycase>i?)(?:(?<!i)e"(?P<escaped>(?:[^"\\]++|\\.)*+)"|"(?P<plain>(?:[^"\\]++|\\"|\\)*+)")[\s,]*+""",
    re.VERBOSE,
)
_TYPICAL = re.compile(rb'^[ \t]*+[A-Z]++(?:\{[^}\n]*+\})?+[ \t]*+(?:==|!=|\+=|:=|=)[ \t]*+"', re.MULTILINE)


def parse(data: bytes, path: str) -> Document:
    """Read rules, each a row whose members are a key and its operator: `SUBSYSTEM==`, `RUN+=`."""
    builder = DocumentBuilder(path, NAME, table=True)
    for line in significant(continued(lines(data), "", inner_comments=("#",))):
        _rule(builder, line)
    return builder.done()


def sniff(data: bytes) -> bool:
    """Whether a line starts as a rule does, and all others are rules as well."""
    return _TYPICAL.search(data) is not None and is_well_formed(data, parse)


def _rule(builder: DocumentBuilder, line: Line) -> None:
    row = builder.row(line.number)
    at = 0
    while at < len(line.text):
        match = _PAIR.match(line.text, at)
        if match is None:
            raise ParseError('not of the form KEY=="value"', line.number)
        value = match["plain"] if match["plain"] is not None else match["escaped"]
        name = match["key"] + match["operator"] + match["anycase"]
        builder.add(name, value.replace('\\"', '"'), line.number, at=row)
        at = match.end()
