"""What commands are run for: paths whose changes make a command worth running again, told by a digest of what is there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable
from typing import Final

from driftd.sources.glob import Glob
from driftd.sources.walk import Plan, Walk, WalkPattern

_BREATH: Final = 256
"""Paths between two moments at which others may overtake."""


class Triggers:
    """Globs, each with the item of the command that is run for it."""

    def __init__(self, triggers: Iterable[tuple[Glob, str]]) -> None:
        pairs = tuple(triggers)
        self.items = tuple(item for _, item in pairs)
        """The item of the command, by index of the pattern in `plan`."""
        self.plan = Plan([WalkPattern(glob) for glob, _ in pairs])

    def digests(
        self, walk: Walk, stamps: Callable[[str], tuple[bytes, bytes] | None]
    ) -> Generator[None, None, dict[str, bytes]]:
        """Return for each command a digest of what a walk over `plan` finds for it; yields now and then."""
        seen: dict[str, list[bytes]] = {item: [] for item in self.items}
        for count, found in enumerate(walk, 1):
            here = stamps(found.item) if found.gap is None else None
            for index in found.matches:
                seen[self.items[index]].append(b"%b\0%b" % (found.path, b"".join(here or ())))
            if count % _BREATH == 0:
                yield
        return {item: hashlib.sha256(b"\0".join(sorted(those))).digest() for item, those in seen.items()}
