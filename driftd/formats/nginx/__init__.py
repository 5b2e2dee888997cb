"""nginx: directives and blocks. See https://nginx.org/en/docs/beginners_guide.html#conf_structure."""

from __future__ import annotations

import re

from driftd.formats.families.blocks import BlockSyntax, parse_blocks
from driftd.formats.nginx.names import KNOWN, REPEATABLE, SHARED
from driftd.model.document import Document, Node, ParseError

NAME = "nginx"
VERSION = 3
PATTERNS = (
    "nginx.conf",
    "*.nginx",
    "*.nginx.conf",
    "*/nginx/*.conf",
    "*/nginx/*/*.conf",
    "*/nginx/**/*.conf",
    "*/nginx/sites-available/*",
    "*/nginx/sites-enabled/*",
    "*/nginx/snippets/*",
    "*/nginx/*_params",
    "*/nginx/mime.types",
    "*/nginx/koi-utf",
    "*/nginx/koi-win",
    "*/nginx/win-utf",
)

SYNTAX = BlockSyntax(
    format=NAME,
    repeatable=REPEATABLE,
    single=frozenset({"events", "http", "mail", "rtmp", "stream", "types"}),
    includes=frozenset({"include"}),
    # The directives of ngx_http_rewrite_module are done one after the other, whatever their names.
    orders=(("allow", "deny"), ("set", "if", "rewrite", "break", "return")),
    # Regular expressions of a map, and shares of clients.
    in_turn={"map": re.compile(r"~"), "split_clients": re.compile(r"[0-9]")},
    code=re.compile(r"\w+_by_lua_block"),
)

HINTS = (
    "*.conf",
    "*.vhost",
    "*.inc",
    "*.types",
    "*/sites-available/*",
    "*/sites-enabled/*",
    "*/snippets/*",
    "*nginx*",
    "*/nginx/**/*",
)
_TYPICAL = re.compile(
    rb"""
    ^[ \t]*+
    (?:http|events|server|types|location[ \t]++[^\n{;]++|upstream[ \t]++\S++|map[ \t]++\S++[ \t]++\S++)
    \s*+\{
    """,
    re.MULTILINE | re.VERBOSE,
)


def parse(data: bytes, path: str) -> Document:
    """Read directives and blocks; a directive without arguments has an empty value."""
    return parse_blocks(data, path, SYNTAX)


def sniff(data: bytes) -> bool:
    """Whether the file is well-formed and has a block that is typical of nginx, or nothing but directives of nginx."""
    typical = _TYPICAL.search(data) is not None
    if not typical and b";" not in data:
        return False
    try:
        document = parse(data, "")
    except ParseError:
        return False
    return typical or _is_fragment(document.root)


def _is_fragment(root: Node) -> bool:
    """Whether most names at the root are of nginx, and all of them could be."""
    assert isinstance(root.value, dict)
    known = sum(_is_known(name, node) for name, node in root.value.items())
    return known * 2 > len(root.value) and all(_NAME.fullmatch(name) for name in root.value)


_NAME = re.compile(r"[a-z][a-z0-9_]*|@order")


def _is_known(name: str, node: Node) -> bool:
    if KNOWN.fullmatch(name):
        return True
    values = node.value if isinstance(node.value, list) else [node]
    return all(isinstance(value.value, str) and SHARED.fullmatch(f"{name} {value.value}") for value in values)
