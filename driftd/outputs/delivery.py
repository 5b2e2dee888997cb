"""One output's deliveries, on a thread of its own, so that a slow receiver delays nobody."""

from __future__ import annotations

import math
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
from driftd.outputs.fresh import FreshEvents
from driftd.outputs.numbering import Batch, from_journal, next_in_row, number_of
from driftd.ports import Clock, DeliveryError, Output, Refreshing

log = structlog.get_logger(__name__)

BATCH: Final = 100
ROOM: Final = 1000
"""Events kept in memory for an output; one that is further behind reads them from the journal."""
LONGEST_WISH: Final = 3600.0
"""Seconds that a receiver may ask to be left alone for; a wish for more is one for this."""
STALLED: Final = 300.0
"""Seconds of one try in which nothing was delivered, after which an output counts as failing: a pipe that nobody reads, a file
system that hangs. Receivers over the network have a time limit of their own."""
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
    """Events the receiver refused for good, ever."""

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

    `read(after)` reads the journal, `acknowledge(sequence, number, skipped)` remembers how far the output has come, what it
    has counted, and how many events its receiver has refused for good; `on_skipped(event, reason)` is told of each of
    these, once that is remembered. All three are called on the delivery's thread.
    """

    def __init__(
        self,
        name: str,
        output: Output,
        *,
        read: Callable[[int], Iterator[Event]],
        acknowledge: Callable[[int, int, int], None],
        cursor: int,
        head: int,
        clock: Clock,
        number: int = 0,
        skipped: int = 0,
        accept: Filter | None = None,
        on_skipped: Callable[[Event, str], None] = lambda _event, _reason: None,
        backoff: Backoff | None = None,
        batch: int = BATCH,
    ) -> None:
        self.name = name
        self._output = output
        self._read = read
        self._acknowledge = acknowledge
        self._accept = accept or Filter()
        self._on_skipped = on_skipped
        self._backoff = backoff or Backoff()
        self._batch = batch
        self._clock = clock
        self._refreshing = output if isinstance(output, Refreshing) else None
        self._refreshed_at = -math.inf
        self._changed = threading.Condition()
        self._fresh = FreshEvents(max(head, cursor), ROOM)
        self._cursor = cursor
        self._number = number
        self._deadline: float | None = None
        self._last_error: str | None = None
        self._trying_since: float | None = None
        """When the try under way began, or delivered something last."""
        self._skipped = skipped
        self._untold: list[tuple[Event, str]] = []
        """Refused for good, and not remembered yet."""
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
            error = self._last_error or self._stalled()
            state: State = "stopped" if self._stopped else "failing" if error is not None else "ok"
            return DeliveryState(self.name, state, self._fresh.head - self._cursor, error, self._skipped)

    def _stalled(self) -> str | None:
        if self._trying_since is None or (seconds := self._clock.monotonic() - self._trying_since) < STALLED:
            return None
        return f"nothing was delivered for {seconds:.0f} s: the receiver takes nothing and says nothing"

    def wait(self, seconds: float) -> bool:
        """Wait until all is delivered or nothing can be, at most so many seconds; say whether all is."""
        with self._changed:
            self._changed.wait_for(self._settled, max(0.0, seconds))
            return self._cursor >= self._fresh.head

    def _settled(self) -> bool:
        return self._stopped or self._last_error is not None or self._cursor >= self._fresh.head

    def end(self, seconds: float) -> None:
        """Ask it to deliver what is left for at most so many seconds, then to end. Waits for nothing."""
        with self._changed:
            if self._deadline is None:
                self._deadline = self._clock.monotonic() + seconds
            self._changed.notify_all()

    def stop(self, seconds: float) -> None:
        """Deliver what is left for at most so many seconds, then end; what remains is delivered after the next start."""
        self.end(seconds)
        assert self._deadline is not None
        if self._thread.ident is not None:
            left = self._deadline - self._clock.monotonic()
            self._thread.join(
                max(0.0, left) + 1.0
            )  # beyond that the receiver is stuck: the cursor knows where to go on
        with self._changed:
            self._stopped = True

    def _run(self) -> None:
        try:
            while self._wait_for_work():
                self._trying_since = self._clock.monotonic()
                try:
                    self._work()
                except DeliveryError as error:
                    self._failed(str(error), error.retry_after)
                except Exception as error:  # an error of ours must not end the deliveries
                    log.exception("an output failed unexpectedly", output=self.name)
                    self._failed(f"unexpected {type(error).__name__}: {error}")
                self._trying_since = None
        finally:
            self._output.close()
            with self._changed:
                self._stopped = True

    def _wait_for_work(self) -> bool:
        """Sleep until there is something to do; False when it is time to end."""
        with self._changed:
            self._changed.wait_for(self._has_work, self._until_refresh())
            if self._deadline is None:
                return True
            return self._cursor < self._fresh.head and self._clock.monotonic() < self._deadline

    def _has_work(self) -> bool:
        return self._deadline is not None or self._cursor < self._fresh.head

    def _until_refresh(self) -> float | None:
        if self._refreshing is None or math.isinf(every := self._refreshing.every):
            return None
        return max(0.0, self._refreshed_at + every - self._clock.monotonic())

    def _work(self) -> None:
        """Deliver the next events, and have the output say anew what stands, where that is due."""
        if self._refreshing is not None and self._until_refresh() == 0.0 and self._deadline is None:
            self._refreshing.refresh()
            self._refreshed_at = self._clock.monotonic()
            if self._cursor >= self._fresh.head:
                self._recovered()
        if self._cursor < self._fresh.head:
            self._deliver(self._next_batch())

    def _next_batch(self) -> Batch:
        with self._changed:
            cursor, head = self._cursor, self._fresh.head
            fresh = self._fresh.after(cursor, self._batch)
        if fresh is not None:
            return next_in_row(fresh.events, fresh.through, self.name, self._number)
        events = list(islice(self._read(cursor), self._batch))
        if not events:
            raise DeliveryError(f"the journal holds no event after {cursor}, though {head} was announced")
        batch = from_journal(events, self._accept.takes, self.name, cursor, self._number)
        if batch.lost:
            log.error("events were gone before they were delivered", output=self.name, events=batch.lost)
        return batch

    def _deliver(self, batch: Batch) -> None:
        try:
            if batch.events:
                self._output.send(batch.events)
        except DeliveryError as error:
            if error.delivered:
                last = batch.events[error.delivered - 1]
                self._advance(sequence_of(last), number_of(last))
            if not error.permanent:
                raise
            self._deliver_one_by_one(batch.events[error.delivered :])
        self._advance(batch.through, batch.number)

    def _deliver_one_by_one(self, events: list[Event]) -> None:
        """Find what the receiver refuses and go on without it.

        An event is given up only when the receiver takes one that follows it: a receiver that refuses everything has been
        set up wrongly, or is not the one that was meant, and nothing is lost to that. Where all of these are refused the
        newest there is decides, out of its turn: they may be too old for the receiver, and the next ones as well.
        """
        refused: list[tuple[Event, DeliveryError]] = []
        for event in events:
            try:
                self._output.send([event])
            except DeliveryError as error:
                if not error.permanent:
                    raise
                refused.append((event, error))
                continue
            for odd, refusal in refused:
                self._skip(odd, str(refusal))
            refused.clear()
            self._advance(sequence_of(event), number_of(event))
        if refused and self._takes_the_newest(sequence_of(events[-1])):
            for odd, refusal in refused:
                self._skip(odd, str(refusal))
        elif refused:
            more = f" (and {len(refused) - 1} events after it)" if len(refused) > 1 else ""
            first, refusal = refused[0]
            raise DeliveryError(f"event {sequence_of(first)} is refused{more}: {refusal}") from refusal

    def _takes_the_newest(self, after: int) -> bool:
        """Whether the receiver takes an event that is newer than all of these; it gets it again in its turn, with its number."""
        with self._changed:
            newest = self._fresh.newest()
        if newest is None or sequence_of(newest) <= after:
            return False
        try:
            self._output.send([newest])
        except DeliveryError as error:
            if not error.permanent:
                raise
            return False
        return True

    def _skip(self, event: Event, reason: str) -> None:
        log.error("an event was refused for good", output=self.name, sequence=sequence_of(event), reason=reason)
        with self._changed:
            self._skipped += 1
        self._untold.append((event, reason))

    def _advance(self, sequence: int, number: int) -> None:
        if sequence == self._cursor:
            return
        if self._stopped:
            return  # given up as stuck: another delivery may have taken its place
        self._acknowledge(sequence, number, self._skipped)
        with self._changed:
            self._cursor, self._number = sequence, number
            self._trying_since = self._clock.monotonic()
            self._changed.notify_all()
        untold, self._untold = self._untold, []
        for event, reason in untold:
            self._on_skipped(event, reason)
        self._recovered()

    def _recovered(self) -> None:
        with self._changed:
            recovered, self._last_error = self._last_error is not None, None
        self._backoff.reset()
        if recovered:
            log.info("an output works again", output=self.name)

    def _failed(self, reason: str, retry_after: float | None = None) -> None:
        """Wait before the next try, unless it is time to end."""
        with self._changed:
            again, self._last_error = self._last_error == reason, reason
            self._changed.notify_all()
            if self._deadline is not None:
                self._deadline = self._clock.monotonic()
                return
        if not again:
            log.warning("an output cannot deliver; trying again", output=self.name, reason=reason)
        delay = max(self._backoff.next(), min(retry_after or 0.0, LONGEST_WISH))
        with self._changed:
            self._changed.wait_for(lambda: self._deadline is not None, delay)
