"""Settings of the form `key = value`, one a line: the plainest format there is, and what unknown files often are."""

from __future__ import annotations

import re

from driftd.formats.builder import DocumentBuilder
from driftd.formats.lines import lines, significant
from driftd.model.document import Document

NAME = "keyvalue"
VERSION = 1
PATTERNS = (
    "*/audit/auditd.conf",
    "*/audit/plugins.d/*.conf",
    "*/libaudit.conf",
    "*/usb_modeswitch.conf",
    "*/updatedb.conf",
    "*/wgetrc",
)

_ASSIGNMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-/]*[ \t]*=")


def parse(data: bytes, path: str) -> Document:
    """Read assignments; a line without `=` becomes a problem and the rest is still read."""
    builder = DocumentBuilder(path, NAME)
    for line in significant(lines(data), ("#", ";")):
        name, equals, value = line.text.partition("=")
        if equals and name.strip():
            builder.add(name.rstrip(), value.lstrip(), line.number)
        else:
            builder.problem(line.number, "not of the form key = value")
    return builder.done()


def sniff(data: bytes) -> bool:
    """Whether every line is an assignment to a plain name, at least two of them."""
    count = 0
    for line in significant(lines(data), ("#", ";")):
        if not _ASSIGNMENT.match(line.text):
            return False
        count += 1
    return count >= 2
