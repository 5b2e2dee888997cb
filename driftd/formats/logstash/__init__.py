"""Pipelines of Logstash: plugins in the order of events, under conditions.

See https://www.elastic.co/guide/en/logstash/current/configuration-file-structure.html. A plugin is an object in the
list of its section, its settings under its name. Sections of one kind are one, as for Logstash.
"""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.content import is_well_formed
from driftd.formats.parts.lines import decode
from driftd.model.document import Document

NAME = "logstash"
VERSION = 1
PATTERNS = ("logstash*.conf", "*.logstash", "*/logstash/*.conf", "*/logstash/**/*.conf", "*/logstash*/conf.d/*.conf")
HINTS = ("*.conf", "*.conf.erb", "*.cfg")


def parse(data: bytes, path: str) -> Document:
    """Read sections; ParseError names the line of what is none."""
    from driftd.formats.logstash.reader import read  # late: few hosts have such files

    return read(decode(data), DocumentBuilder(path, NAME))


_TYPICAL = re.compile(rb"^[ \t]*+(?:input|filter|output)\s*+(?:#[^\n]*+\s*+)*+\{", re.MULTILINE)


def sniff(data: bytes) -> bool:
    """Whether the file is well-formed and has a section."""
    return _TYPICAL.search(data) is not None and is_well_formed(data, parse)
