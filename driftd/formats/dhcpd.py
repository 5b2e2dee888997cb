"""ISC DHCP: dhcpd.conf and dhclient.conf, statements and declarations in braces. See dhcpd.conf(5), dhclient.conf(5)."""

from __future__ import annotations

import re

from driftd.formats.families.blocks import BlockSyntax, parse_blocks
from driftd.formats.parts.content import is_well_formed
from driftd.model.document import Document

NAME = "dhcpd"
VERSION = 1
PATTERNS = (
    "dhcpd.conf",
    "dhcpd6.conf",
    "dhclient.conf",
    "dhclient6.conf",
    "dhclient-*.conf",
    "*/dhcp/*.conf",
    "*/dhcpd/*.conf",
    "*/dhcp/dhcpd.d/*",
    "*/dhcp3/*.conf",
)
HINTS = ("*.conf", "*dhcp*", "*/dhcp*/*", "*/dhcp*/**/*")

_SYNTAX = BlockSyntax(
    format=NAME,
    repeatable=frozenset({"include", "range", "range6", "prefix6", "reject"}),
    includes=frozenset({"include"}),
    compound=frozenset(
        {
            "allow",
            "also",
            "append",
            "default",
            "deny",
            "hardware",
            "ignore",
            "option",
            "prepend",
            "send",
            "server",
            "set",
            "supersede",
            "unset",
        }
    ),
    chained=frozenset({"else", "elsif", "elseif"}),
    signs=",()=",
    quoting="typed",
)
_TYPICAL = re.compile(
    rb"""
    ^[ \t]*+(?:
        subnet6?[ \t]++[0-9a-fA-F:./]++(?:[ \t]++netmask[ \t]++[0-9.]++)?\s*+\{
      | shared-network[ \t]++\S++\s*+\{
      | hardware[ \t]++ethernet[ \t]++[0-9a-fA-F:]++;
      | host[ \t]++\S++\s*+\{\s*+(?:hardware[ \t]|fixed-address)
      | (?:default|max)-lease-time[ \t]++[0-9]++;
      | ddns-update-style[ \t]
      | option[ \t]++(?:domain-name|routers|subnet-mask|broadcast-address|space|domain-name-servers|dhcp6\.\S++)[ \t]
    )
    """,
    re.MULTILINE | re.VERBOSE,
)


def parse(data: bytes, path: str) -> Document:
    """Read statements and declarations; an option has its name with it, `else` belongs to the `if` before."""
    return parse_blocks(data, path, _SYNTAX)


def sniff(data: bytes) -> bool:
    """Whether the file is well-formed and has a statement that is typical of ISC DHCP."""
    return _TYPICAL.search(data) is not None and is_well_formed(data, parse)
