"""syslog-ng.conf: named sources, destinations, filters and the log paths that join them.

See https://syslog-ng.github.io/admin-guide/. `-` and `_` in names are one.
"""

from __future__ import annotations

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import decode
from driftd.model.document import Document

NAME = "syslog_ng"
VERSION = 2
PATTERNS = ("syslog-ng.conf", "syslog-ng-*.conf", "*.syslog-ng.conf", "*/syslog-ng/*.conf", "*/syslog-ng/**/*.conf")


def parse(data: bytes, path: str) -> Document:
    """Read statements; ParseError names the line of what is none."""
    from driftd.formats.syslog_ng.reader import read  # late: few hosts have such files

    return read(decode(data), DocumentBuilder(path, NAME))
