"""Asterisk: contexts, templates and objects. See docs.asterisk.org, "Asterisk Configuration Files" (18)."""

from __future__ import annotations

import re

from driftd.formats.families.sections import SectionSyntax, parse_sections
from driftd.formats.parts.values import ValueSyntax
from driftd.model.document import Document

NAME = "asterisk"
VERSION = 3
PATTERNS = ("*/asterisk/*.conf", "*/asterisk/**/*.conf")

_SYNTAX = SectionSyntax(
    format=NAME,
    comments=(";",),
    separators=("=>", "="),
    values=ValueSyntax(comments=";", after_space=False, escapes={";": ";"}, bare_escapes=True),
    # [name](!) is a template, [name](one,two) is made of others, [name](+) adds to what stands above.
    heading=re.compile(r"\[(?P<name>[^\]]*+)\]\s*+(?P<argument>\([^)]*+\))?+\s*+(?:;.*+)?"),
    repeatable=frozenset(
        {
            *("allow", "contact", "deny", "disallow", "exten", "ignorepat", "include", "load", "match", "member"),
            *("noload", "permit", "preload", "register", "require", "same", "setvar", "switch"),
        }
    ),
    # `disallow=all` takes back what was allowed before it; of permissions the last that matches counts.
    orders=(("disallow", "allow"), ("deny", "permit")),
    # pjsip.conf has an endpoint, its address and its authentication under one name.
    separate=True,
    directive=re.compile(
        r"""(?P<name>\#(?:include|tryinclude|exec))\s++["<]?+(?P<value>[^">;]++)[">]?+\s*+(?:;.*+)?"""
    ),
)


def parse(data: bytes, path: str) -> Document:
    """Read sections and settings; `=>` is `=`, a section that comes again is another one, its templates are `@`."""
    return parse_sections(_without_blocks(data), path, _SYNTAX)


def _without_blocks(data: bytes) -> bytes:
    """The file without comments of the form `;-- ... --;`; their lines stay."""
    kept: list[bytes] = []
    at = 0
    while (start := data.find(b";--", at)) >= 0:
        end = data.find(b"--;", start + 3)
        if end < 0:
            break
        # ;--- is a comment of one line
        block = not data.startswith(b";---", start)
        stop = end + 3 if block else start + 4
        kept.append(data[at:start] + b"\n" * data.count(b"\n", start, stop) if block else data[at:stop])
        at = stop
    return b"".join((*kept, data[at:]))
