"""inetd.conf: which server answers on which socket. See inetd(8)."""

from __future__ import annotations

from driftd.formats.families.columns import Table, parse_table
from driftd.model.document import Document

NAME = "inetd"
VERSION = 1
PATTERNS = ("*/inetd.conf", "*/inetd.d/*.conf")

_TABLE = Table(
    format=NAME,
    columns=("service name", "socket type", "protocol", "wait/nowait", "user", "server program", "arguments"),
    least=6,
    rest="words",
)


def parse(data: bytes, path: str) -> Document:
    """Read services."""
    return parse_table(data, path, _TABLE)
