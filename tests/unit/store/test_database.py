from __future__ import annotations

import random
import sqlite3
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from driftd.model.event import Action
from driftd.store.connection import DATABASE_NAME, CorruptDatabaseError
from driftd.store.database import Database
from driftd.store.errors import StoreError
from driftd.store.journal import Journal
from driftd.store.known import Cursor, Remembered
from driftd.store.migrations import MIGRATIONS, Migration, migrate, version_of
from driftd.store.notices import Notice
from driftd.store.reader import JournalReader
from driftd.store.tables import place_of
from tests.unit.store.made import StandingClock, drift, event, heartbeats, opened, segment_files


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def journal(state: Path) -> Journal:
    return opened(state / "journal")


def database_of(state: Path, journal: Journal, busy_seconds: float = 5.0) -> Database:
    return Database.open(state, journal, StandingClock(), busy_seconds=busy_seconds)


def kinds(database: Database) -> list[Notice]:
    return [notice.kind for notice in database.notices]


def filled(state: Path, journal: Journal) -> Path:
    """Make a state with open drifts and return the closed database's path."""
    database = database_of(state, journal)
    database.apply(journal.append([drift(drift_id=f"d{number}", item=f"/etc/{number}") for number in range(50)]))
    database.close()
    return state / DATABASE_NAME


def test_a_new_database_is_private_strict_and_in_wal_mode(state: Path, journal: Journal) -> None:
    database = database_of(state, journal)
    database.set_mark("a", "b")
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in state.glob("driftd.db*")} == {
        "driftd.db": 0o600,
        "driftd.db-shm": 0o600,
        "driftd.db-wal": 0o600,
    }
    assert database.notices == []
    database.close()
    with sqlite3.connect(state / DATABASE_NAME) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert version_of(connection) == len(MIGRATIONS)
        with pytest.raises(sqlite3.IntegrityError, match="cannot store TEXT"):
            connection.execute("UPDATE position SET sequence = 'many'")
    connection.close()


def test_events_applied_twice_or_late_count_once(state: Path, journal: Journal) -> None:
    database = database_of(state, journal)
    one, two = journal.append([drift()]), journal.append([drift(Action.DRIFT_UPDATED, fingerprint="f2", episode=1)])
    database.apply(one)
    database.apply(two)
    database.apply(one)
    (known,) = database.drifts()
    assert (known.fingerprint, known.episode) == ("f2", 1)
    assert database.position() == journal.position()
    database.close()


def test_an_apply_that_never_happened_is_caught_up_by_the_next(state: Path, journal: Journal) -> None:
    database = database_of(state, journal)
    journal.append([drift(drift_id="missed")])
    database.apply(journal.append([drift(drift_id="taken")]))
    assert {known.drift_id for known in database.drifts()} == {"missed", "taken"}
    database.close()


def test_a_batch_is_taken_over_whole_or_not_at_all(state: Path, journal: Journal) -> None:
    database = database_of(state, journal)
    stamped = journal.append([drift(drift_id="one"), drift(drift_id="two")])
    blocker = sqlite3.connect(state / DATABASE_NAME, isolation_level=None)
    blocker.execute(
        "CREATE TRIGGER stop BEFORE INSERT ON drifts WHEN new.drift_id = 'two' BEGIN SELECT raise(ABORT, 'no'); END"
    )
    with pytest.raises(sqlite3.IntegrityError):
        database.apply(stamped)
    assert (database.drifts(), database.position().sequence) == ([], 0)
    blocker.execute("DROP TRIGGER stop")
    blocker.close()
    database.apply(stamped)
    assert len(database.drifts()) == 2
    database.close()


def test_a_database_that_is_behind_catches_up_at_opening(state: Path, journal: Journal) -> None:
    filled(state, journal)
    journal.append([drift(Action.DRIFT_RESOLVED, drift_id="d0"), *heartbeats(2500), drift(drift_id="new")])
    database = database_of(state, journal)
    assert kinds(database) == []
    assert {known.drift_id for known in database.drifts()} == {f"d{number}" for number in range(1, 50)} | {"new"}
    assert database.position() == journal.position()
    database.close()


# --- damage


def garbage(path: Path) -> None:
    path.write_bytes(b"this is no database" * 1000)


