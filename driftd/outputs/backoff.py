"""How long to wait before trying again."""

from __future__ import annotations

import random
from collections.abc import Callable


class Backoff:
    """Delays that double up to a limit, each shortened by chance, so that a fleet does not knock in step."""

    def __init__(
        self,
        first: float = 0.5,
        longest: float = 60.0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._first = first
        self._longest = longest
        self._chance = chance
        self._failures = 0

    def next(self) -> float:
        """Return how long to wait after one more failure: between half of the full delay and all of it."""
        full = min(self._longest, self._first * 2.0 ** min(self._failures, 62))
        self._failures += 1
        return full * (0.5 + 0.5 * self._chance())

    def reset(self) -> None:
        """Begin anew: it worked."""
        self._failures = 0
