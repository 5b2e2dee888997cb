from __future__ import annotations

import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from driftd.model.document import Json
from driftd.model.event import Action, sequence_of
from driftd.store.damage import Damage
from driftd.store.database import BUSY_SECONDS
from driftd.store.known import Cursor
from driftd.store.lock import StateHeldError
from driftd.store.notices import Notice
from driftd.store.retention import Limits
from driftd.store.store import HASTE, REPAIR_AGAIN, Store
from tests.unit.store.made import StandingClock, drift, event, heartbeats, segment_files


def opened(state: Path) -> Store:
    return Store.open(state, StandingClock(), "driftd run")


def test_what_is_recorded_is_there_after_the_next_start(tmp_path: Path) -> None:
    store = opened(tmp_path)
    stamped = store.record([drift(), *heartbeats(2)])
    store.close()
    again = opened(tmp_path)
    assert [known.drift_id for known in again.database.drifts()] == ["d1"]
    assert list(again.journal.read()) == stamped
    assert again.found() == ([], [])
    again.close()


def test_a_start_that_makes_the_database_again_is_heard_of_on_its_way(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.record(heartbeats(2500))
    store.close()
    (tmp_path / "driftd.db").unlink()
    heard: list[int] = []
    Store.open(tmp_path, StandingClock(), "driftd run", progress=lambda: heard.append(1)).close()
    assert len(heard) == 3


def test_a_state_directory_has_one_owner(tmp_path: Path) -> None:
    store = opened(tmp_path)
    with pytest.raises(StateHeldError, match="driftd run"):
        opened(tmp_path)
    store.close()
    opened(tmp_path).close()


def test_a_store_that_cannot_be_opened_leaves_the_lock_free(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with sqlite3.connect(tmp_path / "driftd.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    for _ in range(2):
        with pytest.raises(Exception, match="newer driftd"):
            opened(tmp_path)


def test_a_database_that_cannot_be_written_loses_nothing_and_catches_up(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.database.set_mark("a", "b")
    limited(store, pages=1)
    for number in range(40):
        store.record([drift(drift_id=f"d{number}", item="/etc/" + "x" * 900)])
    assert "make room" in str(store.trouble)
    assert store.journal.last_sequence == 40
    limited(store, pages=100_000)
    store.record([drift(drift_id="last")])
    assert store.trouble is None
    assert len(store.database.drifts()) == 41
    store.close()


def limited(store: Store, pages: int) -> None:
    """Let SQLite meet a full disk after so many pages."""
    with store.database._guarded.reading() as connection:
        connection.execute(f"PRAGMA max_page_count = {pages}")


def test_deliveries_that_cannot_be_written_down_are_remembered_and_written_later(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.record(heartbeats(9))
    store.cursor("jsonl")
    other = sqlite3.connect(tmp_path / "driftd.db", isolation_level=None)
    store.database.wait_for_locks(0.01)
    other.execute("BEGIN IMMEDIATE")
    store.delivered("jsonl", Cursor(5))
    store.delivered("jsonl", Cursor(7))
    assert "locked" in str(store.trouble)
    assert store.cursors() == {"jsonl": 7}
    assert store.database.cursors() == {"jsonl": 9}
    other.execute("ROLLBACK")
    other.close()
    store.record(heartbeats(1))
    assert (store.trouble, store.database.cursors()) == (None, {"jsonl": 7})
    store.close()


def test_a_lock_is_waited_for_once_and_then_no_more(tmp_path: Path) -> None:
    store = opened(tmp_path)
    other = sqlite3.connect(tmp_path / "driftd.db", isolation_level=None)
    store.database.wait_for_locks(0.01)
    other.execute("BEGIN IMMEDIATE")
    store.record([drift()])
    assert patience(store) == HASTE
    store.record(heartbeats(1))
    other.execute("ROLLBACK")
    other.close()
    store.record(heartbeats(1))
    assert (store.trouble, patience(store)) == (None, BUSY_SECONDS)
    assert len(store.database.drifts()) == 1
    store.close()


def patience(store: Store) -> float:
    with store.database._guarded.reading() as connection:
        return float(connection.execute("PRAGMA busy_timeout").fetchone()[0]) / 1000


def test_a_state_directory_that_was_removed_is_made_again(tmp_path: Path) -> None:
    store = opened(tmp_path / "state")
    store.record([drift(), *heartbeats(2)])
    shutil.rmtree(tmp_path / "state")
    (recorded,) = store.record(heartbeats(1))
    assert sequence_of(recorded) == 4, "no number is given out twice"
    problems, _ = store.found()
    assert [problem.reason for problem in problems] == [Damage.INTERFERENCE]
    with pytest.raises(StateHeldError, match="driftd run"):
        opened(tmp_path / "state")
    store.record([drift(drift_id="d2")])
    store.close()
    again = opened(tmp_path / "state")
    assert [known.drift_id for known in again.database.drifts()] == ["d2"]
    assert [problem.reason for problem in again.found()[0]] == [Damage.MISSING]
    again.close()


def test_a_database_that_cannot_be_made_again_now_is_tried_again_and_stops_nothing(tmp_path: Path) -> None:
    store = Store.open(tmp_path, clock := StandingClock(), "driftd run")
    store.record([drift()])
    for file in tmp_path.glob("driftd.db*"):
        file.unlink()
    (tmp_path / "driftd.db").mkdir()
    for number in range(3):
        store.record([drift(drift_id=f"d{number}")])
    assert "driftd.db" in str(store.trouble)
    assert store.cursors() == {}
    (tmp_path / "driftd.db").rmdir()
    store.record(heartbeats(1))
    assert in_trouble(store), "not with every event"
    clock.monotonic = lambda: REPAIR_AGAIN + 1  # type: ignore[method-assign]
    store.record(heartbeats(1))
    assert not in_trouble(store)
    assert {known.drift_id for known in store.database.drifts()} == {"d0", "d1", "d2"}
    store.close()


def in_trouble(store: Store) -> bool:
    return store.trouble is not None


def test_a_journal_whose_beginning_somebody_removed_is_said_once(tmp_path: Path) -> None:
    limits = Limits(timedelta(days=400), 8_000)
    store = Store.open(tmp_path, StandingClock(), "driftd run", limits)
    for number in range(20):
        store.record([drift(drift_id=f"d{number}")])
    store.close()
    segment_files(tmp_path / "journal")[0].unlink()
    again = opened(tmp_path)
    (problem,), notices = again.found()
    assert (problem.reason, problem.sequence, notices) == (Damage.MISSING, 1, [])
    checkpoint: Json = {"problems": [problem.to_json()], "sequence": problem.sequence}
    again.record([event(Action.JOURNAL_CHECKPOINT, checkpoint=checkpoint)])
    assert len(again.database.drifts()) == 20, "the database knows it all"
    again.close()
    third = opened(tmp_path)
    assert third.found() == ([], [])
    third.close()


def test_a_lost_journal_is_said_and_its_numbers_are_not_given_out_again(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.record(heartbeats(30))
    store.close()
    (segment,) = segment_files(tmp_path / "journal")
    segment.write_bytes(b"".join(segment.read_bytes().splitlines(keepends=True)[:10]) + b"torn")
    again = opened(tmp_path)
    problems, notices = again.found()
    assert [problem.reason for problem in problems] == [Damage.TORN]
    assert [notice.kind for notice in notices] == [Notice.JOURNAL_LOST]
    assert again.found() == ([], [])
    (recorded,) = again.record(heartbeats(1))
    assert sequence_of(recorded) == 31
    again.close()
    third = opened(tmp_path)
    assert third.found() == ([], [])
    assert third.journal.last_sequence == 31
    third.close()