def flipped_pages(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for page in range(1, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(data)


def cut_short(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(3 * 4096 + 100)


def emptied_of_tables(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE position")
    connection.close()


def version_zeroed(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 0")
    connection.close()


def without_position(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM position")
    connection.close()


def column_renamed(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE drifts RENAME COLUMN status TO state")
    connection.close()


def column_added(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE gaps ADD COLUMN more TEXT")
    connection.close()


@pytest.mark.parametrize(
    "damage",
    [
        garbage,
        flipped_pages,
        cut_short,
        emptied_of_tables,
        version_zeroed,
        without_position,
        column_renamed,
        column_added,
    ],
)
def test_a_damaged_database_is_set_aside_and_made_again_from_the_journal(
    state: Path, journal: Journal, damage: Callable[[Path], None]
) -> None:
    path = filled(state, journal)
    damage(path)
    damaged = path.read_bytes()
    database = database_of(state, journal)
    assert kinds(database) == [Notice.DATABASE_DAMAGED]
    (aside,) = state.glob("driftd.db.corrupt-*Z")
    assert aside.read_bytes()[4096:] == damaged[4096:], "only counters in the header may differ"
    assert aside.name in database.notices[0].message
    assert len(database.drifts()) == 50
    assert database.lost_through == 0
    database.close()
    again = database_of(state, journal)
    assert again.notices == []
    again.close()


def test_damage_met_while_running_says_so_and_opening_again_repairs_it(state: Path, journal: Journal) -> None:
    database = database_of(state, journal)
    database.apply(journal.append([drift()]))
    with sqlite3.connect(state / DATABASE_NAME) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("UPDATE drifts SET changes = '[{'")
    connection.close()
    with pytest.raises(CorruptDatabaseError, match="rebuilds"):
        database.drifts()
    database.close()
    again = database_of(state, journal)
    assert kinds(again) == [Notice.DATABASE_DAMAGED]
    assert [known.drift_id for known in again.drifts()] == ["d1"]
    again.close()


def test_a_long_repair_is_heard_of_on_its_way(state: Path, journal: Journal) -> None:
    database = database_of(state, journal)
    journal.append(heartbeats(3500))
    heard = []
    database.on_progress = lambda: heard.append(database)
    (state / DATABASE_NAME).unlink()
    database.repair(StandingClock())
    assert len(heard) == 4
    assert database.position() == journal.position()
    database.close()


def test_only_the_latest_damaged_databases_are_kept(state: Path, journal: Journal) -> None:
    path = filled(state, journal)
    clock = StandingClock()
    for number in range(6):
        path.write_bytes(b"damage %d" % number)
        Database.open(state, journal, clock).close()
    kept = sorted(state.glob("driftd.db.corrupt-*"))
    assert [aside.read_bytes() for aside in kept] == [b"damage 3", b"damage 4", b"damage 5"]


@pytest.mark.parametrize("how", ["gone", "empty"])
def test_a_database_that_is_gone_is_made_again_and_said(state: Path, journal: Journal, how: str) -> None:
    path = filled(state, journal)
    journal.append([event(Action.DAEMON_STARTED), *heartbeats(4)])
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(b"")
    database = database_of(state, journal)
    assert kinds(database) == [Notice.DATABASE_MISSING]
    assert len(database.drifts()) == 50
    assert database.cursor("jsonl") == 50, "what the last run told is told again"
    database.close()


@pytest.mark.parametrize("seed", range(8))
def test_random_bytes_anywhere_are_repaired_at_opening_or_when_they_are_met(
    state: Path, journal: Journal, seed: int
) -> None:
    """What SQLite does not notice at once it notices later, or it was nothing that counts; the answer is the same."""
    path = filled(state, journal)
    dice = random.Random(seed)
    data = bytearray(path.read_bytes())
    for _ in range(dice.randrange(1, 40)):
        data[dice.randrange(len(data))] = dice.randrange(256)
    path.write_bytes(data)
    database = database_of(state, journal)
    try:
        database.apply(journal.append([drift(drift_id="new")]))
        told = {known.drift_id: known.severity for known in database.drifts()}
    except CorruptDatabaseError as error:
        database.repair(StandingClock(), error)
        told = {known.drift_id: known.severity for known in database.drifts()}
    if kinds(database):
        assert told == dict.fromkeys([f"d{number}" for number in range(50)] + ["new"], "high")
    database.close()


def test_what_is_not_used_is_given_back_and_the_log_is_cut(state: Path, journal: Journal) -> None:
    database = database_of(state, journal)
    many = [shelf(b"/etc/%d/" % number, *(b"%060d" % each for each in range(10))) for number in range(6000)]
    database.remember(many, through=0)
    assert (state / "driftd.db-wal").stat().st_size > 4 << 20
    for _ in database.tidy():
        pass
    full = (state / "driftd.db").stat().st_size
    assert (state / "driftd.db-wal").stat().st_size == 0
    database.remember((), gone=[row[0] for row in many], through=0)
    steps = sum(1 for _ in database.tidy())
    assert steps > 3
    assert (state / "driftd.db").stat().st_size < 2 << 20 < full
    database.remember(many, through=0)
    database.set_mark("a", "b")
    database.set_mark("a", "c")
    assert (state / "driftd.db-wal").stat().st_size <= 4 << 20, "without tidying, too"
    database.close()


@pytest.mark.parametrize("what", ["cut", "removed", "exchanged"])
def test_a_database_that_knows_another_past_than_the_journal_is_set_aside(
    state: Path, journal: Journal, what: str
) -> None:
    filled(state, journal)
    journal.close()
    (segment,) = segment_files(state / "journal")
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.unlink()
    if what == "cut":
        segment.write_bytes(b"".join(lines[:10]))
    other = opened(state / "journal")
    if what == "exchanged":
        other.append([drift(drift_id="another past"), *heartbeats(80)])
    database = database_of(state, other)
    assert kinds(database) == [Notice.JOURNAL_LOST]
    assert database.lost_through == 50
    expected = {"cut": {f"d{number}" for number in range(10)}, "removed": set(), "exchanged": {"another past"}}
    assert {known.drift_id for known in database.drifts()} == expected[what]
    assert len(list(state.glob("driftd.db.corrupt-*Z"))) == 1
    database.close()


def test_an_event_that_was_damaged_after_it_was_taken_over_is_not_forgotten(state: Path, journal: Journal) -> None:
    filled(state, journal)
    journal.close()
    (segment,) = segment_files(state / "journal")
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join(lines[:-1]) + b"#" * 40 + b"\n")
    database = database_of(state, opened(state / "journal"))
    assert (kinds(database), len(database.drifts())) == ([], 50)
    database.close()


def test_lines_and_events_that_cannot_be_taken_over_are_said(state: Path, journal: Journal) -> None:
    path = filled(state, journal)
    journal.append([event(Action.DRIFT_OPENED), drift(drift_id="last")])
    path.unlink()
    (segment,) = segment_files(state / "journal")
    segment.write_bytes(segment.read_bytes().replace(b'"message"', b'xmessage"', 1))
    database = database_of(state, journal)
    assert sorted(kinds(database)) == [
        Notice.DATABASE_MISSING,
        Notice.EVENT_INCOMPREHENSIBLE,
        Notice.EVENT_UNREADABLE,
    ]
    assert len(database.drifts()) == 50
    database.close()


def test_the_state_of_a_newer_driftd_is_refused_and_left_alone(state: Path, journal: Journal) -> None:
    path = filled(state, journal)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"newer driftd \(tables 99.*install that version"):
        database_of(state, journal)
    assert path.read_bytes() == before
    with pytest.raises(StoreError, match="newer driftd"):
        Database.open_read_only(state, journal)


def test_a_database_locked_by_another_process_is_said_after_a_while(state: Path, journal: Journal) -> None:
    path = filled(state, journal)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    database = Database.open_read_only(state, journal)
    assert len(database.drifts()) == 50
    database.close()
    journal.append([drift(drift_id="more")])
    with pytest.raises(StoreError, match="cannot take over events: locked by another process"):
        database_of(state, journal, busy_seconds=0.05)
    other.close()


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = sqlite3.connect(tmp_path / "db", isolation_level=None)
    migrate(connection)
    monkeypatch.setattr(Migration, "sql", lambda _self: "CREATE TABLE more (a); INSERT INTO nowhere VALUES (1);")
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        migrate(connection, (*MIGRATIONS, Migration("0002_more")))
    assert version_of(connection) == len(MIGRATIONS)
    assert connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'more'").fetchone() == (0,)
    connection.close()


# --- read-only


def test_reading_beside_the_owner_changes_nothing_and_sees_what_is_recorded(state: Path, journal: Journal) -> None:
    database = database_of(state, journal)
    database.apply(journal.append([drift()]))
    beside = Database.open_read_only(state, JournalReader(state / "journal"))
    assert [known.drift_id for known in beside.drifts()] == ["d1"]
    beside.close()
    database.close()


@pytest.mark.parametrize("what", ["behind", "missing", "damaged"])
def test_reading_only_replays_in_memory_what_the_file_does_not_say(state: Path, journal: Journal, what: str) -> None:
    path = filled(state, journal)
    match what:
        case "behind":
            journal.append([drift(drift_id="new")])
        case "missing":
            path.unlink()
        case _:
            garbage(path)
    before = {file.name: file.read_bytes() for file in state.glob("driftd.db*")}
    database = Database.open_read_only(state, JournalReader(state / "journal"))
    assert len(database.drifts()) == (51 if what == "behind" else 50)
    database.close()
    assert {file.name: file.read_bytes() for file in state.glob("driftd.db*")} == before


def test_reading_a_state_that_was_never_there_finds_nothing_and_makes_nothing(state: Path) -> None:
    database = Database.open_read_only(state, JournalReader(state / "journal"))
    assert (database.drifts(), database.position().sequence) == ([], 0)
    database.close()
    assert not state.exists()


# --- deliveries


def test_an_output_that_was_never_heard_of_begins_at_the_journals_end(state: Path, journal: Journal) -> None:
    database = database_of(state, journal)
    assert database.cursor("early") == 0
    database.apply(journal.append(heartbeats(7)))
    assert (database.cursor("late"), database.cursor("early")) == (7, 0)
    database.set_cursor("early", Cursor(5))
    database.close()
    again = database_of(state, journal)
    assert again.cursors() == {"early": 5, "late": 7}
    again.close()


def test_after_a_rebuild_outputs_begin_with_the_last_start_of_the_daemon(state: Path, journal: Journal) -> None:
    start = event(Action.DAEMON_STARTED)
    journal.append([start, *heartbeats(10), start, *heartbeats(5)])
    database = database_of(state, journal)
    assert database.cursor("jsonl") == 11
    assert database.cursor("journald") == 11
    database.close()
    journal.append(heartbeats(3))
    again = database_of(state, journal)
    assert again.cursor("journald") == 11
    assert again.cursor("added later") == 20
    again.close()


def test_after_a_rebuild_outputs_begin_where_an_event_says_they_are(state: Path, journal: Journal) -> None:
    journal.append([*heartbeats(5), event(Action.DAEMON_STOPPED, delivered={"jsonl": 4}), event(Action.DAEMON_STARTED)])
    database = database_of(state, journal)
    assert (database.cursor("jsonl"), database.cursor("journald")) == (4, 6)
    database.close()


def test_what_an_output_has_counted_is_kept_and_known_after_a_rebuild(state: Path, journal: Journal) -> None:
    stopped = event(Action.DAEMON_STOPPED, delivered={"jsonl": 4}, output_sequences={"jsonl": 2})
    database = database_of(state, journal)
    assert (database.cursor("jsonl"), database.numbers()) == (0, {"jsonl": 0})
    database.set_cursor("jsonl", Cursor(5, 3))
    database.apply(journal.append([*heartbeats(5), stopped, event(Action.DAEMON_STARTED)]))
    database.set_cursor("jsonl", Cursor(6))
    assert (database.cursors(), database.numbers()) == ({"jsonl": 6}, {"jsonl": 3}), "an older word changes nothing"
    database.close()
    (state / "driftd.db").unlink()
    again = database_of(state, journal)
    assert (again.cursor("jsonl"), again.numbers()) == (4, {"jsonl": 2})
    again.close()


def test_what_receivers_refused_is_counted_for_ever_and_known_to_be_told(state: Path, journal: Journal) -> None:
    database = database_of(state, journal)
    database.set_cursor("webhook", Cursor(5, 3, 2))
    database.set_cursor("webhook", Cursor(6, 4))
    assert (database.refused(), database.refused_untold()) == ({"webhook": 2}, {"webhook": 2})
    told = event(Action.DELIVERY_REFUSED, refused={"webhook": 2}, delivered={"webhook": 6})
    database.apply(journal.append([*heartbeats(6), told]))
    assert (database.refused(), database.refused_untold()) == ({"webhook": 2}, {})
    database.set_cursor("webhook", Cursor(7, 5, 3))
    assert (database.refused(), database.refused_untold()) == ({"webhook": 3}, {"webhook": 1})
    database.close()
    (state / "driftd.db").unlink()
    again = database_of(state, journal)
    assert (again.refused(), again.refused_untold()) == ({"webhook": 2}, {}), "what events tell is known again"
    assert again.cursor("webhook") == 6
    again.close()


def test_drifts_that_were_told_alone_and_together_are_told_apart(state: Path, journal: Journal) -> None:
    database = database_of(state, journal)
    made = [drift(item=f"/etc/{number}", drift_id=f"d{number}") for number in range(5)]
    grouped = [drift(item=f"/srv/{number}", drift_id=f"g{number}", group="g", severity="low") for number in range(3)]
    database.apply(journal.append([*made, *grouped]))
    first = database.drifts_alone(3, "")
    rest = database.drifts_alone(3, first[-1].drift_id)
    assert [one.drift_id for one in (*first, *rest)] == ["d0", "d1", "d2", "d3", "d4"]
    assert [(group, severity, count) for group, severity, _, _, count in database.drifts_together()] == [
        ("g", "low", 3)
    ]
    assert [one.drift_id for one in database.drifts_by_id(["d3", "nobody", "g1"])] == ["d3", "g1"]
    database.close()


def test_a_journal_without_a_start_is_delivered_again_from_its_beginning(state: Path, journal: Journal) -> None:
    journal.append(heartbeats(3))
    database = database_of(state, journal)
    assert database.cursor("jsonl") == 0
    database.close()


def test_cursors_may_be_moved_from_delivery_threads_while_events_are_applied(state: Path, journal: Journal) -> None:
    database = database_of(state, journal)
    done = []

    def deliver(name: str) -> None:
        for sequence in range(1, 200):
            database.set_cursor(name, Cursor(sequence))
        done.append(name)

    threads = [threading.Thread(target=deliver, args=(f"output{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for number in range(100):
        database.apply(journal.append([drift(drift_id=f"d{number}")]))
    for thread in threads:
        thread.join()
    assert len(done) == 3
    assert database.cursors() == {f"output{number}": 199 for number in range(3)}
    assert len(database.drifts()) == 100
    database.close()


# --- remembered items and marks


def shelf(directory: bytes, *names: bytes) -> Remembered:
    return directory, b"\0%b\0" % b"\0".join(names), b"s" * 44 * len(names), b"f" * 16 * len(names)


def test_remembered_items_come_back_as_they_were(state: Path, journal: Journal) -> None:
    database = database_of(state, journal)
    first = [shelf(b"/etc/", b"a", b"\xff"), shelf(b"/srv/app/", b"db.yml"), shelf(b"/", b"", b"etc")]
    database.remember(first, through=0)
    assert sorted(database.remembered()) == sorted(first)
    database.remember([shelf(b"/etc/", b"a")], gone=[b"/srv/app/", b"/never/there/"], through=0)
    database.close()
    again = database_of(state, journal)
    assert sorted(again.remembered()) == [shelf(b"/", b"", b"etc"), shelf(b"/etc/", b"a")]
    again.close()


def test_remembered_items_do_not_outlive_the_events_they_were_remembered_after(state: Path, journal: Journal) -> None:
    path = filled(state, journal)
    database = database_of(state, journal)
    database.remember([shelf(b"/etc/", b"a")], through=0)
    database.close()
    garbage(path)
    again = database_of(state, journal)
    assert list(again.remembered()) == []
    again.close()


def test_marks_are_remembered_replaced_and_forgotten(state: Path, journal: Journal) -> None:
    database = database_of(state, journal)
    assert database.mark("plan") is None
    database.set_mark("plan", "one")
    database.set_mark("plan", "two")
    assert database.mark("plan") == "two"
    database.set_mark("plan", None)
    assert database.mark("plan") is None
    database.close()


def test_open_drifts_are_read_in_pages_the_worst_first(state: Path, journal: Journal) -> None:
    severities = ["low", "critical", "high", "info", "medium"]
    made = [
        drift(drift_id=f"d{number:02}", item=f"/etc/{number % 4}/{number:02}", severity=severities[number % 5])
        for number in range(23)
    ]
    database = Database.open(state, journal, StandingClock())
    database.apply(journal.append(made))
    whole = database.worst(100)
    order = ["critical", "high", "medium", "low", "info"]
    assert whole == sorted(database.drifts(), key=lambda told: (order.index(told.severity), told.item))
    pages, after = [], None
    while page := database.worst(4, after):
        pages += page
        after = place_of(page[-1])
    assert pages == whole
    assert database.drifts_of([whole[5].item, whole[1].item, "/etc/none"]) == [whole[1], whole[5]]
    database.close()
