"""Intake: takes content piece by piece and knows its digests; keeps no more of it than is parsed."""

from __future__ import annotations

import hashlib
from typing import Final

from driftd.secrets.fingerprint import ContentDigest, SecretKeeper, digest_key_id

PLAIN: Final = "sha256:"
FINGERPRINT_BYTES: Final = 16


def fingerprint_hash(key: bytes) -> hashlib.blake2b:
    """Return the hash that makes fingerprints of contents, ready to take the first piece."""
    return hashlib.blake2b(key=key, digest_size=FINGERPRINT_BYTES)


def plain_digest(content: bytes) -> str:
    """Return `sha256:HEX` of a content."""
    return PLAIN + hashlib.sha256(content).hexdigest()


class ContentIntake:
    """Takes one content. Up to `max_bytes` it is kept whole; of a larger one only the digests are."""

    def __init__(self, max_bytes: int, keeper: SecretKeeper, known_digest: str | None) -> None:
        self._max_bytes = max_bytes
        self._keeper = keeper
        self._known = known_digest
        self._needs_plain = known_digest is not None and known_digest.startswith(PLAIN)
        self.restart()

    def restart(self) -> None:
        """Forget what was taken: it was of another moment."""
        self.size = 0
        self._pieces: list[bytes] = []
        self._streams: tuple[ContentDigest, hashlib._Hash, hashlib.blake2b] | None = None
        self._is_known: bool | None = None

    def take(self, piece: bytes) -> None:
        """Take the next piece."""
        self.size += len(piece)
        self._pieces.append(piece)
        if self.size > self._max_bytes:
            self._digest_pieces()

    def _digest_pieces(self) -> None:
        if self._streams is None:
            self._streams = (
                self._keeper.content_digest(),
                hashlib.sha256(),
                fingerprint_hash(self._keeper.reading_key),
            )
        keyed, plain, fingerprint = self._streams
        for piece in self._pieces:
            keyed.update(piece)
            fingerprint.update(piece)
            if self._needs_plain:
                plain.update(piece)
        self._pieces.clear()

    @property
    def content(self) -> bytes | None:
        """The whole content; None where it is larger than is kept."""
        return b"".join(self._pieces) if self.size <= self._max_bytes else None

    @property
    def is_too_large(self) -> bool:
        """Whether it is larger than is kept, and so cannot be parsed."""
        return self.size > self._max_bytes

    def is_known(self) -> bool:
        """Whether this, taken whole, is the content of the known digest, whichever kind of digest that is."""
        if self._is_known is None:
            self._is_known = self._known is not None and self._known == self._digest_like(self._known)
        return self._is_known

    def _digest_like(self, known: str) -> str | None:
        if self._needs_plain:
            content = self.content
            if content is not None:
                return plain_digest(content)
            return PLAIN + self._streams[1].hexdigest() if self._streams else None
        return self.keyed_digest() if digest_key_id(known) == self._keeper.key_id else None

    def keyed_digest(self) -> str:
        """Return `hmac:KEYID:HEX` of the content."""
        if self._streams is not None:
            return self._streams[0].finish()
        return self._keeper.digest(b"".join(self._pieces))

    def fingerprint(self) -> bytes:
        """Return the fingerprint of the content."""
        if self._streams is not None:
            return self._streams[2].digest()
        made = fingerprint_hash(self._keeper.reading_key)
        for piece in self._pieces:
            made.update(piece)
        return made.digest()
