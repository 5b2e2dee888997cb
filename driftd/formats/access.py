"""access.conf of PAM: who may log in from where; the first row that matches decides. See access.conf(5)."""

from __future__ import annotations

from driftd.formats.families.columns import Table, TableReader
from driftd.model.document import Document

NAME = "access"
VERSION = 1
PATTERNS = ("*/security/access.conf", "*/security/access.d/*.conf", "*/security/access*.conf")

_TABLE = Table(format=NAME, columns=("permission", "users", "origins"), least=3, separator=":", rest="words")


def parse(data: bytes, path: str) -> Document:
    """Read rows; the words of a column are joined by one space."""
    reader = TableReader(data, path, _TABLE)
    for line in reader.lines():
        reader.row(line, fields=[" ".join(field.split()) for field in line.text.split(":", 2)])
    return reader.done()
