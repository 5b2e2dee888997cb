"""Control files of Monit: what it checks, each with its statements. See monit(1).

Noise words (`with`, `and`, `is` ...) are kept; a statement goes on until the next one starts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from driftd.formats.parts.arguments import single_spaces
from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import Line, lines, significant
from driftd.model.document import Document, Node

NAME = "monit"
VERSION = 1
PATTERNS = ("monitrc", "*/monit/monitrc", "*/monit.d/*", "*/monit/*.d/*", "*/monit/conf-*/*", "*/monit/templates/*")

_STARTS = re.compile(
    r"(?:alert|allow|check|depend|depends|every|expect|group|if|include|mode|noalert|onreboot|restart|set|start|stop)\b",
    re.IGNORECASE,
)
_PROGRAM = re.compile(r"(?P<name>(?:start|stop|restart)(?:\s++program)?)\s*+=?\s*+(?P<value>.*+)", re.DOTALL)


def parse(data: bytes, path: str) -> Document:
    """Read statements; `set httpd` is an object, a `check` one in a list, each with the statements after it inside."""
    builder = DocumentBuilder(path, NAME)
    check: Node | None = None
    for line in _statements(data):
        name, _, value = line.text.partition(" ")
        name = name.lower()
        program = _PROGRAM.fullmatch(line.text)
        if name == "check":
            kind, _, rest = value.partition(" ")
            called, _, rest = rest.partition(" ")
            check = builder.block("check", f"{kind.lower()} {called}", line.number)
            if rest:
                builder.add("with", rest, line.number, at=check)
        elif name == "set" and value.lower().startswith("httpd"):
            check = builder.block("set httpd", None, line.number, single=True)
            if value[5:].strip():
                builder.add("with", value[5:].strip(), line.number, at=check)
        elif name == "set":
            check = None
            builder.add("set", value, line.number, repeatable=True)
        elif name == "include":
            builder.add("include", value, line.number, at=check, repeatable=True)
            builder.include(value.strip('"'))
        elif program is not None:
            called = program["name"].split(None, 1)[0].lower() + " program"
            builder.add(called, program["value"], line.number, at=check)
        else:
            builder.add(name, value, line.number, at=check, repeatable=True)
    return builder.done()


def _statements(data: bytes) -> Iterator[Line]:
    """Statements, each with the lines that continue it, without the comments behind them."""
    number = 0
    parts: list[str] = []
    for line in significant(lines(data)):
        text = single_spaces(line.text, comment="#")
        if parts and _STARTS.match(text):
            yield Line(number, " ".join(parts))
            parts = []
        if not parts:
            number = line.number
        parts.append(text)
    if parts:
        yield Line(number, " ".join(parts))
