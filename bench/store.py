"""What recording costs: appends beside the disk's own fsync, the chain, replay, opening. Run: python bench/store.py [DIR]."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import rfc8785

from driftd.model.document import Json
from driftd.model.event import Action, Event
from driftd.store.chain import canonical, stamp
from driftd.store.database import Database
from driftd.store.journal import Journal
from driftd.store.retention import Limits
from driftd.store.store import Store

EVENTS = 50_000
ITEMS = 100_000


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def drift(number: int, action: Action = Action.DRIFT_OPENED) -> Event:
    """An event of the usual size, about 1.3 kB."""
    change: dict[str, Json] = {
        "aspect": "content",
        "kind": "changed",
        "key": "$.production.host",
        "before": "db-1.internal",
        "after": "db-l.internal",
        "before_line": 3,
        "after_line": 3,
        "value_type": "string",
        "severity": "critical",
        "status": "unapproved",
        "rule": "EVT-DB-HOST",
    }
    item = f"/srv/eventify/config/{number % 5000}/database.yml"
    return {
        "@timestamp": "2023-06-01T10:00:00.412345Z",
        "ecs": {"version": "8.17.0"},
        "message": f"critical: {item} $.production.host is 'db-l.internal', approved 'db-1.internal' (unapproved)",
        "event": {
            "id": "01887656-a29c-7000-8000-000000000000",
            "kind": "alert",
            "category": ["configuration", "file"],
            "type": ["change"],
            "action": action.value,
            "code": "DRIFT-1001",
            "dataset": "driftd.drift",
            "severity": 99,
            "reason": "EVT-DB-HOST: A wrong host here stopped the product for four hours.",
        },
        "host": {"id": "0123456789abcdef0123456789abcdef", "name": "api-1"},
        "labels": {"role": "api", "env": "production"},
        "file": {"path": item, "owner": "root", "mode": "0640", "hash": {"sha256": "0" * 64}},
        "rule": {"id": "EVT-DB-HOST"},
        "driftd": {
            "drift_id": f"{number % 5000:032x}",
            "item": item,
            "baseline": {"name": "eventify-api", "revision": 3, "sha256": "sha256:" + "0" * 64},
            "status": "unapproved",
            "severity": "critical",
            "source": "watch",
            "detection_delay_us": 4100,
            "change_count": 1,
            "episode": 1,
            "fingerprint": f"{number:032x}",
            "changes": [change],
        },
    }


def per_call(call: Callable[[], object], seconds: float = 0.5) -> float:
    """Return the microseconds of one call: the best of five rounds."""
    count, best = 1, float("inf")
    while True:
        begin = time.perf_counter()
        for _ in range(count):
            call()
        took = time.perf_counter() - begin
        best = min(best, took / count)
        if took > seconds / 5:
            return best * 1e6
        count *= 2


def latencies(call: Callable[[], object], times: int) -> str:
    """Return p50, p99 and max of a call in microseconds."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begin)
    taken.sort()
    return "  ".join(f"{taken[int((times - 1) * share)] * 1e6:8.0f}" for share in (0.5, 0.99, 1))


def timed(what: str, call: Callable[[], object], count: int) -> None:
    begin = time.perf_counter()
    call()
    took = time.perf_counter() - begin
    print(f"{what:<58}{took * 1000:8.0f} ms {count / took:12,.0f} /s")


def row(what: str, said: str) -> None:
    print(f"{what:<58}{said}")


def main(directory: Path) -> None:
    event = drift(1)
    size = len(canonical(event))
    print(f"an event of {size} bytes; state in {directory}\n")
    row("canonical bytes, rfc8785", f"{per_call(lambda: rfc8785.dumps(event)):8.1f} us")  # type: ignore[arg-type]
    row("canonical bytes, driftd", f"{per_call(lambda: canonical(event)):8.1f} us")
    row("stamp and chain", f"{per_call(lambda: stamp(event, 1, '')):8.1f} us")

    print(f"\n{'us':<58}{'p50':>8}  {'p99':>8}  {'max':>8}")
    raw = os.open(directory / "raw", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write_and_fsync() -> None:
        os.write(raw, b"x" * size)
        os.fsync(raw)

    row("the disk: one write of that size, one fsync", latencies(write_and_fsync, 1000))
    journal = Journal(directory / "few", Clock())
    journal.open()
    row("append of one event", latencies(lambda: journal.append([event]), 1000))
    hundred = [drift(number) for number in range(100)]
    row("append of 100 events", latencies(lambda: journal.append(hundred), 100))
    journal.close()
    few = Journal(directory / "journal", Clock())
    few.open()
    database = Database.open(directory, few, Clock())
    row("append of one event and apply", latencies(lambda: database.apply(few.append([event])), 1000))

    print()
    thousands = [[drift(start + number) for number in range(1000)] for start in range(0, EVENTS, 1000)]
    timed(f"append {EVENTS:,} events, 1,000 at a time", lambda: [few.append(batch) for batch in thousands], EVENTS)
    last = few.last_sequence
    timed("catch up", database.catch_up, EVENTS)
    timed("read all", lambda: sum(1 for _ in few.read()), last)
    timed("read the last ten", lambda: list(few.read(last - 10)), 10)
    timed("verify", few.verify, last)
    timed("open the journal", lambda: Journal(directory / "journal", Clock()).open(), 1)
    rows = [
        (b"/etc/some/where/%d/" % number, b"\0" + b"name.conf\0" * 10, b"s" * 440, b"f" * 160)
        for number in range(ITEMS // 10)
    ]
    timed(f"remember {ITEMS:,} items", lambda: database.remember(rows), ITEMS)
    timed("load them", lambda: list(database.remembered()), ITEMS)
    database.close()
    timed("open the database (quick_check)", lambda: Database.open(directory, few, Clock()).close(), 1)
    (directory / "driftd.db").unlink()
    timed("rebuild the database", lambda: Database.open(directory, few, Clock()).close(), last)
    few.close()
    pruning(directory)


def pruning(directory: Path) -> None:
    """What it costs to prune the journal to half its size, in how long steps, and to rebuild from what is left."""
    store = Store.open(directory, Clock(), "bench")
    store.keep(Limits(timedelta(days=400), store.journal.extent()[1] // 2))
    store.journal.append([drift(0)])  # begins segments of the new size
    took: list[float] = []

    def say(driftd: dict[str, Json]) -> None:
        told = drift(0, Action.JOURNAL_CHECKPOINT)
        store.record([told | {"driftd": {"severity": "info", **driftd}}])

    steps = store.prune([], say)
    done = object()
    while True:
        begin = time.perf_counter()
        last = next(steps, done)
        took.append(time.perf_counter() - begin)
        if last is done:
            break
    snapshot = next((directory / "journal").glob("*.snapshot"))
    row(
        f"prune to half, {len(store.database.drifts()):,} open drifts",
        f"{sum(took) * 1e3:8.0f} ms in {len(took)} steps, the longest {max(took) * 1e3:.0f} ms",
    )
    row("snapshot", f"{snapshot.stat().st_size / 2**20:8.1f} MiB")
    store.close()
    (directory / "driftd.db").unlink()
    few = Journal(directory / "journal", Clock())
    few.open()
    behind = few.last_sequence - int(snapshot.stem)
    timed("rebuild from the snapshot", lambda: Database.open(directory, few, Clock()).close(), behind)
    few.close()


if __name__ == "__main__":
    place = Path(tempfile.mkdtemp(prefix="driftd-bench-", dir=sys.argv[1] if len(sys.argv) > 1 else None))
    try:
        main(place)
    finally:
        shutil.rmtree(place)
