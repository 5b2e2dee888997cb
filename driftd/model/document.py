"""A document: a tree of settings in which every value knows its line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

Scalar = str | int | float | bool | None
Json = Scalar | dict[str, "Json"] | list["Json"]
Steps = tuple[str | int, ...]
"""Where a node stands in a tree: member names and list positions from the root."""


@dataclass(slots=True, eq=False)
class Node:
    """One value of a document: a scalar, the members of a mapping, or the members of a list."""

    value: Scalar | dict[str, Node] | list[Node]
    line: int | None = None
    """Line of the file (from 1) on which the value stands; None where the format has no lines."""
    repeated: bool = False
    """A list made of repeated occurrences of one directive: `a 1`, `a 2`. Equal to a lone scalar when it has one member."""
    raw: str | None = None
    """The operator's own spelling where it differs from the typed value: `0x1F`, `1_000`."""

    def to_json(self) -> Json:
        """Return the plain JSON value of this subtree."""
        value = self.value
        if isinstance(value, dict):
            return {name: child.to_json() for name, child in value.items()}
        if isinstance(value, list):
            return [child.to_json() for child in value]
        return value

    def walk(self, steps: Steps = ()) -> Iterator[tuple[Steps, Node]]:
        """Yield every node of this subtree with its steps, this one first, in document order."""
        pending: list[tuple[Steps, Node]] = [(steps, self)]
        while pending:
            at, node = pending.pop()
            yield at, node
            if isinstance(node.value, dict):
                pending.extend(((*at, name), child) for name, child in reversed(node.value.items()))
            elif isinstance(node.value, list):
                pending.extend(((*at, index), node.value[index]) for index in range(len(node.value) - 1, -1, -1))

    def at(self, steps: Steps) -> Node | None:
        """Return the node that stands at `steps`, or None."""
        node: Node | None = self
        for step in steps:
            match node.value if node else None:
                case dict() as members if isinstance(step, str):
                    node = members.get(step)
                case list() as members if isinstance(step, int) and -len(members) <= step < len(members):
                    node = members[step]
                case _:
                    return None
        return node


def node_from_json(value: Json) -> Node:
    """Make a tree without lines from a plain JSON value."""
    if isinstance(value, dict):
        return Node({name: node_from_json(child) for name, child in value.items()})
    if isinstance(value, list):
        return Node([node_from_json(child) for child in value])
    return Node(value)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a file that could not be taken at its word; the rest of the file was still read."""

    line: int | None
    message: str


@dataclass(slots=True)
class Document:
    """What a parser read in one file."""

    path: str
    format: str
    root: Node
    problems: list[Problem] = field(default_factory=list)
    includes: list[str] = field(default_factory=list)
    """Files, globs and drop-in directories that the document names, as written."""
    untyped: bool = False
    """Every scalar is text: the format has no numbers or booleans of its own."""
    secret: bool = False
    """A secret was masked in it, so that its digest must be a keyed one."""


class ParseError(Exception):
    """The bytes are not of this format."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
