"""Zones of DNS: a table of resource records. See RFC 1035, section 5, RFC 2308 ($TTL) and BIND's manual ($GENERATE)."""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.model.document import Document, ParseError

NAME = "dns_zone"
VERSION = 1
PATTERNS = (
    "*.zone",
    "*/bind/db.*",
    "*/bind/zones/*",
    "*/named/db.*",
    "*/nsd/zones/*",
    "*/knot/zones/*",
    "*/lib/bind/db.*",
    "/var/named/named.*",
    "root.hints",
    "named.ca",
    "named.root",
)
_SOA = re.compile(
    rb"^[^\s;]*+[ \t]++(?:[0-9a-zA-Z]{1,12}[ \t]++){0,2}SOA[ \t]++\S++[ \t]++\S", re.MULTILINE | re.IGNORECASE
)


def parse(data: bytes, path: str) -> Document:
    """Read records and directives, each a row; the owner that a record leaves out is that of the record before."""
    from driftd.formats.dns_zone.reader import read  # late: few hosts have such files

    return read(data, DocumentBuilder(path, NAME, table=True))


def sniff(data: bytes) -> bool:
    """Whether the file has a start of authority, and nothing but records and directives."""
    if _SOA.search(data) is None:
        return False
    try:
        return not parse(data, "").problems
    except ParseError:
        return False
