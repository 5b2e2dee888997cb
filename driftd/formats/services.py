"""services: names of ports. See services(5)."""

from __future__ import annotations

from driftd.formats.families.columns import Table, parse_table
from driftd.model.document import Document

NAME = "services"
VERSION = 1
PATTERNS = ("*/etc/services",)

_TABLE = Table(
    format=NAME,
    columns=("service-name", "port/protocol", "aliases"),
    least=2,
    rest="words",
    trailing="anywhere",
)


def parse(data: bytes, path: str) -> Document:
    """Read services."""
    return parse_table(data, path, _TABLE)
