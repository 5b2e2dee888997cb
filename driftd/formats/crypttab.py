"""crypttab: encrypted devices that are set up at boot. See crypttab(5)."""

from __future__ import annotations

from driftd.formats.families.columns import Table, parse_table
from driftd.model.document import Document

NAME = "crypttab"
VERSION = 1
PATTERNS = ("*/crypttab", "crypttab.*")

_TABLE = Table(
    format=NAME,
    columns=("volume-name", "encrypted-device", "key-file", "options"),
    least=2,
)


def parse(data: bytes, path: str) -> Document:
    """Read devices."""
    return parse_table(data, path, _TABLE)
