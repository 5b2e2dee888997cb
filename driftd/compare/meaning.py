"""Meaning: digests of subtrees that are equal exactly when two settings say the same."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from driftd.compare.identity import identify
from driftd.model.document import Node, Scalar

Names = tuple[str, ...]
"""Member names from the root; positions in lists are left out: `("scrape_configs", "static_configs")`."""
IdentityNames = tuple[tuple[str, ...], ...]
"""The members that together tell list members apart, each as names below the member."""
Repeats = Literal["all", "first", "last"]
"""Which occurrence of a repeated directive counts."""


class Unset:
    """Nothing is said, which is another thing than null."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNSET"


UNSET = Unset()


@dataclass(frozen=True, slots=True)
class Sense:
    """What a place means, its scalar aside."""

    ordered: bool = True
    """Whether the order of a list's members counts."""
    key_ends: str | None = None
    """What ends the key of a member that is a text: the order of members with one key counts all the same."""
    identities: tuple[IdentityNames, ...] = ()
    """By what the members of a list are told apart: candidates, best first."""
    in_part: bool = False
    """Members of several kinds: of a candidate, what a member has tells it apart."""
    repeats: Repeats = "all"
    default: Scalar | Unset = UNSET
    """What holds where the setting is left out, in the spelling of `Dialect.scalar`."""


PLAIN = Sense()


class Dialect(Protocol):
    """What a program means by its settings."""

    @property
    def name(self) -> str | None:
        """What the dialect is called; None where no program is known."""

    def member(self, name: str) -> str:
        """Return the name that stands for all spellings of a member's name: `allowusers` for `AllowUsers`."""

    def sense(self, names: Names) -> Sense:
        """Return what the place under `names` means; they are spelled as `member` does."""

    def scalar(self, names: Names, value: Scalar) -> Scalar:
        """Return the value that stands for all spellings of the same thing: `30000` for `30s`."""


class PlainDialect:
    """No program is known: values are compared as the format's own types, and order in lists matters."""

    name: str | None = None

    def member(self, name: str) -> str:
        """Return the name as it is."""
        return name

    def sense(self, names: Names) -> Sense:
        """Return the plain sense."""
        return PLAIN

    def scalar(self, names: Names, value: Scalar) -> Scalar:
        """Return the value as it is."""
        return value


def effective(node: Node, sense: Sense) -> tuple[Node, int | None]:
    """Return the occurrence of a repeated directive that counts, and its position; the node itself where all do."""
    if sense.repeats == "all" or not node.repeated or not isinstance(node.value, list) or not node.value:
        return node, None
    if any(isinstance(member.value, dict) for member in node.value):
        return node, None  # sections and blocks stand beside each other
    at = 0 if sense.repeats == "first" else len(node.value) - 1
    return node.value[at], at


def order_counts(members: list[Node], sense: Sense) -> bool:
    """Whether the order of these members counts: also that of two of one key or identity, and beside one that is empty.

    Of two members of one key one may override the other; and an empty one takes back, in many programs, what came before.
    """
    if sense.ordered:
        return True
    if sense.identities and members and all(isinstance(member.value, dict) for member in members):
        return identify([members], sense.identities, in_part=sense.in_part) is None
    texts = [member.value for member in members if isinstance(member.value, str)]
    return any(map(takes_back, texts)) or (sense.key_ends is not None and share_a_key(texts, sense.key_ends))


def takes_back(text: str) -> bool:
    """Whether a member of a set changes what stands beside it: an empty one clears, `!a` and `~a` except, `+a` adds."""
    return not text or text[0] in "!~+"


def share_a_key(texts: Collection[str], key_ends: str) -> bool:
    """Whether two members set the same thing: `size=1` and `size=2` where `=` ends the key."""
    keys = {re.split(f"[{re.escape(key_ends)}]", text, maxsplit=1)[0].strip() for text in texts}
    return len(keys) < len(texts)


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

    def members(self, members: dict[str, Node], names: Names) -> list[tuple[str, bytes]]:
        """Return the name and the digest of every member that says more than what holds without it."""
        found = []
        spellings = Counter(map(self._dialect.member, members))
        for name, child in members.items():
            spelled = self._dialect.member(name)
            below = (*names, spelled)
            if not self.says_default(child, below):
                # Two spellings of one name side by side: which says what counts, so each keeps its own.
                found.append((spelled if spellings[spelled] == 1 else name, self.digest(child, below)))
        return found

    def says_default(self, node: Node, names: Names) -> bool:
        """Whether a setting only says what holds without it."""
        sense = self._dialect.sense(names)
        if isinstance(sense.default, Unset):
            return False
        counts, _ = effective(node, sense)
        if isinstance(counts.value, list) and counts.repeated and len(counts.value) == 1:
            counts = counts.value[0]
        if isinstance(counts.value, dict | list):
            return False
        return scalar_bytes(self._dialect.scalar(names, counts.value)) == scalar_bytes(sense.default)

    def _compute(self, node: Node, names: Names) -> bytes:
        value = node.value
        if isinstance(value, dict):
            return _hash(b"{", sorted(_text(name) + digest for name, digest in self.members(value, names)))
        if isinstance(value, list):
            counts, at = effective(node, self._dialect.sense(names))
            if at is not None:
                return self.digest(counts, names)
            digests = [self.digest(child, names) for child in value]
            if node.repeated and len(digests) == 1:
                return digests[0]
            if not order_counts(value, self._dialect.sense(names)):
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
