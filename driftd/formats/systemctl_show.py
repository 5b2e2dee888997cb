"""What `systemctl show` prints of several units: properties, one a line, an empty line between two units. See systemctl(1)."""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import lines
from driftd.model.document import Document, Node

NAME = "systemctl_show"
VERSION = 1
PATTERNS = ()

_UNIT = re.compile(
    rb"^Id=\S+\.(?:service|socket|target|device|mount|automount|swap|timer|path|slice|scope)\r?$", re.MULTILINE
)
_PROPERTY = re.compile(rb"[A-Z][A-Za-z0-9]*+=")
_RUN = re.compile(r" ; start_time=\[[^]]*+\] ; stop_time=\[[^]]*+\] ; pid=\d++ ; code=[^;]*+; status=[^;}]*+(?=})")
"""What an Exec property tells of the last run beside what is configured."""


def parse(data: bytes, path: str) -> Document:
    """Read units, each an object in a list; what the last run of a command came to is left out."""
    builder = DocumentBuilder(path, NAME, table=True)
    unit: Node | None = None
    for line in lines(data):
        if not line.text.strip():
            unit = None
            continue
        name, equals, value = line.text.partition("=")
        if not equals or not name:
            builder.unread(line.text, line.number, "not of the form Property=value", at=unit)
            continue
        if unit is None:
            unit = builder.row(line.number)
        builder.add(name, _RUN.sub(" ", value) if name.startswith("Exec") else value, line.number, at=unit)
    return builder.done()


def sniff(data: bytes) -> bool:
    """Whether it begins with a property, and names a unit."""
    return _PROPERTY.match(data) is not None and _UNIT.search(data) is not None
