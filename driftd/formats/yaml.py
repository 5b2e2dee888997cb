"""YAML: streams of documents, typed by the core schema of YAML 1.2. See docs/decisions/0010-yaml-typing.md.

libyaml builds nodes recursively and can crash the interpreter on deep nesting, so depth and aliases are counted on its
stream of events first.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from driftd.formats.builder import MAX_DEPTH, Bounds
from driftd.formats.lines import decode_strictly
from driftd.formats.yaml_scalars import scalar_node
from driftd.model.document import Document, Node, ParseError, Problem

if TYPE_CHECKING:
    import yaml

NAME = "yaml"
VERSION = 1
PATTERNS = (
    "*.yaml",
    "*.yml",
    "*/.clang-format",
    "*/.yamllint",
    "*/salt/minion",
    "*/salt/master",
    "*/salt/minion.d/*.conf",
    "*/salt/master.d/*.conf",
    "/etc/mongod.conf",
    "/etc/mongos.conf",
)

MAX_ALIASES = 1_000


def parse(data: bytes, path: str) -> Document:
    """Read all documents: one is the root, several are its members; a duplicate key becomes a problem."""
    import yaml

    text = decode_strictly(data)
    loader: type[yaml.Loader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_events(text, loader)
        reader = _Reader()
        documents = [reader.document(node) for node in yaml.compose_all(text, Loader=loader)]
    except yaml.reader.ReaderError as error:
        offset = len(text.encode()[: error.position].decode("utf-8", "ignore"))
        raise ParseError("a character that YAML does not allow", text.count("\n", 0, offset) + 1) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ParseError(error.problem or "not valid YAML", mark.line + 1 if mark else None) from error
    if not documents:
        root = Node(None, 1)
    elif len(documents) == 1:
        root = documents[0]
    else:
        root = Node(documents, 1)
    return Document(path, NAME, root, problems=reader.problems)


def _check_events(text: str, loader: type[yaml.Loader | yaml.CSafeLoader]) -> None:
    """ParseError where a document nests too deep, refers to too many aliases or has too many values."""
    import yaml

    bounds = Bounds()
    depth = aliases = 0
    for event in yaml.parse(text, Loader=loader):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
            continue
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
            if aliases > MAX_ALIASES:
                raise ParseError(f"more than {MAX_ALIASES} aliases", line)
        bounds.count(depth, line)


class _Reader:
    """Turns composed nodes into ours; an alias is a copy of what it refers to, and counts as such."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._bounds = Bounds()

    def document(self, node: yaml.Node | None) -> Node:
        """Return the tree of one document."""
        return Node(None, 1) if node is None else self._node(node, None, 0)

    def _node(self, node: yaml.Node, key_line: int | None, depth: int) -> Node:
        import yaml

        line = node.start_mark.line + 1
        self._bounds.count(depth, line)
        match node:
            case yaml.MappingNode():
                return Node(self._members(node, depth), line if key_line is None else key_line)
            case yaml.SequenceNode():
                members = [self._node(child, None, depth + 1) for child in node.value]
                return Node(members, line if key_line is None else key_line)
            case _:
                return scalar_node(node.tag, node.value, node.style, key_line if not node.value and key_line else line)

    def _members(self, mapping: yaml.MappingNode, depth: int) -> dict[str, Node]:
        members: dict[str, Node] = {}
        lines: dict[str, int] = {}
        merged: list[yaml.MappingNode] = []
        for key, value in mapping.value:
            sources = _merge_sources(key, value)
            if sources is not None:
                merged.extend(sources)
                continue
            name = self._name(key, depth)
            line = key.start_mark.line + 1
            if name in lines:
                first = lines[name]
                self._problem(line, f"key {name!r} is there twice, in lines {first} and {line}; the last one counts")
            lines[name] = line
            members[name] = self._node(value, line, depth + 1)
        for source in merged:
            for name, child in self._merge(source, depth).items():
                members.setdefault(name, child)
        return members

    def _merge(self, source: yaml.MappingNode, depth: int) -> dict[str, Node]:
        """The members of a mapping that `<<` names; it may name others in turn."""
        self._bounds.count(depth + 1, source.start_mark.line + 1)
        return self._members(source, depth + 1)

    def _name(self, key: yaml.Node, depth: int) -> str:
        """A key as a member's name: a scalar as written, anything else as JSON text."""
        import yaml

        if isinstance(key, yaml.ScalarNode):
            return str(key.value)
        tree = self._node(key, None, depth + 1).to_json()
        return json.dumps(tree, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    def _problem(self, line: int, message: str) -> None:
        if len(self.problems) < MAX_DEPTH:
            self.problems.append(Problem(line, message))


def _merge_sources(key: yaml.Node, value: yaml.Node) -> list[yaml.MappingNode] | None:
    """The mappings that a plain `<<` key merges in, None where it is an ordinary key."""
    import yaml

    if not isinstance(key, yaml.ScalarNode) or key.style or key.value != "<<":
        return None
    if isinstance(value, yaml.MappingNode):
        return [value]
    if isinstance(value, yaml.SequenceNode) and all(isinstance(child, yaml.MappingNode) for child in value.value):
        return list(value.value)
    return None


_OPENING = re.compile(rb"\A(?:\xef\xbb\xbf)?(?:[ \t]*(?:#[^\n]*+)?\r?\n)*+(?:%YAML[^\n]*+\n)?---[ \t]*\r?\n")
_FIRST = re.compile(rb"(?:[ \t]*(?:#[^\n]*+)?\r?\n)*+(?:- |[\w.\-/]++:(?:[ \t]|\r?\n))")


def sniff(data: bytes) -> bool:
    """Whether the file opens with `---` and a key or list member follows."""
    opening = _OPENING.match(data)
    return opening is not None and _FIRST.match(data, opening.end()) is not None


