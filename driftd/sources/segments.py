r"""Patterns as written -> alternatives of segments: what stands between two slashes, one kind of thing each.

Names are matched as text: UTF-8, every byte that is not UTF-8 as one surrogate, so that `?` is one character. In a pattern
`\xNN` is that byte and never a wildcard, as items are shown; a backslash before another character makes that one plain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from typing import Final

MAX_ALTERNATIVES: Final = 1024
MAX_PATTERN: Final = 4096
MAX_NESTING: Final = 16


class Wild(Enum):
    """The wildcards of a pattern."""

    STAR = "*"
    CROSS = "**"
    ONE = "?"
    SLASH = "/"


class Any:
    """`*` alone: every name."""

    __slots__ = ()


class Crossing:
    """`**` alone: any number of directories, none too."""

    __slots__ = ()


ANY: Final = Any()
CROSSING: Final = Crossing()


@dataclass(frozen=True, slots=True)
class Class:
    """`[a-z]`: one character, as the regular expression for it."""

    expression: str


@dataclass(frozen=True, slots=True)
class Names:
    """A segment with wildcards in it: `*.conf`."""

    expression: re.Pattern[str]
    start: str
    end: str

    def matches(self, name: str) -> bool:
        """Whether a name is one of these; time grows with the name's length only."""
        return self.expression.fullmatch(name) is not None


Token = str | Wild | Class
Segment = str | Any | Crossing | Names
Segments = tuple[Segment, ...]


def alternatives(pattern: str) -> tuple[Segments, ...]:
    """Return what a pattern stands for, `{a,b}` written out; ValueError says what is wrong with it."""
    if not pattern:
        raise ValueError("an empty pattern matches nothing")
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"a pattern has at most {MAX_PATTERN} characters, this one {len(pattern)}")
    if "\0" in pattern:
        raise ValueError("no path holds a NUL")
    found: dict[Segments, None] = {}
    for tokens in _Parser(pattern).read():
        for segments in _crossed(_split(tokens)):
            found[_normal(segments)] = None
            _bound(len(found))
    return tuple(found)


def _bound(count: int) -> None:
    if count > MAX_ALTERNATIVES:
        raise ValueError(f"the pattern stands for more than {MAX_ALTERNATIVES} alternatives: write several patterns")


