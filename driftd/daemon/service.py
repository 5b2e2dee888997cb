"""The service: one loop that owns the engine. Watcher, schedule, outputs, socket and signals only put work on its queue."""

from __future__ import annotations

import queue
from collections.abc import Callable, Generator
from typing import Final, Protocol

import structlog

from driftd.daemon.adoption import Adoption
from driftd.daemon.audits import Audits
from driftd.daemon.commands import Commands
from driftd.daemon.engine import Engine
from driftd.daemon.heartbeat import beat
from driftd.daemon.inbox import Inbox
from driftd.daemon.losses import Losses
from driftd.daemon.memory import STATE_UNWRITABLE
from driftd.daemon.messages import (
    Asked,
    Call,
    ClockSet,
    Due,
    Lost,
    Message,
    MountsChanged,
    Noticed,
    Ran,
    Refused,
    Reload,
    Stop,
    Task,
    Tree,
)
from driftd.daemon.next_reload import NextReload, Wanted
from driftd.daemon.noticing import Noticing
from driftd.daemon.notify import Notifier
from driftd.daemon.outage import Outage
from driftd.daemon.polling import Polling
from driftd.daemon.pulse import IDLE, Pulse
from driftd.daemon.questions import Questions
from driftd.daemon.rechecks import Rechecks
from driftd.daemon.sweep import Sweep
from driftd.daemon.tasks import Tasks
from driftd.daemon.upkeep import Upkeep
from driftd.daemon.watching import Watching
from driftd.model.document import Json
from driftd.model.item import Gap
from driftd.ports import Clock, Readings
from driftd.store.errors import StoreError
from driftd.watch.jumps import Jump, Jumps

log = structlog.get_logger(__name__)

SHORT_SLICE: Final = 0.02
"""Seconds of looking at directories that were noticed, and of polls, between two looks at the queue."""
MESSAGES: Final = 2_000
"""Messages that are handled before items are looked at."""
TICK: Final = 5.0
"""Seconds between two looks at the clocks, where nobody tells when they are set."""


class MachineClock(Clock, Protocol):
    """Time, and all the clocks that tell whether it went on as it should."""

    def readings(self) -> Readings:
        """Return what all clocks say now."""


class ReloadAction(Protocol):
    """Reads settings and baselines again, in steps; what was in force stays so until all of it is replaced in one."""

    def __call__(self, wanted: Wanted) -> Generator[None, None, bool]:
        """Return whether anything was replaced."""


