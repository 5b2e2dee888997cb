"""keepalived: VRRP instances and virtual servers in nested blocks. See keepalived.conf(5)."""

from __future__ import annotations

import re

from driftd.formats.families.blocks import BlockSyntax, parse_blocks
from driftd.formats.parts.content import is_well_formed
from driftd.model.document import Document

NAME = "keepalived"
VERSION = 1
PATTERNS = ("keepalived.conf", "*/keepalived/*.conf", "*/keepalived/**/*.conf")
HINTS = ("*.conf", "*keepalived*")

_SYNTAX = BlockSyntax(
    format=NAME,
    newline_ends=True,
    comment="#!",
    quoting="values",
    repeatable=frozenset({"include", "include_a", "include_b", "include_m", "include_r", "include_w"}),
    includes=frozenset({"include", "include_a", "include_b", "include_m", "include_r", "include_w"}),
    single=frozenset({"authentication", "global_defs"}),
    lists=frozenset(
        {
            "group",
            "linkbeat_interfaces",
            "notification_email",
            "static_ipaddress",
            "static_routes",
            "static_rules",
            "track_bfd",
            "track_file",
            "track_group",
            "track_interface",
            "track_process",
            "track_script",
            "unicast_peer",
            "virtual_ipaddress",
            "virtual_ipaddress_excluded",
            "virtual_routes",
            "virtual_rules",
        }
    ),
)
_TYPICAL = re.compile(
    rb"^[ \t]*+(?:global_defs|vrrp_(?:instance|sync_group|script|track_process)[ \t]++\S++|virtual_server(?:_group)?[ \t]++[^\n{]++)\s*+\{",
    re.MULTILINE,
)


def parse(data: bytes, path: str) -> Document:
    """Read directives and blocks; a block of addresses, peers or scripts is a list of its lines."""
    return parse_blocks(data, path, _SYNTAX)


def sniff(data: bytes) -> bool:
    """Whether the file is well-formed and has a block that is typical of keepalived."""
    return _TYPICAL.search(data) is not None and is_well_formed(data, parse)
