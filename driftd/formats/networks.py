"""networks: names of networks. See networks(5)."""

from __future__ import annotations

from driftd.formats.families.columns import Table, parse_table
from driftd.model.document import Document

NAME = "networks"
VERSION = 1
PATTERNS = ("*/etc/networks",)

_TABLE = Table(
    format=NAME,
    columns=("name", "number", "aliases"),
    least=2,
    rest="words",
    trailing="anywhere",
)


def parse(data: bytes, path: str) -> Document:
    """Read networks."""
    return parse_table(data, path, _TABLE)
