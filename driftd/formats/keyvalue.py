"""Settings of the form `key = value`, one a line: the plainest format there is, and what unknown files often are."""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import lines, significant
from driftd.model.document import Document

NAME = "keyvalue"
VERSION = 3
PATTERNS = (
    "*/audit/auditd.conf",
    "*/audit/plugins.d/*.conf",
    "*/libaudit.conf",
    "*/usb_modeswitch.conf",
    "*/updatedb.conf",
    "*/wgetrc",
)

# A line that ends in `;` or an opening bracket is of another syntax.
_ASSIGNMENT = re.compile(
    r"[A-Za-z0-9_][A-Za-z0-9_.\-/]*+(?:\[[^\]=]*+\][A-Za-z0-9_.\-/]*+)*+[ \t]*+=(?![=~>])(?!.*[;{(\[]\Z)"
)
_SWITCH = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]*+")


def parse(data: bytes, path: str) -> Document:
    """Read assignments; a lone name is null; several words become a problem and the rest is still read."""
    builder = DocumentBuilder(path, NAME)
    for line in significant(lines(data), ("#", ";")):
        name, equals, value = line.text.partition("=")
        if equals and name.strip():
            builder.add(name.rstrip(), value.lstrip(), line.number)
        elif _SWITCH.fullmatch(line.text):
            builder.add(line.text, None, line.number)
        else:
            builder.unread(line.text, line.number, "not of the form key = value")
    return builder.done()


def sniff(data: bytes) -> bool:
    """Whether every line is an assignment to a plain name, or, up to one in four, a lone name."""
    assignments = switches = 0
    for line in significant(lines(data), ("#", ";")):
        if _ASSIGNMENT.match(line.text):
            assignments += 1
        elif _SWITCH.fullmatch(line.text):
            switches += 1
        else:
            return False
    return assignments >= max(1, 3 * switches)