class Service:
    """The loop. `reload` reads settings and baselines again."""

    def __init__(
        self,
        engine: Engine,
        adoption: Adoption,
        watching: Watching,
        rechecks: Rechecks,
        noticing: Noticing,
        polling: Polling,
        notifier: Notifier,
        clock: MachineClock,
        reload: ReloadAction,
        settle: float,
        upkeep: Upkeep | None = None,
    ) -> None:
        self.engine = engine
        self.adoption = adoption
        self.watching = watching
        self.upkeep = upkeep or Upkeep(engine, clock)
        self.polling = polling
        self.losses = Losses(engine, clock.monotonic)
        self.pulse = Pulse(clock.monotonic)
        engine.on_look = self.pulse.looking_at
        engine.store.database.on_progress = self._catching_up
        self.inbox = Inbox()
        self.commands = Commands(engine, settle, clock.monotonic, self.inbox.put)
        self._rechecks = rechecks
        self._noticing = noticing
        self._notifier = notifier
        self._clock = clock
        self._jumps = Jumps(clock.readings())
        self._reload = reload
        self.audits = Audits(engine, settle, clock.monotonic)
        self.audits.before = self._begin_audit
        self.audits.after = self._swept
        self._tasks = Tasks(self.pulse, clock.monotonic)
        self._questions = Questions(self._tasks, self.pulse)
        self.next_reload = NextReload(clock.monotonic)
        self._stop: str | None = None
        self._warm = False
        self._outage = Outage(clock.monotonic)
        rechecks.everything = lambda: self.audits.want("quick", "watch")
        polling.on_polled = self._configuration_polled
        engine.doubts.on_doubt = self.next_reload.doubted
        adoption.make_way = self.audits.interrupt
        self.on_deep: Callable[[], None] = lambda: None
        """Called after each deep audit: everything was judged by what is in force."""
        self.on_jump: Callable[[Jump], None] = lambda _jump: None
        """Called when time passed otherwise than it was waited for: what is timed has to be timed anew."""
        self.told_of_clocks = False
        """Whether a message comes when the clock is set or the machine was suspended, so that none has to be looked for."""
        self.since = clock.now()
        self._begun = clock.monotonic()

    # --- the loop

    def prepare(self) -> None:
        """Watch everything before the first audit looks at it, so that nothing falls between the two."""
        if not self.watching.live:
            return
        for found in self.engine.auditor.found():
            self.pulse.looking_at(found.item)
        self.losses.say_polled(self.watching)

    def run(self) -> str:
        """Work until told to stop; return why."""
        while self._stop is None:
            self.turn()
        self.audits.drop()
        self._tasks.drop()
        return self._stop

    def turn(self) -> None:
        """Wait until something is to be done, and do a part of it."""
        try:
            self._take(self._timeout())
            self.pulse.begin("recording what was seen")
            if self._may_record():
                if self._noticing.look_due():
                    self.audits.want("quick", "watch")
                self.commands.advance()
                self._advance()
                self._timers()
                self.pulse.begin("tidying up the state")
                self.upkeep.advance()
        except StoreError as error:
            self._put_off(error)
        self._notifier.watchdog()

    def _catching_up(self) -> None:
        """A database that is made again while it is used takes its time: that is no standstill."""
        self.pulse.begin("making the database again from the journal")
        self._notifier.watchdog()
        self._notifier.take_longer()

    def since_last_audit(self) -> float:
        """Return for how many seconds everything has not been looked at: since the last audit began, or the daemon."""
        audits = (sweep.monotonic for sweep in self.engine.sweeps.last.values())
        return self._clock.monotonic() - max(audits, default=self._begun)

    def blind_spots(self) -> list[Gap]:
        """Return why what is known of the whole host may not be the present."""
        return [*self._outage.gaps(), *self.losses.gaps()]

    def _timeout(self) -> float:
        """How long nothing is due."""
        now = self._clock.monotonic()
        if self._outage.error is not None:
            return max(0.0, min(self._outage.again_at - now, self._notifier.interval))
        if self._tasks or self._rechecks.may_go_on or self.polling.may_go_on or self.upkeep.busy:
            return 0.0
        due = [
            self.audits.due(),
            self._noticing.next_deadline(),
            self.engine.grouping.next_summary(),
            self._reload_due(),
            self.polling.due(),
            self.commands.due(),
            self.upkeep.next_at,
            self.upkeep.refusals.due(),
            now + (self._notifier.interval if self.told_of_clocks else min(TICK, self._notifier.interval)),
        ]
        return max(0.0, min(at for at in due if at is not None) - now)

    def _take(self, timeout: float) -> None:
        """Handle everything that waits on the queue."""
        self._questions.answer_all()
        self.pulse.begin(IDLE)
        try:
            message = self.inbox.get(timeout)
            self.pulse.begin("taking in what was noticed")
            for _ in range(MESSAGES):
                self._handle(message)
                message = self.inbox.get()
            self._handle(message)
        except queue.Empty:
            return

    def _handle(self, message: Message) -> None:
        match message:
            case Noticed():
                self._noticed(message)
            case Tree():
                self._noticing.tree(message)
                for path in self.watching.names(message.path):
                    self.commands.tree(path, message.when)
            case MountsChanged():
                self._noticing.mounts_changed()
            case Lost(reason):
                self._notifications_lost(reason)
            case Due("heartbeat"):
                beat(self.engine)
            case Due(depth):
                self.audits.want(depth, "schedule")
            case Asked():
                self._questions.answer_all()
            case Ran() | ClockSet() | Refused():
                pass  # it woke the loop, which looks at what was said or refused, and at the clocks
            case Reload(asked_by):
                self.next_reload.soon(asked_by)
            case Stop(reason):
                self._stop = reason

    def _noticed(self, noticed: Noticed) -> None:
        """Have everything looked at, read again and run that a change of a name concerns."""
        if self.watching.is_configuration(noticed.directory, noticed.name, is_directory=noticed.is_directory):
            self.next_reload.changed()
        self._noticing.notice(noticed)
        self.commands.notice(noticed, self.watching.names)

    def ask(self, question: Call | Task) -> None:
        """Have something done in the loop that somebody waits for. Any thread may ask."""
        self._questions.put(question)
        self.inbox.put(Asked())

    def _notifications_lost(self, reason: str) -> None:
        self.watching.rearm()
        self.next_reload.changed()  # a change of settings may be among what was lost
        self.audits.want("quick", "overflow")
        self.losses.say(reason, f"notifications were lost ({reason}): everything is looked at again")

    # --- a state that cannot be written

    def _put_off(self, error: StoreError) -> None:
        """Do no more than listen until the state can be written again; then everything is looked at again."""
        self.audits.drop()
        self._rechecks.drop()
        self.engine.memory.distrust()
        self._outage.take(error)
        self._notifier.status(f"nothing can be recorded: {error}")

    def _may_record(self) -> bool:
        """Whether the state can be written, as far as is known; after a refusal it is tried from time to time."""
        if self._outage.error is None or not self._outage.may_try:
            return self._outage.error is None
        self.engine.recollect()
        self.adoption.reconcile()
        message = f"nothing could be recorded ({self._outage.error}): everything is looked at again"
        self.losses.say(STATE_UNWRITABLE, message)
        self._outage.end()
        self.audits.want("deep", "recovery")
        return True

    # --- audits

    def _advance(self) -> None:
        """Go on for one slice with what was noticed of directories, with a poll and with the audit under way."""
        until = self._clock.monotonic() + SHORT_SLICE
        self._rechecks.advance(until)
        self.polling.advance(until)
        if self._tasks.advance():
            self.audits.advance(lambda: not self.inbox.empty())

    def _begin_audit(self, depth: str) -> None:
        if self.adoption.stale():  # nobody said so: it may be in the middle of being written
            self.next_reload.doubted()
        self._notifier.status(f"{depth} audit under way")

    def _begin_reload(self) -> None:
        wanted = self.next_reload.begin()

        def steps() -> Generator[None, None, Json]:
            replaced = yield from self._reload(wanted)
            if replaced:
                self.audits.want("deep", "reload")
            return replaced

        self._tasks.add(Task(steps, own=True, before_audits=True, doing="reading settings and baselines"))

    def adopt_stale(self) -> None:
        """Take over what was approved on disk without a word, before anything else goes on."""

        def steps() -> Generator[None, None, Json]:
            left: bool = yield from self.adoption.adopting_stale()
            if left:
                self.next_reload.again(Wanted())
            else:
                self.next_reload.settled()
            return left

        self._tasks.add(Task(steps, own=True, doing="taking over what was approved"))

    def _swept(self, sweep: Sweep) -> None:
        memory = self.engine.memory
        if sweep.depth == "deep":
            self.on_deep()
            self.upkeep.want()
        if not self._warm:  # nothing waits as long as the first difference would
            self.engine.auditor.warm_up()
            self._warm = True
        self.losses.looked_again(sweep.monotonic)
        self._configuration_polled()
        self._notifier.status(f"{sweep.items} items, {len(memory.drifts)} drifted, {len(memory.gaps)} gaps")

    # --- time

    def _timers(self) -> None:
        reload_due = self._reload_due()
        if reload_due is not None and self._clock.monotonic() >= reload_due and not self._tasks:
            self._begin_reload()
        self.engine.summing.sum_up()
        if self.watching.news and not self._rechecks.pending:
            self.losses.say_polled(self.watching)
        for jump in self._jumps.look(self._clock.readings()):
            self._jumped(jump)

    def _jumped(self, jump: Jump) -> None:
        """Look at everything again: what was waited for comes late, and timestamps of files may come a second time."""
        log.warning("time jumped", reason=jump.reason, seconds=round(jump.seconds))
        self.on_jump(jump)
        self.audits.want("deep" if jump.is_backward else "quick", "clock")
        self.losses.say(jump.reason, f"{jump}: everything is looked at again")

    def _configuration_polled(self) -> None:
        """Have settings and baselines looked at where their directories cannot be watched."""
        if self.watching.blind:
            self.next_reload.look()

    def _reload_due(self) -> float | None:
        """Return when to reload: not while an audit goes by what is in force, unless that takes long."""
        due = self.next_reload.at
        return max(due, self.audits.interruptible_from()) if due is not None else None

    def settle_for(self, seconds: float) -> None:
        """Give a file that looks half-written another time to become whole."""
        self.audits.settle = self.commands.settle = seconds
        self._noticing.settle_for(seconds)
        self._rechecks.settle_for(seconds)
