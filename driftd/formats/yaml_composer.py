"""Makes trees from the events of a YAML parser, within bounds: an alias is a copy, and counts as one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from driftd.formats.builder import MAX_PROBLEMS, Bounds
from driftd.formats.yaml_scalars import scalar_node
from driftd.model.document import Node, ParseError, Problem

if TYPE_CHECKING:
    import yaml

MAX_ALIASES = 1_000


@dataclass(slots=True)
class _Key:
    """The key whose value comes next."""

    name: str
    line: int
    merges: bool


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being read."""

    node: Node
    key: _Key | None = None
    lines: dict[str, int] = field(default_factory=dict)
    """Member -> line of its key."""
    merged: list[Node] = field(default_factory=list)
    """Mappings that `<<` names: what they have and the mapping has not is added at its end."""


class Composer:
    """Takes events one by one; `documents` and `problems` are complete after the last."""

    def __init__(self, last_line: int) -> None:
        self._last_line = last_line
        self.documents: list[Node] = []
        self.problems: list[Problem] = []
        self._bounds = Bounds()
        self._stack: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._aliases = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event; ParseError where the documents grow beyond the bounds."""
        import yaml

        assert event.start_mark is not None
        line = min(event.start_mark.line + 1, self._last_line)  # an empty value may stand behind the last end
        match event:
            case yaml.DocumentStartEvent():
                self._anchors = {}
            case yaml.ScalarEvent():
                self._bounds.count(len(self._stack), line)
                node = scalar_node(event.tag, event.value, line, plain=_is_plain(event))
                if event.anchor is not None:
                    self._anchors[event.anchor] = node
                merges = event.value == "<<" and _is_plain(event)
                self._place(node, line, text=event.value, merges=merges)
            case yaml.AliasEvent():
                self._place(self._alias(event.anchor, line), line)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._bounds.count(len(self._stack), line)
                node = Node({} if isinstance(event, yaml.MappingStartEvent) else [], line)
                if event.anchor is not None:
                    self._anchors[event.anchor] = node
                self._stack.append(_Open(node))
            case yaml.CollectionEndEvent():
                done = self._stack.pop()
                self._merge(done)
                self._place(done.node, done.node.line or line)

    def _alias(self, anchor: str | None, line: int) -> Node:
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            raise ParseError(f"more than {MAX_ALIASES} aliases", line)
        original = self._anchors.get(anchor or "")
        if original is None:
            raise ParseError("an alias that refers to nothing", line)
        if any(frame.node is original for frame in self._stack):
            raise ParseError("an alias within what it refers to", line)
        return self._copy(original, len(self._stack), line)

    def _copy(self, node: Node, depth: int, line: int) -> Node:
        self._bounds.count(depth, line)
        value = node.value
        if isinstance(value, dict):
            return Node({name: self._copy(child, depth + 1, line) for name, child in value.items()}, node.line)
        if isinstance(value, list):
            return Node([self._copy(child, depth + 1, line) for child in value], node.line)
        return Node(value, node.line, raw=node.raw)

    def _place(self, node: Node, line: int, *, text: str | None = None, merges: bool = False) -> None:
        """Put a complete node where it belongs: it is a document, a member of a list, a key or a value."""
        if not self._stack:
            self.documents.append(node)
            return
        frame = self._stack[-1]
        members = frame.node.value
        if isinstance(members, list):
            members.append(node)
        elif frame.key is None:
            frame.key = _Key(_name(node) if text is None else text, line, merges)
        else:
            assert isinstance(members, dict)
            self._member(frame, members, frame.key, node)
            frame.key = None

    def _member(self, frame: _Open, members: dict[str, Node], key: _Key, node: Node) -> None:
        if key.merges and (sources := _merge_sources(node)) is not None:
            frame.merged.extend(sources)
            return
        if key.name in frame.lines:
            lines = f"{frame.lines[key.name]} and {key.line}"
            self._problem(key.line, f"key {key.name!r} is there twice, in lines {lines}; the last one counts")
        frame.lines[key.name] = key.line
        if isinstance(node.value, dict | list) or node.value is None:
            node.line = key.line
        members[key.name] = node

    def _merge(self, frame: _Open) -> None:
        for source in frame.merged:
            assert isinstance(source.value, dict)
            assert isinstance(frame.node.value, dict)
            for name, child in source.value.items():
                frame.node.value.setdefault(name, child)

    def _problem(self, line: int, message: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(line, message))


def _is_plain(event: yaml.ScalarEvent) -> bool:
    """Whether a scalar has neither quotes nor a tag."""
    return event.tag is None and bool(event.implicit[0])


def _name(node: Node) -> str:
    """A key that is no scalar as a member's name: its JSON text; an alias of a scalar: as it was written."""
    if not isinstance(node.value, dict | list):
        return node.raw or ("" if node.value is None else json.dumps(node.value).strip('"'))
    return json.dumps(node.to_json(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _merge_sources(node: Node) -> list[Node] | None:
    """The mappings that the value of a `<<` key names, None where it is an ordinary value."""
    if isinstance(node.value, dict):
        return [node]
    if isinstance(node.value, list) and all(isinstance(child.value, dict) for child in node.value):
        return list(node.value)
    return None
