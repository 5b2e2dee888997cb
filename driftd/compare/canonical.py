"""Canonical trees: two documents reduced to what differs, with list members under the same slot on both sides.

deepdiff compares them. It never sees equal subtrees, never has to guess which list member is which, and its cost is
bounded by the number of differing settings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from driftd.compare.align import Pair, align, longest_increasing
from driftd.compare.identity import NATURAL, identify, repeated_identity
from driftd.compare.meaning import Dialect, IdentityNames, Meanings, Names
from driftd.model.document import Node, Problem, Steps
from driftd.model.keys import Identity, KeyStep

Identities = Mapping[Steps, IdentityNames]
"""Lists whose members a user told how to tell apart, by where the list stands in one of the trees."""

Canonical = dict[str, "Canonical | str | int | float | bool | None"]
"""Members under `m:NAME`, list members under `s:NUMBER`; a side that is only there as a whole is the text `(whole)`."""

WHOLE = "(whole)"


@dataclass(slots=True)
class Place:
    """A differing place on both sides, found again from deepdiff's path."""

    before: Node | None
    after: Node | None
    before_steps: Steps
    after_steps: Steps
    key: tuple[KeyStep, ...]


@dataclass(slots=True)
class Move:
    """A list member that stands elsewhere, in a list whose order counts."""

    place: Place
    moved_from: tuple[KeyStep, ...]
    moved_to: tuple[KeyStep, ...]


@dataclass(slots=True)
class Reduction:
    """What is left of two trees: the canonical pair, the places in it, the moves, and what was given up."""

    before: Canonical
    after: Canonical
    places: dict[tuple[str, ...], Place] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    cut: int = 0
    """Differing subtrees that were not looked into, because there were too many differences."""


