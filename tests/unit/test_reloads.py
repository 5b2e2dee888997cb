"""When a reload is tried again, and how often what stands in its way is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from driftd.app import Host, Workplace
from driftd.daemon.notify import Notifier
from driftd.reloading.attempts import PATIENCE, Reloads
from driftd.reloading.reading import MixtureError
from driftd.settings.problems import ConfigProblem, ConfigurationError
from tests.unit.daemon.live import Live, living


class ToldHost:
    """Files of settings that are as a test says."""

    read_as = "1"

    def __init__(self) -> None:
        self.lock: Path | None = None
        self.on_disk = "1"

    def checkout(self) -> Path | None:
        return self.lock

    def files_digest(self, definitions: str | None = None) -> str:
        return definitions or self.on_disk


class Desk:
    """A daemon whose reloads are refused, or wait."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.host = ToldHost()
        self.error: ConfigurationError | None = None
        self.reads = 0
        self.adoption, self.engine = live.machine.adoption, live.machine.engine
        reloads = Reloads(
            cast("Workplace", self), live.service, Notifier({}), live.clock.monotonic, self._read, lambda _: None
        )
        live.service._reload = reloads.attempt

    def _read(self, _: Host) -> Host:
        self.reads += 1
        assert self.error is not None
        raise self.error

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
