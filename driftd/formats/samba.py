"""smb.conf of Samba: names ignore case and white space. See smb.conf(5), "FILE FORMAT"."""

from __future__ import annotations

from driftd.formats.families.sections import SectionSyntax, parse_sections
from driftd.formats.parts.values import ValueSyntax
from driftd.model.document import Document

NAME = "samba"
VERSION = 3
PATTERNS = ("smb.conf", "*/samba/*.conf", "*/samba/conf.d/*", "*/ctdb/ctdb.conf")


def spoken(name: str) -> str:
    """Return a name in lower case, its words one space apart."""
    return " ".join(name.lower().split())


_SYNTAX = SectionSyntax(
    format=NAME,
    separators=("=",),
    values=ValueSyntax(continuation=True),
    name=spoken,
    section=spoken,
    repeatable=frozenset({"include"}),
    includes=frozenset({"include", "config file"}),
    # The last parameter wins, so the place of an include, or a copy, among others (`*`) counts.
    orders=(("copy", "*", "include"),),
)


def parse(data: bytes, path: str) -> Document:
    """Read shares and their parameters; names are lower case, white space in them is one space."""
    return parse_sections(data, path, _SYNTAX)