class Reducer:
    """Builds one Reduction."""

    def __init__(
        self,
        dialect: Dialect,
        approved_identities: Identities,
        observed_identities: Identities,
        max_places: int,
    ) -> None:
        self._dialect = dialect
        self._before = Meanings(dialect)
        self._after = Meanings(dialect)
        self._approved_identities = approved_identities
        self._observed_identities = observed_identities
        self._max_places = max_places
        self._result = Reduction({}, {})

    def reduce(self, approved: Node, observed: Node) -> Reduction:
        """Return the reduction of two whole documents; both canonical trees are empty where they mean the same."""
        place = Place(approved, observed, (), (), ())
        if self._before.digest(approved) != self._after.digest(observed):
            self._descend(place, ("root",), (), self._result.before, self._result.after)
        return self._result

    def _descend(self, place: Place, slot: tuple[str, ...], names: Names, before: Canonical, after: Canonical) -> None:
        """Write what differs at `place` under the last part of `slot`."""
        self._result.places[slot] = place
        name = slot[-1]
        if place.before is None or place.after is None:
            if place.before is not None:
                before[name] = WHOLE
            if place.after is not None:
                after[name] = WHOLE
            return
        pairs = self._children(place, slot, names)
        if pairs is not None and len(self._result.places) + len(pairs) > self._max_places:
            self._result.cut += 1
            before[name], after[name] = "(cut, approved)", "(cut, observed)"
            return
        if pairs is None:
            before[name] = self._leaf(place.before, names)
            after[name] = self._leaf(place.after, names)
            if before[name] == after[name] and type(before[name]) is type(after[name]):
                before[name], after[name] = "(approved)", "(observed)"
            return
        below_before: Canonical = {}
        below_after: Canonical = {}
        for child, child_slot, child_names in pairs:
            self._descend(child, child_slot, child_names, below_before, below_after)
        before[name], after[name] = below_before, below_after

    def _leaf(self, node: Node, names: Names) -> str | int | float | bool | None:
        if isinstance(node.value, dict | list):
            return f"(a {'mapping' if isinstance(node.value, dict) else 'list'})"
        return self._dialect.scalar(names, node.value)

    def _children(
        self, place: Place, slot: tuple[str, ...], names: Names
    ) -> list[tuple[Place, tuple[str, ...], Names]] | None:
        """The differing children of two nodes of one kind; None where they must be told as a whole."""
        assert place.before is not None and place.after is not None
        before, after = place.before.value, place.after.value
        if isinstance(before, dict) and isinstance(after, dict):
            return self._members(place, before, after, slot, names)
        members_before, members_after = _as_list(place.before, place.after), _as_list(place.after, place.before)
        if members_before is None or members_after is None:
            return None
        return self._list(place, members_before, members_after, slot, names)

    def _members(
        self, place: Place, before: dict[str, Node], after: dict[str, Node], slot: tuple[str, ...], names: Names
    ) -> list[tuple[Place, tuple[str, ...], Names]]:
        children = []
        for name in [*before, *(name for name in after if name not in before)]:
            below = (*names, name)
            child_b, child_a = before.get(name), after.get(name)
            if child_b and child_a and self._before.digest(child_b, below) == self._after.digest(child_a, below):
                continue
            child = Place(child_b, child_a, (*place.before_steps, name), (*place.after_steps, name), (*place.key, name))
            children.append((child, (*slot, "m:" + name), below))
        return children

    def _list(
        self, place: Place, before: list[Node], after: list[Node], slot: tuple[str, ...], names: Names
    ) -> list[tuple[Place, tuple[str, ...], Names]]:
        identities = self._identities(place, before, after, names)
        ordered = self._dialect.sense(names).ordered
        if identities is not None:
            pairs = _by_identity(*identities)
        elif ordered:
            pairs = align(
                [self._before.digest(n, names) for n in before], [self._after.digest(n, names) for n in after]
            )
        else:
            pairs = self._unordered(before, after, names)
        if ordered:
            pairs = self._moves(place, pairs, before, after, identities, names)
        if identities is None:
            pairs = self._pair_up(pairs, before, after, names)
        children = []
        for number, (at_b, at_a) in enumerate(pairs):
            child_b = before[at_b] if at_b is not None else None
            child_a = after[at_a] if at_a is not None else None
            if child_b and child_a and self._before.digest(child_b, names) == self._after.digest(child_a, names):
                continue
            child = self._member_place(place, child_b, child_a, at_b, at_a, identities)
            children.append((child, (*slot, f"s:{number}"), names))
        return children

    def _member_place(
        self,
        place: Place,
        child_b: Node | None,
        child_a: Node | None,
        at_b: int | None,
        at_a: int | None,
        identities: tuple[list[Identity], list[Identity]] | None,
    ) -> Place:
        step: KeyStep
        if identities is not None:
            step = identities[0][at_b] if at_b is not None else identities[1][at_a or 0]
        else:
            step = at_a if at_a is not None else at_b or 0
        return Place(
            child_b,
            child_a,
            (*place.before_steps, *_position(place.before, at_b)),
            (*place.after_steps, *_position(place.after, at_a)),
            (*place.key, step),
        )

    def _identities(
        self, place: Place, before: list[Node], after: list[Node], names: Names
    ) -> tuple[list[Identity], list[Identity]] | None:
        wanted = self._approved_identities.get(place.before_steps) or self._observed_identities.get(place.after_steps)
        if wanted is not None:
            candidates: tuple[IdentityNames, ...] = (wanted,)
        else:
            candidates = (*self._dialect.sense(names).identities, *NATURAL)
        found = identify([before, after], candidates)
        if found is not None:
            return found[0], found[1]
        self._note_repeated(before, after, candidates)
        return None

    def _note_repeated(self, before: list[Node], after: list[Node], candidates: Sequence[IdentityNames]) -> None:
        """Say so where a list has identities, and only lacks them because two members share one."""
        for names in candidates:
            for members in (before, after):
                if twice := repeated_identity(members, names):
                    shown = ", ".join(repr(value) for _, value in twice.parts)
                    message = f"identity {shown} occurs twice: this list is compared by position"
                    self._result.problems.append(Problem(members[0].line, message))
                    return

    def _moves(
        self,
        place: Place,
        pairs: list[Pair],
        before: list[Node],
        after: list[Node],
        identities: tuple[list[Identity], list[Identity]] | None,
        names: Names,
    ) -> list[Pair]:
        """Report members that changed their place; a move by alignment takes one removal and one addition away."""
        if identities is not None:
            both = [(at_b, at_a) for at_b, at_a in pairs if at_b is not None and at_a is not None]
            stay = set(longest_increasing([at_a for _, at_a in both]))
            found = [pair for index, pair in enumerate(both) if index not in stay]
        else:
            found = self._equal_leftovers(pairs, before, after, names)
            gone = {(at_b, None) for at_b, _ in found} | {(None, at_a) for _, at_a in found}
            pairs = [pair for pair in pairs if pair not in gone]
        for at_b, at_a in found:
            child = self._member_place(place, before[at_b], after[at_a], at_b, at_a, identities)
            source, goal = (*place.key, at_b), (*place.key, at_a)
            self._result.moves.append(Move(child, source, goal))
        return pairs

    def _equal_leftovers(
        self, pairs: list[Pair], before: list[Node], after: list[Node], names: Names
    ) -> list[tuple[int, int]]:
        waiting: dict[bytes, list[int]] = {}
        for at_b, at_a in pairs:
            if at_a is None and at_b is not None:
                waiting.setdefault(self._before.digest(before[at_b], names), []).append(at_b)
        found = []
        for at_b, at_a in pairs:
            if at_b is None and at_a is not None:
                partners = waiting.get(self._after.digest(after[at_a], names))
                if partners:
                    found.append((partners.pop(0), at_a))
        return found

    def _unordered(self, before: list[Node], after: list[Node], names: Names) -> list[Pair]:
        waiting: dict[bytes, list[int]] = {}
        for index, node in enumerate(before):
            waiting.setdefault(self._before.digest(node, names), []).append(index)
        pairs: list[Pair] = []
        for index, node in enumerate(after):
            partners = waiting.get(self._after.digest(node, names))
            pairs.append((partners.pop(0) if partners else None, index))
        pairs.extend((index, None) for left in waiting.values() for index in left)
        return sorted(pairs, key=lambda pair: (pair[0] is None, pair[0] or 0, pair[1] or 0))

    def _pair_up(self, pairs: list[Pair], before: list[Node], after: list[Node], names: Names) -> list[Pair]:
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
                    out.extend(self._alike(removed, added, before, after, names))
                    removed, added = [], []
                    if pair != (-1, -1):
                        out.append(pair)
        return out

    def _alike(
        self, removed: list[int], added: list[int], before: list[Node], after: list[Node], names: Names
    ) -> list[Pair]:
        if len(removed) == len(added):
            return list(zip(removed, added, strict=True))
        partners: dict[int, int] = {}
        if removed and added and len(removed) * len(added) <= 2_500:
            free = list(added)
            for at_b in removed:
                scored = [(self._likeness(before[at_b], after[at_a], names), -at_a) for at_a in free]
                best, minus = max(scored, default=(0.0, 0))
                if best >= 0.5:
                    partners[at_b] = -minus
                    free.remove(-minus)
        left = set(added) - set(partners.values())
        out: list[Pair] = [(at_b, partners.get(at_b)) for at_b in removed]
        out.extend((None, at_a) for at_a in added if at_a in left)
        return out

    def _likeness(self, before: Node, after: Node, names: Names) -> float:
        """The share of members, or of a text's words, that two list members have in common."""
        parts_b, parts_a = self._parts(before, self._before, names), self._parts(after, self._after, names)
        if not parts_b or not parts_a:
            return 0.0
        return 2 * len(parts_b & parts_a) / (len(parts_b) + len(parts_a))

    def _parts(self, node: Node, meanings: Meanings, names: Names) -> set[tuple[str, bytes]]:
        if isinstance(node.value, dict):
            return {(name, meanings.digest(child, (*names, name))) for name, child in node.value.items()}
        if isinstance(node.value, list):
            return {("", meanings.digest(child, names)) for child in node.value}
        return {("", word.encode("utf-8", "surrogatepass")) for word in str(node.value).split()[:200]}


def _by_identity(before: Sequence[Identity], after: Sequence[Identity]) -> list[Pair]:
    place = {identity: index for index, identity in enumerate(after)}
    pairs: list[Pair] = [(index, place.pop(identity, None)) for index, identity in enumerate(before)]
    pairs.extend((None, index) for index in sorted(place.values()))
    return pairs


def _as_list(node: Node, other: Node) -> list[Node] | None:
    """A list's members; a lone scalar beside repeated occurrences is the first of them."""
    if isinstance(node.value, list):
        return node.value
    if isinstance(other.value, list) and other.repeated:
        return [node]
    return None


def _position(parent: Node | None, index: int | None) -> Steps:
    """The step from a parent to its member; none where a lone scalar stands for the list."""
    if index is None or parent is None or not isinstance(parent.value, list):
        return ()
    return (index,)
