"""Exim's configuration: main settings, and the sections that `begin` opens. See Exim's specification, chapter 6.

A statement of an ACL is an object in the list under the ACL's name, its conditions in their order; routers are objects
in a list with their name in `@`, transports and authenticators objects under their names. What `.ifdef X` surrounds stands under that
name; an object in it says so in `@if`.
"""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.model.document import Document

NAME = "exim"
VERSION = 1
PATTERNS = (
    "exim.conf",
    "exim4.conf",
    "exim4.conf.template",
    "exim4.conf.localmacros",
    "*/exim4/conf.d/*/*",
)
HINTS = ("exim*.conf*", "*/exim/*", "*/exim4/*", "*.exim", "exim*.erb", "exim*.j2")
_SECTION_OF_DIRECTORY = {
    **{name: name for name in ("acl", "retry", "rewrite")},
    "auth": "authenticators",
    "router": "routers",
    "transport": "transports",
}
_DIRECTORY = re.compile(r"/conf\.d/(?P<name>[a-z]+)/[^/]+\Z")
_TYPICAL = re.compile(
    rb"^begin[ \t]++(?:acl|authenticators|local_scan|retry|rewrite|routers|transports)\s", re.MULTILINE
)


def parse(data: bytes, path: str) -> Document:
    """Read settings and sections; a file of `conf.d/router` and its like is read as a part of that section."""
    from driftd.formats.exim.reader import read  # late: few hosts have such files

    directory = _DIRECTORY.search(path)
    section = _SECTION_OF_DIRECTORY.get(directory["name"], "") if directory is not None else ""
    return read(data, DocumentBuilder(path, NAME), section)


def sniff(data: bytes) -> bool:
    """Whether a section of Exim begins."""
    return _TYPICAL.search(data) is not None
