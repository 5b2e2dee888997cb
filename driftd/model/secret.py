"""Tokens: what stands for a secret value everywhere outside the content store."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

TOKEN_PREFIX: Final = "driftd-secret:"  # noqa: S105 - what is shown instead of a secret

_TOKEN = re.compile(r"driftd-secret:([0-9a-f]{8}):([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class Token:
    """A secret value as it may be shown. Only tokens of one key can be compared."""

    key_id: str
    mac: str

    def __str__(self) -> str:
        return f"{TOKEN_PREFIX}{self.key_id}:{self.mac}"


def parse_token(text: str) -> Token | None:
    """Return the token that a whole value is, None for any other value."""
    match = _TOKEN.fullmatch(text)
    return Token(match[1], match[2]) if match else None


def tokens_in(text: str) -> tuple[Token, ...]:
    """Return every token inside a value: a URL keeps its host and hides its password."""
    if TOKEN_PREFIX not in text:
        return ()
    return tuple(Token(match[1], match[2]) for match in _TOKEN.finditer(text))


def without_tokens(text: str) -> str:
    """Return a value for a sentence: `(a secret)` where a token stands."""
    return _TOKEN.sub("(a secret)", text)
