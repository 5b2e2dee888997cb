"""gmond.conf: sections of Ganglia's monitor. See gmond.conf(5)."""

from __future__ import annotations

from driftd.formats.families.blocks import BlockSyntax, parse_blocks
from driftd.model.document import Document

NAME = "ganglia"
VERSION = 1
PATTERNS = ("gmond.conf", "*/ganglia/gmond.conf", "*/ganglia/conf.d/*.conf", "*/ganglia/conf.d/*.pyconf")

_SYNTAX = BlockSyntax(
    format=NAME,
    newline_ends=True,
    slash_comments=True,
    signs="=",
    assigns=True,
    single=frozenset({"acl", "cluster", "globals", "host", "modules"}),
    repeatable=frozenset({"include"}),
)


def parse(data: bytes, path: str) -> Document:
    """Read sections; `udp_send_channel`, `metric` and their like are objects in lists."""
    return parse_blocks(data, path, _SYNTAX)
