"""The outputs of a host at work: a delivery for each, begun and ended together."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from driftd.app import Host
from driftd.daemon.standing import StandingDrifts
from driftd.model.baseline import Rule
from driftd.model.event import Event
from driftd.outputs.delivery import Delivery, DeliveryState
from driftd.outputs.filters import Filter
from driftd.outputs.registry import Surroundings, build
from driftd.ports import Clock
from driftd.settings.outputs import names_of
from driftd.store.known import Cursor
from driftd.store.store import Store

DRAIN: Final = 5.0
"""Seconds an output may take to deliver what is left when the daemon stops."""


class Deliveries:
    """Delivers what is in a store's journal to the outputs of a host, which `host` tells as it was reloaded last.

    `refused(output, event, reason)` is told, on threads of their own, of what receivers refuse for good.
    """

    def __init__(
        self,
        store: Store,
        host: Callable[[], Host],
        environment: Mapping[str, str],
        clock: Clock,
        refused: Callable[[str, Event, str], None],
    ) -> None:
        self._store = store
        self._host = host
        self._environment = environment
        self._clock = clock
        self._refused = refused
        self._all: list[Delivery] = []

    def start(self) -> None:
        """Begin to deliver to every output of the settings in force, with what is behind first."""
        store, outputs = self._store, self._host().settings.outputs
        around = Surroundings(
            sys.stdout,
            self._environment,
            drifts=StandingDrifts(store),
            host=lambda: self._host().facts.name,
            rules=self._rules,
        )
        for name, entry in zip(names_of(outputs), outputs, strict=True):
            delivery = Delivery(
                name,
                build(entry.kind, entry.options, around),
                read=store.journal.read,
                acknowledge=partial(self._acknowledge, name),
                cursor=store.cursor(name),
                number=store.number(name),
                skipped=store.refused(name),
                head=store.journal.last_sequence,
                clock=self._clock,
                accept=Filter.of(entry.options),
                on_skipped=partial(self._refused, name),
            )
            delivery.start()
            self._all.append(delivery)

    def _acknowledge(self, name: str, sequence: int, number: int, refused: int) -> None:
        self._store.delivered(name, Cursor(sequence, number, refused))

    def _rules(self) -> Mapping[str, Rule]:
        return self._host().rules()

    def offer(self, events: Sequence[Event]) -> None:
        """Say that these events are in the journal now."""
        for delivery in self._all:
            delivery.offer(events)

    def names(self) -> list[str]:
        """Return the names of the outputs in use."""
        return [delivery.name for delivery in self._all]

    def snapshots(self) -> list[DeliveryState]:
        """Return how each output is doing."""
        return [delivery.snapshot() for delivery in self._all]

    def drain(self) -> None:
        """Wait until all is delivered, for as long as an output may take."""
        until = self._clock.monotonic() + DRAIN
        for delivery in self._all:
            delivery.wait(until - self._clock.monotonic())

    def stop(self) -> None:
        """Deliver what is left and end; all at the same time, so that several that are stuck cost no more than one."""
        for delivery in self._all:
            delivery.end(DRAIN)
        for delivery in self._all:
            delivery.stop(DRAIN)
        self._all = []
