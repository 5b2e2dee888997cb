"""When a reload is tried again, and how often what stands in its way is said."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import cast

import pytest

from driftd.app import Host
from driftd.auditor import Auditor
from driftd.daemon.audits import SLICE
from driftd.daemon.messages import Asked, Call, Reload, Stop
from driftd.daemon.notify import Notifier
from driftd.daemon.peers import Peer
from driftd.model.document import Json
from driftd.model.event import Event, action_of, namespace
from driftd.reloading.attempts import PATIENCE, Reloads
from driftd.reloading.reading import MixtureError
from driftd.settings.problems import ConfigProblem, ConfigurationError
from driftd.settings.types import Settings
from driftd.workplace import Workplace
from tests.unit.daemon.live import Live, living
from tests.unit.daemon.test_engine import KEEPER
from tests.unit.daemon.test_taking_over import Layer


class ToldHost:
    """Files of settings that are as a test says."""

    read_as = "1"
    file = Path("/etc/driftd/driftd.yaml")
    settings = Settings(baselines=())
    keeper = KEEPER
    elsewhere: frozenset[str] = frozenset()

    def __init__(self, auditor: Auditor) -> None:
        self.lock: Path | None = None
        self.on_disk = "1"
        self.auditor = auditor
        self.scope = auditor.scope
        self.baselines = [*auditor.scope.baselines.values()]

    def checkout(self) -> Path | None:
        return self.lock

    def files_digest(self, definitions: str | None = None) -> str:
        return definitions or self.on_disk


class Desk:
    """A daemon whose reloads are refused, or wait."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.adoption, self.engine = live.machine.adoption, live.machine.engine
        self.host = ToldHost(self.engine.auditor)
        self.error: ConfigurationError | None = None
        self.reads = 0
        self.steps = 1
        """That reading takes, each of which is a slice of the loop's time."""
        self.closed = False
        reloads = Reloads(
            cast("Workplace", self), live.service, Notifier({}), live.clock.monotonic, self._read, self._replace
        )
        live.service._reload = reloads.attempt

    def _read(self, _now: Host) -> Generator[None, None, Host]:
        self.reads += 1
        fresh = ToldHost(self.live.machine._auditor())
        try:
            for _ in range(self.steps):
                self.live.clock.seconds += SLICE
                yield
        except GeneratorExit:
            self.closed = True
        if self.error is not None:
            raise self.error
        return cast("Host", fresh)

    def _replace(self, fresh: Host) -> None:
        self.engine.auditor = fresh.auditor
        self.live.watching.use(fresh.auditor, ())

    def refuse(self, message: str, kind: type[ConfigurationError] = ConfigurationError) -> None:
        self.host.on_disk, self.error = message, kind([ConfigProblem("driftd.yaml", 1, message)])


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with living(tmp_path) as live:
        yield Desk(live)


def test_a_checkout_that_goes_on_is_said_after_a_minute_and_waited_for(desk: Desk) -> None:
    live, desk.host.lock = desk.live, Path("/srv/baselines/.git/index.lock")
    live.service.next_reload.soon()
    live.turns()
    for _ in range(4):
        assert live.told() == []
        live.wait(14)
    live.wait(PATIENCE)
    assert live.told() == [("coverage-lost", "index.lock=checkout-in-progress")]
    live.wait(PATIENCE)
    assert live.told() == []
    assert desk.reads == 0
    desk.host.lock = None
    desk.refuse("wrong")  # somebody asked for it, long ago
    live.wait(PATIENCE)
    assert live.told() == [("coverage-restored", "index.lock=checkout-in-progress"), ("daemon-reload-failed", "")]


def test_what_is_wrong_is_said_once_unless_somebody_asks(desk: Desk) -> None:
    live, failed = desk.live, [("daemon-reload-failed", "")]
    desk.refuse("wrong")
    live.service.next_reload.doubted()
    live.wait(2)
    assert live.told() == failed
    live.service.next_reload.doubted()
    live.wait(2)
    assert live.told() == []
    live.service.next_reload.soon()
    live.turns()
    assert live.told() == failed
    desk.refuse("wrong otherwise")
    live.service.next_reload.doubted()
    live.wait(2)
    assert live.told() == failed
    assert live.service.next_reload.at is None  # until something is changed


