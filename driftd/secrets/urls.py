"""Passwords in URLs: `scheme://user:password@host`, and a token in the place of the user."""

from __future__ import annotations

import re
from collections.abc import Iterator

from driftd.secrets.values import is_placeholder, looks_random

_USER = re.compile(r"[^\s/?#:@\"'<>]{0,256}:")
_PORT = re.compile(r"[0-9]{1,5}(?:[/?#\s\"',;)]|\Z)")
_PASSWORD = re.compile(r"[^\s\"'<>`]{1,512}")
_TOKEN = re.compile(r"([^\s/?#:@\"'<>]{16,256})@")


def url_passwords(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of every password in a URL; the rest of it stays readable."""
    at = text.find("://")
    while at >= 0:
        next_at = text.find("://", at + 3)
        token = _TOKEN.match(text, at + 3)
        if token and looks_random(token[1]):
            yield token.span(1)
        user = _USER.match(text, at + 3)
        if user and not _PORT.match(text, user.end()):
            password = _PASSWORD.match(text, user.end(), next_at if next_at >= 0 else len(text))
            end = text.rfind("@", user.end(), password.end()) if password else -1
            if end > user.end() and not is_placeholder(text[user.end() : end]):
                yield user.end(), end
        at = next_at
