"""protocols: names of protocol numbers. See protocols(5)."""

from __future__ import annotations

from driftd.formats.families.columns import Table, parse_table
from driftd.model.document import Document

NAME = "protocols"
VERSION = 1
PATTERNS = ("*/etc/protocols",)

_TABLE = Table(
    format=NAME,
    columns=("protocol", "number", "aliases"),
    least=2,
    rest="words",
    trailing="anywhere",
)


def parse(data: bytes, path: str) -> Document:
    """Read protocols."""
    return parse_table(data, path, _TABLE)
