"""Deliveries on real threads; every wait is for something that must come, with one shared patience."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import pytest

from driftd.model.change import Severity
from driftd.model.event import Event, namespace, sequence_of
from driftd.outputs.backoff import Backoff
from driftd.outputs.delivery import ROOM, STALLED, Delivery, DeliveryState
from driftd.outputs.filters import Filter
from driftd.outputs.numbering import number_of
from driftd.ports import DeliveryError
from tests.contracts.output_suite import an_event

PATIENCE = 20.0


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class LaterClock(RealClock):
    """The same, and as much later as is told."""

    def __init__(self) -> None:
        self.later = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.later


class Receiver:
    """An output that takes, refuses or keeps the sender waiting, as told."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.batches: list[list[int]] = []
        self.numbers: dict[int, int] = {}
        self.problem: str | None = None
        self.poison: set[int] = set()
        self.bug: Exception | None = None
        self.attempts = 0
        self.open = threading.Event()
        self.open.set()
        self.closed = False

    def send(self, events: Sequence[Event]) -> None:
        with self.changed:
            self.attempts += 1
            self.changed.notify_all()
        self.open.wait(PATIENCE)
        sequences = [sequence_of(event) for event in events]
        numbers = {sequence_of(event): number_of(event) for event in events if "output" in namespace(event)}
        if self.bug is not None:
            raise self.bug
        if self.problem is not None:
            raise DeliveryError(self.problem)
        if self.poison & set(sequences):
            raise DeliveryError("too odd", permanent=True)
        with self.changed:
            self.batches.append(sequences)
            self.numbers.update(numbers)
            self.changed.notify_all()

    def close(self) -> None:
        self.closed = True

    @property
    def received(self) -> list[int]:
        return [sequence for batch in self.batches for sequence in batch]

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, PATIENCE), (self.batches, self.attempts)


