"""The workplace: a host with its state open, for writing by the one who holds the lock, for a look by everybody else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta

from driftd.acting import as_owner_of
from driftd.app import Host
from driftd.clock import SystemClock
from driftd.daemon.adoption import Adoption
from driftd.daemon.burst import BurstLimits
from driftd.daemon.engine import Engine, Publish
from driftd.daemon.memory import Memory
from driftd.model.change import Severity
from driftd.model.document import Json
from driftd.model.event import Action
from driftd.settings.types import Settings
from driftd.store.database import Database, Progress, unheard
from driftd.store.reader import JournalReader
from driftd.store.retention import Limits
from driftd.store.store import Store


@dataclass(slots=True)
class Workplace:
    """A host with its state open for writing: the lock is held until `close`."""

    host: Host
    engine: Engine
    adoption: Adoption
    acting: ExitStack

    def use(self, fresh: Host) -> None:
        """Go on for the host as it is described now."""
        self.host = fresh
        self.engine.auditor, self.engine.host = fresh.auditor, fresh.facts
        self.engine.sweeps.deep = fresh.deep_reading()
        self.engine.grouping.use(burst_limits(fresh.settings))
        self.engine.store.keep(limits_of(fresh.settings))
        self.adoption.use(fresh.facts.name, fresh.trust)

    def close(self) -> None:
        """Give everything back."""
        self.engine.store.close()
        self.host.close()
        self.acting.close()

    def say_started(self) -> None:
        """Record that a daemon began."""
        from driftd import __version__

        driftd: dict[str, Json] = {"version": __version__, "baselines": [*sorted(self.host.scope.baselines)]}
        self.engine.say(Action.DAEMON_STARTED, Severity.INFO, f"driftd {__version__} started", driftd)

    def catch_up(self) -> None:
        """Record what was left to be summed up, and what was approved while nobody ran."""
        self.engine.summing.sum_up_left()
        self.adoption.reconcile()

    def finish(self) -> None:
        """Record what is still to be said, and what no event carries."""
        self.engine.summing.sum_up(last=True)
        self.engine.remember()

    def say_stopped(self, reason: str) -> None:
        """Record that a daemon ends."""
        store = self.engine.store
        driftd: dict[str, Json] = {
            "reason": reason,
            "delivered": dict(store.cursors()),
            "output_sequences": dict(store.numbers()),
        }
        self.engine.say(Action.DAEMON_STOPPED, Severity.INFO, f"driftd stopped ({reason})", driftd)

    def first_depth(self) -> str:
        """Return how deep the first audit has to be: what was judged before this start may be judged otherwise now."""
        known = self.engine.store.attempt(lambda database: database.mark("judgement"))
        if known != self.host.judgement_digest():
            return "deep"
        if not self.host.auditor.waits:  # who waits for an approval is not remembered
            self.engine.sweeps.judged()
        return "quick"

    def judged(self) -> None:
        """Take note that everything was judged by what is in force."""
        digest = self.host.judgement_digest()
        self.engine.store.attempt(lambda database: database.set_mark("judgement", digest))


def limits_of(settings: Settings) -> Limits:
    """Return within which limits the journal is to be kept."""
    return Limits(timedelta(seconds=float(settings.journal.keep)), int(settings.journal.max_size))


def burst_limits(settings: Settings) -> BurstLimits:
    """Return how many drifts are told one by one."""
    return BurstLimits(alone=settings.grouping.alone, urgent=settings.grouping.urgent)


def open_workplace(host: Host, command: str, publish: Publish, progress: Progress = unheard) -> Workplace:
    """Take the state directory; StateHeldError names who holds it, StoreError what is wrong with it.

    `progress` is called now and then while the state is made again from the journal. From now until the workplace is
    closed, root acts as the owner of that directory.
    """
    clock = SystemClock()
    with ExitStack() as acting:
        acting.enter_context(as_owner_of(host.settings.state))
        store = Store.open(host.settings.state, clock, command, limits_of(host.settings), progress)
        kept = acting.pop_all()
    limits = burst_limits(host.settings)
    engine = Engine(host.auditor, host.facts, store, clock, os.urandom, publish, limits)
    engine.sweeps.deep = host.deep_reading()
    return Workplace(host, engine, Adoption(engine, host.facts.name, host.trust), kept)


@contextmanager
def open_view(host: Host) -> Iterator[tuple[Memory, Database]]:
    """Yield what the state says now, changing nothing: beside a daemon, or where none runs."""
    database = Database.open_read_only(host.settings.state, JournalReader(host.settings.state / "journal"))
    try:
        memory = Memory.load(database)
        waiting = {name for name, layers in host.auditor.approvals.layers.items() if not layers.approved}
        for item in memory.remembered if waiting else ():
            audited = host.scope.audited(item)
            if audited is not None and audited.baseline in waiting and audited.terms.needs_approval:
                memory.await_approval(audited.baseline, item, waiting=True)
        yield memory, database
    finally:
        database.close()
