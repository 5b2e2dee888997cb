"""BIND: named.conf and rndc.conf, statements with lists and blocks in braces. See named.conf(5)."""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.content import is_well_formed
from driftd.formats.parts.lines import decode
from driftd.model.document import Document

NAME = "bind"
VERSION = 1
PATTERNS = (
    "named.conf",
    "named.conf.*",
    "*.named.conf",
    "rndc.conf",
    "rndc.key",
    "bind.keys",
    "*/bind/*.conf",
    "*/bind/*.key",
    "*/bind/*.keys",
    "*/bind/**/*.conf",
    "*/bind/zones.rfc1918",
    "*/named/*.conf",
    "*/named.*.zones",
    "*/named.*.key",
)
HINTS = ("*.conf", "*.conf.*", "*.key", "*.zones", "*/bind/*", "*/bind/**/*", "*/named/*", "*bind*", "*named*")
_TYPICAL = re.compile(
    rb"""
    ^[ \t]*+(?:
        (?:zone|view)[ \t]++["\w.-]++(?:[ \t]++(?:IN|CH|HS))?\s*+\{
      | (?:acl|key|masters|primaries)[ \t]++["\w.-]++\s*+\{[^{}=]*+\}\s*+;
      | (?:options|logging|controls|trust-anchors|managed-keys)\s*+\{[^{}=;(]*+;
    )
    """,
    re.MULTILINE | re.VERBOSE | re.IGNORECASE,
)


def parse(data: bytes, path: str) -> Document:
    """Read statements; names ignore case, a list in braces is a list, one that has arguments is an object with `@`."""
    from driftd.formats.bind.reader import read  # late: few hosts have such files

    return read(decode(data), DocumentBuilder(path, NAME))


def sniff(data: bytes) -> bool:
    """Whether the file is well-formed and has a statement that is typical of BIND."""
    return _TYPICAL.search(data) is not None and is_well_formed(data, parse)
