"""What masking asks a tree: all its text, what kind of document it is, which members are a pair."""

from __future__ import annotations

from typing import Final

from driftd.model.document import Document, Node
from driftd.secrets.names import is_collection
from driftd.secrets.stretches import is_kubernetes_secret

_PAIR_NAMES: Final = ("name", "Name", "key", "Key", "@name", "@key")
_PAIR_VALUES: Final = ("value", "Value", "@value", "#text")


def text_of(node: Node | None) -> str:
    """Return a node's value where it is text, else the empty text."""
    return node.value if node is not None and isinstance(node.value, str) else ""


def is_lines(root: Node) -> bool:
    """Whether a tree is the lines of a file."""
    members = root.value
    return isinstance(members, list) and bool(members) and all(isinstance(node.value, str) for node in members)


def holds_kubernetes_secret(lines: Node) -> bool:
    """Whether one of the lines makes the file a Secret of Kubernetes."""
    return any(is_kubernetes_secret(text_of(node)) for node in _children(lines))


def is_secrets_file(document: Document) -> bool:
    """Whether every value of a file is a secret because it is called `secrets.yaml`; a manifest of that name says itself."""
    members = document.root.value
    stem = document.path.rpartition("/")[2].partition(".")[0]
    return isinstance(members, dict) and "kind" not in members and is_collection(stem)


def all_text(root: Node) -> str:
    """Return every name and every text of a tree, each beside the name it stands under, however often it stands there."""
    pieces: list[str] = []
    pending: list[tuple[str, Node]] = [("", root)]
    seen = {id(root)}
    while pending:
        name, node = pending.pop()
        pieces += (name, text_of(node), node.raw or "")
        members = node.value
        children = members.items() if isinstance(members, dict) else ((name, child) for child in _children(node))
        for label, child in children:
            if id(child) in seen:
                pieces.append(label)
            else:
                seen.add(id(child))
                pending.append((label, child))
    return " ".join(pieces)


def pair_value(members: dict[str, Node]) -> tuple[str, str] | None:
    """Return (`value`, NAME) of a mapping that is a pair: `{name: DB_PASSWORD, value: ...}`."""
    name = next((text for key in _PAIR_NAMES if (text := text_of(members.get(key)))), "")
    value = next((key for key in _PAIR_VALUES if key in members), None)
    return (value, name) if name and value else None


def _children(node: Node) -> list[Node]:
    match node.value:
        case dict() as members:
            return list(members.values())
        case list() as members:
            return members
        case _:
            return []
