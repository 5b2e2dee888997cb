"""Patterns as alternatives of segments: what stands between two slashes, one kind of thing each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from driftd.sources.notation import Class, Token, Wild, bound, written_out


class Any:
    """`*` alone: every name."""

    __slots__ = ()


class Crossing:
    """`**` alone: any number of directories, none too."""

    __slots__ = ()


ANY: Final = Any()
CROSSING: Final = Crossing()


@dataclass(frozen=True, slots=True)
class Names:
    """A segment with wildcards in it: `*.conf`."""

    expression: re.Pattern[str]
    start: str
    end: str

    def matches(self, name: str) -> bool:
        """Whether a name is one of these; time grows with the name's length only."""
        return self.expression.fullmatch(name) is not None


Segment = str | Any | Crossing | Names
Segments = tuple[Segment, ...]


def alternatives(pattern: str) -> tuple[Segments, ...]:
    """Return what a pattern stands for, `{a,b}` written out; ValueError says what is wrong with it."""
    found: dict[Segments, None] = {}
    for tokens in written_out(pattern):
        for segments in _crossed(_split(tokens)):
            found[_normal(segments)] = None
            bound(len(found))
    return tuple(found)


def _split(tokens: list[Token]) -> list[list[Token]]:
    segments: list[list[Token]] = [[]]
    for token in tokens:
        if token is Wild.SLASH:
            segments.append([])
        else:
            segments[-1].append(token)
    return segments


def _crossed(segments: list[list[Token]]) -> list[list[Segment]]:
    """Write out `**` that stands beside other characters: `a**b` is `a*b` or `a*/**/*b`."""
    done: list[list[Segment]] = [[]]
    for segment in segments:
        ways = [[_segment(tokens) for tokens in way] for way in _ways(segment)]
        done = [before + way for before in done for way in ways]
        bound(len(done))
    return done


def _ways(tokens: list[Token]) -> list[list[list[Token]]]:
    if Wild.CROSS not in tokens or tokens == [Wild.CROSS]:
        return [[tokens]]
    at = tokens.index(Wild.CROSS)
    left, right = tokens[:at], tokens[at + 1 :]
    within = _ways([*left, Wild.STAR, *right])
    across: list[list[list[Token]]] = [[[*left, Wild.STAR], [Wild.CROSS], *rest] for rest in _ways([Wild.STAR, *right])]
    bound(len(within) + len(across))
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
    runs = [(star, "".join(map(_one, run))) for star, run in groupby(tokens, key=lambda token: token is Wild.STAR)]
    out = []
    for index, (is_star, text) in enumerate(runs):
        is_last = index == len(runs) - 1
        if is_star:
            out.append(".*" if is_last else "")
        elif index == 0:
            out.append(text)
        else:
            out.append(f".*{text}" if is_last else f"(?>.*?{text})")
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
