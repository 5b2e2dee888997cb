"""What stands open, as an output that tells states instead of transitions asks for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple, Protocol

from driftd.model.document import Json


class StandingDrift(Protocol):
    """An open drift, as the last event about it told it."""

    @property
    def drift_id(self) -> str:
        """Its id."""

    @property
    def baseline(self) -> str:
        """Name of its baseline."""

    @property
    def item(self) -> str:
        """Its item."""

    @property
    def opened_at(self) -> str:
        """When it opened, RFC 3339."""

    @property
    def severity(self) -> str:
        """The word."""

    @property
    def status(self) -> str:
        """The word."""

    @property
    def change_count(self) -> int:
        """How many changes it has."""

    @property
    def changes(self) -> Sequence[Json]:
        """The worst of them first, in the form of events."""

    @property
    def group(self) -> str:
        """With which group it was told; empty where it was told by itself."""


class StandingGroup(NamedTuple):
    """How many open drifts that were told together are alike."""

    group: str
    severity: str
    status: str
    baseline: str
    drifts: int


class OpenDrifts(Protocol):
    """The drifts that stand open now. Every method raises DeliveryError where that cannot be known now."""

    def through(self) -> int:
        """Return up to which event they are as the events tell."""

    def of(self, drift_ids: Collection[str]) -> Sequence[StandingDrift]:
        """Return those of these that stand open."""

    def alone(self) -> Iterator[Sequence[StandingDrift]]:
        """Yield those that were told by themselves, some at a time."""

    def all(self) -> Iterator[Sequence[StandingDrift]]:
        """Yield every one, some at a time."""

    def together(self) -> Sequence[StandingGroup]:
        """Return counts of those that were told together."""


class NothingOpen:
    """No drift stands open."""

    def through(self) -> int:
        """Return a number beyond that of any event."""
        return 1 << 63

    def of(self, drift_ids: Collection[str]) -> Sequence[StandingDrift]:
        """Return nothing."""
        return ()

    def alone(self) -> Iterator[Sequence[StandingDrift]]:
        """Yield nothing."""
        yield from ()

    def all(self) -> Iterator[Sequence[StandingDrift]]:
        """Yield nothing."""
        yield from ()

    def together(self) -> Sequence[StandingGroup]:
        """Return nothing."""
        return ()
