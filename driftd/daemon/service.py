"""The service: one loop that owns the engine. Watcher, schedule, outputs, socket and signals only put work on its queue."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

import structlog

from driftd.auditor import Examined
from driftd.daemon.adoption import Adoption
from driftd.daemon.engine import UNSAID, Engine, Sweep
from driftd.daemon.notify import Notifier
from driftd.daemon.upkeep import Upkeep
from driftd.daemon.watching import Watching
from driftd.model.change import Severity
from driftd.model.document import Json
from driftd.model.event import Action
from driftd.model.item import Gap, real_path, shown_path
from driftd.ports import Clock
from driftd.store.errors import StoreError
from driftd.watch.settle import Settling

log = structlog.get_logger(__name__)

SLICE: Final = 0.05
"""Seconds of audit between two looks at the queue."""
QUIET: Final = 2.0
"""A checkout of baselines must be at rest for so long before it is read."""
POLL: Final = 10.0
"""Seconds between sweeps while some directory cannot be watched."""
RETRY: Final = 5.0
"""Seconds until the state is tried again after it could not be written."""
UNWRITABLE: Final = "state-unwritable"


@dataclass(frozen=True, slots=True)
class Noticed:
    """The kernel said that something happened to a path."""

    directory: bytes
    name: bytes
    complete: bool
    is_directory: bool
    at: float
    when: datetime


@dataclass(frozen=True, slots=True)
class Vanished:
    """A watched directory is no longer at its path."""

    directory: bytes


@dataclass(frozen=True, slots=True)
class Lost:
    """Notifications were lost."""

    reason: str


@dataclass(frozen=True, slots=True)
class Due:
    """The schedule says that something is due: quick, deep, heartbeat."""

    what: str


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody outside the loop wants something done in it."""

    work: Callable[[], Json]
    answer: Future[Json] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Stop:
    """Finish the work in hand and end."""

    reason: str


@dataclass(frozen=True, slots=True)
class Reload:
    """Read settings and baselines again."""


Message = Noticed | Vanished | Lost | Due | Call | Stop | Reload


class ReloadAction(Protocol):
    """Reads settings and baselines again."""

    def __call__(self, *, asked: bool) -> bool:
        """Say whether anything was replaced; `asked`: even where no file differs."""


