"""hosts.allow, hosts.deny: which clients may reach which daemons; the first row that matches decides.

See hosts_access(5), hosts_options(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from driftd.formats.families.columns import Table, TableReader
from driftd.model.document import Document

NAME = "hosts_access"
VERSION = 1
PATTERNS = ("*/hosts.allow", "*/hosts.deny")

_TABLE = Table(
    format=NAME, columns=("daemon_list", "client_list", "options"), least=2, separator=":", continuation=True
)
# A colon within brackets is one of an IPv6 address, one behind a backslash is a character.
_FIELD = re.compile(r"(?:\[[^\[\]]*+\]|\\.|[^:\[\\]|\[|\\)*+", re.DOTALL)


def parse(data: bytes, path: str) -> Document:
    """Read rows; words are joined by one space, everything behind the clients is the options."""
    reader = TableReader(data, path, _TABLE)
    for line in reader.lines():
        fields = [" ".join(field.split()) for field in _fields(line.text)]
        reader.row(line, fields=[*fields[:2], ":".join(fields[2:])] if len(fields) > 2 else fields)
    return reader.done()


def _fields(text: str) -> Iterator[str]:
    at = 0
    while at <= len(text):
        match = _FIELD.match(text, at)
        assert match is not None
        yield match[0]
        at = match.end() + 1
