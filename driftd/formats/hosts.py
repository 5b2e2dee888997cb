"""hosts: addresses and their names. See hosts(5)."""

from __future__ import annotations

from driftd.formats.families.columns import Table, parse_table
from driftd.model.document import Document

NAME = "hosts"
VERSION = 1
PATTERNS = ("*/etc/hosts", "*/hosts.d/*.hosts", "*/cloud/templates/hosts.*.tmpl", "*/avahi/hosts")

_TABLE = Table(
    format=NAME,
    columns=("IP_address", "canonical_hostname", "aliases"),
    least=2,
    rest="words",
    trailing="anywhere",
)


def parse(data: bytes, path: str) -> Document:
    """Read addresses."""
    return parse_table(data, path, _TABLE)
