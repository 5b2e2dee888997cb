"""The next reload: when settings and baselines are read again, and who asked for that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from driftd.daemon.peers import Peer

QUIET: Final = 2.0
"""Seconds: a checkout of baselines must be at rest for so long before it is read."""
LONGEST_PAUSE: Final = 60.0
"""Seconds between two tries to read what is no whole state, when it has been none for long."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A reload as it is wanted."""

    asked: bool = False
    """Even where no file differs."""
    by: Peer | None = None
    """The peer of the control socket that asked for it."""


class NextReload:
    """At most one: what is wanted twice until it is begun is done once."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.at: float | None = None
        """When it is due; None: nothing has to be read."""
        self._monotonic = monotonic
        self._wanted = Wanted()
        self._pause = 0.0
        """Until the last try to read again what was no whole state; 0: it was one."""

    def soon(self, by: Peer | None = None) -> None:
        """Reload now, or when a checkout in progress has come to rest: somebody asks for it."""
        self._wanted = Wanted(asked=True, by=by)
        if self.at is None:
            self.at = self._monotonic()

    def changed(self) -> None:
        """Reload when what was just written to has come to rest."""
        self.at = self._monotonic() + QUIET

    def doubted(self) -> None:
        """The same for what nobody was seen to write."""
        if self.at is None:
            self.changed()

    def look(self) -> None:
        """Read what differs now: nothing tells when it is written to."""
        if self.at is None:
            self.at = self._monotonic()

    def again(self, wanted: Wanted) -> None:
        """Read again what was no whole state just now: soon, then with growing pauses."""
        self._pause = min(max(QUIET, 2 * self._pause), LONGEST_PAUSE)
        self.at = self._monotonic() + self._pause
        if not self._wanted.asked:  # else somebody asked meanwhile
            self._wanted = wanted

    def settled(self) -> None:
        """What was read is a whole state, or stays refused: the next one that is none is tried again soon."""
        self._pause = 0.0

    def begin(self) -> Wanted:
        """Return the reload that is due; from now on another one may be wanted."""
        wanted, self._wanted, self.at = self._wanted, Wanted(), None
        return wanted
