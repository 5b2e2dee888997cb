"""Pruning: what is left means the same as the whole did, wherever it was interrupted; and says what went."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from driftd.model.document import Json
from driftd.model.event import Action, Event, namespace, sequence_of
from driftd.store.damage import Damage
from driftd.store.database import Database
from driftd.store.errors import StoreError
from driftd.store.known import Cursor
from driftd.store.notices import Notice
from driftd.store.pruning import Say
from driftd.store.reader import JournalReader
from driftd.store.replay import replayed
from driftd.store.retention import Limits
from driftd.store.snapshot import named_in
from driftd.store.store import Store
from tests.unit.store.made import StandingClock, drift, event, heartbeats, segment_files
from tests.unit.store.plain import PlainState, assert_same, events

LIMITS = Limits(timedelta(days=100), 8_000)
"""Segments of 1,000 bytes: three or four events."""


def opened(state: Path, limits: Limits = LIMITS) -> Store:
    return Store.open(state, StandingClock(), "test", limits)


def say(store: Store, said: list[Event] | None = None) -> Say:
    """Return who records the checkpoint, and notes it."""

    def record(driftd: dict[str, Json]) -> None:
        (said if said is not None else []).extend(
            store.record([event(Action.JOURNAL_CHECKPOINT) | {"driftd": {"severity": "info", **driftd}}])
        )

    return record


def prune(store: Store, *outputs: str) -> list[Event]:
    said: list[Event] = []
    for _ in store.prune(outputs, say(store, said)):
        pass
    return said


def filled(state: Path) -> Store:
    """Return a store with 40 open drifts, half of them told long ago, and more events than it keeps."""
    store = opened(state)
    for number in range(40):
        store.record([drift(drift_id=f"d{number}", item=f"/etc/{number}")])
    store.record(heartbeats(20))
    return store


def ids(database: Database) -> set[str]:
    return {known.drift_id for known in database.drifts()}


ALL = {f"d{number}" for number in range(40)}


def test_what_takes_too_much_room_goes_and_the_state_stays(tmp_path: Path) -> None:
    store = filled(tmp_path)
    (checkpoint,) = prune(store)
    assert sum(file.stat().st_size for file in segment_files(tmp_path / "journal")) <= LIMITS.max_bytes
    told = namespace(checkpoint)["checkpoint"]
    assert isinstance(told, dict)
    first = store.journal.first_sequence()
    assert told["sequence"] == first - 1 > 30
    assert isinstance(told["pruned"], dict)
    assert told["pruned"]["events"] == first - 1
    assert store.journal.verify() == []
    assert [sequence_of(left) for left in store.journal.read()] == list(range(first, store.journal.last_sequence + 1))
    store.close()
    for file in tmp_path.glob("driftd.db*"):
        file.unlink()
    again = opened(tmp_path)
    assert [notice.kind for notice in again.found()[1]] == [Notice.DATABASE_MISSING]
    assert ids(again.database) == ALL
    assert again.database.position() == again.journal.position()
    beside = Database.open_read_only(tmp_path, JournalReader(tmp_path / "journal"))
    assert ids(beside) == ALL
    beside.close()
    again.close()


def test_nothing_is_pruned_and_nothing_said_where_there_is_room(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.record([drift(), *heartbeats(3)])
    assert prune(store) == []
    assert store.journal.snapshot() is None
    store.close()


def test_events_that_go_before_an_output_had_them_are_counted_for_it(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.database.cursor("jsonl")
    store.delivered("jsonl", Cursor(5, 4))
    store.delivered("journald", Cursor(60, 50, 3))
    store.record([event(Action.DELIVERY_REFUSED, refused={"journald": 3})])
    (checkpoint,) = prune(store, "jsonl", "journald")
    gone = store.journal.first_sequence() - 1
    assert namespace(checkpoint)["lost"] == {"jsonl": gone - 5}
    assert store.database.lost() == {"jsonl": gone - 5}
    assert store.cursors() == {"jsonl": gone, "journald": 60}
    assert store.numbers() == {"jsonl": 4 + gone - 5, "journald": 50}, "what was lost leaves a hole"
    store.close()
    (tmp_path / "driftd.db").unlink()
    again = opened(tmp_path)
    assert again.database.lost() == {"jsonl": gone - 5}, "counted once"
    assert (again.refused("journald"), again.database.refused_untold()) == (3, {})
    assert again.cursors() == {"jsonl": gone, "journald": 60}
    again.close()


def test_an_output_of_which_nothing_is_known_holds_what_there_is_room_for(tmp_path: Path) -> None:
    store = opened(tmp_path, Limits(timedelta(days=100), 20_000))
    for _ in range(100):
        store.record(heartbeats(1))
    (checkpoint,) = prune(store, "never heard of")
    assert isinstance(namespace(checkpoint)["lost"], dict)
    left = sum(file.stat().st_size for file in segment_files(tmp_path / "journal"))
    assert 17_000 < left <= 20_000, "no more than had to go"
    store.close()


@pytest.mark.parametrize("steps", range(0, 24, 2))
def test_a_pruning_that_ends_at_any_step_loses_nothing(tmp_path: Path, steps: int) -> None:
    store = filled(tmp_path)
    pruning: Iterator[None] = store.prune([], say(store))
    for _ in range(steps):
        next(pruning, None)
    store.close()  # as a process that is killed: nothing after this step is done
    del pruning
    (tmp_path / "driftd.db").unlink()
    again = opened(tmp_path)
    assert ids(again.database) == ALL
    assert again.journal.verify() == []
    prune(again)
    assert sum(file.stat().st_size for file in segment_files(tmp_path / "journal")) <= LIMITS.max_bytes
    assert len(list((tmp_path / "journal").glob("*.snapshot*"))) == 1
    assert again.journal.verify() == []
    again.close()


def test_segments_that_an_interrupted_pruning_left_prove_themselves_and_go(tmp_path: Path) -> None:
    store = filled(tmp_path)
    (kept, *_) = [(file, file.read_bytes()) for file in segment_files(tmp_path / "journal")[5:]]
    prune(store)
    kept[0].write_bytes(kept[1])
    for _ in store.prune([], say(store)):
        pass
    assert not kept[0].exists()
    assert store.journal.verify() == []
    store.close()


@pytest.mark.parametrize(
    ("how", "reason"),
    [("first segment", Damage.UNPROVABLE), ("snapshot", Damage.UNREADABLE), ("altered snapshot", Damage.ALTERED)],
)
def test_what_somebody_took_away_or_changed_is_named(tmp_path: Path, how: str, reason: Damage) -> None:
    store = filled(tmp_path)
    prune(store)
    (snapshot,) = (tmp_path / "journal").glob("*.snapshot")
    match how:
        case "first segment":
            segment_files(tmp_path / "journal")[0].unlink()
        case "snapshot":
            snapshot.unlink()
        case _:
            snapshot.write_bytes(snapshot.read_bytes().replace(b"high", b"info"))
    assert [problem.reason for problem in store.journal.verify()] == [reason]
    store.close()


def test_a_snapshot_that_is_gone_is_written_again(tmp_path: Path) -> None:
    store = filled(tmp_path)
    prune(store)
    (snapshot,) = (tmp_path / "journal").glob("*.snapshot")
    snapshot.unlink()
    assert len(prune(store)) == 1
    assert store.journal.verify() == []
    store.close()
    (tmp_path / "driftd.db").unlink()
    again = opened(tmp_path)
    assert ids(again.database) == ALL
    again.close()


@pytest.mark.parametrize("how", ["gone", "altered", "of another version"])
def test_a_database_and_a_snapshot_lost_together_are_said(tmp_path: Path, how: str) -> None:
    store = filled(tmp_path)
    prune(store)
    store.record([drift(drift_id="told since")])
    store.close()
    (tmp_path / "driftd.db").unlink()
    (snapshot,) = (tmp_path / "journal").glob("*.snapshot")
    match how:
        case "gone":
            snapshot.unlink()
        case "altered":
            snapshot.write_bytes(snapshot.read_bytes()[:-50])
        case _:
            snapshot.write_bytes(snapshot.read_bytes().replace(b"snapshot/1", b"snapshot/9"))
    again = opened(tmp_path)
    assert [notice.kind for notice in again.found()[1]] == [Notice.DATABASE_MISSING, Notice.STATE_INCOMPLETE]
    assert "told since" in ids(again.database)
    assert again.journal.last_sequence == store.journal.last_sequence
    again.close()


def test_what_stands_in_the_way_of_pruning_is_said_as_any_trouble_of_the_state(tmp_path: Path) -> None:
    store = filled(tmp_path)
    (tmp_path / "journal").rename(tmp_path / "elsewhere")
    (tmp_path / "journal").write_text("a file")
    with pytest.raises(StoreError, match="something that is no directory stands in the way"):
        prune(store)
    store.close()


def test_an_older_database_than_the_journal_remembers_is_set_aside(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.record([drift(drift_id="d0", item="/etc/0")])
    store.close()
    old = (tmp_path / "driftd.db").read_bytes()
    store = filled(tmp_path)
    prune(store)
    store.close()
    (tmp_path / "driftd.db").write_bytes(old)
    again = opened(tmp_path)
    assert [notice.kind for notice in again.found()[1]] == [Notice.DATABASE_BEHIND]
    assert ids(again.database) == ALL
    again.close()


def test_events_of_a_reader_that_began_before_the_pruning_go_on_with_what_is_left(tmp_path: Path) -> None:
    store = filled(tmp_path)
    reading = JournalReader(tmp_path / "journal").read()
    assert sequence_of(next(reading)) == 1
    prune(store)
    rest = [sequence_of(left) for left in reading]
    assert rest[-1] == store.journal.last_sequence - 1
    assert rest == sorted(rest)
    store.close()


@st.composite
def histories(draw: st.DrawFn) -> list[list[Event] | str]:
    """Batches of events, and between them prunings, losses of the database, and restarts."""
    batch = st.lists(events(), min_size=1, max_size=6)
    return draw(st.lists(batch | st.sampled_from(["prune", "lose the database", "restart"]), max_size=25))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories(), limit=st.sampled_from([2_000, 8_000]))
def test_pruned_anywhere_and_rebuilt_anywhere_the_state_is_what_all_events_made(
    history: list[list[Event] | str], limit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    state = tmp_path_factory.mktemp("state")
    limits = Limits(timedelta(days=100), limit)
    store, plain, seen = opened(state, limits), PlainState(), 0

    def take_note() -> None:
        nonlocal seen
        for recorded in store.journal.read(seen):
            seen = sequence_of(recorded)
            for change in replayed(recorded):
                plain.take(change)

    for what in [*history, "prune", "lose the database"]:
        if isinstance(what, list):
            store.record(what)
        elif what == "prune":
            prune(store)
        else:
            store.close()
            for file in state.glob("driftd.db*") if what == "lose the database" else ():
                file.unlink()
            store = opened(state, limits)
        take_note()
        assert_same(store.database, plain)
    assert store.journal.verify() == []
    assert all(named_in(left) is None or store.journal.snapshot() is not None for left in store.journal.read())
    store.close()
