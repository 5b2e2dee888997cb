"""pgbouncer.ini: databases, users and settings of the pool. See pgbouncer(5)."""

from __future__ import annotations

import re

from driftd.formats.families.sections import SectionSyntax, parse_sections
from driftd.model.document import Document

NAME = "pgbouncer"
VERSION = 2
PATTERNS = ("pgbouncer.ini", "*/pgbouncer/*.ini")

_SYNTAX = SectionSyntax(
    format=NAME,
    separators=("=",),
    directive=re.compile(r"(?P<name>%include)\s++(?P<value>.+)"),
)


def parse(data: bytes, path: str) -> Document:
    """Read sections and settings; a database's connection string is as written."""
    return parse_sections(data, path, _SYNTAX)
