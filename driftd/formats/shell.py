r"""Shell variable files that hold nothing but assignments: /etc/default, os-release and their like.

Expansions are kept as written; where a value has a `$` or backtick, those that are literal are escaped, and so is a
literal backslash: `'$HOME'` is `\$HOME`, and `"$HOME"` is `$HOME`.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import decode, line_starts
from driftd.model.document import Document, ParseError

NAME = "shell"
VERSION = 3
PATTERNS = (
    "*/os-release",
    "*/lsb-release",
    "*/locale.conf",
    "*/vconsole.conf",
)
HINTS = (
    "*/default/*",
    "*/sysconfig/*",
    "*/sysconfig/**/*",
    "/etc/conf.d/*",
    "*/envvars",
    "*/adduser.conf",
    "*/deluser.conf",
    "*/e2scrub.conf",
    "*/ucf.conf",
    "*/selinux/config",
    "*/initramfs-tools/*.conf",
    "*/initramfs-tools/conf.d/*",
    "*/logcheck/*.conf",
    "*/kernel-img.conf",
    "*.profile",
)

_BLANK = re.compile(r"(?:[ \t\r\n;]++|\\\n|\#[^\n]*+)*+")
_SPACE = re.compile(r"(?:[ \t]++|\\\n)*+")
_PREFIX = re.compile(r"(?:export|readonly|declare(?:[ \t]+-[a-zA-Z]+)*|typeset)[ \t]+")
_ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*+(?:\[[^\]\s]*+\])?)(?P<equals>\+?=)?")
_PIECE = re.compile(
    r"""
      '(?P<single>[^']*+)'
    | "(?P<double>(?:[^"\\]++|\\.)*+)"
    | \\\n
    | \\(?P<escaped>.)
    | (?P<active>\$(?:\{[^}\n]{0,500}+\}|\([^()\n]{0,500}+\)|\w+|[@*\#?$!\-])|`[^`\n]{0,500}+`)
    | (?P<plain>[^\s'"\\$`;&|<>()]++|\$)
    """,
    re.VERBOSE | re.DOTALL,
)
_INNER = re.compile(
    r"""
      \\\n
    | \\(?P<escaped>[$`"\\])
    | (?P<active>\$(?:\{[^}]{0,500}+\}|\([^()]{0,500}+\)|\w+|[@*\#?$!\-])|`[^`]{0,500}+`)
    | (?P<plain>[^\\$`]++|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_USE = re.compile(r"(?<!\\)\$\{?([A-Za-z_][A-Za-z0-9_]*+)")
_SPECIAL = re.compile(r"[$`\\]")


def parse(data: bytes, path: str) -> Document:
    """Read assignments; ParseError names the line of anything else."""
    return _Reader(decode(data), DocumentBuilder(path, NAME)).read()


def sniff(data: bytes) -> bool:
    """Whether the file holds assignments and comments, and nothing else."""
    if data.startswith(b"#!"):
        return False
    try:
        parse(data, "")
    except ParseError:
        return False
    return True


def typical(data: bytes) -> bool:
    """Whether a file holds assignments alone, and looks as a shell's: names in capitals, or quotes around values."""
    return _TYPICAL.search(data) is not None and sniff(data)


_TYPICAL = re.compile(
    rb"""^(?:export[ \t]++)?+(?:[A-Z][A-Z0-9]*+(?:_[A-Z0-9]++)*+=|[A-Za-z_][A-Za-z0-9_]*+=(?:["'$]|\())""", re.MULTILINE
)


class _Reader:
    """Reads one file from left to right."""

    def __init__(self, text: str, builder: DocumentBuilder) -> None:
        self._text = text
        self._starts = line_starts(text)
        self._builder = builder
        self._at = 0
        self._assigned: list[tuple[str, list[str]]] = []
        """Variables in the order in which they are assigned, each with those that its value uses."""

    def read(self) -> Document:
        """Return the document."""
        self._skip(_BLANK)
        while self._at < len(self._text):
            prefix = _PREFIX.match(self._text, self._at)
            if prefix is not None:
                self._at = prefix.end()
            self._assignment(exported=prefix is not None)
            self._skip(_BLANK)
        if order := _early(self._assigned):
            self._builder.add("@order", " ".join(order), 1)
        return self._builder.done()

    def _assignment(self, *, exported: bool) -> None:
        line = bisect_right(self._starts, self._at)
        match = _ASSIGNMENT.match(self._text, self._at)
        if match is None or (match["equals"] is None and not exported):
            raise ParseError("not an assignment", line)
        self._at = match.end()
        if match["equals"] is None:
            self._builder.add("export", match["name"], line, repeatable=True)
        else:
            name = match["name"] + ("+" if match["equals"] == "+=" else "")
            value = self._array() if self._text.startswith("(", self._at) else self._word(assigned=True)
            self._builder.add(name, value, line)
            self._assigned.append((match["name"], _USE.findall(value if isinstance(value, str) else " ".join(value))))
        if self._at < len(self._text) and self._text[self._at] not in " \t\r\n;":
            raise ParseError("not an assignment", line)

    def _array(self) -> list[str]:
        line = bisect_right(self._starts, self._at)
        self._at += 1
        members: list[str] = []
        self._skip(_BLANK)
        while not self._text.startswith(")", self._at):
            start = self._at
            members.append(self._word())
            if self._at == start:
                raise ParseError("an array is not closed", line)
            self._skip(_BLANK)
        self._at += 1
        return members

    def _word(self, *, assigned: bool = False) -> str:
        """The value of one word: quotes are taken away, expansions stay; `#` starts a comment unless `assigned`."""
        pieces: list[tuple[str, bool]] = []
        while (match := _PIECE.match(self._text, self._at)) is not None:
            if not assigned and not pieces and (match["plain"] or "").startswith("#"):
                break
            pieces.extend(_meaning(match))
            self._at = match.end()
        if not any("$" in text or "`" in text for text, _ in pieces):
            return "".join(text for text, _ in pieces)
        return "".join(text if active else _SPECIAL.sub(r"\\\g<0>", text) for text, active in pieces)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._at)
        assert match is not None
        self._at = match.end()


def _early(assigned: list[tuple[str, list[str]]]) -> list[str]:
    """Variables that are used before they are assigned again, and those that use them, in their order."""
    last = {name: index for index, (name, _) in enumerate(assigned)}
    involved: set[str] = set()
    for index, (name, used) in enumerate(assigned):
        for other in used:
            if other != name and last.get(other, -1) > index:
                involved |= {name, other}
    return [name for name, _ in assigned if name in involved]


def _meaning(match: re.Match[str]) -> list[tuple[str, bool]]:
    """The texts of a piece, each with whether the shell expands it."""
    if match["double"] is not None:
        return [_inner(inner) for inner in _INNER.finditer(match["double"])]
    if match["active"] is not None:
        return [(match["active"], True)]
    literal = match["single"] if match["single"] is not None else match["escaped"] or match["plain"] or ""
    return [(literal, False)]


def _inner(match: re.Match[str]) -> tuple[str, bool]:
    if match["active"] is not None:
        return match["active"], True
    return match["escaped"] or match["plain"] or "", False
