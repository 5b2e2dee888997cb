"""nsswitch.conf: where names are looked up, in which order. See nsswitch.conf(5)."""

from __future__ import annotations

from driftd.formats.builder import DocumentBuilder
from driftd.formats.lines import lines, significant
from driftd.model.document import Document, ParseError

NAME = "nsswitch"
VERSION = 1
PATTERNS = ("nsswitch.conf", "*/nsswitch.conf.d/*.conf")


def parse(data: bytes, path: str) -> Document:
    """Read databases with their services, one space between two; a database that comes again makes a list."""
    builder = DocumentBuilder(path, NAME)
    right = 0
    for line in significant(lines(data)):
        name, colon, services = line.text.partition("#")[0].partition(":")
        if colon:
            right += 1
            builder.add(name.strip(), " ".join(services.split()), line.number)
        else:
            builder.problem(line.number, "not of the form database: services")
            builder.add(line.text, None, line.number)
    document = builder.done()
    if document.problems and not right:
        raise ParseError("no line is of the form database: services", document.problems[0].line)
    return document
