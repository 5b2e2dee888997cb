"""A process that owns a state directory and records until it is killed: each acknowledged batch is a line on stdout."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from driftd.model.document import Json
from driftd.model.event import Action, sequence_of
from driftd.store.errors import StoreError
from driftd.store.retention import Limits
from driftd.store.store import Store
from tests.unit.store.made import drift, event, heartbeat

DONE = object()


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return 0.0


def say(*words: object) -> None:
    """Write a line that whoever started this can read at once."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def until_killed(state: Path) -> None:
    """Record batches of growing and shrinking size, with segments that are full soon."""
    store = Store.open(state, Clock(), "store_writer")
    store.journal.segment_bytes = 40_000
    say("open", store.journal.last_sequence)
    size = 1
    while True:
        first = store.journal.last_sequence + 1
        batch = [drift(drift_id=f"d{first + number}", item=f"/etc/{'x' * 50}") for number in range(size - 1)]
        stamped = store.record([*batch, heartbeat(first)])
        say("recorded", sequence_of(stamped[-1]))
        size = size * 5 % 37


def until_killed_pruning(state: Path) -> None:
    """The same drifts over and over, in a journal that has room for few of them and is pruned a step at a time."""
    store = Store.open(state, Clock(), "store_writer", Limits(timedelta(days=400), 60_000))
    say("open", store.journal.last_sequence)
    pruning: Iterator[None] = iter(())
    while True:
        first = store.journal.last_sequence + 1
        made = [drift(drift_id=f"d{number % 50}", fingerprint=str(number)) for number in range(first, first + 3)]
        say("recorded", sequence_of(store.record(made)[-1]))
        if next(pruning, DONE) is DONE:
            pruning = store.prune([], lambda driftd: say_pruned(store, driftd))


def say_pruned(store: Store, driftd: dict[str, Json]) -> None:
    """Record a checkpoint."""
    store.record([event(Action.JOURNAL_CHECKPOINT) | {"driftd": {"severity": "info", **driftd}}])


def until_full(state: Path) -> None:
    """Record until nothing more can be, say so, make room, and go on."""
    store = Store.open(state, Clock(), "store_writer")
    acknowledged = store.journal.last_sequence
    try:
        while acknowledged < 100_000:
            acknowledged = sequence_of(store.record([heartbeat(0)] * 7)[-1])
    except StoreError as error:
        say("refused", acknowledged, error)
    for _ in range(3):
        try:
            store.record([heartbeat(1)] * 400)
        except StoreError:
            say("refused again", store.journal.last_sequence)
    (state / "ballast").unlink(missing_ok=True)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit[1], limit[1]))
    say("recorded", sequence_of(store.record([heartbeat(2)])[-1]))
    store.close()


def open_only(state: Path) -> None:
    """Open a state directory and say what came of it."""
    try:
        Store.open(state, Clock(), "store_writer").close()
        say("open")
    except StoreError as error:
        say("refused", error)


if __name__ == "__main__":
    MODES = {
        "until-killed": until_killed,
        "until-killed-pruning": until_killed_pruning,
        "until-full": until_full,
        "open-only": open_only,
    }
    MODES[sys.argv[1]](Path(sys.argv[2]))
