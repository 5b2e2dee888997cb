"""modprobe.d: aliases, options and commands of kernel modules. See modprobe.d(5)."""

from __future__ import annotations

from driftd.formats.families.columns import Table, parse_table
from driftd.model.document import Document

NAME = "modprobe"
VERSION = 1
PATTERNS = ("*/modprobe.d/*.conf", "*/modprobe.d/*", "*/modprobe.conf")

_TABLE = Table(
    format=NAME,
    columns=("command", "modulename", "arguments"),
    least=2,
    rest="words",
    continuation=True,
)


def parse(data: bytes, path: str) -> Document:
    """Read commands; white space between arguments counts as one space."""
    return parse_table(data, path, _TABLE)
