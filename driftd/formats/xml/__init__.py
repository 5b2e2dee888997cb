"""XML: elements by expat, which reads no other file.

An attribute is the member `@name`, text is `#text`; an element with nothing but text is that text; children that
repeat, or have a name, are a list. An element of another namespace than its parent's has `@xmlns`; its prefix means
nothing more.
"""

from __future__ import annotations

import re

from driftd.model.document import Document, Node

NAME = "xml"
VERSION = 2
PATTERNS = (
    "*.xml",
    "*.xconf",
    "*.xsl",
    "*.xsd",
    "*.wsdl",
    "*/dbus-1/**/*.conf",
    "*/fonts/fonts.conf",
    "*/fonts/**/*.conf",
    "*/fontconfig/**/*.conf",
    "*/avahi/services/*.service",
    "*.exe.config",
    "*.dll.config",
    "web.config",
    "app.config",
    "machine.config",
    "applicationHost.config",
    "nuget.config",
    "NuGet.Config",
    "*.plist",
)
_OPENING = re.compile(rb"(?:\xef\xbb\xbf)?\s*+<(?:\?xml\s|!DOCTYPE\s++(?!html\b)\w)", re.IGNORECASE)


def parse(data: bytes, path: str) -> Document:
    """Read elements; white space around text does not count. ParseError where it is not well-formed, or defines too much."""
    from driftd.formats.xml.reader import read  # late: few hosts have such files

    return read(data, Document(path, NAME, Node({}, 1), untyped=True))


def sniff(data: bytes) -> bool:
    """Whether the file starts as XML does."""
    return _OPENING.match(data) is not None
