"""How the words of a directive are spelled in its value, in the formats with `{}` blocks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from driftd.formats.families.block_tokens import Token
from driftd.formats.parts.arguments import join_arguments

Quoting = Literal["words", "values", "typed"]
"""What quotes say.

- words: they hold a word together, and stay only where a word needs them;
- values: likewise, and a value that is one quoted word is that word;
- typed: a quoted text is no name, so that among other words its quotes stay.
"""

CALLED = re.compile(r"(?!(?:and|else|elseif|elsif|if|in|not|or|return)\Z)[\w.-]++")
"""Words that a parenthesis belongs to when it follows them."""


def spell(words: Sequence[Token], quoting: Quoting, called: re.Pattern[str] = CALLED) -> str | None:
    """Return arguments as one text in one spelling, None where there are none."""
    if not words:
        return None
    if len(words) == 1 and quoting != "words":
        return words[0].text
    pieces: list[str] = []
    before: Token | None = None
    for word in words:
        if before is not None and _is_apart(before, word, called):
            pieces.append(" ")
        pieces.append(_spell_one(word, quoting))
        before = word
    return "".join(pieces)


def _spell_one(word: Token, quoting: Quoting) -> str:
    if word.form == "sign":
        return word.text
    if word.form == "quoted" and quoting == "typed":
        return '"' + word.text.replace('"', '\\"') + '"'
    return join_arguments((word.text,))


def _is_apart(before: Token, word: Token, called: re.Pattern[str]) -> bool:
    """Whether a space stands between two words: not within parentheses, before a comma, or behind a function's name."""
    if before.form == "sign" and before.text in ("(", "!"):
        return False
    if word.form != "sign":
        return word.form == "quoted" or before.form != "quoted" or not word.text.startswith("/")
    if word.text == "(":
        return before.form != "bare" or not called.fullmatch(before.text)
    return word.text not in (")", ",")
