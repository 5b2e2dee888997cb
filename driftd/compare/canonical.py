"""Canonical trees: two documents reduced to what differs, with list members under the same slot on both sides.

deepdiff compares them. It never sees equal subtrees, never has to guess which list member is which, and its cost is
bounded by the number of differing settings.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from driftd.compare.identity import NATURAL, identify, repeated_identity, told_apart
from driftd.compare.meaning import Dialect, IdentityNames, Meanings, Names, effective, order_counts
from driftd.compare.pairing import Pairing
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
        place = self._effective(place, names)
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

    def _effective(self, place: Place, names: Names) -> Place:
        """The place of those occurrences that count, where a repeated directive has but one that does."""
        if place.before is None or place.after is None:
            return place
        sense = self._dialect.sense(names)
        before, at_b = effective(place.before, sense)
        after, at_a = effective(place.after, sense)
        steps_b = place.before_steps if at_b is None else (*place.before_steps, at_b)
        steps_a = place.after_steps if at_a is None else (*place.after_steps, at_a)
        return Place(before, after, steps_b, steps_a, place.key)

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
        for name_b, name_a in self._same_names(before, after):
            name = name_a if name_a is not None else name_b or ""
            below = (*names, self._dialect.member(name))
            child_b = before[name_b] if name_b is not None else None
            child_a = after[name_a] if name_a is not None else None
            if self._same_member(child_b, child_a, below):
                continue
            steps_b = (*place.before_steps, name_b if name_b is not None else name)
            steps_a = (*place.after_steps, name_a if name_a is not None else name)
            child = Place(child_b, child_a, steps_b, steps_a, (*place.key, name))
            children.append((child, (*slot, "m:" + name), below))
        return children

    def _same_names(self, before: dict[str, Node], after: dict[str, Node]) -> list[tuple[str | None, str | None]]:
        """Names of one member on both sides: those that are equal, then those that the program takes for the same."""
        pairs: list[tuple[str | None, str | None]] = [(name, name if name in after else None) for name in before]
        free: dict[str, deque[str]] = {}
        for name in after:
            if name not in before:
                free.setdefault(self._dialect.member(name), deque()).append(name)
        if free:
            for index, name in enumerate(before):
                if name not in after and (others := free.get(self._dialect.member(name))):
                    pairs[index] = (name, others.popleft())
        pairs.extend((None, name) for names in free.values() for name in names)
        return pairs

    def _same_member(self, before: Node | None, after: Node | None, names: Names) -> bool:
        if before is None:
            return after is None or self._after.says_default(after, names)
        if after is None:
            return self._before.says_default(before, names)
        return self._before.digest(before, names) == self._after.digest(after, names)

    def _list(
        self, place: Place, before: list[Node], after: list[Node], slot: tuple[str, ...], names: Names
    ) -> list[tuple[Place, tuple[str, ...], Names]]:
        identities = self._identities(place, before, after, names)
        sense = self._dialect.sense(names)
        ordered = order_counts(before, sense) or order_counts(after, sense)
        pairing = Pairing(before, after, names, (self._before, self._after), ordered=ordered)
        if identities is not None:
            paired = pairing.by_identity(*identities)
        else:
            paired = pairing.in_order() if ordered else pairing.as_sets()
        for at_b, at_a in paired.moves:
            child = self._member_place(place, before[at_b], after[at_a], at_b, at_a, identities)
            self._result.moves.append(Move(child, (*place.key, at_b), (*place.key, at_a)))
        children = []
        for number, pair in enumerate(paired.pairs):
            if pairing.equal(pair):
                continue
            child_b = before[pair[0]] if pair[0] is not None else None
            child_a = after[pair[1]] if pair[1] is not None else None
            child = self._member_place(place, child_b, child_a, *pair, identities)
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
        sense = self._dialect.sense(names)
        lists = [before, after]
        found = identify(lists, (wanted,)) if wanted is not None else told_apart(lists, sense)
        if found is not None:
            return found[0], found[1]
        candidates = (wanted,) if wanted is not None else (*sense.identities, *NATURAL)
        self._note_repeated(before, after, candidates, in_part=wanted is None and sense.in_part)
        return None

    def _note_repeated(
        self, before: list[Node], after: list[Node], candidates: Sequence[IdentityNames], *, in_part: bool
    ) -> None:
        """Say so where a list has identities, and only lacks them because two members share one."""
        for names in candidates:
            for members in (before, after):
                if twice := repeated_identity(members, names, in_part=in_part):
                    shown = ", ".join(repr(value) for _, value in twice.parts)
                    message = f"identity {shown} occurs twice: this list is compared by position"
                    self._result.problems.append(Problem(members[0].line, message))
                    return


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
