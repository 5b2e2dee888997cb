"""rsyncd.conf: modules of the rsync daemon, and what holds for all of them. See rsyncd.conf(5)."""

from __future__ import annotations

import re

from driftd.formats.families.sections import SectionSyntax, parse_sections
from driftd.formats.parts.values import ValueSyntax
from driftd.formats.samba import spoken
from driftd.model.document import Document

NAME = "rsyncd"
VERSION = 3
PATTERNS = ("rsyncd.conf", "*/rsyncd.d/*.conf", "*/rsyncd.conf.d/*")

_SYNTAX = SectionSyntax(
    format=NAME,
    separators=("=",),
    values=ValueSyntax(continuation=True),
    name=spoken,
    # A module has the defaults that are set where it stands.
    orders=(("*", "global", "&merge", "&include"),),
    directive=re.compile(r"(?P<name>&(?:include|merge))\s++(?P<value>.+)"),
)


def parse(data: bytes, path: str) -> Document:
    """Read modules and their parameters; names of parameters are lower case, white space in them is one space."""
    return parse_sections(data, path, _SYNTAX)
