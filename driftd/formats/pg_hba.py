"""pg_hba.conf: who may connect to PostgreSQL, and how; the first row that matches wins. See its documentation."""

from __future__ import annotations

import re

from driftd.formats.families.columns import Table, TableReader
from driftd.formats.parts.lines import Line
from driftd.model.document import Document

NAME = "pg_hba"
VERSION = 1
PATTERNS = ("pg_hba.conf", "pg_hba*.conf")

_TABLE = Table(NAME, ("type", "database", "user", "address", "auth-method", "auth-options"), 5, continuation=True)
_LOCAL = ("type", "database", "user", "auth-method")
_HOST = ("type", "database", "user", "address", "auth-method")
_MASKED = ("type", "database", "user", "address", "IP-mask", "auth-method")
INCLUDES = frozenset({"include", "include_dir", "include_if_exists"})

_FIELD = re.compile(r"""(?:[^\s"#,]++|"(?:[^"]++|"")*+"|"|,\s*+)++""")
_PART = re.compile(r"""((?:[^\s",]++|"(?:[^"]++|"")*+"|")++)|(,)\s*+""")
_QUOTED = re.compile(r'"([^"]*+)"')
_PLAIN = re.compile(r"(?!all\Z|sameuser\Z|samerole\Z|samegroup\Z|samehost\Z|samenet\Z|replication\Z)[\w.\-][\w.\-/:]*+")
_MASK = re.compile(r"[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*")


def parse(data: bytes, path: str) -> Document:
    """Read rows; quotes stay where a name would mean something else without them."""
    reader = TableReader(data, path, _TABLE)
    for line in reader.lines():
        fields = split_fields(line.text)
        if not note_include(reader, line, fields):
            _row(reader, line, fields)
    return reader.done()


def _row(reader: TableReader, line: Line, fields: list[str]) -> None:
    columns: tuple[str, ...] = _HOST
    if fields[0] == "local":
        columns = _LOCAL
    elif len(fields) > 4 and "/" not in fields[3] and _MASK.fullmatch(fields[4]):
        columns = _MASKED
    options = fields[len(columns) :]
    if options:
        fields = [*fields[: len(columns)], " ".join(options)]
        columns = (*columns, "auth-options")
    reader.row(line, columns, fields)
    for field in fields[1:3]:
        for name in field.split(","):
            if name.startswith("@"):
                reader.builder.include(name[1:])


def split_fields(text: str) -> list[str]:
    """Return the fields of a row, without a comment; white space after a comma belongs to a list."""
    fields: list[str] = []
    at = 0
    while at < len(text) and text[at] != "#":
        match = _FIELD.match(text, at)
        if match is None:
            at += 1
            continue
        fields.append("".join(_spell(part[1]) if part[1] else "," for part in _PART.finditer(match[0])))
        at = match.end()
    return fields


def note_include(reader: TableReader, line: Line, fields: list[str]) -> bool:
    """Add a row for a directive that names another file; False where the line is none."""
    if len(fields) != 2 or fields[0] not in INCLUDES:
        return False
    name = _QUOTED.sub(r"\1", fields[1])
    reader.builder.add(fields[0], name, line.number, at=reader.other(line))
    reader.builder.include(name)
    return True


def _spell(part: str) -> str:
    """A name without quotes that say nothing."""
    match = _QUOTED.fullmatch(part)
    return match[1] if match is not None and _PLAIN.fullmatch(match[1]) else part
