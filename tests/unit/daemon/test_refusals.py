"""What receivers refused for good, over a real store: told once, soon, and not about itself for ever."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from driftd.daemon.refusals import MOST_NAMED, PAUSE, Refusals
from driftd.model.change import Severity
from driftd.model.event import Action, Event, action_of, namespace, severity_of
from driftd.store.errors import StoreError
from driftd.store.known import Cursor
from tests.contract.shapes import assert_shape
from tests.unit.daemon.test_engine import Machine


class Scene:
    def __init__(self, directory: Path) -> None:
        self.machine = Machine(directory)
        self.now = 0.0
        self.woken = 0
        self.count = 0
        self.start()

    def start(self) -> None:
        self.refusals = Refusals(self.machine.engine, lambda: self.now)
        self.refusals.wake = self.wake
        self.machine.store.cursor("webhook")

    def wake(self) -> None:
        self.woken += 1

    def refuse(self, times: int = 1, event: Event | None = None) -> None:
        """Have a receiver refuse an event, as a delivery says it: counted first."""
        for _ in range(times):
            self.count += 1
            refused = event or self.heartbeat()
            last = self.machine.store.journal.last_sequence
            self.machine.store.delivered("webhook", Cursor(last, last, self.count))
            self.refusals.refused("webhook", refused, "the receiver answered 413")

    def heartbeat(self) -> Event:
        self.machine.engine.say(Action.DAEMON_HEARTBEAT, Severity.INFO, "alive")
        return self.machine.published[-1]

    def told(self) -> list[Event]:
        """Return the events that are made of it now."""
        before = len(self.machine.published)
        self.refusals.tell()
        made = self.machine.published[before:]
        for event in made:
            assert_shape("events", event)
            assert (action_of(event), severity_of(event)) == (Action.DELIVERY_REFUSED, Severity.HIGH)
        return made


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    yield scene
    scene.machine.stop()


def test_the_first_is_told_at_once_and_what_follows_soon_is_told_together(scene: Scene) -> None:
    assert scene.told() == []
    assert scene.refusals.due() is None
    scene.refuse()
    assert (scene.woken, scene.refusals.due()) == (1, 0.0)
    (event,) = scene.told()
    assert namespace(event)["refused"] == {"webhook": 1}
    assert event["message"] == (
        "events were refused for good by their receivers: webhook (1); first: the receiver answered 413"
    )
    scene.refuse(MOST_NAMED + 5)
    assert scene.woken == 2, "once, however many follow"
    assert scene.told() == []
    assert scene.refusals.due() == PAUSE
    scene.now = PAUSE
    (event,) = scene.told()
    named = namespace(event)["refusals"]
    assert isinstance(named, list)
    assert (namespace(event)["refused"], len(named)) == ({"webhook": MOST_NAMED + 5}, MOST_NAMED)
    assert scene.machine.store.refused("webhook") == MOST_NAMED + 6


def test_what_was_not_told_before_a_kill_is_told_by_the_next_start(scene: Scene) -> None:
    scene.refuse(3)
    scene.machine.stop()
    scene.machine.start()
    scene.start()
    (event,) = scene.told()
    assert namespace(event)["refused"] == {"webhook": 3}
    assert "refusals" not in namespace(event)


def test_that_the_event_about_refusals_is_refused_makes_no_other(scene: Scene) -> None:
    scene.refuse()
    (event,) = scene.told()
    scene.now += PAUSE
    scene.refuse(event=event)
    assert scene.refusals.due() is None
    assert scene.told() == []
    scene.refuse()
    (event,) = scene.told()
    assert namespace(event)["refused"] == {"webhook": 2}, "counted all the same"


def test_what_cannot_be_recorded_now_is_told_later(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.refuse()

    def full(*_: object) -> None:
        raise StoreError(Path("/state"), "cannot append: No space left on device", "make room")

    with monkeypatch.context() as patch:
        patch.setattr(scene.machine.store.journal, "append", full)
        with pytest.raises(StoreError):
            scene.told()
    scene.now += PAUSE
    (event,) = scene.told()
    assert namespace(event)["refused"] == {"webhook": 1}
    assert namespace(event)["refusals"]
