"""resolv.conf: which name servers are asked, and how. See resolv.conf(5)."""

from __future__ import annotations

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import lines, significant
from driftd.model.document import Document

NAME = "resolv"
VERSION = 2
PATTERNS = ("resolv.conf", "resolv.conf.*", "*/resolvconf/resolv.conf.d/*", "*/resolver/*.resolv")

REPEATABLE = frozenset({"nameserver"})


def parse(data: bytes, path: str) -> Document:
    """Read directives; white space inside a value counts as one space, name servers are a list in their order."""
    builder = DocumentBuilder(path, NAME)
    last = ""
    for line in significant(lines(data), ("#", ";")):
        name, *values = line.text.split()
        if not values:
            builder.problem(line.number, f"directive {name!r} has no value")
        builder.add(name, " ".join(values), line.number, repeatable=name in REPEATABLE)
        last = name if values and name in ("search", "domain") else last
    if last == "domain" and isinstance(builder.root.value, dict) and "search" in builder.root.value:
        builder.add("@order", "search domain", 1)  # of both the last counts
    return builder.done()
