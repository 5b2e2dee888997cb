"""Pairing: which member of one list is which member of the other, and which of them moved."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from driftd.compare.align import Pair, align, longest_increasing
from driftd.compare.meaning import Meanings, Names
from driftd.model.document import Node
from driftd.model.keys import Identity

_MOST_LIKENESSES = 2_500
"""Members of one gap that are compared with each other: 50 by 50; beyond, only gaps of equal length are paired."""
_ALIKE = 0.5
_STILL_THE_SAME = 1 / 3


@dataclass(frozen=True, slots=True)
class Paired:
    """The pairs of two lists in reading order, and those of them that stand elsewhere."""

    pairs: list[Pair]
    moves: list[tuple[int, int]]


class Pairing:
    """Pairs the members of two lists that stand at one place."""

    def __init__(
        self, before: list[Node], after: list[Node], names: Names, meanings: tuple[Meanings, Meanings], *, ordered: bool
    ) -> None:
        self._before, self._after, self._names, self._ordered = before, after, names, ordered
        self._meanings_before, self._meanings_after = meanings
        self._digests_before = [meanings[0].digest(node, names) for node in before]
        self._digests_after = [meanings[1].digest(node, names) for node in after]

    def by_identity(self, before: Sequence[Identity], after: Sequence[Identity]) -> Paired:
        """Pair members of one identity, then equal ones (an identity may be spelled in two ways).

        Where order counts, those outside the longest run in order have moved.
        """
        place = {identity: index for index, identity in enumerate(after)}
        pairs: list[Pair] = [(index, place.pop(identity, None)) for index, identity in enumerate(before)]
        pairs.extend((None, index) for index in sorted(place.values()))
        if equal := dict(self._equal_leftovers(pairs)):
            found = set(equal.values())
            pairs = [
                (at_b, equal.get(at_b, at_a) if at_b is not None else at_a)
                for at_b, at_a in pairs
                if at_b is not None or at_a not in found
            ]
        if not self._ordered:
            return Paired(pairs, [])
        both = [(at_b, at_a) for at_b, at_a in pairs if at_b is not None and at_a is not None]
        stay = set(longest_increasing([at_a for _, at_a in both]))
        return Paired(pairs, [pair for index, pair in enumerate(both) if index not in stay])

    def in_order(self) -> Paired:
        """Align the lists; equal members that found no partner in order have moved, alike ones were changed."""
        pairs = align(self._digests_before, self._digests_after)
        moves = self._equal_leftovers(pairs)
        gone = {(at_b, None) for at_b, _ in moves} | {(None, at_a) for _, at_a in moves}
        return Paired(self._paired_up([pair for pair in pairs if pair not in gone]), moves)

    def as_sets(self) -> Paired:
        """Pair equal members wherever they stand, then those that are alike."""
        waiting: dict[bytes, deque[int]] = {}
        for index, digest in enumerate(self._digests_before):
            waiting.setdefault(digest, deque()).append(index)
        pairs: list[Pair] = []
        added: list[int] = []
        for index, digest in enumerate(self._digests_after):
            partners = waiting.get(digest)
            if partners:
                pairs.append((partners.popleft(), index))
            else:
                added.append(index)
        pairs.extend(self._alike(sorted(index for left in waiting.values() for index in left), added))
        return Paired(sorted(pairs, key=lambda pair: (pair[0] is None, pair[0] or 0, pair[1] or 0)), [])

    def equal(self, pair: Pair) -> bool:
        """Whether both members are there and mean the same."""
        at_b, at_a = pair
        return at_b is not None and at_a is not None and self._digests_before[at_b] == self._digests_after[at_a]

    def _equal_leftovers(self, pairs: list[Pair]) -> list[tuple[int, int]]:
        waiting: dict[bytes, deque[int]] = {}
        for at_b, at_a in pairs:
            if at_a is None and at_b is not None:
                waiting.setdefault(self._digests_before[at_b], deque()).append(at_b)
        found = []
        for at_b, at_a in pairs:
            if at_b is None and at_a is not None and (partners := waiting.get(self._digests_after[at_a])):
                found.append((partners.popleft(), at_a))
        return found

    def _paired_up(self, pairs: list[Pair]) -> list[Pair]:
        """Within each gap, take a removed and an added member that are alike as one changed member."""
        out: list[Pair] = []
        removed: list[int] = []
        added: list[int] = []
        for pair in [*pairs, (-1, -1)]:
            match pair:
                case (int(at_b), None):
                    removed.append(at_b)
                case (None, int(at_a)):
                    added.append(at_a)
                case _:
                    out.extend(self._alike(removed, added))
                    removed, added = [], []
                    if pair != (-1, -1):
                        out.append(pair)
        return out

    def _alike(self, removed: list[int], added: list[int]) -> list[Pair]:
        if len(removed) == len(added) and all(map(self._still_the_same, removed, added)):
            return list(zip(removed, added, strict=True))
        partners: dict[int, int] = {}
        if removed and added and len(removed) * len(added) <= _MOST_LIKENESSES:
            free = list(added)
            for at_b in removed:
                best, minus = max(((self._likeness(at_b, at_a), -at_a) for at_a in free), default=(0.0, 0))
                if best >= _ALIKE:
                    partners[at_b] = -minus
                    free.remove(-minus)
        left = set(added) - set(partners.values())
        out: list[Pair] = [(at_b, partners.get(at_b)) for at_b in removed]
        out.extend((None, at_a) for at_a in added if at_a in left)
        return out

    def _still_the_same(self, at_b: int, at_a: int) -> bool:
        """Whether a member in the same gap is the other one changed: of mappings, not when nearly all differs."""
        before, after = self._before[at_b].value, self._after[at_a].value
        if len(self._before) == len(self._after) == 1:
            return True  # a block that comes once on both sides is the same block, whatever became of it
        if not isinstance(before, dict) or not isinstance(after, dict):
            return isinstance(before, dict) == isinstance(after, dict)
        parts_b, parts_a = self._parts_before(at_b), self._parts_after(at_a)
        names = {name for name, _ in parts_b ^ parts_a}
        return len(names) <= 1 or len(parts_b & parts_a) >= _STILL_THE_SAME * max(len(parts_b), len(parts_a))

    def _likeness(self, at_b: int, at_a: int) -> float:
        """The share of members, or of a text's words, that two list members have in common."""
        parts_b, parts_a = self._parts_before(at_b), self._parts_after(at_a)
        if not parts_b or not parts_a:
            return 0.0
        return 2 * len(parts_b & parts_a) / (len(parts_b) + len(parts_a))

    def _parts_before(self, at: int) -> set[tuple[str, bytes]]:
        return _parts(self._before[at], self._meanings_before, self._names)

    def _parts_after(self, at: int) -> set[tuple[str, bytes]]:
        return _parts(self._after[at], self._meanings_after, self._names)


def _parts(node: Node, meanings: Meanings, names: Names) -> set[tuple[str, bytes]]:
    if isinstance(node.value, dict):
        return set(meanings.members(node.value, names))
    if isinstance(node.value, list):
        return {("", meanings.digest(child, names)) for child in node.value}
    return {("", word.encode("utf-8", "surrogatepass")) for word in str(node.value).split()[:200]}
