"""Pruning: the oldest segments of the journal go, and what they meant stays. In steps, each short, each safe to die after.

1. A snapshot of the state is written beside the journal. 2. A `journal-checkpoint` event names its digest, and the sequence and
chain value of what goes. 3. The segments are removed, the oldest first; then snapshots that no longer count. Whoever dies
between two steps has lost nothing: before 2 nothing has happened, and what is left of 3 is done at the next opening.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import datetime
from typing import Final

import structlog

from driftd.model.document import Json
from driftd.ports import Clock
from driftd.store.database import Database
from driftd.store.errors import translated
from driftd.store.journal import Journal
from driftd.store.retention import Limits, Look, Plan, Stretch, moment, plan
from driftd.store.snapshot import SnapshotWriter, matches, snapshots
from driftd.store.stretches import Stretches

log = structlog.get_logger(__name__)

Say = Callable[[dict[str, Json]], object]
"""Records the `journal-checkpoint` event with these members under `driftd`."""

_LOOK: Final = "retention-look"


class Pruning:
    """Keeps a journal within its limits."""

    def __init__(self, journal: Journal, database: Database, clock: Clock) -> None:
        self._journal = journal
        self._database = database
        self._clock = clock
        self._stretches = Stretches(journal)

    def steps(self, limits: Limits, delivered: Mapping[str, int], say: Say) -> Iterator[None]:
        """Do what is to be done, yielding between steps; events may be recorded meanwhile.

        `delivered`: how far each output in use has come. StoreError: it cannot be done now, and may be tried again.
        """
        with translated(self._journal.directory, "prune the journal"):
            yield from self._steps(limits, delivered, say)

    def _steps(self, limits: Limits, delivered: Mapping[str, int], say: Say) -> Iterator[None]:
        yield from self._remove(self._database.pruned())  # what an interrupted pruning left
        stretches = []
        for stretch in self._stretches.measure(self._journal.last_sequence):
            stretches.append(stretch)
            yield
        found = plan(stretches, limits, self._clock.now(), delivered, self._look())
        self._remember(found.look)
        if found.through or (yield from self._needs_snapshot()):
            yield from self._prune(found, stretches, say)

    def _needs_snapshot(self) -> Generator[None, None, bool]:
        """Say whether events are gone and nothing holds what they made."""
        if self._journal.first_sequence() == 1:
            return False
        for named, path in self._journal.named_snapshots():
            if (yield from matches(path, named)):
                return False
        return True

    def _prune(self, found: Plan, stretches: list[Stretch], say: Say) -> Iterator[None]:
        with self._database.frozen() as (position, changes):
            if position.sequence < found.through:
                log.warning("the journal is not pruned: the database is behind it", sequence=position.sequence)
                return
            writer = SnapshotWriter(self._journal.directory, position.sequence, position.chain)
            yield from writer.write(changes)
        through = found.through or stretches[0].first - 1
        gone = [stretch for stretch in stretches if stretch.last <= found.through]
        checkpoint: dict[str, Json] = {"sequence": through, "snapshot": writer.named.to_json(), "pruned": _told(gone)}
        if (chain := self._stretches.chain_through(through)) is not None:
            checkpoint["chain"] = chain
        say({"checkpoint": checkpoint, **({"lost": dict(found.lost)} if found.lost else {})})
        yield
        yield from self._remove(through)
        self._forget_snapshots(writer.named.sequence)

    def _remove(self, through: int) -> Iterator[None]:
        for _ in self._journal.discard(through):
            yield

    def _forget_snapshots(self, kept: int) -> None:
        for sequence, path in snapshots(self._journal.directory):
            if sequence != kept:
                with translated(path, "remove a snapshot of the state"):
                    path.unlink(missing_ok=True)

    def _look(self) -> Look | None:
        told, _, through = (self._database.mark(_LOOK) or "").partition(" ")
        at = moment(told)
        return Look(at, int(through)) if at is not None and through.isdecimal() else None

    def _remember(self, look: Look | None) -> None:
        told = None if look is None else f"{look.at.isoformat()} {look.through}"
        if told != self._database.mark(_LOOK):
            self._database.set_mark(_LOOK, told)


def _told(gone: list[Stretch]) -> dict[str, Json]:
    told: dict[str, Json] = {
        "segments": len(gone),
        "events": sum(stretch.last - stretch.first + 1 for stretch in gone),
        "bytes": sum(stretch.bytes for stretch in gone),
    }
    times = sorted(time for stretch in gone for time in stretch.times)
    if times:
        told |= {"from": _timestamp(times[0]), "to": _timestamp(times[-1])}
    return told


def _timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
