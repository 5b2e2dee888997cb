"""Routes: what is reached through which links, so that whoever moves a link, or what it leads to, is noticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator


class Routes:
    """Hop -> the paths that are reached through it. A hop is a link on the way, or the place where the last link leads."""

    def __init__(self) -> None:
        self._at: dict[bytes, dict[bytes, set[bytes]]] = {}
        """Directory of a hop -> name of the hop -> the paths."""
        self._above: Counter[bytes] = Counter()
        """Directory -> how many directories of hops lie below it."""
        self._hops: dict[bytes, tuple[bytes, ...]] = {}

    def put(self, path: bytes, hops: tuple[bytes, ...]) -> bool:
        """Take note of all hops on the way to a path; whether they are others than before."""
        before = self._hops.pop(path, ())
        if hops:
            self._hops[path] = hops
        if before == hops:
            return False
        for hop in before:
            self._forget(hop, path)
        for hop in hops:
            directory, name = _split(hop)
            if directory not in self._at:
                self._at[directory] = {}
                self._above.update(directories_above(directory))
            self._at[directory].setdefault(name, set()).add(path)
        return True

    def paths(self) -> list[bytes]:
        """Return every path that is reached through links."""
        return list(self._hops)

    def knows(self, path: bytes) -> bool:
        """Whether a path is reached through links."""
        return path in self._hops

    def directories(self) -> set[bytes]:
        """Return the directories in which hops stand, and those above them."""
        return {*self._at, *self._above}

    def leads(self, directory: bytes) -> bool:
        """Whether a hop stands in the directory."""
        return directory in self._at

    def passes(self, directory: bytes) -> bool:
        """Whether a hop stands in the directory, or anywhere below it."""
        return directory in self._at or directory in self._above

    def through(self, hop: bytes) -> Iterable[bytes]:
        """Return the paths that are reached through a hop."""
        directory, name = _split(hop)
        return self._at.get(directory, {}).get(name, ())

    def inside(self, directory: bytes) -> Iterator[bytes]:
        """Yield the paths that are reached through hops in a directory; one for each of them."""
        for paths in self._at.get(directory, {}).values():
            yield from paths

    def below(self, directory: bytes) -> Iterator[bytes]:
        """Yield the paths that are reached through a directory, or through anything below it."""
        yield from self.through(directory)
        prefix = directory.rstrip(b"/") + b"/"
        for above in self._at:
            if above == directory or above.startswith(prefix):
                yield from self.inside(above)

    def _forget(self, hop: bytes, path: bytes) -> None:
        directory, name = _split(hop)
        names = self._at[directory]
        names[name].discard(path)
        if not names[name]:
            del names[name]
        if not names:
            del self._at[directory]
            for above in directories_above(directory):
                self._above[above] -= 1
                if not self._above[above]:
                    del self._above[above]


def directories_above(directory: bytes) -> Iterator[bytes]:
    """Yield every directory above another one, the nearest first."""
    while directory != b"/":
        directory, _ = _split(directory)
        yield directory


def _split(path: bytes) -> tuple[bytes, bytes]:
    directory, _, name = path.rpartition(b"/")
    return directory or b"/", name
