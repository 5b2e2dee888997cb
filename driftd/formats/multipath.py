"""multipath.conf: sections of attributes. See multipath.conf(5)."""

from __future__ import annotations

from driftd.formats.families.blocks import BlockSyntax, parse_blocks
from driftd.model.document import Document

NAME = "multipath"
VERSION = 1
PATTERNS = ("multipath.conf", "*/multipath/conf.d/*.conf")

_SYNTAX = BlockSyntax(
    format=NAME,
    newline_ends=True,
    comment="#!",
    single=frozenset(
        {"blacklist", "blacklist_exceptions", "defaults", "devices", "multipaths", "overrides", "protocol"}
    ),
    repeatable=frozenset({"devnode", "property"}),
)


def parse(data: bytes, path: str) -> Document:
    """Read sections; `device` and `multipath` are objects in lists."""
    return parse_blocks(data, path, _SYNTAX)