class Journal:
    """The journal as a delivery sees it, and the engine's memory of cursors."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.reads: list[int] = []
        self.changed = threading.Condition()
        self.cursor = 0
        self.number = self.refused = 0
        self.problem: Exception | None = None
        self.removed = 0

    def write(self, number: int) -> list[Event]:
        fresh = [an_event(len(self.events) + 1 + index) for index in range(number)]
        self.events += fresh
        return fresh

    def read(self, after: int) -> Iterator[Event]:
        self.reads.append(after)
        if self.problem is not None:
            raise self.problem
        return iter(self.events[max(after, self.removed) :])

    def acknowledge(self, sequence: int, number: int, refused: int) -> None:
        with self.changed:
            assert sequence > self.cursor
            self.cursor, self.number, self.refused = sequence, number, refused
            self.changed.notify_all()

    def wait_until_acknowledged(self, sequence: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.cursor >= sequence, PATIENCE), self.cursor


class Scene:
    def __init__(self) -> None:
        self.journal = Journal()
        self.receiver = Receiver()
        self.skipped: list[tuple[int, str]] = []
        self.delivery: Delivery | None = None
        self.clock = LaterClock()

    def start(self, accept: Filter | None = None, batch: int = 100) -> Delivery:
        self.delivery = Delivery(
            "test",
            self.receiver,
            read=self.journal.read,
            acknowledge=self.journal.acknowledge,
            cursor=self.journal.cursor,
            number=self.journal.number,
            head=len(self.journal.events),
            clock=self.clock,
            accept=accept,
            skipped=self.journal.refused,
            on_skipped=lambda event, reason: self.skipped.append((sequence_of(event), reason)),
            backoff=Backoff(0.001, 0.002),
            batch=batch,
        )
        self.delivery.start()
        return self.delivery

    def close(self) -> None:
        self.receiver.open.set()
        if self.delivery is not None:
            self.delivery.stop(0)


@pytest.fixture
def scene() -> Iterator[Scene]:
    scene = Scene()
    yield scene
    scene.close()


def test_fresh_events_are_delivered_from_memory(scene: Scene) -> None:
    delivery = scene.start()
    delivery.offer(scene.journal.write(3))
    scene.journal.wait_until_acknowledged(3)
    assert scene.receiver.received == [1, 2, 3]
    assert scene.journal.reads == []


def test_whoever_waits_is_told_when_all_is_delivered_or_nothing_can_be(scene: Scene) -> None:
    scene.journal.write(250)
    delivery = scene.start()
    assert delivery.wait(PATIENCE)
    assert scene.receiver.received == list(range(1, 251))
    scene.receiver.problem = "away"
    delivery.offer(scene.journal.write(1))
    assert not delivery.wait(PATIENCE)
    scene.receiver.problem = None
    scene.journal.wait_until_acknowledged(251)


def test_what_is_behind_is_read_from_the_journal_first(scene: Scene) -> None:
    scene.journal.write(5)
    scene.journal.cursor = 2
    delivery = scene.start()
    scene.journal.wait_until_acknowledged(5)
    delivery.offer(scene.journal.write(1))
    scene.journal.wait_until_acknowledged(6)
    assert scene.receiver.received == [3, 4, 5, 6]
    assert scene.journal.reads == [2]


def test_a_restart_repeats_nothing_that_was_acknowledged(scene: Scene) -> None:
    delivery = scene.start()
    delivery.offer(scene.journal.write(3))
    scene.journal.wait_until_acknowledged(3)
    delivery.stop(1)
    again = scene.start()
    again.offer(scene.journal.write(1))
    scene.journal.wait_until_acknowledged(4)
    assert scene.receiver.received == [1, 2, 3, 4]


def test_batches_are_bounded(scene: Scene) -> None:
    scene.journal.write(25)
    scene.start(batch=10)
    scene.journal.wait_until_acknowledged(25)
    assert [len(batch) for batch in scene.receiver.batches] == [10, 10, 5]


def test_a_slow_receiver_delays_nobody_and_memory_stays_bounded(scene: Scene) -> None:
    scene.receiver.open.clear()
    delivery = scene.start()
    for _ in range(30):
        delivery.offer(scene.journal.write(ROOM // 10))
    scene.receiver.wait_for(lambda: scene.receiver.attempts == 1)
    assert delivery.snapshot().backlog == 3 * ROOM
    assert len(delivery._fresh._events) <= ROOM
    scene.receiver.open.set()
    scene.journal.wait_until_acknowledged(3 * ROOM)
    assert scene.receiver.received == list(range(1, 3 * ROOM + 1))


def test_a_failure_is_tried_again_until_it_works(scene: Scene) -> None:
    scene.receiver.problem = "nobody is listening"
    delivery = scene.start()
    delivery.offer(scene.journal.write(2))
    scene.receiver.wait_for(lambda: scene.receiver.attempts >= 3)
    assert delivery.snapshot() == DeliveryState("test", "failing", 2, "nobody is listening")
    assert scene.journal.cursor == 0
    scene.receiver.problem = None
    scene.journal.wait_until_acknowledged(2)
    delivery.stop(1)
    assert scene.receiver.received == [1, 2]
    assert delivery.snapshot() == DeliveryState("test", "stopped", 0, None)


def test_an_event_refused_for_good_is_skipped_and_told_and_the_others_arrive(scene: Scene) -> None:
    scene.receiver.poison = {3}
    scene.journal.write(5)
    delivery = scene.start()
    scene.journal.wait_until_acknowledged(5)
    delivery.stop(1)
    assert scene.receiver.received == [1, 2, 4, 5]
    assert scene.skipped == [(3, "too odd")]
    assert delivery.snapshot().skipped == 1


def test_an_event_is_given_up_only_when_one_that_follows_it_is_taken(scene: Scene) -> None:
    scene.receiver.poison = {2, 3}
    scene.journal.write(3)
    delivery = scene.start()
    scene.receiver.wait_for(lambda: scene.receiver.attempts >= 9)
    assert (scene.skipped, scene.journal.cursor) == ([], 1)
    assert delivery.snapshot().last_error == "event 2 is refused (and 1 events after it): too odd"
    delivery.offer(scene.journal.write(1))
    scene.journal.wait_until_acknowledged(4)
    delivery.stop(1)
    assert scene.skipped == [(2, "too odd"), (3, "too odd")]
    assert scene.receiver.received[-1] == 4
    assert scene.receiver.numbers == {1: 1, 4: 4}, "what was refused leaves a hole"


def test_a_receiver_that_refuses_everything_loses_nothing(scene: Scene) -> None:
    scene.receiver.poison = set(range(1, 6))
    scene.journal.write(5)
    scene.start()
    scene.receiver.wait_for(lambda: scene.receiver.attempts >= 13)
    assert scene.journal.cursor == 0
    scene.receiver.poison = set()
    scene.journal.wait_until_acknowledged(5)
    assert scene.receiver.received == [1, 2, 3, 4, 5]
    assert scene.skipped == []


def test_what_is_refused_for_good_is_remembered_with_the_cursor_and_counted_on_after_a_restart(scene: Scene) -> None:
    scene.receiver.poison = {2, 3}
    scene.journal.write(4)
    scene.start().wait(PATIENCE)
    assert (scene.journal.cursor, scene.journal.refused) == (4, 2)
    scene.close()
    scene.receiver.poison = {5}
    scene.journal.write(2)
    again = scene.start()
    assert again.wait(PATIENCE)
    assert (scene.journal.cursor, scene.journal.refused, again.snapshot().skipped) == (6, 3, 3)
    assert [sequence for sequence, _ in scene.skipped] == [2, 3, 5]


def test_where_more_is_refused_than_one_batch_holds_the_newest_event_decides(scene: Scene) -> None:
    scene.receiver.poison = set(range(1, 251))  # a collector that was away for days, and finds them too old
    scene.journal.write(250)
    delivery = scene.start()
    scene.receiver.wait_for(lambda: delivery.snapshot().last_error is not None)
    assert scene.journal.cursor == 0
    delivery.offer(scene.journal.write(2))
    scene.journal.wait_until_acknowledged(252)
    assert [sequence for sequence, _ in scene.skipped] == list(range(1, 251))
    assert scene.receiver.received[-2:] == [251, 252]
    assert scene.receiver.received.count(252) > 1, "it came out of its turn before"


def odd(event: Event) -> bool:
    return sequence_of(event) % 2 == 1


class OddOnes(Filter):
    def takes(self, event: Event) -> bool:
        return odd(event)


def test_an_output_counts_what_is_for_it_without_a_hole_and_goes_on_after_a_restart(scene: Scene) -> None:
    scene.journal.write(5)
    delivery = scene.start(OddOnes(), batch=2)
    scene.journal.wait_until_acknowledged(5)
    delivery.offer(scene.journal.write(2))
    scene.journal.wait_until_acknowledged(7)
    delivery.stop(1)
    scene.journal.write(2)
    again = scene.start(OddOnes())
    assert again.wait(PATIENCE)
    again.offer(scene.journal.write(2))
    scene.journal.wait_until_acknowledged(11)
    assert scene.receiver.numbers == {1: 1, 3: 2, 5: 3, 7: 4, 9: 5, 11: 6}
    assert scene.journal.number == 6


def test_what_is_delivered_again_has_the_number_that_it_had(scene: Scene) -> None:
    delivery = scene.start(OddOnes())
    scene.receiver.poison = {5}  # the batch is delivered one by one, after it was delivered in part
    delivery.offer(scene.journal.write(9))
    scene.journal.wait_until_acknowledged(9)
    assert scene.receiver.numbers == {1: 1, 3: 2, 7: 4, 9: 5}


def test_events_that_the_journal_lost_leave_a_hole_in_the_numbers(scene: Scene) -> None:
    scene.journal.write(9)
    scene.journal.removed = 4
    scene.start()
    scene.journal.wait_until_acknowledged(9)
    assert scene.receiver.numbers == {5: 5, 6: 6, 7: 7, 8: 8, 9: 9}


class Standing(Receiver):
    """An output that says again what stands."""

    every = 0.001

    def __init__(self) -> None:
        super().__init__()
        self.refreshed = 0
        self.trouble: str | None = None

    def refresh(self) -> None:
        with self.changed:
            self.refreshed += 1
            self.changed.notify_all()
        if self.trouble is not None:
            raise DeliveryError(self.trouble)


def test_an_output_that_has_to_say_again_what_stands_does_so_though_nothing_happens(scene: Scene) -> None:
    scene.receiver = standing = Standing()
    delivery = scene.start()
    standing.wait_for(lambda: standing.refreshed >= 3)
    standing.trouble = "away"
    standing.wait_for(lambda: delivery.snapshot().last_error == "away")
    standing.trouble = None
    standing.wait_for(lambda: delivery.snapshot().state == "ok")
    delivery.offer(scene.journal.write(2))
    scene.journal.wait_until_acknowledged(2)


def test_what_a_receiver_has_of_a_batch_that_failed_is_not_sent_again(scene: Scene) -> None:
    class Halfway(Receiver):
        def send(self, events: Sequence[Event]) -> None:
            sequences = [sequence_of(event) for event in events]
            super().send(events[: sequences.index(3)] if 3 in sequences and self.attempts < 2 else events)
            if 3 in sequences and self.attempts < 3:
                error = DeliveryError("no more")
                error.delivered = sequences.index(3)
                raise error

    scene.receiver = Halfway()
    scene.journal.write(5)
    scene.start()
    scene.journal.wait_until_acknowledged(5)
    assert scene.receiver.received.count(1) == scene.receiver.received.count(2) == 1


def test_a_receiver_that_asks_to_be_left_alone_is_left_alone(scene: Scene) -> None:
    class Busy(Receiver):
        def send(self, events: Sequence[Event]) -> None:
            super().send(events)
            raise DeliveryError("later, please", retry_after=3600)

    scene.receiver = Busy()
    delivery = scene.start()
    delivery.offer(scene.journal.write(1))
    scene.receiver.wait_for(lambda: delivery.snapshot().last_error == "later, please")
    delivery.offer(scene.journal.write(1))
    delivery._thread.join(0.05)  # fifty times as long as without its wish
    assert scene.receiver.attempts == 1


def test_an_error_of_the_output_itself_is_not_the_end(scene: Scene) -> None:
    scene.receiver.bug = ZeroDivisionError("oops")
    delivery = scene.start()
    delivery.offer(scene.journal.write(1))
    scene.receiver.wait_for(lambda: scene.receiver.attempts >= 2)
    assert delivery.snapshot().last_error == "unexpected ZeroDivisionError: oops"
    scene.receiver.bug = None
    scene.journal.wait_until_acknowledged(1)


def test_a_journal_that_cannot_be_read_is_tried_again(scene: Scene) -> None:
    scene.journal.problem = OSError("no disk")
    scene.journal.write(2)
    scene.start()
    while len(scene.journal.reads) < 2:
        threading.Event().wait(0.001)
    scene.journal.problem = None
    scene.journal.wait_until_acknowledged(2)
    assert scene.receiver.received == [1, 2]


def test_events_that_do_not_pass_the_filter_move_the_cursor_and_are_not_sent(scene: Scene) -> None:
    delivery = scene.start(Filter(min_severity=Severity.CRITICAL))
    delivery.offer(scene.journal.write(3))
    scene.journal.wait_until_acknowledged(3)
    assert scene.receiver.attempts == 0
    assert delivery.snapshot().state == "ok"


def test_stop_delivers_what_is_left(scene: Scene) -> None:
    scene.receiver.open.clear()
    delivery = scene.start(batch=1)
    delivery.offer(scene.journal.write(5))
    scene.receiver.wait_for(lambda: scene.receiver.attempts == 1)
    threading.Timer(0.05, scene.receiver.open.set).start()
    delivery.stop(PATIENCE)
    assert scene.receiver.received == [1, 2, 3, 4, 5]
    assert scene.receiver.closed


def test_stop_does_not_wait_for_a_receiver_that_fails(scene: Scene) -> None:
    scene.receiver.problem = "down"
    delivery = scene.start()
    delivery.offer(scene.journal.write(5))
    scene.receiver.wait_for(lambda: scene.receiver.attempts >= 2)
    before = scene.receiver.attempts
    delivery.stop(PATIENCE)
    assert scene.receiver.attempts <= before + 2  # one under way, one last
    assert scene.receiver.closed
    assert delivery.snapshot().backlog == 5


def test_a_receiver_that_neither_takes_nor_says_anything_for_long_counts_as_failing(scene: Scene) -> None:
    scene.receiver.open.clear()
    delivery = scene.start()
    assert delivery.snapshot().state == "ok"
    delivery.offer(scene.journal.write(2))
    scene.receiver.wait_for(lambda: scene.receiver.attempts == 1)
    assert delivery.snapshot().state == "ok", "it may be about to"
    scene.clock.later = STALLED + 12
    told = delivery.snapshot()
    assert (told.state, told.backlog) == ("failing", 2)
    assert "nothing was delivered for" in str(told.last_error)
    scene.receiver.open.set()
    assert delivery.wait(PATIENCE)
    assert delivery.snapshot().state == "ok"


def test_an_output_that_was_never_started_can_be_stopped(scene: Scene) -> None:
    delivery = Delivery(
        "test", scene.receiver, read=scene.journal.read, acknowledge=scene.journal.acknowledge, cursor=0, head=0,
        clock=RealClock(),
    )  # fmt: skip
    delivery.stop(0)
    assert delivery.snapshot().state == "stopped"


def test_a_state_is_shown_as_the_contract_says() -> None:
    assert DeliveryState("jsonl", "failing", 7, "disk full", 1).to_json() == {
        "name": "jsonl",
        "state": "failing",
        "backlog": 7,
        "last_error": "disk full",
        "skipped": 1,
    }
