"""passwd: the accounts. See passwd(5)."""

from __future__ import annotations

from driftd.formats.families.columns import Table, parse_table
from driftd.model.document import Document

NAME = "passwd"
VERSION = 1
PATTERNS = ("*/etc/passwd", "*/etc/passwd-")

_TABLE = Table(
    format=NAME,
    columns=("name", "password", "UID", "GID", "GECOS", "directory", "shell"),
    least=7,
    separator=":",
)


def parse(data: bytes, path: str) -> Document:
    """Read accounts; a line of NIS (`+`) names no more than it has."""
    return parse_table(data, path, _TABLE)
