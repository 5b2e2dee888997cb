"""main.cf and files of parameters like it (LDAP, SQL): `name = value`; indented lines continue. See postconf(5)."""

from __future__ import annotations

from driftd.formats.families.directives import Directives, parse_directives
from driftd.model.document import Document

NAME = "postfix"
VERSION = 1
PATTERNS = (
    "main.cf",
    "main.cf.*",
    "*/postfix/*.cf",
    "*/postfix/*/*.cf",
    "*/postfix-*/main.cf",
    "*/postfix/main.cf.*",
)

_SYNTAX = Directives(format=NAME, separator="=", flags=False, indented=True)


def parse(data: bytes, path: str) -> Document:
    """Read parameters; the lines of a value are joined by one space."""
    return parse_directives(data, path, _SYNTAX)
