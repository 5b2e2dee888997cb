"""What commands ask for and takes long: done in slices, beside audits where it may be, and given up when nobody waits for it."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from driftd.daemon.messages import Asked, Task, UnwantedError
from driftd.model.document import Json
from tests.unit.daemon.live import Live, living


class Slow:
    """A task that never ends, on a clock that goes on with each of its steps."""

    def __init__(self, live: Live, *, before_audits: bool) -> None:
        self.wanted = True
        self.closed = False
        self._live = live
        self.task = Task(self._steps, lambda: not self.wanted, before_audits=before_audits)
        live.service.ask(self.task)

    def _steps(self) -> Generator[None, None, Json]:
        try:
            while True:
                self._live.clock.seconds += 0.01
                yield
        finally:
            self.closed = True


def turn(live: Live, times: int = 50) -> None:
    for _ in range(times):
        live.tell(Asked())  # a turn with nothing to do would wait
        live.service.turn()


def test_an_audit_goes_on_beside_what_only_looks(tmp_path: Path) -> None:
    with living(tmp_path) as live:
        slow = Slow(live, before_audits=False)
        live.service.audits.want("deep", "command")
        turn(live)
        assert ("audit-completed", "") in live.told()
        assert not slow.closed


def test_an_audit_waits_for_what_changes_that_by_which_it_judges(tmp_path: Path) -> None:
    with living(tmp_path) as live:
        slow = Slow(live, before_audits=True)
        live.service.audits.want("deep", "command")
        turn(live)
        assert live.told() == []
        slow.wanted = False
        turn(live)
        assert ("audit-completed", "") in live.told()


def test_what_nobody_waits_for_any_more_is_given_up(tmp_path: Path) -> None:
    with living(tmp_path) as live:
        slow, other = Slow(live, before_audits=False), Slow(live, before_audits=False)
        turn(live, 3)
        slow.wanted = other.wanted = False
        turn(live, 3)
        assert slow.closed
        for task in (slow.task, other.task):
            with pytest.raises(UnwantedError):
                task.answer.result(0)
