"""logwatch: its settings, and per service the log files and filters. See logwatch.conf(5)."""

from __future__ import annotations

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import lines, significant
from driftd.formats.parts.values import Value, ValueSyntax
from driftd.model.document import Document

NAME = "logwatch"
VERSION = 2
PATTERNS = ("*/logwatch/**/*.conf", "*/logwatch/*.conf")

_VALUES = ValueSyntax(comments="#", enclosing='"')
_LISTS = frozenset({"archive", "logfile", "service"})


def parse(data: bytes, path: str) -> Document:
    """Read settings; names ignore case, an empty list forgets what it held, a filter (`*Name`) may be null."""
    builder = DocumentBuilder(path, NAME)
    for line in significant(lines(data)):
        value = Value(_VALUES)
        written, equals, rest = line.text.partition("=")
        value.feed(rest.strip() if equals else written)
        name = written.strip().lower() if equals else value.text().lower()
        if not name:
            builder.unread(line.text, line.number, "a value without a name")
        elif name in _LISTS and equals and not value.text():
            builder.reset(name, line.number)
        else:
            builder.add(name, value.text() if equals else None, line.number, repeatable=name in _LISTS)
    return builder.done()
