"""supervisord.conf: programs that supervisor runs; `;` and `#` after a space start a comment.

See supervisord.org, "Configuration File" (4.2).
"""

from __future__ import annotations

from driftd.formats.families.sections import SectionSyntax, parse_sections
from driftd.formats.parts.values import ValueSyntax
from driftd.model.document import Document

NAME = "supervisor"
VERSION = 2
PATTERNS = (
    "supervisord.conf",
    "*/supervisor/*.conf",
    "*/supervisor/conf.d/*.conf",
    "*/supervisor.d/*.conf",
    "*/supervisord.d/*.conf",
    "*/supervisord.d/*.ini",
    "*/supervisor.d/*.ini",
)

_SYNTAX = SectionSyntax(
    format=NAME,
    values=ValueSyntax(comments=";#"),
    indented=True,
    name=str.lower,
    includes=frozenset({"include.files"}),
)


def parse(data: bytes, path: str) -> Document:
    """Read sections and options; quotes within a value stay."""
    return parse_sections(data, path, _SYNTAX)
