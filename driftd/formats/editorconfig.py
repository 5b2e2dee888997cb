""".editorconfig: properties of files, a section is a glob. See the EditorConfig Specification 0.15."""

from __future__ import annotations

from driftd.formats.families.sections import WHOLE_LINE, SectionSyntax, parse_sections
from driftd.model.document import Document

NAME = "editorconfig"
VERSION = 2
PATTERNS = (".editorconfig",)

_SYNTAX = SectionSyntax(format=NAME, separators=("=",), heading=WHOLE_LINE, name=str.lower)


def parse(data: bytes, path: str) -> Document:
    """Read globs and their properties, whose names ignore case."""
    return parse_sections(data, path, _SYNTAX)
