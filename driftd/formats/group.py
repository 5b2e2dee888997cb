"""group: the groups and their members. See group(5)."""

from __future__ import annotations

from driftd.formats.families.columns import Table, parse_table
from driftd.model.document import Document

NAME = "group"
VERSION = 1
PATTERNS = ("*/etc/group", "*/etc/group-")

_TABLE = Table(
    format=NAME,
    columns=("group_name", "password", "GID", "user_list"),
    least=4,
    separator=":",
)


def parse(data: bytes, path: str) -> Document:
    """Read groups."""
    return parse_table(data, path, _TABLE)
