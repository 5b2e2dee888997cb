"""Text: a list of lines. What no other format reads is compared by its lines; ends of lines do not count."""

from __future__ import annotations

from driftd.formats.parts.builder import Bounds
from driftd.formats.parts.lines import lines
from driftd.model.document import Document, Node

NAME = "text"
VERSION = 1
PATTERNS = (
    "*.txt",
    "*.md",
    "*.rst",
    "*.sh",
    "*.py",
    "*.pl",
    "*.lua",
    "/etc/hostname",
    "/etc/mailname",
    "/etc/timezone",
    "/etc/issue",
    "/etc/issue.net",
    "/etc/motd",
)


def parse(data: bytes, path: str) -> Document:
    """Read every line as it is."""
    bounds = Bounds()
    members: list[Node] = []
    for line in lines(data):
        bounds.count(1, line.number)
        members.append(Node(line.text, line.number))
    return Document(path, NAME, Node(members, 1), untyped=True)
