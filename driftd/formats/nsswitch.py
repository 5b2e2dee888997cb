"""nsswitch.conf: where names are looked up, in which order. See nsswitch.conf(5)."""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import lines, significant
from driftd.model.document import Document, ParseError

NAME = "nsswitch"
VERSION = 2
PATTERNS = ("nsswitch.conf", "nsswitch*.conf", "*/nsswitch.conf.d/*.conf")

_ACTION = re.compile(r"\[([^\[\]]*+)\]")


def parse(data: bytes, path: str) -> Document:
    """Read databases with their services, one space between two; a database that comes again makes a list."""
    builder = DocumentBuilder(path, NAME)
    right = 0
    for line in significant(lines(data)):
        name, colon, services = line.text.partition("#")[0].partition(":")
        if colon:
            right += 1
            builder.add(name.strip(), _tidy(services), line.number)
        else:
            builder.problem(line.number, "not of the form database: services")
            builder.add(line.text, None, line.number)
    document = builder.done()
    if document.problems and not right:
        raise ParseError("no line is of the form database: services", document.problems[0].line)
    return document


def _tidy(services: str) -> str:
    """Services and the actions in brackets between them, each in one spelling."""
    return " ".join(_ACTION.sub(_action, services).split())


def _action(match: re.Match[str]) -> str:
    """Statuses are capitals, what is done is lower case, white space stands between two of them."""
    inside = re.sub(r"\s*([=!])\s*", r"\1", match[1].strip()).replace("!", " !")
    pairs = [word.partition("=") for word in inside.split()]
    return f" [{' '.join(status.upper() + equals + action.lower() for status, equals, action in pairs)}] "
