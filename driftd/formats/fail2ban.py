"""fail2ban: jails, filters and actions; `;` after a space starts a comment. See jail.conf(5)."""

from __future__ import annotations

from driftd.formats.families.sections import SectionSyntax, parse_sections
from driftd.formats.parts.values import ValueSyntax
from driftd.model.document import Document

NAME = "fail2ban"
VERSION = 2
PATTERNS = (
    "*/fail2ban/*.conf",
    "*/fail2ban/*.local",
    "*/fail2ban/**/*.conf",
    "*/fail2ban/**/*.local",
    "jail.local",
    "jail.conf",
    "fail2ban.conf",
)

_SYNTAX = SectionSyntax(
    format=NAME,
    values=ValueSyntax(comments=";"),
    indented=True,
    name=str.lower,
    includes=frozenset({"INCLUDES.before", "INCLUDES.after"}),
)


def parse(data: bytes, path: str) -> Document:
    """Read sections and options; the lines of a value are joined by ends of lines."""
    return parse_sections(data, path, _SYNTAX)
