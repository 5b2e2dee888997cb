"""What no case of tests/cases/settle can say: bounds, and promises over every sequence of notices."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from driftd.watch.settle import LONGEST_FACTOR, Settling

NOTICES = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from([b"/a/1", b"/a/2", b"/b/1", b"/b/t~"]), st.booleans()), max_size=60
)
TRANSIENT = frozenset({b"/b/t~"})


def test_nothing_waits_at_first() -> None:
    settling = Settling()
    assert settling.next_deadline() is None
    assert settling.due(1e9) == []
    assert len(settling) == 0


def test_a_path_noticed_many_times_is_due_once() -> None:
    settling = Settling()
    for step in range(1000):
        settling.noticed(b"/etc/f", step / 10_000, complete=step % 3 == 0)
    assert settling.due(0.2) == [b"/etc/f"]
    assert settling.due(1e9) == []


def test_a_write_that_begins_before_the_look_postpones_it() -> None:
    settling = Settling(0.25)
    settling.noticed(b"/etc/f", 0.0, complete=True)
    settling.noticed(b"/etc/f", 0.1, complete=False)
    assert settling.due(0.1) == []
    assert settling.next_deadline() == 0.35


def test_a_notice_between_look_and_outcome_keeps_the_first_notice() -> None:
    settling = Settling(0.25)
    settling.noticed(b"/etc/f", 0.0, complete=True)
    assert settling.due(0.0) == [b"/etc/f"]
    settling.noticed(b"/etc/f", 0.2, complete=True)
    assert not settling.outcome(b"/etc/f", worse=True, now=0.2)
    assert settling.due(0.2) == [b"/etc/f"]
    assert settling.outcome(b"/etc/f", worse=True, now=0.26)


def test_an_outcome_of_a_rescan_is_held_from_the_look_on() -> None:
    settling = Settling(0.25)
    assert not settling.outcome(b"/etc/f", worse=True, now=5.0)
    assert settling.next_deadline() == 5.25
    assert settling.due(5.25) == [b"/etc/f"]
    assert settling.outcome(b"/etc/f", worse=True, now=5.25)


def test_a_storm_takes_bounded_memory() -> None:
    settling = Settling(max_waiting=100)
    for number in range(10_000):
        settling.noticed(b"/d%d/f%d" % (number % 7, number), 0.0, complete=False)
        assert len(settling) <= 100 + 7
    assert len(settling._queue) <= 200
    assert set(settling.rescans(0.25)) <= {b"/d%d" % number for number in range(7)}


def test_a_storm_over_many_directories_collapses_to_everything() -> None:
    settling = Settling(max_waiting=100)
    for number in range(1000):
        settling.noticed(b"/d%d/f" % number, 0.0, complete=True)
    assert len(settling) <= 100 + 101
    assert settling.rescans(0.25) == [b"/"]
    assert settling.next_deadline() is None


def test_outcomes_that_nobody_tells_take_bounded_memory() -> None:
    settling = Settling(max_waiting=100)
    for number in range(1000):
        settling.noticed(b"/d/f%d" % number, 0.0, complete=True)
        settling.due(0.0)
    assert len(settling._handed_out) <= 100


@given(NOTICES)
def test_every_notice_is_followed_by_a_look_in_bounded_time(notices: list[tuple[int, bytes, bool]]) -> None:
    settling = Settling(0.25, transient=TRANSIENT, transient_hold=60)
    pending: dict[bytes, float] = {}
    now = 0.0
    looks: list[tuple[float, bytes]] = []

    def run_until(end: float) -> None:
        while (deadline := settling.next_deadline()) is not None and deadline <= end:
            for path in settling.due(deadline):
                looks.append((deadline, path))
                first = pending.pop(path)
                limit = 60 if path in TRANSIENT else 0.25 * LONGEST_FACTOR
                assert deadline <= first + limit + 1e-9
                assert settling.outcome(path, worse=False, now=deadline)

    for delay, path, complete in notices:
        now += delay / 1000
        run_until(now)
        pending.setdefault(path, now)
        settling.noticed(path, now, complete=complete)
    run_until(now + 61)
    assert pending == {}
    assert settling.next_deadline() is None


@given(NOTICES, st.integers(0, 2000))
def test_a_bad_look_is_reported_in_bounded_time(notices: list[tuple[int, bytes, bool]], late: int) -> None:
    settling = Settling(0.25)
    now = 0.0
    first: float | None = None
    for delay, _, complete in notices:
        now += delay / 1000
        settling.noticed(b"/f", now, complete=complete)
        first = now if first is None else first
        if settling.due(now) and settling.outcome(b"/f", worse=True, now=now):
            assert now >= first + 0.25
            first = None
    now += late / 1000
    while (deadline := settling.next_deadline()) is not None:
        now = max(now, deadline)
        assert settling.due(now) == [b"/f"]
        if settling.outcome(b"/f", worse=True, now=now):
            first = None
    assert first is None
