"""ansible.cfg: `;` after a space starts a comment, quotes around a value are taken away.

See "Ansible Configuration Settings" (2.14).
"""

from __future__ import annotations

from driftd.formats.families.sections import SectionSyntax, parse_sections
from driftd.formats.parts.values import ValueSyntax
from driftd.model.document import Document

NAME = "ansible"
VERSION = 2
PATTERNS = ("ansible.cfg", ".ansible.cfg")

_SYNTAX = SectionSyntax(format=NAME, values=ValueSyntax(comments=";", enclosing="\"'"), indented=True, name=str.lower)


def parse(data: bytes, path: str) -> Document:
    """Read sections and options."""
    return parse_sections(data, path, _SYNTAX)
