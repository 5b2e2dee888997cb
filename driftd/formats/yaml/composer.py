"""Makes the nodes of YAML documents, within bounds: an alias is a copy, and counts as one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from driftd.formats.parts.builder import MAX_PROBLEMS, Bounds
from driftd.formats.yaml.scalars import scalar_node
from driftd.model.document import Node, ParseError, Problem

MAX_ALIASES = 1_000
MAX_KEY = 4_096
"""Characters of the text that stands for a key that is no scalar: keys within keys within keys double it each time."""


@dataclass(frozen=True, slots=True)
class Properties:
    """What may stand before a value: `!tag` and `&anchor`."""

    tag: str | None = None
    anchor: str | None = None


NONE = Properties()


@dataclass(slots=True)
class OpenMapping:
    """A mapping that is being read."""

    node: Node
    lines: dict[str, int] = field(default_factory=dict)
    """Member -> line of its key."""
    merged: list[Node] = field(default_factory=list)
    """Mappings that `<<` names: what they have and the mapping has not is added at its end."""


@dataclass(frozen=True, slots=True)
class Key:
    """The key of a mapping's member."""

    name: str
    line: int
    merges: bool = False


class Composer:
    """Makes the nodes of one stream."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._bounds = Bounds()
        self._anchors: dict[str, Node | None] = {}
        """None where the value has begun and has not ended."""
        self._aliases = 0

    def start_document(self) -> None:
        """Forget the anchors of the last document."""
        self._anchors = {}

    def open(self, properties: Properties) -> None:
        """Take note that the value of an anchor begins."""
        if properties.anchor is not None:
            self._anchors[properties.anchor] = None

    def close(self, properties: Properties, node: Node) -> Node:
        """Take note of an anchor's value; return it."""
        if properties.anchor is not None:
            self._anchors[properties.anchor] = node
        return node

    def count(self, depth: int, line: int) -> None:
        """Take note of one more node; ParseError beyond the bounds."""
        self._bounds.count(depth, line)

    def scalar(self, text: str, properties: Properties, depth: int, line: int, *, quoted: bool = False) -> Node:
        """Return the node of a scalar, typed."""
        self._bounds.count(depth, line)
        node = scalar_node(properties.tag, text, line, plain=not quoted and properties.tag is None)
        return self.close(properties, node)

    def knows(self, anchor: str) -> bool:
        """Whether a value has this anchor."""
        return anchor in self._anchors

    def alias(self, anchor: str, depth: int, line: int) -> Node:
        """Return a copy of the anchor's value."""
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            raise ParseError(f"more than {MAX_ALIASES} aliases", line)
        if anchor not in self._anchors:
            raise ParseError("an alias that refers to nothing", line)
        original = self._anchors[anchor]
        if original is None:
            raise ParseError("an alias within what it refers to", line)
        return self._copy(original, depth, line)

    def _copy(self, node: Node, depth: int, line: int) -> Node:
        self._bounds.count(depth, line)
        value = node.value
        if isinstance(value, dict):
            return Node({name: self._copy(child, depth + 1, line) for name, child in value.items()}, node.line)
        if isinstance(value, list):
            return Node([self._copy(child, depth + 1, line) for child in value], node.line)
        return Node(value, node.line, raw=node.raw)

    def member(self, mapping: OpenMapping, key: Key, node: Node) -> None:
        """Put a value under its key; the last of two with one key counts."""
        if key.merges and (sources := _merge_sources(node)) is not None:
            mapping.merged.extend(sources)
            return
        if key.name in mapping.lines:
            lines = f"{mapping.lines[key.name]} and {key.line}"
            self._problem(key.line, f"key {key.name!r} is there twice, in lines {lines}; the last one counts")
        mapping.lines[key.name] = key.line
        if isinstance(node.value, dict | list) or node.value is None:
            node.line = key.line
        assert isinstance(mapping.node.value, dict)
        mapping.node.value[key.name] = node

    def finish(self, mapping: OpenMapping) -> Node:
        """Return a mapping that has all its members, with those that it merges."""
        members = mapping.node.value
        assert isinstance(members, dict)
        for source in mapping.merged:
            assert isinstance(source.value, dict)
            for name, child in source.value.items():
                members.setdefault(name, child)
        return mapping.node

    def _problem(self, line: int, message: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(line, message))


def key_of(node: Node, line: int, text: str | None, *, plain: bool) -> Key:
    """Return the key that a node is: a scalar's text as written, the JSON text of anything else."""
    if text is not None:
        return Key(text, line, merges=plain and text == "<<")
    if isinstance(node.value, str):
        return Key(node.value, line)
    if not isinstance(node.value, dict | list):
        return Key(node.raw or ("" if node.value is None else json.dumps(node.value)), line)
    text = json.dumps(node.to_json(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    if len(text) > MAX_KEY:
        raise ParseError(f"a key of more than {MAX_KEY} characters", line)
    return Key(text, line)


def _merge_sources(node: Node) -> list[Node] | None:
    """The mappings that the value of a `<<` key names, None where it is an ordinary value."""
    if isinstance(node.value, dict):
        return [node]
    if isinstance(node.value, list) and all(isinstance(child.value, dict) for child in node.value):
        return list(node.value)
    return None