class Service:
    """The loop. `reload(asked)` reads settings and baselines again and says whether anything was replaced."""

    def __init__(
        self,
        engine: Engine,
        adoption: Adoption,
        watching: Watching,
        settling: Settling,
        notifier: Notifier,
        clock: Clock,
        reload: ReloadAction,
        upkeep: Upkeep | None = None,
    ) -> None:
        self.engine = engine
        self.adoption = adoption
        self.watching = watching
        self.upkeep = upkeep or Upkeep(engine, clock)
        engine.on_links = self._depends
        engine.on_hold = self._holds
        self.inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._settling = settling
        self._notifier = notifier
        self._clock = clock
        self._reload = reload
        self._noticed: dict[bytes, datetime] = {}
        self._sweep: Iterator[Sweep] | None = None
        self._waiting_sweeps: dict[str, str] = {}
        self._reload_at: float | None = None
        self._reload_asked = False
        self._poll_at: float | None = None
        self._lost: list[str] = []
        self._stop: str | None = None
        self._refused: StoreError | None = None
        self._again_at = 0.0
        self.on_deep: Callable[[], None] = lambda: None
        """Called after each deep audit: everything was judged by what is in force."""
        self.since = clock.now()

    # --- the loop

    def prepare(self) -> None:
        """Watch everything before the first audit looks at it, so that nothing falls between the two."""
        for _ in self.engine.auditor.found():
            continue
        self.watching.refresh()

    def run(self) -> str:
        """Work until told to stop; return why."""
        while self._stop is None:
            try:
                self._take(self._timeout())
                if self._may_record():
                    self._look_due()
                    self._advance()
                    self._timers()
                    self.upkeep.advance()
            except StoreError as error:
                self._put_off(error)
            self._notifier.watchdog()
        return self._stop

    def blind_spots(self) -> list[Gap]:
        """Return why what is known of the whole host may not be the present."""
        gaps = [Gap("/", reason, "everything is being looked at again") for reason in sorted(set(self._lost))]
        return [Gap("/", UNWRITABLE, str(self._refused)), *gaps] if self._refused is not None else gaps

    def _timeout(self) -> float:
        """How long nothing is due."""
        if self._refused is not None:
            return max(0.0, min(self._again_at - self._clock.monotonic(), self._notifier.interval))
        if self._sweep is not None or self._waiting_sweeps or self.upkeep.busy:
            return 0.0
        now = self._clock.monotonic()
        due = [
            self._settling.next_deadline(),
            self.engine.grouping.next_summary(),
            self._reload_at,
            self._poll_at,
            now + self._notifier.interval,
        ]
        return max(0.0, min(at for at in due if at is not None) - now)

    def _take(self, timeout: float) -> None:
        """Handle everything that waits on the queue."""
        try:
            message = self.inbox.get(timeout=timeout) if timeout > 0 else self.inbox.get_nowait()
            for _ in range(20_000):
                self._handle(message)
                message = self.inbox.get_nowait()
            self._handle(message)
        except queue.Empty:
            return

    def _handle(self, message: Message) -> None:
        match message:
            case Noticed():
                self._notice(message)
            case Vanished(directory):
                self.watching.vanished(directory)
                self.want("quick", "watch")
            case Lost(reason):
                self._notifications_lost(reason)
            case Due("heartbeat"):
                self._heartbeat()
            case Due(depth):
                self.want(depth, "schedule")
            case Call():
                self._answer(message)
            case Reload():
                self._reload_soon()
            case Stop(reason):
                self._stop = reason

    def _answer(self, call: Call) -> None:
        try:
            call.answer.set_result(call.work())
        except StoreError as error:
            call.answer.set_exception(error)
            raise
        except Exception as error:  # noqa: BLE001 - the one who asked gets it
            call.answer.set_exception(error)

    # --- what was noticed

    def _notice(self, noticed: Noticed) -> None:
        if self.watching.is_configuration(noticed.directory, noticed.name, is_directory=noticed.is_directory):
            self._reload_at = self._clock.monotonic() + QUIET
        directory = self.watching.audited_directory(noticed.directory)
        if directory is None:
            return
        path = directory.rstrip(b"/") + b"/" + noticed.name if noticed.name else directory
        if noticed.is_directory:
            self.want("quick", "watch")
        for item in self.watching.concerned(path):
            self._settling.noticed(item, noticed.at, complete=noticed.complete)
            self._noticed.setdefault(item, noticed.when)

    def _depends(self, item: str, links: tuple[str, ...]) -> None:
        """Watch where an item's links stand; what happened there before that, a second look tells."""
        if self.watching.depends(item, links):
            self._settling.noticed(real_path(item), self._clock.monotonic(), complete=True)

    def _holds(self, item: str) -> bool:
        """Hold what an editor or a package manager will have removed in a moment; what survives is looked at then."""
        path = real_path(item)
        if not self._settling.is_transient(path):
            return False
        self._settling.noticed(path, self._clock.monotonic(), complete=True)
        return True

    def _look_due(self) -> None:
        """Look at what is due, and record what it shows in one go."""
        now = self._clock.monotonic()
        examined: list[tuple[Examined | str, datetime | None]] = []
        for path in self._settling.due(now):
            item = shown_path(path)
            seen = self.engine.auditor.examine(item)
            worse = seen is not None and looks_half_done(seen)
            if not self._settling.outcome(path, worse=worse, now=self._clock.monotonic()):
                continue
            examined.append((seen or item, self._noticed.pop(path, None)))
        if examined:
            self.engine.accept(examined, "watch")
        if self._settling.rescans(now):
            self.want("quick", "watch")

    def _notifications_lost(self, reason: str) -> None:
        self.watching.rearm()
        self.want("quick", "overflow")
        self._say_lost(reason, f"notifications were lost ({reason}): everything is looked at again")

    def _say_lost(self, reason: str, message: str) -> None:
        driftd: dict[str, Json] = {"gaps": [{"item": "/", "reason": reason}], "gap_count": 1, "watch": reason}
        self.engine.say(Action.COVERAGE_LOST, Severity.MEDIUM, message, driftd)
        self._lost.append(reason)

    # --- a state that cannot be written

    def _put_off(self, error: StoreError) -> None:
        """Do no more than listen until the state can be written again; then everything is looked at again."""
        self._sweep = None
        self._again_at = self._clock.monotonic() + RETRY
        self.engine.memory.distrust()
        if self._refused is None or str(self._refused) != str(error):
            log.error("nothing can be recorded; trying again until it can be", reason=str(error), seconds=RETRY)
        self._refused = error
        self._notifier.status(f"nothing can be recorded: {error}")

    def _may_record(self) -> bool:
        """Whether the state can be written, as far as is known; after a refusal it is tried from time to time."""
        if self._refused is None:
            return True
        if self._clock.monotonic() < self._again_at:
            return False
        self.engine.recollect()
        self.adoption.reconcile()
        self._say_lost(UNWRITABLE, f"nothing could be recorded ({self._refused}): everything is looked at again")
        self._refused = None
        self.want("deep", "recovery")
        log.warning("what happens is recorded again")
        return True

    # --- audits

    def want(self, depth: str, source: str) -> None:
        """Have an audit run; one that is wanted twice runs once, after the one under way."""
        if depth == "quick" and "deep" in self._waiting_sweeps:
            return
        if self._waiting_sweeps.get(depth) in (None, *UNSAID):  # who asks for one is told when it is done
            self._waiting_sweeps[depth] = source

    def _advance(self) -> None:
        """Go on with the audit under way for one slice."""
        if self._sweep is None:
            if not self._waiting_sweeps:
                return
            depth = "deep" if "deep" in self._waiting_sweeps else "quick"
            source = self._waiting_sweeps.pop(depth)
            self.adoption.adopt_stale()
            self._sweep = self.engine.sweep(depth, source)
            self._notifier.status(f"{depth} audit under way")
        until = self._clock.monotonic() + SLICE
        for sweep in self._sweep:
            if sweep.finished:
                self._sweep = None
                self._swept(sweep)
                break
            if self._clock.monotonic() >= until:
                break

    def _swept(self, sweep: Sweep) -> None:
        memory = self.engine.memory
        if sweep.depth == "deep":
            self.on_deep()
            self.upkeep.want()
        if self.watching.refresh():  # what happened there before it was watched is not told by anybody
            self.want("quick", "watch")
        if self._lost:
            reasons, self._lost = sorted(set(self._lost)), []
            gaps: list[Json] = [{"item": "/", "reason": reason} for reason in reasons]
            message = f"everything was looked at again ({', '.join(reasons)})"
            driftd: dict[str, Json] = {"gaps": gaps, "gap_count": len(gaps), "watch": reasons[0]}
            self.engine.say(Action.COVERAGE_RESTORED, Severity.INFO, message, driftd)
        self._poll_at = self._clock.monotonic() + POLL if self.watching.unwatched else None
        self._notifier.status(f"{sweep.items} items, {len(memory.drifts)} drifted, {len(memory.gaps)} gaps")

    # --- time

    def _timers(self) -> None:
        now = self._clock.monotonic()
        if self._reload_at is not None and now >= self._reload_at and self._sweep is None:
            asked, self._reload_at, self._reload_asked = self._reload_asked, None, False
            if self._reload(asked=asked):
                self.want("deep", "reload")
        self.engine.sum_up()
        if self._poll_at is not None and now >= self._poll_at:
            self._poll_at = None
            self.want("quick", "poll")

    def _reload_soon(self) -> None:
        """Reload now, or when a checkout in progress has come to rest."""
        self._reload_asked = True
        if self._reload_at is None:
            self._reload_at = self._clock.monotonic()

    def _heartbeat(self) -> None:
        memory = self.engine.memory
        driftd: dict[str, Json] = {
            "open": dict(memory.drifts.by_severity()),
            "gap_count": len(memory.gaps) + len(memory.places),
            "items": len(memory.signatures),
            "chain_head": self.engine.store.journal.head,
            "delivered": dict(self.engine.store.cursors()),
        }
        self.engine.say(Action.DAEMON_HEARTBEAT, Severity.INFO, f"alive: {len(memory.drifts)} open drifts", driftd)


def looks_half_done(examined: Examined) -> bool:
    """Whether a look may have met half a save: gone, empty or unparsable where something else is approved."""
    if examined.drift is None:
        return False
    observed = examined.observed
    return not observed.exists or observed.size == 0 or observed.parse_problem is not None


def item_path(item: str) -> bytes:
    """Return the path under which an item settles."""
    return real_path(item)
