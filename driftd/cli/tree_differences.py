"""What two directories differ in, file by file: by meaning where both sides are files, else by type and target."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from driftd.cli.pairs import BY_DIGEST, Contents, Difference, difference
from driftd.cli.reading import MAX_BYTES
from driftd.cli.trees import Entry, Leaf, content_in_tree, walk
from driftd.model.change import Aspect, Change, Kind
from driftd.model.document import Json, Problem
from driftd.model.item import ItemType, shown_path
from driftd.secrets.fingerprint import SecretKeeper

_CHUNK = 1 << 20


@dataclass(slots=True)
class Totals:
    """How many files there were, and what became of them."""

    files: int = 0
    equal: int = 0
    cosmetic: int = 0
    differing: int = 0
    """Files on both sides with a setting that differs, or of another type or target."""
    added: int = 0
    removed: int = 0
    incomplete: int = 0
    """Could not be read, or do not parse."""
    changes: Counter[Kind] = field(default_factory=Counter)
    """Settings, of files on both sides."""

    def count(self, found: Difference) -> None:
        """Take in what was found of one path."""
        self.files += 1
        self.incomplete += found.failed
        if found.kind is Kind.ADDED:
            self.added += 1
        elif found.kind is Kind.REMOVED:
            self.removed += 1
        elif found.changes:
            self.differing += 1
            if found.kind is None:
                self.changes += found.counts
        self.equal += found.equal
        self.cosmetic += found.cosmetic

    def counting(self, differences: Iterable[Difference]) -> Iterator[Difference]:
        """Yield differences, each once it is counted."""
        for found in differences:
            self.count(found)
            yield found

    def verdict(self) -> dict[str, Json]:
        """Return whether all bytes are the same, or else all settings."""
        equal = self.equal == self.files
        return {"equal": equal, "cosmetic": not equal and self.equal + self.cosmetic == self.files}

    def to_json(self) -> dict[str, Json]:
        """Return the contract's shape."""
        return {
            "files": self.files,
            "equal": self.equal,
            "cosmetic": self.cosmetic,
            "differing": self.differing,
            "added": self.added,
            "removed": self.removed,
            "incomplete": self.incomplete,
            "changes": {kind.value: self.changes[kind] for kind in Kind},
        }


@dataclass(frozen=True, slots=True)
class TreeReading:
    """How the files of two directories are read."""

    keeper: SecretKeeper
    format: str | None = None
    as_path: str | None = None
    """The directory in which both are said to stand."""


def tree_differences(before: str, after: str, how: TreeReading) -> Iterator[Difference]:
    """Yield what is found at every path, sorted, one at a time; equal files too."""
    for entry in walk(before, after):
        yield _found(entry, how)


def _found(entry: Entry, how: TreeReading) -> Difference:
    before, after = entry.before, entry.after
    found = Difference(
        entry.path,
        shown_path(os.fsencode(before.path)) if before else "",
        shown_path(os.fsencode(after.path)) if after else "",
    )
    for side in (before, after):
        if side is not None and side.error:
            _cannot(found, side.path, side.error)
    if before is None or after is None:
        _one_sided(found, before or after)
    elif not found.unread:
        if before.type is not after.type:
            _of_another_type(found, before, after)
        elif before.type is ItemType.FILE:
            return _files(found, before, after, how)
        else:
            _special(found, before, after)
    return found


def _cannot(found: Difference, path: str, why: str) -> None:
    found.failed = found.unread = True
    found.problems.append((shown_path(os.fsencode(path)), Problem(None, f"cannot be read: {why}")))


def _one_sided(found: Difference, side: Leaf | None) -> None:
    if side is None:  # gone between being listed and being looked at
        found.equal = True
        return
    found.kind = Kind.ADDED if found.after else Kind.REMOVED
    found.changes = (Change(Aspect.EXISTENCE, found.kind, "$"),)
    found.notes.append(f"{_word(side)}, only in {'B' if found.after else 'A'}")


def _of_another_type(found: Difference, before: Leaf, after: Leaf) -> None:
    found.kind = Kind.CHANGED
    found.changes = (Change(Aspect.ATTRIBUTES, Kind.CHANGED, "$.type", _type(before), _type(after)),)
    found.notes.append(f"{_word(before)} -> {_word(after)}")


def _special(found: Difference, before: Leaf, after: Leaf) -> None:
    """Links are what they say; of sockets and their like the type is all there is."""
    if before.target == after.target:
        found.equal = True
        return
    found.kind = Kind.CHANGED
    targets = _target(before), _target(after)
    found.changes = (Change(Aspect.ATTRIBUTES, Kind.CHANGED, "$.target", *targets),)
    found.notes.append(f"symlink to {targets[0]} -> {targets[1]}")


def _type(side: Leaf) -> str:
    return side.type.value if side.type else "unknown"


def _target(side: Leaf) -> str:
    return shown_path(os.fsencode(side.target or ""))


def _word(side: Leaf) -> str:
    return f"symlink to {_target(side)}" if side.type is ItemType.LINK else _type(side)


def _files(found: Difference, before: Leaf, after: Leaf, how: TreeReading) -> Difference:
    """Two files: equal bytes are not parsed, larger ones than a parser takes are compared byte by byte."""
    contents = []
    for side in (before, after):
        try:
            contents.append(content_in_tree(side.path, MAX_BYTES))
        except OSError as error:
            _cannot(found, side.path, error.strerror or str(error))
    if len(contents) < 2:
        return found
    if max(map(len, contents)) > MAX_BYTES:
        return _large(found, before, after)
    if contents[0] == contents[1]:
        found.equal = True
        return found
    stands_at = os.path.join(how.as_path, found.path) if how.as_path else None
    sides = [Contents(content, side.path, stands_at) for content, side in zip(contents, (before, after), strict=True)]
    return difference(found.path, sides[0], sides[1], how.keeper, format=how.format)


def _large(found: Difference, before: Leaf, after: Leaf) -> Difference:
    note = f"larger than {MAX_BYTES} bytes: {BY_DIGEST}"
    found.notes.append(note)
    with open(before.path, "rb") as left, open(after.path, "rb") as right:
        while True:
            pieces = left.read(_CHUNK), right.read(_CHUNK)
            if pieces[0] != pieces[1]:
                break
            if not pieces[0]:
                found.equal = True
                return found
    found.changes = (Change(Aspect.CONTENT, Kind.CHANGED, "$", "(bytes)", "(other bytes)", message=note),)
    return found
