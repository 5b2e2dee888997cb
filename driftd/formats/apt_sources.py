"""sources.list: where packages come from, one source a line. See sources.list(5), ONE-LINE-STYLE FORMAT."""

from __future__ import annotations

import re

from driftd.formats.families.columns import Table, TableReader
from driftd.formats.parts.lines import lines, significant
from driftd.model.document import Document

NAME = "apt_sources"
VERSION = 1
PATTERNS = ("*/apt/sources.list", "sources.list", "*/sources.list.d/*.list", "*/apt/*.list", "sources.list.*")
HINTS = ("*.list",)

_TABLE = Table(
    format=NAME, columns=("type", "options", "uri", "suite", "component"), least=4, rest="words", trailing="anywhere"
)
# A URI may hold white space within brackets: cdrom:[Debian GNU/Linux 12]/
_SOURCE = re.compile(
    r"(\S++)\s++(?:\[([^\]]*+)\]\s*+)?+((?:\[[^\[\]]*+\]|[^\s\[]++|\[)++)(?:\s++(\S++))?+(?:\s++(.++))?+"
)


def parse(data: bytes, path: str) -> Document:
    """Read sources; options in brackets are empty where there are none."""
    reader = TableReader(data, path, _TABLE)
    for line in reader.lines():
        match = _SOURCE.fullmatch(line.text)
        fields = [" ".join((group or "").split()) for group in match.groups()] if match else line.text.split(None, 1)
        while fields and not fields[-1]:
            fields.pop()
        reader.row(line, fields=fields)
    return reader.done()


def sniff(data: bytes) -> bool:
    """Whether every line is a source of packages."""
    found = False
    for line in significant(lines(data)):
        if line.text.split(None, 1)[0] not in ("deb", "deb-src"):
            return False
        found = True
    return found
