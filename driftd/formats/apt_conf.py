"""apt.conf: options of apt, by names with `::` and in `{}` blocks, which say the same. See apt.conf(5)."""

from __future__ import annotations

import re
from bisect import bisect_right

from driftd.formats.parts.builder import DocumentBuilder
from driftd.formats.parts.lines import decode, line_starts
from driftd.model.document import Document, Node, ParseError

NAME = "apt_conf"
VERSION = 1
PATTERNS = ("*/apt/apt.conf", "*/apt.conf.d/*")

_TOKEN = re.compile(
    r"""
      \s++ | //[^\n]*+ | /\*(?:[^*]++|\*(?!/))*+\*/
    | \#(?P<command>clear|include|x-apt-configure-index)\b
    | \#[^\n]*+
    | (?P<mark>[{};])
    | "(?P<quoted>(?:[^"\\\n]++|\\.)*+)"
    | (?P<word>(?:[^\s{};"/\#]++|/(?![/*])|(?<=\S)\#)++)
    """,
    re.VERBOSE,
)


def parse(data: bytes, path: str) -> Document:
    """Read options; a value without a name is a member of the list that the block around it is."""
    return _Reader(decode(data), DocumentBuilder(path, NAME)).read()


class _Reader:
    """Reads one file: words are collected until an option or a block is complete."""

    def __init__(self, text: str, builder: DocumentBuilder) -> None:
        self._text = text
        self._starts = line_starts(text)
        self._builder = builder
        self._scopes: list[tuple[Node, str, int]] = [(builder.root, "", 1)]
        """Of each open block: what holds it, the last part of its name, its line."""
        self._words: list[str] = []
        self._bare = False
        """The first of the words is a name, and no quoted value."""
        self._command = ""
        self._line = 1

    def read(self) -> Document:
        """Return the document; ParseError names the line of what is not closed."""
        at = 0
        while at < len(self._text):
            match = _TOKEN.match(self._text, at)
            if match is None:
                raise ParseError("a quote or a comment is not closed", bisect_right(self._starts, at))
            self._take(match, at)
            at = match.end()
        if self._words:
            raise ParseError(f"option {self._words[0]!r} is not ended", self._line)
        if len(self._scopes) > 1:
            raise ParseError(f"block {self._scopes[-1][1]!r} is not closed", self._scopes[-1][2])
        return self._builder.done()

    def _take(self, match: re.Match[str], at: int) -> None:
        kind = match.lastgroup
        if kind is None:
            return
        if not self._words and not self._command:
            self._line = bisect_right(self._starts, at)
        if kind == "command":
            self._command = match["command"]
        elif kind != "mark":
            self._bare = self._bare if self._words else kind == "word"
            self._words.append(match[kind])
        elif match["mark"] == "{":
            self._open()
        else:
            self._end()
            if match["mark"] == "}":
                if len(self._scopes) == 1:
                    raise ParseError("unexpected `}`", bisect_right(self._starts, at))
                self._scopes.pop()

    def _open(self) -> None:
        if not self._words:
            raise ParseError("a block without a name", self._line)
        holder, name = self._place(self._words[0])
        for value in self._words[1:]:
            self._builder.add(name, value, self._line, at=holder)
        self._scopes.append((holder, name, self._line))
        self._words = []

    def _end(self) -> None:
        words, command = self._words, self._command
        self._words, self._command = [], ""
        if command:
            self._builder.add(f"#{command}", " ".join(words), self._line, at=self._inside(), repeatable=True)
            if command == "include":
                for word in words:
                    self._builder.include(word)
        elif words and not self._bare:
            holder, name, _ = self._scopes[-1]
            for value in words:
                self._builder.add(name or "::", value, self._line, at=holder, repeatable=True)
        elif words:
            holder, name = self._place(words[0].removesuffix("::"))
            value = " ".join(words[1:])
            self._builder.add(name, value, self._line, at=holder, repeatable=words[0].endswith("::"))

    def _inside(self) -> Node:
        """The mapping that the innermost block is."""
        holder, name, line = self._scopes[-1]
        return self._builder.section(name, line, at=holder) if name else holder

    def _place(self, written: str) -> tuple[Node, str]:
        """What holds an option of this name in the innermost block, and the last part of the name."""
        *scopes, name = written.split("::")
        holder = self._inside()
        for scope in scopes:
            holder = self._builder.section(scope, self._line, at=holder)
        return holder, name
