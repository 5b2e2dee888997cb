"""Rules of the kernel's audit, in the order in which they are loaded: each a row of options. See auditctl(8)."""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.content import is_well_formed
from driftd.formats.parts.lines import lines, significant
from driftd.model.document import Document, ParseError

NAME = "auditd_rules"
VERSION = 1
PATTERNS = ("*/audit/rules.d/*.rules", "*/audit/*.rules", "audit.rules", "*/auditd/examples/rules/*.rules")
HINTS = ("*audit*.rules", "*/*audit*/*.rules")

REPEATABLE = frozenset({"-C", "-F", "-S", "-k"})
_TYPICAL = re.compile(rb"^[ \t]*+(?:-[aAwWDbefri]|--[a-z_-]++)(?:[ \t]|\r?$)", re.MULTILINE)


def parse(data: bytes, path: str) -> Document:
    """Read commands; several system calls in one `-S` are as many members."""
    builder = DocumentBuilder(path, NAME, table=True)
    for line in significant(lines(data)):
        words = line.text.split()
        if not words[0].startswith("-"):
            raise ParseError("not an option of auditctl", line.number)
        row = builder.row(line.number)
        at = 0
        while at < len(words):
            name, value = words[at], ""
            at += 1
            if name.startswith("--") and "=" in name:
                name, _, value = name.partition("=")
            elif at < len(words) and not words[at].startswith("-"):
                value = words[at]
                at += 1
            for member in value.split(",") if name == "-S" else [value]:
                builder.add(name, member, line.number, at=row, repeatable=name in REPEATABLE)
    return builder.done()


def sniff(data: bytes) -> bool:
    """Whether a line is a command of auditctl, and all others are as well."""
    return _TYPICAL.search(data) is not None and is_well_formed(data, parse)
