"""An outage of the state: it cannot be written, and is tried again from time to time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog

from driftd.daemon.memory import STATE_UNWRITABLE
from driftd.model.item import Gap
from driftd.store.errors import StoreError

log = structlog.get_logger(__name__)

RETRY: Final = 5.0
"""Seconds until the state is tried again after it could not be written."""


class Outage:
    """Whether the state can be written, as far as is known."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.error: StoreError | None = None
        """Why it cannot be written; None: it can."""
        self.again_at = 0.0
        """When it is tried again."""
        self._monotonic = monotonic

    @property
    def may_try(self) -> bool:
        """Whether it can be written, or has to be tried now."""
        return self.error is None or self._monotonic() >= self.again_at

    def take(self, error: StoreError) -> None:
        """Take note that it could not be written."""
        self.again_at = self._monotonic() + RETRY
        if str(self.error) != str(error):
            log.error("nothing can be recorded; trying again until it can be", reason=str(error), seconds=RETRY)
        self.error = error

    def end(self) -> None:
        """Take note that it was written again."""
        self.error = None
        log.warning("what happens is recorded again")

    def gaps(self) -> list[Gap]:
        """Return why what is known may not be the present."""
        return [] if self.error is None else [Gap("/", STATE_UNWRITABLE, str(self.error))]
