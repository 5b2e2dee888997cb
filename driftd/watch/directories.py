"""The directories that are watched, found by path and by what lies below one."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Generic, TypeVar

Watch = TypeVar("Watch")


class Directories(Generic[Watch]):
    """Path -> watch, sorted: a directory that moved away takes everything below it along."""

    def __init__(self) -> None:
        self._watches: dict[bytes, Watch] = {}
        self._sorted: list[bytes] = []

    def get(self, path: bytes) -> Watch | None:
        """Return the watch on a directory."""
        return self._watches.get(path)

    def put(self, path: bytes, watch: Watch) -> Watch | None:
        """Remember the watch on a directory; return the one it replaces."""
        replaced = self._watches.get(path)
        if replaced is None:
            insort(self._sorted, path)
        self._watches[path] = watch
        return replaced

    def pop(self, path: bytes) -> Watch | None:
        """Forget a directory; return its watch."""
        watch = self._watches.pop(path, None)
        if watch is not None:
            del self._sorted[bisect_left(self._sorted, path)]
        return watch

    def tree(self, path: bytes) -> list[tuple[bytes, Watch]]:
        """Return what is watched at a directory and below it, the deepest first."""
        prefix = path if path.endswith(b"/") else path + b"/"
        first = bisect_left(self._sorted, prefix)
        last = bisect_left(self._sorted, prefix[:-1] + b"0")  # "0" follows "/"
        found = [(inner, self._watches[inner]) for inner in reversed(self._sorted[first:last]) if inner != path]
        if (watch := self.get(path)) is not None:
            found.append((path, watch))
        return found

    def __iter__(self) -> Iterator[bytes]:
        return iter(tuple(self._sorted))

    def __len__(self) -> int:
        return len(self._sorted)
