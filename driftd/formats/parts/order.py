"""The order of names that counts where a program takes them one after the other: `allow` and `deny`, redirects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from driftd.formats.parts.builder import DocumentBuilder
from driftd.model.document import Node

Group = tuple[str, ...]
"""Names whose order among each other counts, in their usual one; `*` may stand for all others."""


def by_name(groups: Iterable[Group]) -> dict[str, Group]:
    """Return the group of each name."""
    return {name: group for group in groups for name in group}


class Order:
    """How names came in one block."""

    __slots__ = ("_groups", "_runs")

    def __init__(self, groups: Mapping[str, Group]) -> None:
        self._groups = groups
        self._runs: dict[Group, list[str]] = {}
        """A name that repeats at once is there once."""

    def note(self, name: str) -> None:
        """Take note of the next name."""
        group = self._groups.get(name)
        if group is not None:
            run = self._runs.setdefault(group, [])
            if run[-1:] != [name]:
                run.append(name)

    def note_any(self, name: str) -> None:
        """Take note of the next name; one that is in no group is `*`."""
        self.note(name if name in self._groups else "*")

    def tell(self, builder: DocumentBuilder, at: Node, line: int) -> None:
        """Keep each order that is not the usual one in the member `@order`."""
        for run in self.unusual():
            builder.add("@order", " ".join(run), line, at=at)

    def unusual(self) -> Iterator[list[str]]:
        """Yield each order that is not the usual one."""
        return (run for group, run in self._runs.items() if run != [name for name in group if name in run])
