"""Ten years in a minute: state stays small, nothing young goes whatever the clock says, and the rest still means the same."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from driftd.model.document import Json
from driftd.model.event import Action, Event, namespace
from driftd.store.known import Cursor
from driftd.store.replay import replayed
from driftd.store.retention import Limits
from driftd.store.store import Store
from tests.unit.store.made import drift, event
from tests.unit.store.plain import PlainState, assert_same

SEED: Final = 20230601
DAYS: Final = 3652
STEP: Final = 3
"""Days between two moments at which something happens."""
KEEP: Final = 20
LIMITS: Final = Limits(timedelta(days=KEEP), 160 * 1024)


class WrongClock:
    """True time runs by days; what it shows may be wrong by any amount."""

    def __init__(self) -> None:
        self.day = 0
        self.wrong = timedelta(0)

    def now(self) -> datetime:
        return datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=self.day) + self.wrong

    def monotonic(self) -> float:
        return self.day * 86400.0


class Host:
    """A host that drifts, is put right, audited and restarted, and loses its database now and then."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.clock = WrongClock()
        self.dice = random.Random(SEED)
        self.plain = PlainState()
        self.open: set[str] = set()
        self.rotations = 0
        self.store = self.started()

    def started(self) -> Store:
        store = Store.open(self.state, self.clock, "test", LIMITS)
        store.found()
        return store

    def restart(self, *, losing: bool) -> None:
        self.rotations += self.store.journal.rotations
        self.store.close()
        for file in self.state.glob("driftd.db*") if losing else ():
            file.unlink()
        self.store = self.started()
        self.deliver()

    def deliver(self) -> None:
        self.store.delivered("jsonl", Cursor(self.store.journal.last_sequence))
        self.plain.delivered["jsonl"] = self.store.journal.last_sequence

    def record(self, made: list[Event]) -> None:
        for recorded in self.store.record(made):
            for change in replayed(recorded):
                self.plain.take(change)

    def live(self) -> None:
        """Let some days pass."""
        self.clock.day += STEP
        at = self.clock.now().isoformat()
        made = [event(Action.DAEMON_HEARTBEAT, at, day=self.clock.day, delivered={"jsonl": 1})]
        for _ in range(self.dice.randrange(12)):
            name = f"d{self.dice.randrange(30)}"
            if name in self.open and self.dice.random() < 0.6:
                self.open.discard(name)
                made.append(event(Action.DRIFT_RESOLVED, at, drift_id=name))
            else:
                action = Action.DRIFT_UPDATED if name in self.open else Action.DRIFT_OPENED
                self.open.add(name)
                made.append(
                    drift(action, name, item=f"/etc/{name}", fingerprint=str(self.clock.day)) | {"@timestamp": at}
                )
        made.append(event(Action.AUDIT_COMPLETED, at, audit={"depth": "deep"}))
        self.record(made)
        self.deliver()
        for _ in self.store.prune(["jsonl"], self.checkpoint):
            pass

    def checkpoint(self, driftd: dict[str, Json]) -> None:
        told = event(Action.JOURNAL_CHECKPOINT, self.clock.now().isoformat())
        self.record([told | {"driftd": {"severity": "info", **driftd}}])

    def oldest_day(self) -> int:
        days = (namespace(told).get("day") for told in self.store.journal.read())
        return next(day for day in days if isinstance(day, int))

    def size(self) -> int:
        return sum(file.stat().st_size for file in self.state.rglob("*") if file.is_file())


def test_ten_years_of_running_stay_small_and_mean_the_same(tmp_path: Path) -> None:
    host = Host(tmp_path)
    empty = host.size()
    largest = dict.fromkeys(range(11), 0)
    for day in range(STEP, DAYS + 1, STEP):
        if day % 60 == 0:  # set wrong by years, for two weeks
            host.clock.wrong = timedelta(days=host.dice.choice([-50 * 365, 73 * 365, 400, -400]))
        elif day % 60 == 15:
            host.clock.wrong = timedelta(0)
        host.live()
        if day % 90 == 0:
            host.restart(losing=host.dice.random() < 0.5)
            assert_same(host.store.database, host.plain)
        if day % 15 == 0:
            largest[day // 366] = max(largest[day // 366], host.size())
            assert day - host.oldest_day() >= min(day - STEP, KEEP), "nothing young is gone"
    assert_same(host.store.database, host.plain)
    assert host.store.journal.verify() == []
    assert host.rotations > 900
    assert max(largest.values()) < LIMITS.max_bytes + LIMITS.segment_bytes + empty, (
        "an empty database, what thirty drifts are to it, and a snapshot beside it"
    )
    assert max(largest[year] for year in range(5, 10)) < 1.2 * max(largest[year] for year in range(1, 5))
    assert host.store.database.lost() == {}
    host.store.close()
