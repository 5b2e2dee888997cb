"""strongSwan: nested sections with `key = value`, in strongswan.conf(5) and swanctl.conf(5)."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import decode, line_starts
from driftd.model.document import Document, Node, ParseError

NAME = "strongswan"
VERSION = 1
PATTERNS = (
    "strongswan.conf",
    "*/strongswan.d/*.conf",
    "*/strongswan.d/**/*.conf",
    "swanctl.conf",
    "*/swanctl/*.conf",
    "*/swanctl/conf.d/*.conf",
)

_TOKEN = re.compile(
    r"""
      \s++ | \#[^\n]*+ | ;
    | (?P<close>\})
    | include[^\S\n]++(?P<include>[^\s#}]++)
    | (?P<name>[^\s{}=#:,"]++)\s*+
      (?: (?P<open>\{)
        | :(?P<references>[^\n{}=#]++)\{
        | =[^\S\n]*+(?P<value>(?:"(?:[^"\\]++|\\.)*+"|[^"\n#}])*+) )
    """,
    re.VERBOSE | re.DOTALL,
)
_QUOTED = re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "\n": ""}


@dataclass(frozen=True, slots=True)
class _Open:
    """A section that is being read."""

    node: Node
    name: str
    line: int


def parse(data: bytes, path: str) -> Document:
    """Read sections, which are one where their name comes again, and values without their quotes."""
    text = decode(data)
    starts = line_starts(text)
    builder = DocumentBuilder(path, NAME)
    stack = [_Open(builder.root, "", 1)]
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        line = bisect_right(starts, at)
        if match is None:
            raise ParseError("neither a section nor a setting", line)
        at = match.end()
        inside = stack[-1].node
        if match["close"]:
            if len(stack) == 1:
                raise ParseError("unexpected `}`", line)
            stack.pop()
        elif match["include"]:
            builder.add("include", match["include"], line, at=inside, repeatable=True)
            builder.include(match["include"])
        elif match["value"] is not None:
            builder.add(match["name"], _value(match["value"].strip()), line, at=inside)
        elif match["name"]:
            node = builder.section(match["name"], line, at=inside)
            if match["references"]:
                builder.add(":", ", ".join(match["references"].replace(",", " ").split()), line, at=node)
            stack.append(_Open(node, match["name"], line))
    if len(stack) > 1:
        raise ParseError(f"section {stack[-1].name!r} is not closed", stack[-1].line)
    return builder.done()


def _value(text: str) -> str:
    quoted = _QUOTED.fullmatch(text)
    if quoted is None:
        return text
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), quoted[1])
