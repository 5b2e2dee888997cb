"""Watching: which directories are watched for which items, and what cannot be watched."""

from __future__ import annotations

from collections.abc import Iterable

from driftd.auditor import Auditor
from driftd.model.document import Json
from driftd.model.item import real_path, shown_path
from driftd.ports import Watcher, WatchEvents


class Watching:
    """Keeps the watches in step with the items. Directories of links and of what they lead to are watched as well."""

    def __init__(
        self,
        watcher: Watcher | None,
        auditor: Auditor,
        configuration: Iterable[bytes],
        root: bytes = b"/",
        listener: WatchEvents | None = None,
    ) -> None:
        self._watcher = watcher
        self._listener = listener
        self._prefix = root.rstrip(b"/")
        self._auditor = auditor
        self._configuration = {path.rstrip(b"/") or b"/" for path in configuration}
        self._watched: set[bytes] = set()
        self._lead_to: dict[bytes, set[bytes]] = {}
        """A link, or what it leads to -> the items that are read through it."""
        self._led_to: set[bytes] = set()
        """The directories in which these stand."""
        self._hops: dict[bytes, tuple[bytes, ...]] = {}
        self.unwatched: dict[bytes, str] = {}
        """Directories that cannot be watched, and why: they are swept instead."""

    @property
    def live(self) -> bool:
        """Whether anything is watched at all."""
        return self._watcher is not None

    def use(self, auditor: Auditor, configuration: Iterable[bytes]) -> None:
        """Watch for another set of items, after a reload."""
        self._auditor = auditor
        self._configuration = {path.rstrip(b"/") or b"/" for path in configuration}

    def refresh(self) -> bool:
        """Watch every directory that items are or may appear in; forget the others. Whether any is watched only now."""
        if self._watcher is None:
            return False
        before = set(self._watched)
        self._led_to = {path.rpartition(b"/")[0] or b"/" for path, items in self._lead_to.items() if items}
        wanted = {*map(self._on_host, (*self._auditor.directories, *self._led_to)), *self._configuration}
        for directory in self._watched - wanted:
            self._watcher.forget(directory)
        self.unwatched = {}
        self._watched &= wanted
        for directory in wanted:
            self._watch(directory)
        return bool(self._watched - before)

    def audited_directory(self, directory: bytes) -> bytes | None:
        """Return the name under the root of a directory that was noticed; None where no item can be in it."""
        if self._prefix and directory != self._prefix and not directory.startswith(self._prefix + b"/"):
            return None
        inside = directory.removeprefix(self._prefix) or b"/"
        return inside if inside in self._auditor.directories or inside in self._led_to else None

    def _on_host(self, directory: bytes) -> bytes:
        return self._prefix + directory if directory != b"/" else self._prefix or b"/"

    def _watch(self, directory: bytes) -> None:
        if self._watcher is None or directory in self._watched:
            return
        reason = self._watcher.watch(directory)
        if reason is None:
            self._watched.add(directory)
        elif reason != "missing":
            self.unwatched[directory] = reason

    def rearm(self) -> None:
        """After a loss: no watch is believed any more, and a dead watcher is started again."""
        self._watched = set()
        if self._watcher is not None and self._listener is not None and not self._watcher.alive():
            self._watcher.start(self._listener)

    def vanished(self, directory: bytes) -> None:
        """Take note that a directory is not watched any more."""
        self._watched.discard(directory)

    def is_configuration(self, directory: bytes, name: bytes, *, is_directory: bool) -> bool:
        """Whether a name holds settings, a baseline or what is approved. Their directories may hold state and logs too."""
        return directory in self._configuration and (is_directory or name.endswith((b".yaml", b"approved.json")))

    def depends(self, item: str, links: tuple[str, ...]) -> bool:
        """Take note of the links that an item was read through; whether a place is watched only now because of it."""
        path = real_path(item)
        hops = tuple(real_path(link) for link in links)
        if self._hops.get(path, ()) == hops:
            return False
        for hop in self._hops.pop(path, ()):
            self._lead_to.get(hop, set()).discard(path)
        if hops:
            self._hops[path] = hops
        before = len(self._watched)
        for hop in hops:
            self._lead_to.setdefault(hop, set()).add(path)
            directory = hop.rpartition(b"/")[0] or b"/"
            self._led_to.add(directory)
            self._watch(self._on_host(directory))
        return len(self._watched) > before

    def concerned(self, path: bytes) -> Iterable[bytes]:
        """Return the items that a change of a path concerns."""
        items = set(self._lead_to.get(path, ()))
        if self._auditor.scope.audited(shown_path(path)) is not None:
            items.add(path)
        return items

    def to_json(self) -> list[Json]:
        """Return the contract's `watch`: one line for each pattern, one for each directory that is only swept."""
        mode = "live" if self.live else "scheduled"
        lines: list[Json] = [
            {"item": scoped.pattern.path, "mode": mode, "reason": None} for scoped in self._auditor.scope.patterns
        ]
        lines.extend(
            {"item": shown_path(directory), "mode": "polled", "reason": reason}
            for directory, reason in sorted(self.unwatched.items())
        )
        return lines
