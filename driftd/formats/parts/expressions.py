"""Expressions of configuration languages: tokens, and the one spelling in which they are compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["word", "number", "string", "mark", "newline"]


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a file."""

    kind: Kind
    text: str
    """What it says: a string without its quotes and escapes."""
    line: int
    spelling: str = ""
    """How it is written inside an expression, where that is not its text."""


_TIGHT_BEHIND = frozenset("([.!@$") | {"::"}
"""After these comes no space."""
_TIGHT_BEFORE = frozenset(")].,;") | {"::", "..."}
"""Before these comes no space."""
_ENDS_OPERAND = frozenset(")]}")
_KEYWORDS = frozenset(
    {"and", "contains", "else", "for", "if", "in", "nand", "nor", "not", "or", "return", "then", "where", "xor"}
)
"""Words that are operators: a bracket behind them is no call and no index."""
_SIGNS = frozenset({"-", "!", "+", "~"})


def spell(tokens: Iterable[Token]) -> str:
    """Return an expression with one space where the language allows any; the ends of lines are a space, too."""
    parts: list[str] = []
    before: Token | None = None
    sign = False  # `before` is a sign and no operator
    for token in tokens:
        if token.kind == "newline":
            continue
        if before is not None and not sign and _spaced(before, token):
            parts.append(" ")
        sign = _is(token, _SIGNS) and (before is None or not _ends_operand(before))
        parts.append(token.spelling or token.text)
        before = token
    return "".join(parts)


def _spaced(before: Token, token: Token) -> bool:
    if _is(before, _TIGHT_BEHIND) or _is(token, _TIGHT_BEFORE):
        return False
    if _is(token, frozenset("([")):
        return not _ends_operand(before) or before.kind == "number"
    return True


def _ends_operand(token: Token) -> bool:
    return token.text in _ENDS_OPERAND if token.kind == "mark" else token.text not in _KEYWORDS


def _is(token: Token, marks: frozenset[str]) -> bool:
    return token.kind == "mark" and token.text in marks
