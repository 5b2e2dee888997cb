"""Icinga 2: objects, templates and apply rules of its DSL.

See https://icinga.com/docs/icinga-2/latest/doc/17-language-reference/. An object is an object in a list with its type and
name in `@`. An expression that is no literal is text in `${}`; statements of code are texts.
"""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.content import is_well_formed
from driftd.formats.parts.lines import decode
from driftd.model.document import Document

NAME = "icinga2"
VERSION = 2
PATTERNS = ("icinga2.conf", "*/icinga2/*.conf", "*/icinga2/**/*.conf", "*.icinga2.conf")
HINTS = ("*.conf",)


def parse(data: bytes, path: str) -> Document:
    """Read objects and assignments; ParseError names the line of what is not closed."""
    from driftd.formats.icinga2.reader import read  # late: few hosts have such files

    return read(decode(data), DocumentBuilder(path, NAME, untyped=False))


_TYPICAL = re.compile(
    rb'^[ \t]*+(?:object|template|apply)[ \t]++[A-Z]\w++[ \t]++(?:"[^"\n]*+"|for\b)[^{\n]*+\{', re.MULTILINE
)


def sniff(data: bytes) -> bool:
    """Whether the file is well-formed and has an object or an apply rule."""
    return _TYPICAL.search(data) is not None and is_well_formed(data, parse)
