"""Arguments of a directive: words and quoted text, and the one spelling they are compared in."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NEEDS_QUOTES = re.compile(r"""\s|\A["']|\A\Z""")


def join_arguments(arguments: Iterable[str]) -> str:
    """Return arguments joined by one space; quotes stand only around those that would be misread without."""
    return " ".join(map(_spell, arguments))


def _spell(argument: str) -> str:
    if not _NEEDS_QUOTES.search(argument):
        return argument
    return '"' + argument.replace("\\", "\\\\").replace('"', '\\"') + '"'


_PIECE = re.compile(
    r"""
      "(?P<double>(?:[^"\\]++|\\.)*+)"
    | '(?P<single>(?:[^'\\]++|\\.)*+)'
    | \\(?P<escaped>["'\\ ])
    | (?P<plain>(?:[^\s"'\\]++|\\(?!["'\\ ]))++)
    """,
    re.VERBOSE | re.DOTALL,
)
_DOUBLE_ESCAPE = re.compile(r'\\(["\\])')
_SINGLE_ESCAPE = re.compile(r"\\(['\\])")


def split_arguments(text: str, *, comment: str | None = None) -> list[str] | None:
    """Return the words of a line, None where a quote is not closed; quotes join, as in `FOO="a b"`.

    A word that starts with `comment` ends the line. A backslash escapes quotes, itself and a space.
    """
    arguments: list[str] = []
    pieces: list[str] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            if pieces:
                arguments.append("".join(pieces))
                pieces = []
            at += 1
            continue
        if not pieces and comment is not None and text.startswith(comment, at):
            return arguments
        match = _PIECE.match(text, at)
        if match is None:
            return None
        pieces.append(_unquote(match))
        at = match.end()
    if pieces:
        arguments.append("".join(pieces))
    return arguments


def _unquote(match: re.Match[str]) -> str:
    if match["double"] is not None:
        return _DOUBLE_ESCAPE.sub(r"\1", match["double"])
    if match["single"] is not None:
        return _SINGLE_ESCAPE.sub(r"\1", match["single"])
    return match["escaped"] or match["plain"] or ""


_RUN = re.compile(
    r"""
      (?P<blank>\s++)
    | (?<![^\s=:,(\[{])(?:"(?:[^"\\]++|\\.)*+"|'(?:[^'\\]++|\\.)*+')
    | \\. | [^\s\\"']++ | .
    """,
    re.VERBOSE | re.DOTALL,
)


def single_spaces(text: str, *, comment: str | None = None) -> str:
    """Return a text in which a run of white space is one space, except within quotes and behind a backslash.

    A word that starts with `comment` ends the text.
    """
    pieces: list[str] = []
    for match in _RUN.finditer(text):
        if comment is not None and match[0].startswith(comment) and pieces[-1:] in ([], [" "]):
            return "".join(pieces).rstrip(" ")
        pieces.append(" " if match["blank"] else match[0])
    return "".join(pieces)
