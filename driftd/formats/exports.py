"""exports: file systems that an NFS server shares, and with whom. See exports(5)."""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import continued, lines, significant
from driftd.model.document import Document

NAME = "exports"
VERSION = 2
PATTERNS = ("*/etc/exports", "*/exports.d/*.exports", "*/exports")

_PATH = re.compile(r'"(?P<quoted>[^"]*+)"|(?P<plain>\S++)')
_CLIENT = re.compile(r'(?P<name>"[^"]*+"|[^\s(]*+)(?:\((?P<options>[^)]*+)\)?)?\s*+')


def parse(data: bytes, path: str) -> Document:
    """Read shares; a client is an object with its name in `@` and its options; `-rw,sync` are those of all after it."""
    builder = DocumentBuilder(path, NAME, table=True)
    for line in significant(continued(lines(data), " ", inner_comments=("#",))):
        found = _PATH.match(line.text)
        assert found is not None
        row = builder.row(line.number)
        builder.add("path", found["plain"] if found["quoted"] is None else found["quoted"], line.number, at=row)
        at = found.end()
        while at < len(line.text) and line.text[at].isspace():
            at += 1
        while at < len(line.text) and line.text[at] != "#":
            match = _CLIENT.match(line.text, at)
            if match is None or match.end() == at:
                builder.unread(line.text[at:], line.number, "not a client", at=row)
                break
            client = builder.block("clients", match["name"].strip('"'), line.number, at=row)
            if match["options"] is not None:
                builder.add("options", "".join(match["options"].split()), line.number, at=client)
            at = match.end()
    return builder.done()
