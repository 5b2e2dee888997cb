"""One output's deliveries, on a thread of its own, so that a slow receiver delays nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

import structlog

from driftd.model.document import Json
from driftd.model.event import Event, sequence_of
from driftd.outputs.backoff import Backoff
from driftd.outputs.filters import Filter
from driftd.outputs.fresh import Fresh, FreshEvents
from driftd.ports import Clock, DeliveryError, Output

log = structlog.get_logger(__name__)

BATCH: Final = 100
ROOM: Final = 1000
"""Events kept in memory for an output; one that is further behind reads them from the journal."""
State = Literal["ok", "failing", "stopped"]


@dataclass(frozen=True, slots=True)
class DeliveryState:
    """How an output is doing."""

    name: str
    state: State
    backlog: int
    """Events not handled yet, as `event.sequence` counts them."""
    last_error: str | None
    """Why the last try failed; None once one has succeeded."""
    skipped: int = 0
    """Events the receiver refused for good."""

    def to_json(self) -> dict[str, Json]:
        """Return the contract's shape."""
        return {
            "name": self.name,
            "state": self.state,
            "backlog": self.backlog,
            "last_error": self.last_error,
            "skipped": self.skipped,
        }


class Delivery:
    """Delivers every event after a cursor, in order, at least once.

    `read(after)` reads the journal, `acknowledge(sequence)` remembers how far the output has come, `skipped(event,
    reason)` is told what the receiver refuses for good. All three are called on the delivery's thread.
    """

    def __init__(
        self,
        name: str,
        output: Output,
        *,
        read: Callable[[int], Iterator[Event]],
        acknowledge: Callable[[int], None],
        cursor: int,
        head: int,
        clock: Clock,
        accept: Filter | None = None,
        skipped: Callable[[Event, str], None] | None = None,
        backoff: Backoff | None = None,
        batch: int = BATCH,
    ) -> None:
        self.name = name
        self._output = output
        self._read = read
        self._acknowledge = acknowledge
        self._accept = accept or Filter()
        self._on_skipped = skipped
        self._backoff = backoff or Backoff()
        self._batch = batch
        self._clock = clock
        self._changed = threading.Condition()
        self._fresh = FreshEvents(max(head, cursor), ROOM)
        self._cursor = cursor
        self._deadline: float | None = None
        self._last_error: str | None = None
        self._skipped = 0
        self._thread = threading.Thread(target=self._run, name=f"driftd-output-{name}", daemon=True)
        self._stopped = False

    def start(self) -> None:
        """Begin to deliver, with what is behind first."""
        self._thread.start()

    def offer(self, events: Sequence[Event]) -> None:
        """Say that these events are in the journal now. Never waits for the receiver."""
        with self._changed:
            self._fresh.add(events, self._accept.takes)
            self._changed.notify_all()

    def snapshot(self) -> DeliveryState:
        """Return how the output is doing."""
        with self._changed:
            state: State = "stopped" if self._stopped else "failing" if self._last_error is not None else "ok"
            return DeliveryState(self.name, state, self._fresh.head - self._cursor, self._last_error, self._skipped)

    def wait(self, seconds: float) -> bool:
        """Wait until all is delivered or nothing can be, at most so many seconds; say whether all is."""
        with self._changed:
            self._changed.wait_for(self._settled, max(0.0, seconds))
            return self._cursor >= self._fresh.head

    def _settled(self) -> bool:
        return self._stopped or self._last_error is not None or self._cursor >= self._fresh.head

    def stop(self, seconds: float) -> None:
        """Deliver what is left for at most so many seconds, then end; what remains is delivered after the next start."""
        with self._changed:
            self._deadline = self._clock.monotonic() + seconds
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(seconds + 1.0)  # beyond that the receiver is stuck: the cursor knows where to go on
        with self._changed:
            self._stopped = True

    def _run(self) -> None:
        try:
            while self._wait_for_work():
                try:
                    self._deliver(self._next_batch())
                except DeliveryError as error:
                    self._failed(str(error))
                except Exception as error:  # an error of ours must not end the deliveries
                    log.exception("an output failed unexpectedly", output=self.name)
                    self._failed(f"unexpected {type(error).__name__}: {error}")
        finally:
            self._output.close()
            with self._changed:
                self._stopped = True

    def _wait_for_work(self) -> bool:
        """Sleep until there is something to deliver; False when it is time to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._deadline is not None or self._cursor < self._fresh.head)
            if self._deadline is None:
                return True
            return self._cursor < self._fresh.head and self._clock.monotonic() < self._deadline

    def _next_batch(self) -> Fresh:
        with self._changed:
            cursor, head = self._cursor, self._fresh.head
            fresh = self._fresh.after(cursor, self._batch)
        if fresh is not None:
            return fresh
        events = list(islice(self._read(cursor), self._batch))
        if not events:
            raise DeliveryError(f"the journal holds no event after {cursor}, though {head} was announced")
        return Fresh([event for event in events if self._accept.takes(event)], sequence_of(events[-1]))

    def _deliver(self, batch: Fresh) -> None:
        try:
            if batch.events:
                self._output.send(batch.events)
        except DeliveryError as error:
            if not error.permanent:
                raise
            self._deliver_one_by_one(batch.events)
        self._advance(batch.through)

    def _deliver_one_by_one(self, events: list[Event]) -> None:
        """Find the event that the receiver refuses and go on without it."""
        for event in events:
            try:
                self._output.send([event])
            except DeliveryError as error:
                if not error.permanent:
                    raise
                self._skip(event, str(error))
            self._advance(sequence_of(event))

    def _skip(self, event: Event, reason: str) -> None:
        log.error("an event was refused for good", output=self.name, sequence=sequence_of(event), reason=reason)
        with self._changed:
            self._skipped += 1
        if self._on_skipped is not None:
            self._on_skipped(event, reason)

    def _advance(self, sequence: int) -> None:
        if sequence == self._cursor:
            return
        self._acknowledge(sequence)
        with self._changed:
            self._cursor = sequence
            self._changed.notify_all()
            recovered, self._last_error = self._last_error is not None, None
        self._backoff.reset()
        if recovered:
            log.info("an output works again", output=self.name)

    def _failed(self, reason: str) -> None:
        """Wait before the next try, unless it is time to end."""
        with self._changed:
            again, self._last_error = self._last_error == reason, reason
            self._changed.notify_all()
            if self._deadline is not None:
                self._deadline = self._clock.monotonic()
                return
        if not again:
            log.warning("an output cannot deliver; trying again", output=self.name, reason=reason)
        delay = self._backoff.next()
        with self._changed:
            self._changed.wait_for(lambda: self._deadline is not None, delay)
