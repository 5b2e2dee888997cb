"""Fingerprints: what stands for a secret, so that a changed secret is still seen as changed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

TOKEN_PREFIX: Final = "driftd-secret:"  # noqa: S105 - what is shown instead of a secret
DIGEST_PREFIX: Final = "hmac:"
MIN_KEY_BYTES: Final = 16

_TOKEN = re.compile(r"driftd-secret:([0-9a-f]{8}):([0-9a-f]{32})")
_DIGEST = re.compile(r"hmac:([0-9a-f]{8}):[0-9a-f]{64}\Z")

# BLAKE2's personalization keeps the three uses of one key apart: a value can never collide with a content.
_FOR_KEY_ID: Final = b"driftd key id"
_FOR_VALUE: Final = b"driftd value"
_FOR_CONTENT: Final = b"driftd content"


@dataclass(frozen=True, slots=True)
class Token:
    """A secret value as it stands outside the content store."""

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


def digest_key_id(digest: str) -> str | None:
    """Return the KEYID of a keyed content digest, None for a plain one."""
    match = _DIGEST.match(digest)
    return match[1] if match else None


class ContentDigest:
    """A keyed content digest in the making, for content that is read piece by piece."""

    def __init__(self, key: bytes, key_id: str) -> None:
        self._hash = blake2b(key=key, digest_size=32, person=_FOR_CONTENT)
        self._key_id = key_id

    def update(self, piece: bytes) -> None:
        """Take the next piece of the content."""
        self._hash.update(piece)

    def finish(self) -> str:
        """Return `hmac:KEYID:HEX` of everything taken so far."""
        return f"{DIGEST_PREFIX}{self._key_id}:{self._hash.hexdigest()}"


class SecretKeeper:
    """Turns secrets into fingerprints that only holders of the same key can compare or guess at."""

    __slots__ = ("_key", "key_id")

    def __init__(self, key: bytes) -> None:
        if len(key) < MIN_KEY_BYTES:
            raise ValueError(f"a secrets key needs at least {MIN_KEY_BYTES} bytes, this one has {len(key)}")
        self._key = key if len(key) <= blake2b.MAX_KEY_SIZE else blake2b(key).digest()
        self.key_id: str = blake2b(key=self._key, digest_size=4, person=_FOR_KEY_ID).hexdigest()

    def __repr__(self) -> str:
        return f"SecretKeeper(key_id={self.key_id!r})"

    def token(self, value: str) -> str:
        """Return `driftd-secret:KEYID:MAC` for a value; equal values under one key have equal tokens."""
        # JSON may spell lone surrogates and file names bring their own: any text must have bytes here.
        content = value.encode("utf-8", "surrogatepass")
        mac = blake2b(content, key=self._key, digest_size=16, person=_FOR_VALUE).hexdigest()
        return f"{TOKEN_PREFIX}{self.key_id}:{mac}"

    def digest(self, content: bytes) -> str:
        """Return `hmac:KEYID:HEX` for the content of a file that holds a secret."""
        digest = self.content_digest()
        digest.update(content)
        return digest.finish()

    def content_digest(self) -> ContentDigest:
        """Return a digest that takes content piece by piece; `digest` of the whole gives the same text."""
        return ContentDigest(self._key, self.key_id)
