"""Deliveries of events that a test makes, by a real output, with short pauses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from driftd.model.event import Event
from driftd.outputs.backoff import Backoff
from driftd.outputs.delivery import Delivery
from driftd.ports import Output
from tests.contracts.output_suite import an_event
from tests.system.daemon_process import until
from tests.unit.outputs.test_delivery import RealClock

T = TypeVar("T", int, str)


class Journal:
    """The events that there are, and a delivery of them."""

    def __init__(self, output: Output, batch: int = 50) -> None:
        self.events: list[Event] = []
        self.cursor = 0
        self.delivery = Delivery(
            "test", output, read=self._read, acknowledge=self._acknowledge, cursor=0, head=0, clock=RealClock(),
            backoff=Backoff(0.005, 0.02), batch=batch,
        )  # fmt: skip
        self.delivery.start()

    def write(self, number: int) -> list[int]:
        """Make so many events more, and return their sequences."""
        fresh = [an_event(len(self.events) + 1 + index) for index in range(number)]
        self.events += fresh
        self.delivery.offer(fresh)
        return list(range(len(self.events) - number + 1, len(self.events) + 1))

    def wait(self, found: Callable[[], object], what: str) -> None:
        until(found, f"{what}: {self.delivery.snapshot()}")

    def _read(self, after: int) -> Iterator[Event]:
        return iter(self.events[after:])

    def _acknowledge(self, sequence: int, _number: int, _refused: int) -> None:
        self.cursor = sequence


def first_occurrences(values: Sequence[T]) -> list[T]:
    """Return each once, where it came first."""
    return list(dict.fromkeys(values))
