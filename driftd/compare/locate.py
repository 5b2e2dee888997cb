"""Keys of places in one document: positions turned into the identities by which list members are told apart."""

from __future__ import annotations

from collections.abc import Iterator

from driftd.compare.canonical import Identities
from driftd.compare.identity import identify, told_apart
from driftd.compare.meaning import Dialect, Names
from driftd.model.document import Node, Steps
from driftd.model.keys import KeyStep, render_key


def key_at(root: Node, steps: Steps, dialect: Dialect, identities: Identities) -> str:
    """Return the key of the place that stands at `steps`."""
    out: list[KeyStep] = []
    node = root
    names: Names = ()
    for depth, step in enumerate(steps):
        if isinstance(step, int) and isinstance(node.value, list):
            out.append(_member_steps(node.value, steps[:depth], names, dialect, identities)[step])
            node = node.value[step]
        else:
            out.append(step)
            if isinstance(step, str):
                names = (*names, dialect.member(step))
            node = node.at((step,)) or node
    return render_key(tuple(out))


def keyed(root: Node, dialect: Dialect, identities: Identities) -> Iterator[tuple[str, Node]]:
    """Yield every node below the root with its key, in document order."""
    pending: list[tuple[tuple[KeyStep, ...], Steps, Names, Node]] = [((), (), (), root)]
    while pending:
        key, steps, names, node = pending.pop()
        if key:
            yield render_key(key), node
        if isinstance(node.value, dict):
            pending.extend(
                ((*key, name), (*steps, name), (*names, dialect.member(name)), child)
                for name, child in reversed(list(node.value.items()))
            )
        elif isinstance(node.value, list):
            members = _member_steps(node.value, steps, names, dialect, identities)
            pending.extend(
                ((*key, members[at]), (*steps, at), names, node.value[at]) for at in range(len(members) - 1, -1, -1)
            )


def _member_steps(
    members: list[Node], steps: Steps, names: Names, dialect: Dialect, identities: Identities
) -> list[KeyStep]:
    wanted = identities.get(steps)
    found = identify([members], (wanted,)) if wanted is not None else told_apart([members], dialect.sense(names))
    return list(found[0]) if found is not None else list(range(len(members)))
