"""msmtprc: settings, those of an account in its own object. See msmtp(1)."""

from __future__ import annotations

from driftd.formats.families.directives import Directives, parse_directives
from driftd.model.document import Document

NAME = "msmtp"
VERSION = 1
PATTERNS = ("*/msmtprc", "*/.msmtprc", "*/msmtp/config")

_SYNTAX = Directives(format=NAME, quotes=True, one_argument=True, sections=frozenset({"account", "defaults"}))


def parse(data: bytes, path: str) -> Document:
    """Read settings; an `account` is an object in a list with its name in `@`, `defaults` are those of what follows."""
    return parse_directives(data, path, _SYNTAX)
