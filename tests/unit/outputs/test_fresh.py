from __future__ import annotations

from driftd.outputs.fresh import FreshEvents
from tests.contracts.output_suite import an_event


def sequences(fresh: FreshEvents, cursor: int, limit: int = 100) -> list[int] | None:
    events = fresh.after(cursor, limit)
    return None if events is None else [event["event"]["sequence"] for event in events]  # type: ignore[call-overload, index, misc]


def test_new_events_follow_the_cursor_at_the_head() -> None:
    fresh = FreshEvents(5, room=10)
    fresh.add([an_event(6), an_event(7)])
    assert fresh.head == 7
    assert sequences(fresh, 5) == [6, 7]
    assert sequences(fresh, 5, limit=1) == [6]
    assert sequences(fresh, 6) == [7]
    assert sequences(fresh, 7) is None


def test_a_cursor_further_behind_finds_nothing_here() -> None:
    fresh = FreshEvents(5, room=10)
    fresh.add([an_event(6)])
    assert sequences(fresh, 3) is None
    assert sequences(fresh, 5) == [6]


def test_events_offered_twice_count_once() -> None:
    fresh = FreshEvents(5, room=10)
    fresh.add([an_event(5), an_event(6)])
    fresh.add([an_event(6), an_event(7)])
    assert sequences(fresh, 5) == [6, 7]


def test_a_hole_is_left_to_the_journal() -> None:
    fresh = FreshEvents(5, room=10)
    fresh.add([an_event(6), an_event(9)])
    assert fresh.head == 9
    assert sequences(fresh, 5) is None


def test_memory_is_bounded() -> None:
    fresh = FreshEvents(0, room=10)
    fresh.add([an_event(number) for number in range(1, 1001)])
    assert len(fresh._events) <= 10
    assert fresh.head == 1000
    assert sequences(fresh, 0) is None
