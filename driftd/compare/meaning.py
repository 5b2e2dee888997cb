"""Meaning: digests of subtrees that are equal exactly when two settings say the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from driftd.model.document import Node, Scalar

Names = tuple[str, ...]
"""Member names from the root; positions in lists are left out: `("scrape_configs", "static_configs")`."""
IdentityNames = tuple[tuple[str, ...], ...]
"""The members that together tell list members apart, each as names below the member."""


@dataclass(frozen=True, slots=True)
class Sense:
    """What a place means: how its scalar is compared, and whether the order of its list counts."""

    ordered: bool = True
    identities: tuple[IdentityNames, ...] = ()
    """Candidates, best first."""


PLAIN = Sense()


class Dialect(Protocol):
    """What a program means by its settings."""

    def sense(self, names: Names) -> Sense:
        """Return what the place under `names` means."""

    def scalar(self, names: Names, value: Scalar) -> Scalar:
        """Return the value that stands for all spellings of the same thing: `30000` for `30s`."""


class PlainDialect:
    """No program is known: values are compared as the format's own types, and order in lists matters."""

    def sense(self, names: Names) -> Sense:
        """Return the plain sense."""
        return PLAIN

    def scalar(self, names: Names, value: Scalar) -> Scalar:
        """Return the value as it is."""
        return value


class Meanings:
    """Digests of every subtree of one document, computed once each."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._digests: dict[int, bytes] = {}
        self._kept: list[Node] = []

    def digest(self, node: Node, names: Names = ()) -> bytes:
        """Return the digest of a subtree's meaning."""
        known = self._digests.get(id(node))
        if known is None:
            known = self._digests[id(node)] = self._compute(node, names)
            self._kept.append(node)  # an id is only good while the node lives
        return known

    def _compute(self, node: Node, names: Names) -> bytes:
        value = node.value
        if isinstance(value, dict):
            members = sorted((name, self.digest(child, (*names, name))) for name, child in value.items())
            return _hash(b"{", [_text(name) + digest for name, digest in members])
        if isinstance(value, list):
            digests = [self.digest(child, names) for child in value]
            if node.repeated and len(digests) == 1:
                return digests[0]
            if not self._dialect.sense(names).ordered:
                digests.sort()
            return _hash(b"[", digests)
        return _hash(b"=", [scalar_bytes(self._dialect.scalar(names, value))])


def scalar_bytes(value: Scalar) -> bytes:
    """Return bytes that are equal exactly when type and value are: `1`, `1.0`, `true` and `"1"` all differ."""
    kind = "i" if isinstance(value, int) and not isinstance(value, bool) else type(value).__name__[0]
    return kind.encode() + json.dumps(value).encode()


def _text(name: str) -> bytes:
    return json.dumps(name).encode()


def _hash(tag: bytes, parts: Sequence[bytes]) -> bytes:
    digest = hashlib.blake2b(tag, digest_size=16)
    for part in parts:
        digest.update(part)
    return digest.digest()
