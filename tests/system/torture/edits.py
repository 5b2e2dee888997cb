"""Edits: what happens to files, made up one after the other so that each is possible. Pure: no file is touched."""

from __future__ import annotations

import posixpath
import random
from collections.abc import Callable
from typing import Final

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
from tests.system.torture.world import Directory, Pipe, SymbolicLink, Text, World, parent_of

TREE: Final = b"tree"
"""What is audited."""
OUTSIDE: Final = b"outside"
"""What is not, or not always: links lead to it, and things are moved in and out."""
FEWEST, MOST = 40, 130
ODD_NAMES: Final = (
    b"plain",
    b" white space ",
    b"new\nline",
    b"\xff\xfe\x80",
    b"\\x41",
    b"\\",
    b"*",
    b"[a]{b,c}?",
    b"-rf",
    b"quote'\"`$(id)",
    b"\x1b[31m\t\x07",
    "\u00e9".encode(),
    "e\u0301".encode(),
    "\u202etxt".encode(),
    b"...",
    b".hidden",
    b"..data",
    b"d.json",
    b"%2F%00",
    b"tree",
    b"n" * 250,
    b"\xfe" * 120,
)
SUFFIX: Final = b".yaml"
OWNERS: Final = (0, 1, 33, 1000, 65534)
MODES: Final = (0o644, 0o600, 0o640, 0o000, 0o755, 0o4755, 0o1777, 0o2750)
BIG: Final = 300_000
"""Beyond what the daemon parses itself."""


