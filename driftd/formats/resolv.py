"""resolv.conf: which name servers are asked, and how. See resolv.conf(5)."""

from __future__ import annotations

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import lines, significant
from driftd.model.document import Document

NAME = "resolv"
VERSION = 1
PATTERNS = ("resolv.conf", "resolv.conf.*", "*/resolvconf/resolv.conf.d/*", "*/resolver/*.resolv")

REPEATABLE = frozenset({"nameserver"})


def parse(data: bytes, path: str) -> Document:
    """Read directives; white space inside a value counts as one space, name servers are a list in their order."""
    builder = DocumentBuilder(path, NAME)
    for line in significant(lines(data), ("#", ";")):
        name, *values = line.text.split()
        if not values:
            builder.problem(line.number, f"directive {name!r} has no value")
        builder.add(name, " ".join(values), line.number, repeatable=name in REPEATABLE)
    return builder.done()
