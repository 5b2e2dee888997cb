"""Environment files of systemd: `NAME=value` without a shell. See systemd.exec(5), "EnvironmentFile=" (252).

Unlike in a shell, white space may stand in a value without quotes, and nothing is expanded.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import decode, end_of, line_starts
from driftd.model.document import Document

NAME = "envfile"
VERSION = 2
PATTERNS = ("*/containers/systemd/*.env",)
HINTS = ("*/default/*", "*/sysconfig/*", "*/sysconfig/**/*", "*/conf.d/*", "*.environment", "environment", "env")

# A comment goes on where its line ends in a backslash.
_BLANK = re.compile(r"(?:\s++|[#;](?:[^\\\n]++|\\.|\\\Z)*+)*+", re.DOTALL)
_NAME = re.compile(r"[^=\n]*+")
_PIECE = re.compile(
    r"""
      (?P<space>[^\S\n]++)
    | '(?P<single>[^']*+)'?
    | "(?P<double>(?:[^"\\]++|\\.|\\\Z)*+)"?
    """,
    re.VERBOSE | re.DOTALL,
)
_BARE = re.compile(r"(?:[^\\\n]++|\\.|\\\Z)*+", re.DOTALL)
_ESCAPE = re.compile(r"\\(.|\Z)", re.DOTALL)


def parse(data: bytes, path: str) -> Document:
    """Read assignments; a line without `=`, which systemd leaves out, is a problem."""
    text = decode(data)
    starts = line_starts(text)
    builder = DocumentBuilder(path, NAME)
    at = end_of(_BLANK, text, 0)
    while at < len(text):
        line, start = bisect_right(starts, at), at
        at = end_of(_NAME, text, at)
        name = text[start:at].rstrip()
        value = None
        if text.startswith("=", at):
            at, value = _value(text, at + 1)
        if name and value is not None:
            builder.add(name, value, line)
        else:
            builder.unread(text[start:at], line, "not of the form NAME=value")
        at = end_of(_BLANK, text, at)
    return builder.done()


def sniff(data: bytes) -> bool:
    """Whether the file holds assignments to names in capitals, and nothing else."""
    if data.startswith(b"#!"):
        return False
    document = parse(data, "")
    names = document.root.value
    return not document.problems and isinstance(names, dict) and bool(names) and all(map(_CAPITALS.fullmatch, names))


_CAPITALS = re.compile(r"[A-Z_][A-Z0-9_]*+")


def _value(text: str, at: int) -> tuple[int, str]:
    """The value that starts here, and where it ends: quoted parts, then one that is not."""
    parts: list[str] = []
    while (match := _PIECE.match(text, at)) is not None:
        at = match.end()
        if match["single"] is not None:
            parts.append(match["single"])
        elif match["double"] is not None:
            parts.append(_ESCAPE.sub(_in_quotes, match["double"]))
    end = end_of(_BARE, text, at)
    return end, "".join((*parts, _bare(text[at:end])))


def _in_quotes(match: re.Match[str]) -> str:
    if match[1] == "\n":
        return ""
    return match[1] if match[1] in tuple('"\\`$') else match[0]


def _bare(text: str) -> str:
    """Text without quotes: a backslash keeps the character after it, white space at the end goes unless it is kept."""
    kept = 0
    for match in _ESCAPE.finditer(text):
        kept = match.end()
    text = text[:kept] + text[kept:].rstrip()
    return _ESCAPE.sub(lambda match: "" if match[1] == "\n" else match[1], text)
