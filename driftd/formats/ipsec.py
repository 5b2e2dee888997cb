"""IPsec connections of strongSwan and Libreswan: sections with indented parameters. See ipsec.conf(5)."""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import lines
from driftd.model.document import Document, Node

NAME = "ipsec"
VERSION = 2
PATTERNS = ("ipsec.conf", "*/ipsec.d/*.conf", "*.ipsec.conf")

_CONTENT = re.compile(r'(?:"[^"]*+"|(?<=\S)\#|[^#])*+')
_PARAMETER = re.compile(r"\s*+([^\s=]++)\s*+=\s*+(.*+)")


def parse(data: bytes, path: str) -> Document:
    """Read sections, each an object in the list of its kind with its name in `@`; parameters may come again."""
    builder = DocumentBuilder(path, NAME)
    section: Node | None = None
    for line in lines(data):
        text = _content(line.text)
        if not text:
            continue
        parameter = _PARAMETER.fullmatch(text)
        if text[0].isspace() and parameter is not None and section is not None:
            value = parameter[2]
            quoted = len(value) > 1 and value[0] == value[-1] == '"'
            repeatable = parameter[1] == "also"
            builder.add(parameter[1], value[1:-1] if quoted else value, line.number, at=section, repeatable=repeatable)
            continue
        kind, *names = text.split()
        if text[0].isspace() or not names:
            builder.unread(text, line.number, "neither a section nor a parameter of one", at=section)
        elif kind == "include":
            builder.add("include", names[0], line.number, repeatable=True)
            builder.include(names[0])
        elif kind in ("config", "conn", "ca"):
            section = builder.block(kind, " ".join(names), line.number)
        else:
            builder.add(kind, " ".join(names), line.number)
    return builder.done()


def _content(text: str) -> str:
    """A line without its comment; a `#` within quotes or a word is none."""
    match = _CONTENT.match(text)
    assert match is not None
    return match[0].rstrip()
