"""Configuration of a program that driftd does not know: its lines, without what no program reads.

Left out are blank lines, lines of comment and white space at the end. A run of white space is one space, an indentation
two spaces for each level, however wide it is written; in a file with `{}` blocks the braces say the level. Nothing else
is guessed: order counts, every line is one text, and what follows a `#` behind a value is a part of it, as it is for
programs that know comments only at the start of a line.

What may be a text of several lines stays as it is written: lines that a backslash joins, a quote that another line
closes, here-documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from driftd.formats.parts.builder import Bounds
from driftd.formats.parts.lines import Line, ends_in_backslash, lines
from driftd.model.document import Document, Node

NAME = "conf"
VERSION = 1
# Names that do not say it; which others there are is for `files.py` to say, once no format knows the content.
PATTERNS = (
    "*/.tmux.conf",
    "/etc/shells",
    "*/postfix/dynamicmaps.cf",
    "*/securetty",
    "*/ftpusers",
    "/etc/modules",
    "*/modules-load.d/*.conf",
    "*/cron.allow",
    "*/cron.deny",
    "*/at.allow",
    "*/at.deny",
    "*/inputrc",
    "*/.inputrc",
    "*/screenrc",
    "*/.screenrc",
    "*/sane.d/*.conf",
    "*/logcheck/*.d*/*",
    "*/apparmor.d/*",
    "*/apparmor.d/*/*",
)

_BLANKS = " \t\f\v\r"
# `;` alone ends something, and `//host/share` is a name. `#include` and its like, and Kamailio's `#!define`, are read.
_COMMENT = re.compile(
    r"""
      \#(?! !\w | include(?:dir)?\s++["'</\w$] | (?:define|undef|ifn?def)\s | (?:else|endif)\s*+\Z
          | if\s++(?:!|\(|\d|defined) )
    | ;++\s*+[^\s;}]
    | //(?:\s|\Z)
    """,
    re.VERBOSE,
)
_PIECE = re.compile(
    r"""
      (?P<blank>[ \t\f\v\r]++)
    | (?<![^\s=:,(\[{])(?:"(?:[^"\\]++|\\.)*+"|'(?:[^'\\]++|\\.)*+')
    | (?P<open>(?<![^\s=:,(\[{])["'])
    | (?P<brace>[{}])
    | \\.
    | [^\s\\"'{}]++
    | .
    """,
    re.VERBOSE | re.DOTALL,
)
_HERE = re.compile(r"""(?<!<)<<-?+[ \t]*+(["']?)(?P<end>[A-Za-z_]\w*+)\1""")


@dataclass(slots=True)
class _Said:
    """A line that says something."""

    number: int
    text: str
    indent: int = 0
    verbatim: bool = False
    """It may be a part of a text of several lines."""
    braces: str = ""
    """The braces in it that are not quoted, in order."""
    opens: str | None = None
    """A quote that this line does not close."""


def parse(data: bytes, path: str) -> Document:
    """Read every line that says something as one text."""
    bounds = Bounds()
    members: list[Node] = []
    said = list(_said(list(lines(data))))
    for line, level in zip(said, _levels(said), strict=True):
        bounds.count(1 + level, line.number)
        members.append(Node(line.text if line.verbatim else "  " * level + line.text, line.number))
    return Document(path, NAME, Node(members, 1), untyped=True)


def tidy_script(source: Sequence[Line]) -> str:
    """Return a script as one text: no blank lines, no comments, no indentation, except where it may be a text in it."""
    return "\n".join(line.text for line in _said(source))


def _said(source: Sequence[Line]) -> Iterator[_Said]:
    """Lines without comments and superfluous white space; those of a longer text as they are."""
    ends = {line.text.strip(_BLANKS): line.number for line in source}
    quotes = {quote: line.number for line in source for quote in "\"'" if quote in line.text}
    waiting: str | None = None
    """The quote, or the end of the here-document, that is awaited."""
    joined = False
    for line in source:
        text = line.text.strip(_BLANKS)
        if waiting is not None:
            yield _Said(line.number, line.text, verbatim=True)
            waiting = None if waiting == text or (waiting in "\"'" and waiting in text) else waiting
            continue
        if joined:
            yield _Said(line.number, line.text, verbatim=True)
            joined = ends_in_backslash(line.text)
            continue
        if not text or _COMMENT.match(text):
            continue
        said = _normal(line, text)
        joined = ends_in_backslash(line.text)
        here = _HERE.search(text)
        if said.opens is not None and quotes[said.opens] > line.number:
            waiting = said.opens
            said = _Said(line.number, line.text, verbatim=True)
        elif here is not None and ends.get(here["end"], 0) > line.number:
            waiting = here["end"]
        yield said


def _normal(line: Line, text: str) -> _Said:
    """A line with single spaces and without the comment behind it."""
    said = _Said(line.number, "", _width(line.text))
    parts: list[str] = []
    braces: list[str] = []
    for piece in _PIECE.finditer(text):
        match piece.lastgroup:
            case "blank":
                parts.append(" ")
                continue
            case "open":
                said.opens = said.opens or piece[0]
            case "brace":
                braces.append(piece[0])
        parts.append(piece[0])
    if ends_in_backslash(text) and not ends_in_backslash(line.text):
        parts.append(" ")  # behind such a blank, the backslash joins nothing
    said.text = "".join(parts)
    said.braces = "".join(braces)
    return said


def _width(text: str) -> int:
    """How far a line is indented, a tab reaching to the next multiple of eight."""
    return len(text[: len(text) - len(text.lstrip(_BLANKS))].expandtabs())


def _levels(said: Sequence[_Said]) -> Iterator[int]:
    """The level of each line."""
    blocks = any(line.text.endswith("{") for line in said) and _balanced("".join(line.braces for line in said))
    return _levels_of_braces(said) if blocks else _levels_of_indentation(said)


def _levels_of_braces(said: Sequence[_Said]) -> Iterator[int]:
    depth = 0
    for line in said:
        closing = len(line.braces) - len(line.braces.lstrip("}")) if line.text.startswith("}") else 0
        yield depth - closing
        depth += line.braces.count("{") - line.braces.count("}")


def _levels_of_indentation(said: Sequence[_Said]) -> Iterator[int]:
    indents: list[int] = []
    for line in said:
        if not line.verbatim:
            while indents and indents[-1] > line.indent:
                indents.pop()
            if not indents or indents[-1] < line.indent:
                indents.append(line.indent)
        yield max(len(indents) - 1, 0)


def _balanced(braces: str) -> bool:
    depth = 0
    for brace in braces:
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0
