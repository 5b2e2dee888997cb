"""lighttpd: `name = value` settings, under conditions. See https://redmine.lighttpd.net/projects/lighttpd/wiki/Docs_Configuration.

A condition is an object in the list `if`, with its text in `@` and its `else if` and `else`. An expression that is no
literal is text in `${}`.
"""

from __future__ import annotations

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import decode
from driftd.model.document import Document

NAME = "lighttpd"
VERSION = 2
PATTERNS = ("lighttpd.conf", "lighttpd-*.conf", "*.lighttpd.conf", "*/lighttpd/*.conf", "*/lighttpd/**/*.conf")


def parse(data: bytes, path: str) -> Document:
    """Read settings and conditions; ParseError names the line of what is neither."""
    from driftd.formats.lighttpd.reader import read  # late: few hosts have such files

    return read(decode(data), DocumentBuilder(path, NAME, untyped=False))
