"""Shared files: those that may be changed under a name where nobody watches. Each is watched by itself.

The kernel tells of a change in the directory of the name that was used for it. A file with several hard links has several
names, and one that is mounted over another has its name elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Final

from driftd.ports import Watcher

MAX_FILES: Final = 1_000
"""With more, on a system whose files are all hard links, it would be every file: the others are for audits."""


class SharedFiles:
    """Keeps a watch on each shared file, by the path of its item; `on_host` says where a place is on this machine."""

    def __init__(self, watcher: Watcher, on_host: Callable[[bytes], bytes]) -> None:
        self._watcher = watcher
        self._on_host = on_host
        self._files: dict[bytes, tuple[bytes, int]] = {}
        """Path of an item -> where its file stands, and the inode that is watched."""

    def put(self, path: bytes, place: bytes, inode: int | None) -> bool:
        """Take note of the file of an item, None: it is not shared; whether it is watched only now."""
        known = self._files.pop(path, None)
        if known is not None and (inode is None or known[0] != place):
            self._forget(known[0])
        if inode is None or len(self._files) >= MAX_FILES:
            return False
        if known == (place, inode) and self._watcher.watches(self._on_host(place)):
            self._files[path] = known
            return False
        if self._watcher.watch_file(self._on_host(place)) is not None:
            return False
        self._files[path] = (place, inode)
        return True

    def cover(self, doubted: Container[bytes]) -> None:
        """Watch again what is not watched any more, or is `doubted`."""
        for place in self.places():
            host = self._on_host(place)
            if host in doubted or not self._watcher.watches(host):
                self._watcher.watch_file(host)

    def places(self) -> set[bytes]:
        """Return where the files stand."""
        return {place for place, _ in self._files.values()}

    def _forget(self, place: bytes) -> None:
        if place not in self.places():
            self._watcher.forget_file(self._on_host(place))
