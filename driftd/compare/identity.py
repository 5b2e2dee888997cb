"""Identity: by which of their own members the members of a list are told apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from driftd.model.document import Node, Scalar
from driftd.model.keys import Identity

if TYPE_CHECKING:
    from driftd.compare.meaning import IdentityNames, Sense

NATURAL: tuple[IdentityNames, ...] = (
    (("@",),),
    (("job_name",),),
    (("metadata", "name"), ("kind",)),
    (("name",),),
    (("id",),),
)
"""Members that tell list members apart in most formats, best first; a block's argument is its member `@`."""


def told_apart(lists: Sequence[list[Node]], sense: Sense) -> list[list[Identity]] | None:
    """Return an identity for every member of every list by what the program knows, else by what is natural; None without."""
    known = identify(lists, sense.identities, in_part=sense.in_part)
    return known if known is not None else identify(lists, NATURAL)


def identify(
    lists: Sequence[list[Node]], candidates: Sequence[IdentityNames], *, in_part: bool = False
) -> list[list[Identity]] | None:
    """Return an identity for every member of every list by the first candidate that tells all of them apart.

    None where no candidate does: a member is no mapping, lacks the value, or shares it with another. `in_part`: those values
    count that a member has, one at least.
    """
    if not all(isinstance(node.value, dict) for members in lists for node in members):
        return None
    for names in candidates:
        found = [_identities(members, names, in_part=in_part) for members in lists]
        if all(identities is not None for identities in found):
            return [identities for identities in found if identities is not None]
    return None


def repeated_identity(members: list[Node], names: IdentityNames, *, in_part: bool = False) -> Identity | None:
    """Return the first identity that two members share, None where all differ or one has none."""
    seen: set[Identity] = set()
    for node in members:
        identity = _identity(node, names, in_part=in_part)
        if identity is None:
            return None
        if identity in seen:
            return identity
        seen.add(identity)
    return None


def _identities(members: list[Node], names: IdentityNames, *, in_part: bool) -> list[Identity] | None:
    identities: list[Identity] = []
    for node in members:
        identity = _identity(node, names, in_part=in_part)
        if identity is None:
            return None
        identities.append(identity)
    return identities if len(set(identities)) == len(identities) else None


def _identity(node: Node, names: IdentityNames, *, in_part: bool) -> Identity | None:
    parts: list[tuple[tuple[str, ...], Scalar]] = []
    for path in names:
        at = node.at(path)
        if at is None and in_part:
            continue
        if at is not None and isinstance(at.value, list) and at.repeated and len(at.value) == 1:
            at = at.value[0]
        if at is None or isinstance(at.value, dict | list):
            return None
        parts.append((path, at.value))
    return Identity(tuple(parts)) if parts else None
