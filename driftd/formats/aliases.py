"""aliases: who gets the mail of a local name. See aliases(5) of Sendmail and Postfix."""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import indented, lines
from driftd.model.document import Document

NAME = "aliases"
VERSION = 1
PATTERNS = ("aliases", "*/aliases", "*/aliases.d/*", "*/mail/aliases", "*/exim*/aliases", "*/aliases.local")
HINTS = ("*aliases*",)

_ALIAS = re.compile(r"""(?P<name>"(?:[^"\\]++|\\.)*+"|[^\s":#][^\s:]*+)\s*+:\s*+(?P<value>.*+)""", re.DOTALL)
_MEMBER = re.compile(r"""(?:"(?:[^"\\]++|\\.)*+"|[^,"]|")++""", re.DOTALL)


def parse(data: bytes, path: str) -> Document:
    """Read aliases, the addresses of one joined by a comma and a space; names ignore case."""
    builder = DocumentBuilder(path, NAME)
    for line in indented(lines(data)):
        match = _ALIAS.fullmatch(line.text)
        if match is None:
            builder.unread(line.text, line.number, "not of the form name: value")
            continue
        members = [member.strip() for member in _MEMBER.findall(match["value"]) if member.strip()]
        builder.add(match["name"].strip('"').lower(), ", ".join(members), line.number)
        for member in members:
            if member.startswith(":include:"):
                builder.include(member.removeprefix(":include:").strip())
    return builder.done()


def sniff(data: bytes) -> bool:
    """Whether there are aliases and nothing else."""
    found = False
    for line in indented(lines(data)):
        if _ALIAS.fullmatch(line.text) is None:
            return False
        found = True
    return found
