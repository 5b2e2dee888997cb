"""Fingerprints: what stands for a secret, so that a changed secret is still seen as changed."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final

from driftd.model.secret import Token, parse_token, tokens_in

__all__ = ["ContentDigest", "SecretKeeper", "Token", "digest_key_id", "key_ids_in", "parse_token", "tokens_in"]

DIGEST_PREFIX: Final = "hmac:"
MIN_KEY_BYTES: Final = 16

_DIGEST_INSIDE = re.compile(r"hmac:([0-9a-f]{8}):[0-9a-f]{64}(?![0-9a-f])")
_DIGEST = re.compile(r"hmac:([0-9a-f]{8}):[0-9a-f]{64}\Z")

# BLAKE2's personalization keeps the uses of one key apart: a value can never collide with a content.
_FOR_KEY_ID: Final = b"driftd key id"
_FOR_VALUE: Final = b"driftd value"
_FOR_CONTENT: Final = b"driftd content"
_FOR_READING: Final = b"driftd reading"


def digest_key_id(digest: str) -> str | None:
    """Return the KEYID of a keyed content digest, None for a plain one."""
    match = _DIGEST.match(digest)
    return match[1] if match else None


def key_ids_in(text: str) -> frozenset[str]:
    """Return the KEYID of every token and every keyed digest in a text."""
    return frozenset(token.key_id for token in tokens_in(text)) | frozenset(_DIGEST_INSIDE.findall(text))


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

    __slots__ = ("_key", "key_id", "reading_key")

    def __init__(self, key: bytes) -> None:
        if len(key) < MIN_KEY_BYTES:
            raise ValueError(f"a secrets key needs at least {MIN_KEY_BYTES} bytes, this one has {len(key)}")
        self._key = key if len(key) <= blake2b.MAX_KEY_SIZE else blake2b(key).digest()
        self.key_id: str = blake2b(key=self._key, digest_size=4, person=_FOR_KEY_ID).hexdigest()
        self.reading_key: bytes = blake2b(key=self._key, digest_size=32, person=_FOR_READING).digest()
        """For telling whether a content is still the same; who knows it does not know the key."""

    def __repr__(self) -> str:
        return f"SecretKeeper(key_id={self.key_id!r})"

    def token(self, value: str) -> str:
        """Return `driftd-secret:KEYID:MAC` for a value; equal values under one key have equal tokens."""
        # JSON may spell lone surrogates and file names bring their own: any text must have bytes here.
        content = value.encode("utf-8", "surrogatepass")
        mac = blake2b(content, key=self._key, digest_size=16, person=_FOR_VALUE).hexdigest()
        return str(Token(self.key_id, mac))

    def digest(self, content: bytes) -> str:
        """Return `hmac:KEYID:HEX` for the content of a file that holds a secret."""
        digest = self.content_digest()
        digest.update(content)
        return digest.finish()

    def content_digest(self) -> ContentDigest:
        """Return a digest that takes content piece by piece; `digest` of the whole gives the same text."""
        return ContentDigest(self._key, self.key_id)
