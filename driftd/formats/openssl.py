"""Configuration of OpenSSL: sections and names with values, `#` starts a comment anywhere. See config(5ssl)."""

from __future__ import annotations

import re

from driftd.formats.families.sections import SectionSyntax, parse_sections
from driftd.formats.parts.values import ValueSyntax
from driftd.model.document import Document

NAME = "openssl"
VERSION = 2
PATTERNS = ("openssl*.cnf", "ssleay.cnf", "*/ssl/*.cnf", "*/easy-rsa/**/*.cnf")

_SYNTAX = SectionSyntax(
    format=NAME,
    comments=("#",),
    separators=("=",),
    values=ValueSyntax(
        comments="#",
        after_space=False,
        quotes="\"'`",
        escapes={"n": "\n", "r": "\r", "b": "\b", "t": "\t", "\\": "\\", '"': '"', "#": "#"},
        bare_escapes=True,
        continuation=True,
    ),
    directive=re.compile(r"(?P<name>\.include)\s++=?\s*+(?P<value>.+)"),
)


def parse(data: bytes, path: str) -> Document:
    """Read sections and names; quotes and escapes are resolved, variables stay as written."""
    return parse_sections(data, path, _SYNTAX)
