"""dotenv: `KEY=value` files as python-dotenv and its kin in other languages read them. Variables are not expanded."""

from __future__ import annotations

import re
from bisect import bisect_right

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import decode, end_of, line_starts
from driftd.model.document import Document

NAME = "dotenv"
VERSION = 2
PATTERNS = (
    ".env",
    ".env.*",
    "*.env",
    "/etc/environment",
    "*/environment.d/*.conf",
)

_LINE = re.compile(
    r"""
    (?:export[^\S\r\n]+)?+
    (?:'(?P<quoted_key>[^'\r\n]+)'|(?P<key>[^=\#\s]+))
    [^\S\r\n]*+
    (?P<equals>=
        (?:[^\S\r\n]*+'(?P<single>(?:[^'\\]++|\\.)*+)'
          |[^\S\r\n]*+"(?P<double>(?:[^"\\]++|\\.)*+)"
          |(?![^\S\r\n]*+['"])(?P<plain>[^\r\n]*+)))?+
    [^\S\r\n]*+(?:\#[^\r\n]*+)?+(?:[\r\n]|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)
_BLANK = re.compile(r"(?:\s++|\#[^\r\n]*+)*+")
_REST = re.compile(r"[^\r\n]*+")
_TRAILING_COMMENT = re.compile(r"\s\#.*", re.DOTALL)
_DOUBLE_ESCAPE = re.compile(r"\\([\\'\"abfnrtv])")
_SINGLE_ESCAPE = re.compile(r"\\([\\'])")
_CONTROL = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def parse(data: bytes, path: str) -> Document:
    """Read assignments; a name without `=` is null, a line that is neither becomes a problem."""
    text = decode(data)
    starts = line_starts(text)
    builder = DocumentBuilder(path, NAME)
    at = end_of(_BLANK, text, 0)
    while at < len(text):
        line = bisect_right(starts, at)
        match = _LINE.match(text, at)
        if match is None:
            start, at = at, end_of(_REST, text, at)
            builder.unread(text[start:at], line, "not of the form KEY=value")
        else:
            builder.add(match["quoted_key"] or match["key"], _value(match), line)
            at = match.end()
        at = end_of(_BLANK, text, at)
    return builder.done()


def _value(match: re.Match[str]) -> str | None:
    if match["equals"] is None:
        return None
    if match["single"] is not None:
        return _SINGLE_ESCAPE.sub(r"\1", match["single"])
    if match["double"] is not None:
        return _DOUBLE_ESCAPE.sub(lambda escape: _CONTROL.get(escape[1], escape[1]), match["double"])
    return _TRAILING_COMMENT.sub("", match["plain"] or "").strip()
