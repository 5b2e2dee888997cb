"""Modes: how changes of each pattern's items are noticed, as `status` tells it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from driftd.daemon.watching import Watching
from driftd.model.item import real_path, shown_path
from driftd.sources.glob import Glob

Mode = tuple[str, str, str | None]
"""Item, mode, and why no better one."""


def modes(watching: Watching, patterns: Sequence[Glob]) -> Iterator[Mode]:
    """Yield the contract's `watch`: one line for each pattern, then one for each directory that is polled."""
    directories = sorted(watching.directories())
    polled = {name: reason for place, reason in watching.polled.items() for name in watching.names_of(place)}
    away = sorted(polled)
    for glob in patterns:
        if not watching.live:
            yield glob.pattern, "scheduled", None
        else:
            yield _of_pattern(glob, directories, away)
    for name in away:
        yield shown_path(name), "polled", polled[name]


def _of_pattern(glob: Glob, directories: list[bytes], polled: list[bytes]) -> Mode:
    base = real_path(glob.prefix).rpartition(b"/")[0] or b"/"
    missing = _below(base, polled)
    if not missing:
        return glob.pattern, "live", None
    all_of_them = _below(base, directories)
    mode = "live" if missing < all_of_them else "polled"
    return glob.pattern, mode, f"{missing} of {all_of_them} directories are polled"


def _below(base: bytes, names: list[bytes]) -> int:
    """Return how many of the sorted names are the base, or below it."""
    prefix = base.rstrip(b"/") + b"/"
    first = bisect_left(names, prefix)
    itself = bisect_left(names, base)
    inner = bisect_left(names, prefix[:-1] + b"0") - first  # "0" follows "/"
    return inner + (itself < len(names) and names[itself] == base and base != b"/")
