"""inittab: what init starts in which runlevel. See inittab(5)."""

from __future__ import annotations

from driftd.formats.families.columns import Table, parse_table
from driftd.model.document import Document

NAME = "inittab"
VERSION = 1
PATTERNS = ("*/inittab", "*/inittab.d/*.tab")

_TABLE = Table(format=NAME, columns=("id", "runlevels", "action", "process"), least=3, separator=":", rest="text")


def parse(data: bytes, path: str) -> Document:
    """Read entries."""
    return parse_table(data, path, _TABLE)