def test_a_mixture_is_tried_again_by_itself(desk: Desk) -> None:
    live = desk.live
    desk.refuse("half", MixtureError)
    live.service.next_reload.soon()
    live.turns()
    assert live.told() == [("daemon-reload-failed", "")]
    for _ in range(3):
        live.wait(PATIENCE)
    assert desk.reads == 4
    assert live.told() == []


def turn(live: Live) -> None:
    live.tell(Asked())  # a turn with nothing to do would wait
    live.service.turn()


def begun(desk: Desk, steps: int, by: Peer | None = None) -> Live:
    """Return the service with a reload that has done the first of its steps."""
    desk.steps = steps
    desk.live.tell(Reload(by))
    turn(desk.live)
    turn(desk.live)
    assert desk.reads == 1
    return desk.live


def test_between_two_steps_commands_are_answered_and_edits_are_judged_by_what_is_in_force(desk: Desk) -> None:
    layer, item = Layer(desk.live), desk.live.item("a.yaml")
    layer.file(item).write_bytes(layer.approve(item, 2))
    live = begun(desk, 20)
    call = Call(lambda: len(live.told()))
    live.service.ask(call)
    turn(live)
    assert call.answer.result(0) == 0
    live.machine.file("d/b.yaml", "port: 3\n")
    live.noticed("d/b.yaml")
    for _ in range(10):
        turn(live)
    (opened,) = live.machine.published
    assert (action_of(opened), revision_of(opened)) == ("drift-opened", 1)
    assert live.told() == [("drift-opened", "b.yaml")]
    live.settle()
    last = live.machine.published[-2]
    assert (action_of(last), revision_of(last)) == ("drift-opened", 2)
    assert live.told() == [
        ("daemon-reloaded", ""),
        ("baseline-approved", ""),
        ("drift-opened", "a.yaml"),
        ("audit-completed", ""),
    ]


def revision_of(event: Event) -> Json:
    baseline = namespace(event)["baseline"]
    assert isinstance(baseline, dict)
    return baseline["revision"]


def test_no_audit_goes_on_before_a_reload_is_over(desk: Desk) -> None:
    live = begun(desk, 5)
    live.service.audits.want("quick", "command")
    turn(live)
    assert live.told() == []
    live.settle()
    assert [action for action, _ in live.told()] == ["daemon-reloaded", "audit-completed", "audit-completed"]


def test_who_asks_while_a_reload_goes_on_asks_for_another_one(desk: Desk) -> None:
    mia, ben = (Peer(1, uid) for uid in (1001, 1002))
    live = begun(desk, 5, by=mia)
    live.tell(Reload(ben))
    live.settle()
    told = [namespace(event)["asked_by"] for event in live.machine.published if action_of(event) == "daemon-reloaded"]
    assert told == [mia.to_json(), ben.to_json()]
    assert desk.reads == 2


def test_a_reload_that_waits_does_not_take_the_place_of_one_that_is_asked_for_meanwhile(desk: Desk) -> None:
    ben = Peer(1, 1002)
    desk.refuse("half", MixtureError)
    live = begun(desk, 5)
    live.tell(Reload(ben))
    live.turns()
    desk.error = None
    live.wait(PATIENCE)
    told = [namespace(event) for event in live.machine.published if action_of(event) == "daemon-reloaded"]
    assert [event["asked_by"] for event in told] == [ben.to_json()]


def test_a_daemon_that_stops_gives_up_what_it_reads(desk: Desk) -> None:
    live = begun(desk, 5)
    live.tell(Stop("SIGTERM"))
    assert live.service.run() == "SIGTERM"
    assert desk.closed
    assert live.told() == []
