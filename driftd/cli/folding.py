"""Folding: events that are told together are shown by their summary, not one by one."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator

from driftd.model.event import Action, Event, action_of, namespace, told_together


def add_members(parser: argparse.ArgumentParser) -> None:
    """Add `--members`."""
    parser.add_argument("--members", action="store_true", help="show each event as well that a summary tells")


class Folding:
    """Keeps events back that a summary tells, and remembers how many of them none has told so far."""

    def __init__(self) -> None:
        self._untold: Counter[str] = Counter()

    def shows(self, event: Event) -> bool:
        """Whether an event is shown by itself."""
        if action_of(event) == Action.DRIFT_SUMMARY:
            self._untold.pop(str(namespace(event)["group"]), None)
        group = told_together(event)
        if group is not None:
            self._untold[group] += 1
        return group is None

    def left(self) -> Iterator[str]:
        """Yield a line for each group of which something was kept back and not told by what came later."""
        for group, count in self._untold.items():
            yield f"{count} events about drifts that are told together, to be summed up (--members shows them; group {group})"
