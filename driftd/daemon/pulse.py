"""The pulse of the loop: what it is doing and since when, for those who ask while it does not answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

IDLE: Final = "waiting for work"


class Beat(NamedTuple):
    """What the loop began at a moment; a later beat is another one."""

    doing: str
    since: float
    number: int


class Pulse:
    """Told by the loop whenever it begins something else; may be read by any thread."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._beat = Beat(IDLE, monotonic(), 0)

    def begin(self, doing: str) -> None:
        """Say what is done from now on."""
        self._beat = Beat(doing, self._monotonic(), self._beat.number + 1)

    def looking_at(self, item: str) -> None:
        """Say which item is looked at from now on."""
        self.begin(f"looking at {item}")

    def last(self) -> Beat:
        """Return the last beat."""
        return self._beat

    def age(self) -> float:
        """Return for how many seconds the loop has been in one thing; 0 while it waits for work, however long that is."""
        beat = self._beat
        return 0.0 if beat.doing is IDLE else self._monotonic() - beat.since
