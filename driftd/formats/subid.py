"""subuid and subgid: ranges of ids that accounts may use in user namespaces. See subuid(5)."""

from __future__ import annotations

from driftd.formats.families.columns import Table, parse_table
from driftd.model.document import Document

NAME = "subid"
VERSION = 1
PATTERNS = ("*/etc/subuid", "*/etc/subuid-", "*/etc/subgid", "*/etc/subgid-")

_TABLE = Table(
    format=NAME,
    columns=("name", "start", "count"),
    least=3,
    separator=":",
)


def parse(data: bytes, path: str) -> Document:
    """Read ranges."""
    return parse_table(data, path, _TABLE)
