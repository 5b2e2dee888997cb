"""Statements of nftables: words, and groups in braces, up to the end of a line or a `;`."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from driftd.formats.parts.arguments import join_arguments
from driftd.formats.parts.lines import line_starts
from driftd.model.document import ParseError

_TOKEN = re.compile(
    r"""
      (?P<end>[;\n])
    | [^\S\n]++ | \\\n | \#[^\n]*+
    | (?P<sign>[{},])
    | "(?P<quoted>[^"]*+)"
    | (?P<word>(?:[!<>=]=|<<|>>|[!=<>()])|[^\s;{},"\#!=<>()]++)
    """,
    re.VERBOSE,
)


@dataclass(slots=True)
class Statement:
    """Words of one statement; `opens`: a `{` that may open a block follows them; `closes`: a `}` ends the block."""

    line: int
    words: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    """Where each word stands."""
    opens: bool = False
    closes: bool = False

    def add(self, word: str, line: int) -> None:
        """Put a word at the end."""
        self.words.append(word)
        self.lines.append(line)

    def drop(self) -> None:
        """Take the last word away."""
        self.words.pop()
        self.lines.pop()


class Statements:
    """Reads statements of one file. After one that opens, `group` takes the braces in as words of it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = line_starts(text)
        self._at = 0

    def next(self, statement: Statement | None = None) -> Statement | None:
        """Return the next statement, or the rest of the one that a group was taken into; None at the end."""
        while (token := self._token()) is not None:
            kind, text, line = token
            if statement is None:
                if kind == "end":
                    continue
                statement = Statement(line)
            if kind == "end":
                return statement
            if text == "{" and kind == "sign":
                statement.opens = True
                return statement
            if text == "}" and kind == "sign":
                statement.closes = True
                return statement
            statement.add(_mark(kind, text), line)
        return statement

    def group(self, statement: Statement) -> Statement:
        """Take in the braces that a statement opens, and the rest of it."""
        statement.opens = False
        depth = 1
        chain = statement.words[-1:] in (["jump"], ["goto"])
        statement.add(_OPEN, statement.line)
        while depth:
            token = self._token()
            if token is None:
                raise ParseError("a brace is not closed", statement.line)
            kind, text, line = token
            if kind == "end" and (text == ";" or chain):
                if statement.words[-1] not in (_OPEN, ";"):
                    statement.add(";", line)
            elif kind == "sign":
                depth += {"{": 1, "}": -1}.get(text, 0)
                if text == "}" and statement.words[-1] in (_COMMA, ";"):
                    statement.drop()
                statement.add(_SIGNS[text], line)
            elif kind != "end":
                statement.add(_mark(kind, text), line)
        rest = self.next(statement)
        assert rest is not None
        return rest

    def _token(self) -> tuple[str, str, int] | None:
        while self._at < len(self._text):
            match = _TOKEN.match(self._text, self._at)
            line = bisect_right(self._starts, self._at)
            if match is None:
                raise ParseError("a quote is not closed", line)
            self._at = match.end()
            if match.lastgroup is not None:
                return match.lastgroup, match[match.lastgroup], line
        return None


# Signs are told from quoted text that looks like them.
_OPEN, _CLOSE, _COMMA = "\0{", "\0}", "\0,"
_SIGNS = {"{": _OPEN, "}": _CLOSE, ",": _COMMA}


def _mark(kind: str, text: str) -> str:
    return _SIGNS[text] if kind == "sign" else text


def elements(words: list[str], lines: list[int]) -> list[tuple[str, int]] | None:
    """Return the members of a set and their lines where the words are one group in braces, else None."""
    if len(words) < 2 or words[0] != _OPEN or words[-1] != _CLOSE:
        return None
    members: list[tuple[list[str], int]] = []
    depth, starts = 0, True
    for word, line in zip(words[1:-1], lines[1:-1], strict=True):
        depth += {_OPEN: 1, _CLOSE: -1}.get(word, 0)
        if depth < 0:
            return None
        if depth == 0 and word == _COMMA:
            starts = True
            continue
        if starts:
            members.append(([], line))
            starts = False
        members[-1][0].append(word)
    return [(value(member), line) for member, line in members]


def value(words: list[str]) -> str:
    """Return words as the value of a setting: one alone is the value itself, without quotes."""
    return words[0] if len(words) == 1 and words[0] not in _SIGNS.values() else spell(words)


def spell(words: list[str]) -> str:
    """Return words in the one spelling they are compared in; what a packet counter had counted is left out."""
    return "".join(_pieces(_without_counts(words)))


def _pieces(words: Iterator[str]) -> Iterator[str]:
    depth, before = 0, ""
    for word in words:
        depth += {_OPEN: 1, _CLOSE: -1}.get(word, 0)
        if before and word not in (_COMMA, ";") and (depth or before != _COMMA):
            yield " "
        yield word[1:] if word in (_OPEN, _CLOSE, _COMMA) else join_arguments((word,))
        before = word


def _without_counts(words: list[str]) -> Iterator[str]:
    at = 0
    while at < len(words):
        word = words[at]
        if word == "counter" and words[at + 1 : at + 4 : 2] == ["packets", "bytes"]:
            at += 4
        elif len(word) > 1 and word.endswith(":") and not word.endswith("::"):
            yield word[:-1]
            word = ":"
        yield word
        at += 1