class _Parser:
    """Reads a pattern from left to right; every list of tokens it returns is one alternative."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self._nesting = 0

    def read(self) -> list[list[Token]]:
        return self._sequence(end="")[0]

    def _sequence(self, end: str) -> tuple[list[list[Token]], str]:
        """Read up to one of the characters in `end`; return the alternatives and the character that ended it."""
        branches: list[list[Token]] = [[]]
        plain_braces = 0
        while self._at < len(self._text):
            char = self._text[self._at]
            if char in end and not plain_braces:
                self._at += 1
                return branches, char
            if char == "{" and self._alternates():
                pieces = self._braces()
            else:
                plain_braces += (char == "{") - (char == "}" and plain_braces > 0)
                pieces = [[self._token(char)]]
            branches = [branch + piece for branch in branches for piece in pieces]
            _bound(len(branches))
        if end:
            raise ValueError("'{' is never closed; write \\x7b for the character itself")
        return branches, ""

    def _alternates(self) -> bool:
        """Whether the brace here holds a comma of its own: `{a}` is just these three characters, as in a shell."""
        depth = 0
        for found in re.finditer(r"(?s)\\.|[{},]", self._text[self._at :]):
            char = found[0]
            depth += (char == "{") - (char == "}")
            if depth == 0:
                return False
            if depth == 1 and char == ",":
                return True
        raise ValueError("'{' is never closed; write \\x7b for the character itself")

    def _braces(self) -> list[list[Token]]:
        self._at += 1
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise ValueError(f"'{{' inside '{{' more than {MAX_NESTING} deep")
        branches: list[list[Token]] = []
        ended = ","
        while ended == ",":
            more, ended = self._sequence(end=",}")
            branches += more
            _bound(len(branches))
        self._nesting -= 1
        return branches

    def _token(self, char: str) -> Token:
        match char:
            case "*":
                start = self._at
                while self._text.startswith("*", self._at):
                    self._at += 1
                return Wild.STAR if self._at - start == 1 else Wild.CROSS
            case "[":
                return self._class()
            case "\\":
                return self._escaped()
        self._at += 1
        return {"?": Wild.ONE, "/": Wild.SLASH}.get(char, char)

    def _escaped(self) -> str:
        r"""Read `\xNN`, as many as follow each other, so that `\xc3\xa9` is one character; or `\*`."""
        if run := re.compile(r"(?:\\x[0-9a-fA-F]{2})+").match(self._text, self._at):
            self._at = run.end()
            return bytes.fromhex(run[0].replace("\\x", "")).decode("utf-8", "surrogateescape")
        plain = self._text[self._at + 1 : self._at + 2]
        if not plain or plain.isalnum() or plain == "/":
            raise ValueError(f"'\\{plain}' means nothing here; write \\x5c for a backslash")
        self._at += 2
        return plain

    def _class(self) -> Class:
        start = self._at
        self._at += 1
        negated = self._text.startswith(("!", "^"), self._at)
        self._at += negated
        members: list[str] = []
        while not (self._text.startswith("]", self._at) and members):
            if self._at >= len(self._text):
                raise ValueError("'[' is never closed; write \\x5b for the character itself")
            members.append(self._member())
        self._at += 1
        return Class(_class_expression(members, negated=negated, text=self._text[start : self._at]))

    def _member(self) -> str:
        char = self._text[self._at]
        if char == "\\":
            read = self._escaped()
            if len(read) != 1:
                raise ValueError("one character at a time in [...]")
            return "\\" + read
        if char == "/":
            raise ValueError("'/' cannot stand in [...]")
        if self._text.startswith(("[:", "[=", "[."), self._at):
            raise ValueError("named classes such as [:alpha:] are not supported; write [a-zA-Z]")
        self._at += 1
        return char


def _class_expression(members: list[str], *, negated: bool, text: str) -> str:
    """Return the regular expression of a class; a `-` that is not escaped and not at an end makes a range."""
    out = []
    at = 0
    while at < len(members):
        low = members[at][-1]
        if at + 2 < len(members) and members[at + 1] == "-":
            high = members[at + 2][-1]
            if high < low:
                raise ValueError(f"the range {low}-{high} in {text} is empty")
            out.append(f"{re.escape(low)}-{re.escape(high)}")
            at += 3
        else:
            out.append(re.escape(low))
            at += 1
    return f"[{'^' if negated else ''}{''.join(out)}]"


def _split(tokens: list[Token]) -> list[list[Token]]:
    segments: list[list[Token]] = [[]]
    for token in tokens:
        if token is Wild.SLASH:
            segments.append([])
        else:
            segments[-1].append(token)
    return segments


def _crossed(segments: list[list[Token]]) -> Iterator[list[Segment]]:
    """Write out `**` that stands beside other characters: `a**b` is `a*b` or `a*/**/*b`."""
    done: list[list[Segment]] = [[]]
    for segment in segments:
        ways = [[_segment(tokens) for tokens in way] for way in _ways(segment)]
        done = [before + way for before in done for way in ways]
        _bound(len(done))
    yield from done


def _ways(tokens: list[Token]) -> list[list[list[Token]]]:
    if Wild.CROSS not in tokens or tokens == [Wild.CROSS]:
        return [[tokens]]
    at = tokens.index(Wild.CROSS)
    left, right = tokens[:at], tokens[at + 1 :]
    within = _ways([*left, Wild.STAR, *right])
    across: list[list[list[Token]]] = [[[*left, Wild.STAR], [Wild.CROSS], *rest] for rest in _ways([Wild.STAR, *right])]
    _bound(len(within) + len(across))
    return within + across


def _segment(tokens: list[Token]) -> Segment:
    if tokens == [Wild.CROSS]:
        return CROSSING
    if tokens and all(token is Wild.STAR for token in tokens):
        return ANY
    plain = [token for token in tokens if isinstance(token, str)]
    if len(plain) == len(tokens):
        return "".join(plain)
    return Names(re.compile(_expression(tokens), re.DOTALL), _fixed(tokens), _fixed(tokens[::-1], backwards=True))


def _fixed(tokens: list[Token], *, backwards: bool = False) -> str:
    texts: list[str] = []
    for token in tokens:
        if not isinstance(token, str):
            break
        texts.append(token)
    return "".join(reversed(texts) if backwards else texts)


def _expression(tokens: list[Token]) -> str:
    """Return a regular expression that never goes back over a star: the first place where what follows fits is as good as any."""
    parts = [
        "" if star else "".join(map(_one, run)) for star, run in groupby(tokens, key=lambda token: token is Wild.STAR)
    ]
    starred = [star for star, _ in groupby(tokens, key=lambda token: token is Wild.STAR)]
    out = []
    for index, (part, star) in enumerate(zip(parts, starred, strict=True)):
        if star and index == len(parts) - 1:
            out.append(".*")
        elif not star and index and index == len(parts) - 1:
            out.append(f".*{part}")
        elif not star and index:
            out.append(f"(?>.*?{part})")
        elif not star:
            out.append(part)
    return "".join(out)


def _one(token: Token) -> str:
    match token:
        case str():
            return re.escape(token)
        case Class(expression):
            return expression
        case _:
            return "."


def _normal(segments: list[Segment]) -> Segments:
    """Return segments without empty ones, `.` and repeated `**`; a `**` at the end needs something below."""
    out: list[Segment] = []
    for index, segment in enumerate(segments):
        if segment == "..":
            raise ValueError("'..' cannot stand in a pattern")
        if (segment == "" and index) or segment == "." or (segment is CROSSING and out[-1:] == [CROSSING]):
            continue
        out.append(segment)
    if out and out[-1] is CROSSING:
        out.append(ANY)
    if not out:
        raise ValueError("the pattern names nothing")
    return tuple(out)
