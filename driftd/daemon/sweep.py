"""Sweeps: audits of everything, in slices that other work may overtake."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from driftd.daemon import events
from driftd.daemon.rereading import DeepReading, Rereading
from driftd.daemon.round import Round
from driftd.model.change import Severity
from driftd.model.document import Json
from driftd.model.event import Action
from driftd.model.item import Gap
from driftd.model.result import AuditResult
from driftd.ports import Clock
from driftd.sources.reasons import TIMEOUT

if TYPE_CHECKING:
    from driftd.daemon.engine import Engine

BATCH: Final = 64
"""Items whose transitions are recorded in one go."""
UNSAID = frozenset({"watch", "poll"})
"""Sweeps that only follow up on notifications: no event of their own, there may be many a minute."""


@dataclass(slots=True)
class Sweep:
    """An audit under way, and in the end what it came to."""

    depth: str
    started: datetime
    monotonic: float
    items: int = 0
    read: int = 0
    ignored: int = 0
    waits: bool = False
    """What looked half-done is looked at again when it had the time to become whole: go on then, not before."""
    asks: bool = False
    """Nothing is left to do but to wait for commands: whoever is in a hurry need not."""
    pause: float = 0.0
    """Seconds before which there is nothing to go on with."""
    took: timedelta | None = None
    """None while it is under way."""
    finished: bool = False

    def to_json(self) -> dict[str, Json]:
        """Return what it came to so far."""
        shape: dict[str, Json] = {"depth": self.depth, "started": events.timestamp(self.started)}
        if self.took is not None:
            shape["duration_us"] = self.took // timedelta(microseconds=1)
        return shape | {"items": self.items, "read": self.read, "ignored": self.ignored}


class Sweeps:
    """The audits of an engine, and what the last ones came to."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.last: dict[str, Sweep] = {}
        """By depth, what the last one came to."""
        self.deep: DeepReading | None = None
        """How deep audits read what looks as it did; None: the engine reads it itself."""
        self.on_triggers: Callable[[Mapping[str, bytes]], None] = lambda _found: None
        """Told by every audit for each command how that is for whose changes it is run."""
        self.waits: Callable[[], bool] = lambda: False
        """Asked at the end of an audit: whether commands that it asked for have not been judged yet."""
        self.on_hold: Callable[[str], bool] = lambda _item: False
        """Asked of an item that is new to an audit: whether its name says that it may be gone in a moment."""
        self._engine = engine
        self._clock = clock
        self._expected_by: tuple[object, ...] = ()
        """For what it was last looked whether everything is there that should be."""
        self._judged_by: tuple[object, ...] = ()
        """By what everything was judged that is remembered; items that are as they were would be judged as they were."""

    def begin(self, depth: str, source: str, batch: int = BATCH) -> Iterator[Sweep]:
        """Audit everything in slices: `quick` reads what its stat fields say was touched, `deep` reads everything.

        Yields after every few items, so that other work may overtake; the last one yielded is finished.
        """
        sweep = Sweep(depth, self._clock.now(), self._clock.monotonic())
        judged_by = self._engine.auditor.judges_by() if depth == "deep" else ()
        rereading = self._rereading() if depth == "deep" and judged_by == self._judged_by else None
        try:
            yield from self._swept(sweep, source, batch, rereading)
        finally:
            if rereading is not None:
                rereading.close()
        if depth == "deep":
            self._judged_by = judged_by
        self._completed(sweep, say=source not in UNSAID)
        yield sweep

    def _rereading(self) -> Rereading | None:
        if self.deep is None:
            return None
        return self.deep.begin(
            self._engine.auditor.place, self._engine.memory.remembered, self._engine.auditor.has_more
        )

    def _swept(self, sweep: Sweep, source: str, batch: int, rereading: Rereading | None) -> Iterator[Sweep]:
        """Look at everything that has to be looked at; yield between any two steps, `pause` says how long there is nothing to do."""
        round_ = Round(
            self._engine.auditor,
            self._engine.memory,
            self.on_hold,
            deep=sweep.depth == "deep",
            whole=self._expected_by != self._expects_by(),
            rereading=rereading,
        )
        pace = self._pace(sweep.depth, shared=rereading is not None)
        half_done: list[str] = []
        pending: list[str] = []
        for item in round_:
            if item is not None:
                pending.append(item)
            if item is None or len(pending) >= batch:
                sweep.items = round_.items
                sweep.read += len(pending)
                for _ in self._engine.looking(pending, source, half_done):
                    sweep.pause = pace()
                    yield sweep
                pending = []
                sweep.pause = max(pace(), round_.pause)
                yield sweep
        sweep.read += len(pending)
        for _ in self._engine.looking(pending, source, half_done):
            sweep.pause = pace()
            yield sweep
        if half_done:
            sweep.waits = True
            yield sweep
            sweep.waits = False
            for _ in self._engine.looking(half_done, source):
                sweep.pause = pace()
                yield sweep
        while sweep.depth == "deep" and self.waits():
            sweep.waits = sweep.asks = True
            yield sweep
            sweep.waits = sweep.asks = False
        if rereading is not None:
            sweep.read += rereading.read
            self._not_read(rereading.hanging(), source)
        sweep.items, sweep.ignored = round_.items, round_.ignored
        round_.done()
        self.on_triggers(round_.triggers)
        self._expected_by = self._expects_by()
        self._engine.places.seen(round_.trouble)
        self._engine.propose_new()

    def _pace(self, depth: str, *, shared: bool) -> Callable[[], float]:
        """Return what says how long to wait after what was read since it was last asked."""
        if depth != "deep" or self.deep is None:
            return lambda: 0.0
        pace, read = self.deep.pace(self._clock.monotonic, shared=shared), self._engine.bytes_read

        def owed() -> float:
            nonlocal read
            count, read = self._engine.bytes_read - read, self._engine.bytes_read
            return pace.spend(count)

        return owed

    def _not_read(self, items: Sequence[str], source: str) -> None:
        """Record that items could not be read in time."""
        seen = (self._engine.auditor.unread(item, Gap(item, TIMEOUT, "reading it took too long")) for item in items)
        self._engine.accept([(each, None) for each in seen if each is not None], source)

    def judged(self) -> None:
        """Believe that what is remembered was judged by what is in force now."""
        self._judged_by = self._engine.auditor.judges_by()

    def _expects_by(self) -> tuple[object, ...]:
        """Return what decides which items should be there."""
        return (self._engine.auditor, *(layers.sha256 for layers in self._engine.auditor.approvals.layers.values()))

    def finish_once(self, result: AuditResult) -> None:
        """After every item was looked at one by one: take leave of what is gone, and say what the audit came to."""
        sweep = Sweep("deep", self._clock.now(), self._clock.monotonic())
        sweep.items = sweep.read = result.coverage.items
        sweep.ignored = result.coverage.ignored
        audited = self._engine.auditor.scope.audited
        self._engine.look(
            [item for item in [*self._engine.memory.drifts, *self._engine.memory.gaps] if audited(item) is None],
            "audit",
        )
        own = {
            *self._engine.memory.gaps,
            *(item for items in self._engine.memory.unapproved.values() for item in items),
        }
        self._engine.places.seen({gap.item: gap for gap in result.coverage.gaps if gap.item not in own})
        self._engine.propose_new()
        self._completed(sweep)
        self._engine.summing.sum_up(last=True)

    def _completed(self, sweep: Sweep, *, say: bool = True) -> None:
        sweep.took = timedelta(seconds=self._clock.monotonic() - sweep.monotonic)
        gaps = len(self._engine.memory.gaps) + len(self._engine.memory.places)
        driftd: dict[str, Json] = {
            "audit": {
                **sweep.to_json(),
                "gaps": gaps,
                "drifts": len(self._engine.memory.drifts),
                "not_approved": self._engine.memory.waiting,
                "polled": self._engine.memory.polled_directories,
            }
        }
        message = f"{sweep.depth} audit: {sweep.items} items, {len(self._engine.memory.drifts)} drifted, {gaps} gaps"
        if say:
            self._engine.commit(
                [events.build(self._engine.stamp(), Action.AUDIT_COMPLETED, Severity.INFO, message, driftd)]
            )
        self._engine.remember()
        sweep.finished = True
        self.last[sweep.depth] = sweep
        if sweep.depth == "deep":
            self._engine.approved_meanwhile.clear()

    def forget(self) -> None:
        """Have the next audit look for everything and judge everything."""
        self._expected_by = self._judged_by = ()
