"""Intake: takes content piece by piece and knows its digests; keeps no more of it than is parsed."""

from __future__ import annotations

import hashlib
from typing import Final

from driftd.secrets.fingerprint import SecretKeeper, digest_key_id

PLAIN: Final = "sha256:"


def plain_digest(content: bytes) -> str:
    """Return `sha256:HEX` of a content."""
    return PLAIN + hashlib.sha256(content).hexdigest()


class ContentIntake:
    """Takes one content. Up to `max_bytes` it is kept whole; of a larger one only the digests are."""

    def __init__(self, max_bytes: int, keeper: SecretKeeper, known_digest: str | None) -> None:
        self._max_bytes = max_bytes
        self._keeper = keeper
        self._known = known_digest
        self.restart()

    def restart(self) -> None:
        """Forget what was taken: it was of another moment."""
        self.size = 0
        self._pieces: list[bytes] = []
        self._keyed = self._keeper.content_digest()
        self._plain = hashlib.sha256()

    def take(self, piece: bytes) -> None:
        """Take the next piece."""
        self.size += len(piece)
        self._pieces.append(piece)
        if self.size > self._max_bytes:
            self._digest_pieces()

    def _digest_pieces(self) -> None:
        needs_plain = self._known is not None and self._known.startswith(PLAIN)
        for piece in self._pieces:
            self._keyed.update(piece)
            if needs_plain:
                self._plain.update(piece)
        self._pieces.clear()

    @property
    def content(self) -> bytes | None:
        """The whole content; None where it is larger than is kept."""
        return b"".join(self._pieces) if self.size <= self._max_bytes else None

    def is_known(self) -> bool:
        """Whether this is the content of the known digest, whichever kind of digest that is."""
        known = self._known
        if known is None:
            return False
        content = self.content
        if known.startswith(PLAIN):
            return known == (plain_digest(content) if content is not None else PLAIN + self._plain.hexdigest())
        if digest_key_id(known) != self._keeper.key_id:
            return False
        return known == self.keyed_digest()

    def keyed_digest(self) -> str:
        """Return `hmac:KEYID:HEX` of the content."""
        content = self.content
        return self._keeper.digest(content) if content is not None else self._keyed.finish()
