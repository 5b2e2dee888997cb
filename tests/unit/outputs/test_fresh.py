from __future__ import annotations

from collections.abc import Sequence

from driftd.model.event import Event, sequence_of
from driftd.outputs.fresh import FreshEvents
from tests.contracts.output_suite import an_event


def add(fresh: FreshEvents, events: Sequence[Event]) -> None:
    fresh.add(events, lambda _: True)


def sequences(fresh: FreshEvents, cursor: int, limit: int = 100) -> list[int] | None:
    found = fresh.after(cursor, limit)
    if found is None:
        return None
    assert found.through == (sequence_of(found.events[-1]) if found.events else fresh.head)
    return list(map(sequence_of, found.events))


def test_new_events_follow_the_cursor_at_the_head() -> None:
    fresh = FreshEvents(5, room=10)
    add(fresh, [an_event(6), an_event(7)])
    assert fresh.head == 7
    assert sequences(fresh, 5) == [6, 7]
    assert sequences(fresh, 5, limit=1) == [6]
    assert sequences(fresh, 6) == [7]
    assert sequences(fresh, 7) is None


def test_a_cursor_further_behind_finds_nothing_here() -> None:
    fresh = FreshEvents(5, room=10)
    add(fresh, [an_event(6)])
    assert sequences(fresh, 3) is None
    assert sequences(fresh, 5) == [6]


def test_events_offered_twice_count_once() -> None:
    fresh = FreshEvents(5, room=10)
    add(fresh, [an_event(5), an_event(6)])
    add(fresh, [an_event(6), an_event(7)])
    assert sequences(fresh, 5) == [6, 7]


def test_a_hole_is_left_to_the_journal() -> None:
    fresh = FreshEvents(5, room=10)
    add(fresh, [an_event(6), an_event(9)])
    assert fresh.head == 9
    assert sequences(fresh, 5) is None


def test_memory_is_bounded() -> None:
    fresh = FreshEvents(0, room=10)
    add(fresh, [an_event(number) for number in range(1, 1001)])
    assert len(fresh._events) <= 10
    assert fresh.head == 1000
    assert sequences(fresh, 0) is None


def test_of_what_is_not_for_the_receiver_only_the_number_is_kept() -> None:
    fresh = FreshEvents(0, room=3)
    fresh.add([an_event(number) for number in range(1, 1001)], lambda event: sequence_of(event) in (2, 700, 900))
    assert len(fresh._events) == 3
    assert fresh.after(0, 2) == ([an_event(2), an_event(700)], 700)
    assert fresh.after(700, 2) == ([an_event(900)], 1000)
    assert fresh.after(900, 2) == ([], 1000)
    assert fresh.after(1000, 2) is None


def test_what_came_before_too_much_is_left_to_the_journal_alone() -> None:
    fresh = FreshEvents(0, room=2)
    add(fresh, [an_event(number) for number in range(1, 5)])
    assert sequences(fresh, 1) is None
    assert sequences(fresh, 3) == [4]
