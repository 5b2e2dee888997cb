"""tmpfiles.d: files and directories that are made, cleaned and removed. See tmpfiles.d(5)."""

from __future__ import annotations

from driftd.formats.families.columns import Table, parse_table
from driftd.model.document import Document

NAME = "tmpfiles"
VERSION = 1
PATTERNS = ("*/tmpfiles.d/*.conf", "*/tmpfiles.d/*", "*/user-tmpfiles.d/*.conf", "*.tmpfiles")

_TABLE = Table(
    format=NAME,
    columns=("Type", "Path", "Mode", "User", "Group", "Age", "Argument"),
    least=2,
    rest="text",
    quotes=True,
)


def parse(data: bytes, path: str) -> Document:
    """Read lines; the argument is as written."""
    return parse_table(data, path, _TABLE)
