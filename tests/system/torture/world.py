"""The tree that a story is about, as it stands after each action. Pure: nothing here touches a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import assert_never

from tests.system.torture.actions import (
    Append,
    BackedUpSave,
    Chmod,
    Chown,
    Delete,
    Exchange,
    Fifo,
    FileAction,
    Half,
    HardLink,
    Link,
    MakeDirectory,
    Move,
    RemoveTree,
    SameLook,
    Save,
    Touch,
    Write,
)


@dataclass
class Text:
    """The content of a file; hard links share it."""

    content: bytes


@dataclass(frozen=True)
class Directory:
    """A directory."""


@dataclass(frozen=True)
class SymbolicLink:
    """A symbolic link."""

    target: bytes


@dataclass(frozen=True)
class Pipe:
    """A FIFO."""


Node = Text | Directory | SymbolicLink | Pipe


@dataclass
class World:
    """Every path of the host, and what stands there."""

    nodes: dict[bytes, Node] = field(default_factory=dict)

    def of(self, kind: type[Node]) -> list[bytes]:
        """Return the paths of one kind, in a fixed order."""
        return sorted(path for path, node in self.nodes.items() if isinstance(node, kind))

    def content(self, path: bytes) -> bytes:
        node = self.nodes[path]
        assert isinstance(node, Text)
        return node.content

    def below(self, path: bytes) -> list[bytes]:
        """Return a path and everything below it."""
        return [known for known in self.nodes if known == path or known.startswith(path + b"/")]

    def apply(self, action: FileAction) -> None:  # noqa: C901, PLR0912 - an arm for each
        """Take note of what an action does; it must be possible."""
        match action:
            case Write(path, text) | Half(path, text, _):
                self._written(path, text)
            case Append(path, text):
                self._written(path, self.content(path) + text)
            case SameLook(path, text):
                assert len(text) == len(self.content(path))
                self._written(path, text)
            case Save(path, _, text) | BackedUpSave(path, text):
                assert not isinstance(self.nodes.get(path), Directory)
                self._put(path, Text(text))
            case Delete(path):
                assert not isinstance(self.nodes.pop(path), Directory)
            case MakeDirectory(path):
                self._new(path, Directory())
            case RemoveTree(path):
                assert isinstance(self.nodes[path], Directory)
                for gone in self.below(path):
                    del self.nodes[gone]
            case Move(path, to):
                self._move(path, to)
            case Exchange(path, other):
                self._exchange(path, other)
            case Link(path, _, target):
                assert not isinstance(self.nodes.get(path), Directory)
                self._put(path, SymbolicLink(target))
            case HardLink(path, source):
                assert isinstance(self.nodes[source], Text)
                self._new(path, self.nodes[source])
            case Fifo(path):
                self._new(path, Pipe())
            case Chmod(path) | Chown(path) | Touch(path):
                assert path in self.nodes
            case _:
                assert_never(action)

    def _written(self, path: bytes, text: bytes) -> None:
        node = self.nodes.get(path)
        if node is None:
            self._put(path, Text(text))
        else:
            assert isinstance(node, Text)
            node.content = text

    def _new(self, path: bytes, node: Node) -> None:
        assert path not in self.nodes
        self._put(path, node)

    def _put(self, path: bytes, node: Node) -> None:
        assert isinstance(self.nodes.get(parent_of(path)), Directory) or b"/" not in path
        self.nodes[path] = node

    def _move(self, path: bytes, to: bytes) -> None:
        assert not to.startswith(path + b"/")
        if isinstance(self.nodes[path], Directory):
            assert to not in self.nodes
        else:
            assert not isinstance(self.nodes.get(to), Directory)
            if self.nodes.get(to) is self.nodes[path]:
                return  # two names of one file: rename(2) does nothing
        for known in sorted(self.below(path)):
            self._put(to + known[len(path) :], self.nodes.pop(known))

    def _exchange(self, path: bytes, other: bytes) -> None:
        assert path != other
        assert not path.startswith(other + b"/")
        assert not other.startswith(path + b"/")
        first = {known[len(path) :]: self.nodes.pop(known) for known in self.below(path)}
        second = {known[len(other) :]: self.nodes.pop(known) for known in self.below(other)}
        self.nodes |= {other + rest: node for rest, node in first.items()}
        self.nodes |= {path + rest: node for rest, node in second.items()}


def parent_of(path: bytes) -> bytes:
    """Return the directory in which a path stands."""
    return path.rpartition(b"/")[0]
