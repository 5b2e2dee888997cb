"""Upkeep over a real store: what befell the state is said once, in events and status; what is not needed goes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from driftd.daemon.upkeep import AGAIN, Upkeep
from driftd.model.event import Action, Event, action_of, namespace, severity_of
from driftd.store.content import UNUSED
from driftd.store.errors import StoreError
from driftd.store.retention import Limits
from tests.contract.shapes import assert_shape
from tests.unit.daemon.test_engine import Machine


class Kept:
    """A machine with an open drift, and its upkeep."""

    def __init__(self, directory: Path) -> None:
        self.machine = Machine(directory)
        self.state = directory / "state"
        self.machine.file("a.yaml", "port: 1\n")
        self.machine.audited()
        self.machine.approve()
        self.machine.file("a.yaml", "port: 2\n")
        self.machine.audited()
        self.upkeep = Upkeep(self.machine.engine, self.machine._clock)
        self.upkeep.content = lambda: self.machine._content
        self.upkeep.finish()
        self.published: list[Event] = []

    def told(self) -> list[Event]:
        """Return the events that upkeep makes now."""
        before = len(self.machine.published)
        self.upkeep.advance()
        made = self.machine.published[before:]
        for event in made:
            assert_shape("events", event)
        return made

    def heartbeat(self) -> None:
        from driftd.model.change import Severity

        self.machine.engine.say(Action.DAEMON_HEARTBEAT, Severity.INFO, "alive", {"items": 1})

    def drifted(self) -> list[str]:
        return [Path(drift.item).name for drift in self.machine.store.database.drifts()]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path)
    yield kept
    kept.upkeep.close()
    kept.machine.stop()


def forget_pages(kept: Kept) -> None:
    """Have SQLite read its file again."""
    with kept.machine.store.database._guarded.reading() as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.execute("PRAGMA shrink_memory").fetchall()


def overwritten(kept: Kept) -> None:
    forget_pages(kept)
    path = kept.state / "driftd.db"
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))


def dropped(kept: Kept) -> None:
    with kept.machine.store.database._guarded.reading() as connection:
        connection.execute("DROP TABLE drifts")


def removed(kept: Kept) -> None:
    for file in kept.state.glob("driftd.db*"):
        file.unlink()


def replaced(kept: Kept) -> None:
    (kept.state / "other").write_bytes(b"no database " * 1000)
    (kept.state / "other").rename(kept.state / "driftd.db")


@pytest.mark.parametrize("damage", [overwritten, dropped, removed, replaced])
def test_a_database_that_breaks_while_it_is_used_is_made_again_and_that_is_said(kept: Kept, damage: object) -> None:
    assert callable(damage)
    damage(kept)
    kept.upkeep.want()
    kept.upkeep.advance()
    kept.heartbeat()
    assert kept.drifted() == ["a.yaml"]
    assert kept.machine.store.trouble is None
    kept.told()
    (event,) = [made for made in kept.machine.published if action_of(made) == Action.STATE_REPAIRED]
    assert_shape("events", event)
    assert (action_of(event), severity_of(event).word) == (Action.STATE_REPAIRED, "high")
    assert kept.told() == []
    told = kept.upkeep.to_json()["told"]
    assert isinstance(told, list)
    assert len(told) == 1
    assert kept.machine.store.database.position() == kept.machine.store.journal.position()


def test_somebody_elses_hand_in_the_journal_is_said_while_the_daemon_runs(kept: Kept) -> None:
    (segment,) = (kept.state / "journal").glob("*.jsonl")
    with segment.open("ab") as file:
        file.write(b"x")
    kept.heartbeat()
    (event,) = kept.told()
    body = namespace(event)["checkpoint"]
    assert isinstance(body, dict)
    assert (action_of(event), body["problem_count"]) == (Action.JOURNAL_CHECKPOINT, 1)
    assert "interference" in str(body["problems"])


def test_what_cannot_be_said_now_is_said_later(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    removed(kept)
    kept.heartbeat()
    with monkeypatch.context() as patch:
        patch.setattr(kept.machine.store.journal, "append", refuse)
        with pytest.raises(StoreError):
            kept.upkeep.advance()
    assert [action_of(event) for event in kept.told()] == [Action.STATE_REPAIRED]


def refuse(*_: object) -> None:
    raise StoreError(Path("/state"), "cannot append: No space left on device", "make room")


def test_a_full_journal_is_pruned_in_slices_and_the_state_outlives_it(kept: Kept) -> None:
    kept.machine.store.keep(Limits(timedelta(days=400), 20_000))
    before = len(kept.machine.published)
    kept.upkeep.outputs = lambda: ["jsonl"]
    kept.machine.store.database.cursor("jsonl")
    for _ in range(200):
        kept.heartbeat()
        if kept.upkeep.busy:
            kept.upkeep.advance()
    kept.upkeep.finish()
    checkpoints = [event for event in kept.machine.published[before:] if action_of(event) == Action.JOURNAL_CHECKPOINT]
    for event in checkpoints:
        assert_shape("events", event)
    assert len(checkpoints) > 5
    assert kept.machine.store.journal.extent()[1] < 25_000
    assert kept.upkeep.lost()["jsonl"] > 100
    assert kept.machine.store.journal.verify() == []
    removed(kept)
    kept.machine.restart()
    assert kept.drifted() == ["a.yaml"]


def test_upkeep_that_fails_disturbs_nobody_and_is_tried_again(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(kept.machine.store.database, "tidy", refuse)
        kept.upkeep.want()
        kept.upkeep.advance()
    assert not kept.upkeep.busy
    kept.machine._clock.seconds += int(AGAIN) + 1
    assert kept.upkeep.busy


def test_approved_bytes_go_a_month_after_nothing_refers_to_them(kept: Kept) -> None:
    machine, content = kept.machine, kept.state.parent / "content"
    assert len(list(content.glob("??/*"))) == 1
    machine.approve()
    kept.upkeep.want()
    kept.upkeep.finish()
    assert len(list(content.glob("??/*"))) == 2, "the approval may be taken back"
    machine._clock.seconds += int(UNUSED.total_seconds()) - 100
    kept.upkeep.want()
    kept.upkeep.finish()
    assert len(list(content.glob("??/*"))) == 2
    machine._clock.seconds += 1000
    kept.upkeep.want()
    kept.upkeep.finish()
    assert len(list(content.glob("??/*"))) == 1
    assert machine.audited() == []


def test_approved_bytes_stay_where_an_approval_cannot_be_read(kept: Kept) -> None:
    machine, content = kept.machine, kept.state.parent / "content"
    machine.approve()
    (approved,) = machine.baseline.rglob("a.yaml.json")
    approved.write_text("{")
    for _ in range(3):
        machine._clock.seconds += int(UNUSED.total_seconds()) + 1
        kept.upkeep.want()
        kept.upkeep.finish()
    assert len(list(content.glob("??/*"))) == 2
