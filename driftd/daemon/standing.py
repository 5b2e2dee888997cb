"""What stands open, for outputs, from the database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final, TypeVar

from driftd.outputs.standing import StandingGroup
from driftd.ports import DeliveryError
from driftd.store.database import Database
from driftd.store.errors import StoreError
from driftd.store.known import OpenDrift
from driftd.store.store import Store
from driftd.store.tables import Place, place_of

PAGE: Final = 500
T = TypeVar("T")


class StandingDrifts:
    """The open drifts of a store. Any thread may ask."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def through(self) -> int:
        """Return up to which event they are as the events tell."""
        return self._ask(lambda database: database.position().sequence)

    def of(self, drift_ids: Collection[str]) -> Sequence[OpenDrift]:
        """Return those of these that stand open."""
        return self._ask(lambda database: database.drifts_by_id(drift_ids))

    def alone(self) -> Iterator[Sequence[OpenDrift]]:
        """Yield those that were told by themselves, some at a time."""
        after = ""
        while page := self._alone_after(after):
            yield page
            after = page[-1].drift_id

    def all(self) -> Iterator[Sequence[OpenDrift]]:
        """Yield every one, some at a time, the worst first."""
        place: Place | None = None
        while page := self._worst_after(place):
            yield page
            place = place_of(page[-1])

    def together(self) -> Sequence[StandingGroup]:
        """Return counts of those that were told together."""
        return [StandingGroup(*row) for row in self._ask(Database.drifts_together)]

    def _alone_after(self, drift_id: str) -> list[OpenDrift]:
        return self._ask(lambda database: database.drifts_alone(PAGE, drift_id))

    def _worst_after(self, place: Place | None) -> list[OpenDrift]:
        return self._ask(lambda database: database.worst(PAGE, place))

    def _ask(self, work: Callable[[Database], T]) -> T:
        try:
            return work(self._store.database)
        except StoreError as error:
            raise DeliveryError(f"what stands open cannot be read now: {error}") from error
