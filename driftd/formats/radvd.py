"""radvd.conf: what is announced on each interface. See radvd.conf(5)."""

from __future__ import annotations

from driftd.formats.families.blocks import BlockSyntax, parse_blocks
from driftd.model.document import Document

NAME = "radvd"
VERSION = 1
PATTERNS = ("radvd.conf", "*/radvd/*.conf", "*-radvd.conf", "radvd.conf.*", "*/radvd.d/*.conf")

_SYNTAX = BlockSyntax(format=NAME, lists=frozenset({"clients"}))


def parse(data: bytes, path: str) -> Document:
    """Read interfaces; each of its blocks is an object in a list with its argument in `@`."""
    return parse_blocks(data, path, _SYNTAX)
