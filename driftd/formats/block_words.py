"""How the words of a directive are spelled in its value, in the formats with `{}` blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from driftd.formats.arguments import join_arguments
from driftd.formats.block_tokens import Token

Quoting = Literal["words", "values", "typed"]
"""What quotes say.

- words: they hold a word together, and stay only where a word needs them;
- values: likewise, and a value that is one quoted word is that word;
- typed: a quoted text is no name, so that among other words its quotes stay.
"""

_OPERATORS = frozenset({"and", "or", "not", "if", "in"})


def spell(words: Sequence[Token], quoting: Quoting) -> str | None:
    """Return arguments as one text in one spelling, None where there are none."""
    if not words:
        return None
    if len(words) == 1 and quoting != "words":
        return words[0].text
    pieces: list[str] = []
    before: Token | None = None
    for word in words:
        if before is not None and _is_apart(before, word):
            pieces.append(" ")
        pieces.append(_spell_one(word, quoting))
        before = word
    return "".join(pieces)


def _spell_one(word: Token, quoting: Quoting) -> str:
    if word.form == "sign":
        return word.text
    if word.form == "quoted" and quoting == "typed":
        return '"' + word.text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return join_arguments((word.text,))


def _is_apart(before: Token, word: Token) -> bool:
    """Whether a space stands between two words: not within parentheses, before a comma, or behind a function's name."""
    if before.form == "sign" and before.text in ("(", "!"):
        return False
    if word.form != "sign":
        return True
    if word.text == "(":
        return before.form != "bare" or before.text.lower() in _OPERATORS
    return word.text not in (")", ",")
