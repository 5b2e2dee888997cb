"""The records of a host at work: its state open for writing, what goes out of it to outputs, and what keeps it in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from driftd.app import Host
from driftd.daemon.counts import Counts
from driftd.daemon.upkeep import Upkeep
from driftd.delivering import Deliveries
from driftd.model.event import Event
from driftd.ports import Clock
from driftd.store.database import Progress
from driftd.workplace import open_workplace


class Records:
    """Opens the state for a command, which may be refused as `open_workplace` says; `start` begins to deliver."""

    def __init__(
        self, host: Host, command: str, environment: Mapping[str, str], clock: Clock, progress: Progress
    ) -> None:
        self.counts = Counts()
        self._deliveries: Deliveries | None = None
        self.workplace = open_workplace(host, command, self._publish, progress)
        engine = self.workplace.engine
        self.upkeep = Upkeep(engine, clock)
        self.deliveries = self._deliveries = Deliveries(
            engine.store, lambda: self.workplace.host, environment, clock, self.upkeep.refusals.refused
        )
        self.upkeep.outputs = self.deliveries.names
        self.upkeep.content = lambda: self.workplace.host.content

    def _publish(self, events: Sequence[Event]) -> None:
        self.counts.add(events)
        if self._deliveries is not None:
            self._deliveries.offer(events)

    def start(self) -> None:
        """Say what befell the state, and begin to deliver what is behind."""
        self.upkeep.tell()
        self.deliveries.start()

    def deliver_anew(self) -> None:
        """Deliver to the outputs of the settings that are in force now."""
        self.deliveries.stop()
        self.deliveries.start()

    def tidy(self) -> None:
        """Prune, once outputs have had some time for what they are behind with."""
        self.deliveries.drain()
        self.upkeep.finish()

    def close(self) -> None:
        """Deliver what is left, and give everything back."""
        self.deliveries.stop()
        self.upkeep.close()
        self.workplace.close()