class Edits:
    """Makes up edits of a world, which is what the tree has come to by the last edit that was told."""

    def __init__(self, chance: random.Random) -> None:
        self.world = World({TREE: Directory(), OUTSIDE: Directory()})
        self._random = chance
        self._count = 0
        self._before: dict[bytes, bytes] = {}
        """What stood in a file at the opening: going back to it resolves a drift."""
        self._edits: list[tuple[int, Callable[[], list[FileAction]]]] = [
            (16, self._write),
            (12, self._save),
            (4, self._back_up),
            (3, self._append),
            (4, self._half),
            (3, self._broken),
            (3, self._same_look),
            (3, self._empty),
            (4, self._cosmetic),
            (8, self._revert),
            (1, self._big),
            (8, self._create),
            (6, self._delete),
            (7, self._chmod),
            (5, self._chown),
            (2, self._touch),
            (3, self._directory),
            (1, self._remove_tree),
            (6, self._move),
            (3, self._move_directory),
            (4, self._exchange),
            (5, self._link),
            (2, self._hard_link),
            (1, self._fifo),
            (4, self._map),
            (1, self._other_kind),
        ]

    def opening(self) -> list[FileAction]:
        """Return what makes the tree that is approved first."""
        made: list[FileAction] = []
        for _ in range(8):
            made += self._told(self._directory())
        for _ in range(FEWEST):
            made += self._told(self._create())
        for _ in range(6):
            made += self._told(self._link())
        for name in (b"map", b"map.d"):
            made += self._told([MakeDirectory(TREE + b"/" + name)])
            made += self._told(self._map())
        self._before = {path: self.world.content(path) for path in self.world.of(Text)}
        return made

    def next(self) -> list[FileAction]:
        """Return one edit: an action, or a few that belong together."""
        while True:
            (_, make), *_ = self._random.choices(self._edits, [weight for weight, _ in self._edits])
            if actions := make():
                return self._told(actions)

    def two_files(self) -> list[FileAction]:
        """Return what makes two new files in the top directory."""
        self._count += 1
        paths = [TREE + b"/storm%d%s%s" % (self._count, letter, SUFFIX) for letter in (b"a", b"b")]
        return self._told([Write(path, self._text()) for path in paths])

    def _told(self, actions: list[FileAction]) -> list[FileAction]:
        for action in actions:
            self.world.apply(action)
        return actions

    def _text(self) -> bytes:
        """Return a new content: settings with numbers that were not there before."""
        lines = []
        for name in self._random.sample((b"x", b"port", b"workers", b"limit"), self._random.randint(1, 3)):
            self._count += 1
            lines.append(b"%s: %d\n" % (name, self._count))
        return b"".join(lines)

    def _file(self) -> bytes:
        return self._random.choice(self.world.of(Text))

    def _anything(self) -> bytes | None:
        """Return a path that may be moved about, of any kind."""
        paths = sorted(self.world.nodes.keys() - {TREE, OUTSIDE})
        return self._random.choice(paths) if paths else None

    def _place(self, suffix: bytes = SUFFIX) -> bytes:
        """Return a path that is free, in some directory."""
        while True:
            directory = self._random.choice(self.world.of(Directory))
            self._count += 1
            if self._random.random() < 0.4:
                name = self._random.choice(ODD_NAMES)
            else:
                name = b"%s%d" % (self._random.choice((b"a", b"b", b"app", b"main")), self._count)
            path = directory + b"/" + name + suffix
            if path not in self.world.nodes and len(path) < 1500:
                return path

    def _beside(self, path: bytes) -> bytes:
        self._count += 1
        return parent_of(path) + b"/.%d.tmp" % self._count

    def _write(self) -> list[FileAction]:
        return [Write(self._file(), self._text())]

    def _save(self) -> list[FileAction]:
        path = self._random.choice(sorted({*self.world.of(Text), *self.world.of(SymbolicLink)[:3]}))
        return [Save(path, self._beside(path), self._text())]

    def _back_up(self) -> list[FileAction]:
        path = self._file()
        too_long = len(path.rpartition(b"/")[2]) > 250
        return [] if too_long else [BackedUpSave(path, self._text())]

    def _append(self) -> list[FileAction]:
        path = self._file()
        if len(self.world.content(path)) > 10_000 or b"{" in self.world.content(path):
            return []
        self._count += 1
        return [Append(path, b"more%d: %d\n" % (self._count, self._count))]

    def _half(self) -> list[FileAction]:
        return [Half(self._file(), self._text(), self._random.randrange(60))]

    def _broken(self) -> list[FileAction]:
        self._count += 1
        return [Write(self._file(), b"x: {y: %d\n" % self._count)]

    def _same_look(self) -> list[FileAction]:
        path = self._file()
        content = self.world.content(path)
        digits = [at for at, byte in enumerate(content) if 0x31 <= byte <= 0x39]
        if not digits:
            return []
        at = self._random.choice(digits)
        changed = bytes([0x31 + (content[at] - 0x30) % 9])
        return [SameLook(path, content[:at] + changed + content[at + 1 :])]

    def _empty(self) -> list[FileAction]:
        return [Write(self._file(), b"")]

    def _cosmetic(self) -> list[FileAction]:
        path = self._file()
        content = self.world.content(path)
        if len(content) > 1_000 or b"{" in content:
            return []
        return [Write(path, b"# a remark\n\n" + b"".join(reversed(content.splitlines(keepends=True))))]

    def _revert(self) -> list[FileAction]:
        paths = [path for path in self.world.of(Text) if path in self._before]
        if not paths:
            return []
        path = self._random.choice(paths)
        return [Write(path, self._before[path]), Chmod(path, 0o644), Chown(path, 0, 0)]

    def _big(self) -> list[FileAction]:
        return [Write(self._file(), self._text() + b"# filler\n" * (BIG // 9))]

    def _create(self) -> list[FileAction]:
        if len(self.world.nodes) > MOST:
            return []
        path = self._place()
        if self._random.random() < 0.7:
            return [Write(path, self._text())]
        return [Save(path, self._beside(path), self._text())]

    def _delete(self) -> list[FileAction]:
        if len(self.world.nodes) < FEWEST:
            return []
        return [Delete(self._random.choice(sorted({*self.world.of(Text), *self.world.of(SymbolicLink)})))]

    def _chmod(self) -> list[FileAction]:
        path = self._random.choice(self.world.of(Text) + self.world.of(Directory)[2:])
        return [Chmod(path, self._random.choice(MODES))]

    def _chown(self) -> list[FileAction]:
        path = self._anything()
        return [Chown(path, self._random.choice(OWNERS), self._random.choice(OWNERS))] if path else []

    def _touch(self) -> list[FileAction]:
        return [Touch(self._file())]

    def _directory(self) -> list[FileAction]:
        if len(self.world.of(Directory)) > MOST // 4:
            return []
        path = self._place(b"")
        inner = path + b"/inner" + SUFFIX
        return (
            [MakeDirectory(path), Write(inner, self._text())] if self._random.random() < 0.7 else [MakeDirectory(path)]
        )

    def _remove_tree(self) -> list[FileAction]:
        small = [path for path in self._movable_directories() if len(self.world.below(path)) < 15]
        return [RemoveTree(self._random.choice(small))] if small else []

    def _movable_directories(self) -> list[bytes]:
        return [path for path in self.world.of(Directory) if path not in (TREE, OUTSIDE)]

    def _move(self) -> list[FileAction]:
        movable = sorted({*self.world.of(Text), *self.world.of(SymbolicLink), *self.world.of(Pipe)})
        path = self._random.choice(movable)
        if self._random.random() < 0.3:
            return [Move(path, self._random.choice([other for other in movable if other != path]))]
        return [Move(path, self._place())]

    def _move_directory(self) -> list[FileAction]:
        directories = self._movable_directories()
        if not directories:
            return []
        path, to = self._random.choice(directories), self._place(b"")
        return [] if to.startswith(path + b"/") else [Move(path, to)]

    def _exchange(self) -> list[FileAction]:
        path, other = self._anything(), self._anything()
        if path is None or other is None:
            return []
        nested = path.startswith(other + b"/") or other.startswith(path + b"/")
        return [] if nested or path == other else [Exchange(path, other)]

    def _link(self) -> list[FileAction]:
        links = self.world.of(SymbolicLink)
        swap = links and self._random.random() < 0.6
        path = self._random.choice(links) if swap else self._place()
        if not swap and len(self.world.nodes) > MOST:
            return []
        leads_to = self._random.choice([*self.world.of(Text), *self.world.of(Directory), *links, b"tree/nothing"])
        return [Link(path, self._beside(path), _relative(leads_to, parent_of(path)))]

    def _hard_link(self) -> list[FileAction]:
        if len(self.world.nodes) > MOST:
            return []
        return [HardLink(self._place(), self._file())]

    def _fifo(self) -> list[FileAction]:
        return [Fifo(self._place())] if len(self.world.nodes) < MOST else []

    def _map(self) -> list[FileAction]:
        """As Kubernetes replaces a ConfigMap: a new directory, and the link `..data` swapped to it."""
        maps = [path for path in self.world.of(Directory) if path.rpartition(b"/")[2].startswith(b"map")]
        if not maps:
            return []
        top = self._random.choice(maps)
        self._count += 1
        version = b"..%d" % self._count
        data, seen = top + b"/..data", top + b"/app" + SUFFIX
        if any(not isinstance(self.world.nodes.get(path, SymbolicLink(b"")), SymbolicLink) for path in (data, seen)):
            return []
        actions: list[FileAction] = [
            MakeDirectory(top + b"/" + version),
            Write(top + b"/" + version + b"/app" + SUFFIX, self._text()),
            Link(data, top + b"/..data_tmp", version),
        ]
        if seen not in self.world.nodes:
            actions.append(Link(seen, self._beside(seen), b"..data/app" + SUFFIX))
        old = self.world.nodes.get(data)
        if isinstance(old, SymbolicLink) and isinstance(self.world.nodes.get(top + b"/" + old.target), Directory):
            actions.append(RemoveTree(top + b"/" + old.target))
        return actions

    def _other_kind(self) -> list[FileAction]:
        """A directory becomes a file, or a file a directory."""
        if self._random.random() < 0.5:
            gone = self._remove_tree()
            return [*gone, Write(gone[0].path, self._text())] if gone and isinstance(gone[0], RemoveTree) else []
        path = self._file()
        return [Delete(path), MakeDirectory(path), Write(path + b"/inner" + SUFFIX, self._text())]


def _relative(path: bytes, directory: bytes) -> bytes:
    return posixpath.relpath(b"/" + path, b"/" + directory)
