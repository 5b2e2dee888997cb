from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from driftd.model.event import sequence_of
from driftd.store.damage import Damage
from driftd.store.lock import StateHeldError
from driftd.store.notices import Notice
from driftd.store.store import Store
from tests.unit.store.made import StandingClock, drift, heartbeats, segment_files


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
