"""The names of places: a *place* is a directory without links, under the root; patterns may reach it by several names."""

from __future__ import annotations

from collections.abc import Iterable


class PlaceNames:
    """Knows where places stand on this machine, and by which names walks came to them."""

    def __init__(self, root: bytes = b"/") -> None:
        self._prefix = root.rstrip(b"/")
        self._others: dict[bytes, dict[bytes, int]] = {}
        """Place -> its names, where it has another than itself, and when a walk last came there by it."""

    def entered(self, path: bytes, place: bytes, told: int) -> None:
        """Take note by which name a walk came to a place, and when."""
        if path != place:
            self._others.setdefault(place, {})[path] = told

    def forget(self, before: int) -> None:
        """Forget the names by which no walk came since."""
        for place, names in list(self._others.items()):
            self._others[place] = {path: told for path, told in names.items() if told > before}
            if not self._others[place]:
                del self._others[place]

    def of(self, place: bytes) -> list[bytes]:
        """Return the names of a place, or of what stands below it: itself, and what links in patterns make of it."""
        if not self._others:
            return [place]
        names: dict[bytes, None] = {place: None}
        above = place
        while True:
            rest = place[len(above.rstrip(b"/")) :]
            names.update((name.rstrip(b"/") + rest, None) for name in self._others.get(above, ()))
            if above == b"/":
                return list(names)
            above = above.rpartition(b"/")[0] or b"/"

    def on_host(self, place: bytes) -> bytes:
        """Return where a place stands on this machine."""
        return self._prefix + place if place != b"/" else self._prefix or b"/"

    def all_on_host(self, places: Iterable[bytes]) -> set[bytes]:
        """Return the same for several."""
        return set(map(self.on_host, places))

    def under_root(self, host: bytes) -> bytes | None:
        """Return which place a directory on this machine is; None where it is not below the root."""
        if self._prefix and host != self._prefix and not host.startswith(self._prefix + b"/"):
            return None
        return host.removeprefix(self._prefix) or b"/"
