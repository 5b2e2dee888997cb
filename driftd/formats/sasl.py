"""Configuration of Cyrus SASL and IMAP: `name: value`. See imapd.conf(5)."""

from __future__ import annotations

from driftd.formats.families.directives import Directives, parse_directives
from driftd.model.document import Document

NAME = "sasl"
VERSION = 1
PATTERNS = ("imapd.conf", "*/sasl/*.conf", "*/sasl2/*.conf", "saslauthd.conf", "imapd-*.conf")

_SYNTAX = Directives(
    format=NAME, separator=":", flags=False, repeatable=frozenset({"@include"}), includes=frozenset({"@include"})
)


def parse(data: bytes, path: str) -> Document:
    """Read settings; white space in a value counts as one space."""
    return parse_directives(data, path, _SYNTAX)
