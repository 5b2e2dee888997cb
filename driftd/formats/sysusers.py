"""sysusers.d: accounts and groups that the system makes. See sysusers.d(5)."""

from __future__ import annotations

from driftd.formats.families.columns import Table, parse_table
from driftd.model.document import Document

NAME = "sysusers"
VERSION = 1
PATTERNS = ("*/sysusers.d/*.conf", "*.sysusers")

_TABLE = Table(
    format=NAME,
    columns=("Type", "Name", "ID", "GECOS", "Home directory", "Shell"),
    least=2,
    quotes=True,
)


def parse(data: bytes, path: str) -> Document:
    """Read lines."""
    return parse_table(data, path, _TABLE)
