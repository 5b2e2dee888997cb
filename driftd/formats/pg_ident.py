"""pg_ident.conf: which users of the system are which users of PostgreSQL. See its documentation, "User Name Maps"."""

from __future__ import annotations

from driftd.formats.families.columns import Table, TableReader
from driftd.formats.pg_hba import note_include, split_fields
from driftd.model.document import Document

NAME = "pg_ident"
VERSION = 2
PATTERNS = ("pg_ident.conf", "pg_ident*.conf")

_COLUMNS = ("map-name", "system-username", "database-username")
_TABLE = Table(NAME, _COLUMNS, 3, continuation=True)


def parse(data: bytes, path: str) -> Document:
    """Read rows; quotes stay where a name would mean something else without them."""
    reader = TableReader(data, path, _TABLE)
    for line in reader.lines():
        fields = split_fields(line.text)
        if note_include(reader, line, fields):
            continue
        reader.row(line, fields=[*fields[:2], " ".join(fields[2:])] if len(fields) > 3 else fields)
        if len(fields) > len(_COLUMNS):
            reader.builder.problem(line.number, "too many columns: 3 are expected")
    return reader.done()
