"""Losses: what was not seen for a time, said when it happens and when everything concerned was looked at again."""

from __future__ import annotations

from collections.abc import Callable
from os.path import commonpath
from typing import Final

from driftd.daemon.engine import Engine
from driftd.daemon.watching import Watching
from driftd.model.change import Severity
from driftd.model.document import Json
from driftd.model.event import Action
from driftd.model.item import Gap, shown_path
from driftd.watch.reasons import UNREADABLE

MAX_NAMED: Final = 200
"""Directories that are named one by one when they cannot be watched for one reason; more are one place with a number."""


class Losses:
    """What has been lost of the whole host, and not been looked at again yet; and what is not watched."""

    def __init__(self, engine: Engine, monotonic: Callable[[], float]) -> None:
        self._engine = engine
        self._monotonic = monotonic
        self._since: dict[str, float] = {}

    def say(self, reason: str, message: str) -> None:
        """Say that everything has to be looked at again; once, until that was done."""
        known = reason in self._since
        self._since[reason] = self._monotonic()
        if not known:
            self._engine.say(Action.COVERAGE_LOST, Severity.MEDIUM, message, _whole_host([reason]))

    def looked_again(self, begun: float) -> None:
        """Say that what was lost before a moment was looked at since."""
        reasons = sorted(reason for reason, lost in self._since.items() if lost <= begun)
        if reasons:
            message = f"everything was looked at again ({', '.join(reasons)})"
            self._engine.say(Action.COVERAGE_RESTORED, Severity.INFO, message, _whole_host(reasons))
        for reason in reasons:
            del self._since[reason]

    def gaps(self) -> list[Gap]:
        """Return why what is known of the whole host may not be the present."""
        return [Gap("/", reason, "everything is being looked at again") for reason in sorted(self._since)]

    def say_polled(self, watching: Watching) -> None:
        """Say what is polled instead of watched, and what is watched again, where that was not said yet."""
        watching.news = False
        memory = self._engine.memory
        memory.polled_directories = len(watching.polled)
        polled = unwatched({shown_path(place): reason for place, reason in watching.polled.items()})
        now = {item: gap for item, gap in polled.items() if item not in memory.places}
        if now != memory.polled:
            self._engine.places.polled(now)


def unwatched(reasons: dict[str, str]) -> dict[str, Gap]:
    """Return the gaps that polled directories come to: one each, or one for many of one reason.

    One that cannot be read is a gap already, and left out.
    """
    by_reason: dict[str, list[str]] = {}
    for item, reason in reasons.items():
        if reason != UNREADABLE:
            by_reason.setdefault(reason, []).append(item)
    gaps = {}
    for reason, items in by_reason.items():
        named = items if len(items) <= MAX_NAMED else [commonpath(items)]
        gaps.update({item: Gap(item, reason, "polled instead of watched") for item in named})
    return gaps


def _whole_host(reasons: list[str]) -> dict[str, Json]:
    gaps: list[Json] = [{"item": "/", "reason": reason} for reason in reasons]
    return {"gaps": gaps, "gap_count": len(gaps), "watch": reasons[0]}
