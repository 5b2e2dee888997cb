"""Varnish: backends, lists of addresses and the statements of each subroutine. See vcl(7)."""

from __future__ import annotations

import re

from driftd.formats.families.blocks import BlockSyntax, parse_blocks
from driftd.model.document import Document

NAME = "vcl"
VERSION = 2
PATTERNS = ("*.vcl",)

_SYNTAX = BlockSyntax(
    format=NAME,
    repeatable=frozenset({"import", "include"}),
    includes=frozenset({"include"}),
    # Subroutines of one name are joined in their order, those of an included file in its place.
    orders=(("include", "sub"),),
    lists=frozenset({"acl"}),
    names=re.compile(r"vcl|import|include|backend|probe|acl|sub|director|\..++"),
    others="statement",
    slash_comments=True,
    long_texts=True,
    signs="(),=!~<>&|+",
    quoting="typed",
    assigns=True,
)


def parse(data: bytes, path: str) -> Document:
    """Read declarations; what a subroutine does is the list `statement`, in order, with its conditions as blocks."""
    return parse_blocks(data, path, _SYNTAX)
