"""Tokens of HCL: words, numbers, templates with their interpolations, heredocs, marks.

See https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable

from driftd.formats.parts.builder import MAX_DEPTH
from driftd.formats.parts.expressions import Token, spell
from driftd.formats.parts.lines import line_starts
from driftd.model.document import ParseError

_TOKEN = re.compile(
    r"""
      [^\S\n]++ | (?:\#|//)[^\n]*+ | (?P<comment>/\*(?:[^*]++|\*(?!/))*+\*/)
    | (?P<newline>\n)
    | (?P<number>0[xX][0-9A-Fa-f]++|[0-9]++(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+)
    | (?P<word>[^\W\d][\w-]*+)
    | (?P<heredoc><<-?+(?P<end>[^\W\d][\w-]*+)[^\S\n]*+\n)
    | (?P<quote>")
    | (?P<mark>&&|\|\||==|!=|<=|>=|=>|\.\.\.|::|[-+*/%!<>?:.,()\[\]{}=~])
    """,
    re.VERBOSE,
)
_QUOTED = re.compile(
    r"""
      (?P<plain>[^"\\$%\n]++) | (?P<literal>\$\$\{|%%\{) | (?P<open>[$%]\{~?+) | (?P<end>") | (?P<lone>[$%])
    | \\(?P<unicode>u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}) | \\(?P<escaped>[^\n])
    """,
    re.VERBOSE,
)
_UNQUOTED = re.compile(r"(?P<plain>[^$%]++)|(?P<literal>\$\$\{|%%\{)|(?P<open>[$%]\{~?+)|(?P<lone>[$%])")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
_INDENT = re.compile(r"[ \t]*+")


def tokens(text: str) -> list[Token]:
    """Return the tokens of a file; ParseError names the line of what is not closed or not HCL."""
    starts = line_starts(text)
    return _Lexer(text, lambda at: bisect_right(starts, at), 0).read(0, inner=False)[0]


class _Lexer:
    """Reads one text: a file, or the part of it that a heredoc holds."""

    def __init__(self, text: str, line_of: Callable[[int], int], depth: int) -> None:
        self._text = text
        self._line_of = line_of
        self._depth = depth

    def read(self, at: int, *, inner: bool) -> tuple[list[Token], int]:
        """Return tokens and the offset behind them; `inner`: up to the brace that closes an interpolation."""
        found: list[Token] = []
        start, depth = at, 0
        while at < len(self._text):
            match = _TOKEN.match(self._text, at)
            if match is None:
                raise ParseError(f"unexpected {self._text[at]!r}", self._line_of(at))
            line = self._line_of(at)
            at = match.end()
            match match.lastgroup:
                case "mark":
                    depth += {"{": 1, "}": -1}.get(match[0], 0)
                    if inner and depth < 0:
                        return found, at
                    found.append(Token("mark", match[0], line))
                case "word" | "number" | "newline" as kind:
                    found.append(Token(kind, match[0], line))
                case "quote":
                    value, spelling, at = self.template(at, quoted=True)
                    found.append(Token("string", value, line, f'"{spelling}"'))
                case "heredoc":
                    token, at = self._heredoc(match, line)
                    found.append(token)
        if inner:
            raise ParseError("an interpolation is not closed", self._line_of(min(start, len(self._text) - 1)))
        return found, at

    def _heredoc(self, match: re.Match[str], line: int) -> tuple[Token, int]:
        """The text up to the line that holds nothing but its end."""
        body: list[str] = []
        at = stop = match.end()
        while at < len(self._text):
            stop = self._text.find("\n", at)
            stop = len(self._text) if stop < 0 else stop
            row = self._text[at:stop]
            if row.strip() == match["end"]:
                break
            body.append(row)
            at = stop + 1
        else:
            raise ParseError(f"heredoc {match['end']} is not closed", line)
        if match[0].startswith("<<-"):
            body = _outdented(body)
        text = "".join(f"{row}\n" for row in body)
        value, spelling, _ = _Lexer(text, lambda _: line, self._depth).template(0, quoted=False)
        return Token("string", value, line, f'"{spelling}"'), stop

    def template(self, at: int, *, quoted: bool) -> tuple[str, str, int]:
        """What a template says, how it is spelled between quotes, and the offset behind it."""
        values: list[str] = []
        spellings: list[str] = []
        start = at
        while quoted or at < len(self._text):
            match = (_QUOTED if quoted else _UNQUOTED).match(self._text, at)
            if match is None:
                raise ParseError("a quote is not closed", self._line_of(start - 1))
            at = match.end()
            if match.lastgroup == "end":
                break
            if match.lastgroup == "open":
                inner, at = self._interpolation(match[0], at)
                values.append(inner)
                spellings.append(inner)
                continue
            value = _resolved(match)
            values.append(value)
            spellings.append(json.dumps(value, ensure_ascii=False)[1:-1])
        return "".join(values), "".join(spellings), at

    def _interpolation(self, opening: str, at: int) -> tuple[str, int]:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ParseError(f"nested deeper than {MAX_DEPTH} levels", self._line_of(at - 1))
        inner, at = self.read(at, inner=True)
        self._depth -= 1
        trim = ""
        if inner and inner[-1].text == "~" and inner[-1].kind == "mark":
            trim = inner.pop().text
        return opening + spell(with_commas(inner)) + trim + "}", at


def with_commas(found: list[Token]) -> list[Token]:
    """Return the tokens of an expression with a comma where the end of a line parts the members of an object.

    A comma behind the last member, and the ends of other lines, are left out.
    """
    result: list[Token] = []
    brackets: list[bool] = []
    """Of each open bracket: whether lines part what is in it."""
    pending: Token | None = None
    for at, token in enumerate(found):
        if token.kind == "newline" or (token.kind == "mark" and token.text == ","):
            if token.kind == "mark" or (brackets and brackets[-1]):
                pending = pending or Token("mark", ",", token.line)
            continue
        closes = token.kind == "mark" and token.text in ")]}"
        if (
            pending is not None
            and not closes
            and not (result and result[-1].text in "([{" and result[-1].kind == "mark")
        ):
            result.append(pending)
        pending = None
        if closes and brackets:
            brackets.pop()
        elif token.kind == "mark" and token.text in "([{":
            brackets.append(token.text == "{" and not opens_for(found, at))
        result.append(token)
    return result


def opens_for(found: list[Token], at: int) -> bool:
    """Whether the bracket at a place opens a `for` expression."""
    at += 1
    while at < len(found) and found[at].kind == "newline":
        at += 1
    return at < len(found) and found[at].kind == "word" and found[at].text == "for"


def _outdented(rows: list[str]) -> list[str]:
    """Lines without the indentation that all of them share."""
    indents = [_INDENT.match(row).end() for row in rows if row.strip()]  # type: ignore[union-attr]
    least = min(indents, default=0)
    return [row[min(least, len(row) - len(row.lstrip(" \t"))) :] for row in rows]


def _resolved(match: re.Match[str]) -> str:
    if match.lastgroup == "unicode":
        code = int(match["unicode"][1:], 16)
        return chr(code) if code <= 0x10FFFF else match[0]
    if match.lastgroup == "escaped":
        return _ESCAPED.get(match["escaped"], match["escaped"])
    return match[0]
