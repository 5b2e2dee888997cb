"""ferm: rules of iptables in nested blocks, with variables and functions. See ferm(1)."""

from __future__ import annotations

import re

from driftd.formats.families.blocks import BlockSyntax, parse_blocks
from driftd.formats.parts.content import is_well_formed
from driftd.model.document import Document

NAME = "ferm"
VERSION = 1
PATTERNS = ("ferm.conf", "*.ferm", "*/ferm/*.conf", "*/ferm/**/*.conf", "*/ferm/conf.d/*", "*/ferm.d/*")
HINTS = ("*.conf", "*ferm*", "*/ferm/**/*")

_SYNTAX = BlockSyntax(
    format=NAME,
    repeatable=frozenset({"@include", "@hook"}),
    compound=frozenset({"@def"}),
    includes=frozenset({"@include"}),
    names=re.compile(r"table|chain|domain|policy|@def|@include|@hook|@preserve"),
    others="rule",
    signs="(),=!",
    called=re.compile(r"&\w++"),
    assigns=True,
    quoting="typed",
)
_TYPICAL = re.compile(
    rb"^[ \t]*+(?:domain[ \t]++(?:ip6?|\([^)\n]*+\))|table[ \t]++(?:filter|nat|mangle|raw)|@def[ \t]++[&$]\w)",
    re.MULTILINE,
)
_CHAIN = re.compile(rb"\bchain[ \t]++[\w(]|@def[ \t]++[&$]\w")


def parse(data: bytes, path: str) -> Document:
    """Read blocks of domains, tables and chains; the rules of each are the list `rule`, in order."""
    return parse_blocks(data, path, _SYNTAX)


def sniff(data: bytes) -> bool:
    """Whether the file is well-formed and has a table with chains as ferm has it."""
    return all(pattern.search(data) for pattern in (_TYPICAL, _CHAIN)) and is_well_formed(data, parse)
