"""smartd.conf: which disks smartd watches, and how. See smartd.conf(5)."""

from __future__ import annotations

from driftd.formats.families.columns import Table, parse_table
from driftd.model.document import Document

NAME = "smartd"
VERSION = 1
PATTERNS = ("smartd.conf", "*/smartd*.conf")

_TABLE = Table(
    format=NAME, columns=("device", "directives"), least=1, rest="words", trailing="anywhere", continuation=True
)


def parse(data: bytes, path: str) -> Document:
    """Read devices; `DEVICESCAN` and `DEFAULT` are rows like those."""
    return parse_table(data, path, _TABLE)
