"""limits.conf: limits on what sessions may use. See limits.conf(5)."""

from __future__ import annotations

from driftd.formats.families.columns import Table, parse_table
from driftd.model.document import Document

NAME = "limits"
VERSION = 1
PATTERNS = ("*/security/limits.conf", "*/security/limits.d/*", "*/limits.d/*.conf")

_TABLE = Table(
    format=NAME,
    columns=("domain", "type", "item", "value"),
    least=2,
    trailing="anywhere",
)


def parse(data: bytes, path: str) -> Document:
    """Read limits; `DOMAIN -` alone, which lifts them, has two columns."""
    return parse_table(data, path, _TABLE)
