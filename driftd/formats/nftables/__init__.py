"""nftables: tables of chains, sets and maps; the rules of a chain are judged in their order. See nft(8)."""

from __future__ import annotations

import re

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.content import is_well_formed
from driftd.formats.parts.lines import decode
from driftd.model.document import Document

NAME = "nftables"
VERSION = 3
PATTERNS = ("*/nftables.conf", "*.nft", "*/nftables/*.conf", "*/nftables.d/*", "*/nftables/*.rules", "*.nftables")
_TYPICAL = re.compile(
    rb"\A#![^\n]*\bnft[ \t]+-|^[ \t]*+(?:add[ \t]++)?table[ \t]++(?:ip6?|inet|arp|bridge|netdev)[ \t]++[\w.-]++\s*+\{",
    re.MULTILINE,
)


def parse(data: bytes, path: str) -> Document:
    """Read definitions, tables and commands; rules are texts in the list `rule`, members of a set a list."""
    from driftd.formats.nftables.reader import read  # late: few hosts have such files

    return read(decode(data), DocumentBuilder(path, NAME))


def sniff(data: bytes) -> bool:
    """Whether it is a script of nft, or has a table and is well-formed."""
    return _TYPICAL.search(data) is not None and is_well_formed(data, parse)
