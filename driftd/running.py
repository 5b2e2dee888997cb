"""The running daemon: a host's parts put to work together, replaced on reload, and stopped in order."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Sequence
from pathlib import Path

import structlog

from driftd.app import Host
from driftd.auditor import Examined
from driftd.baselines.layer import HOSTS
from driftd.clock import SystemClock
from driftd.daemon.control_server import ControlServer
from driftd.daemon.counts import Counts
from driftd.daemon.listener import Listener
from driftd.daemon.messages import Due, Message, Refused
from driftd.daemon.monitoring import Monitoring
from driftd.daemon.next_reload import Wanted
from driftd.daemon.noticing import Noticing
from driftd.daemon.notify import Notifier
from driftd.daemon.polling import Polling
from driftd.daemon.rechecks import Rechecks
from driftd.daemon.requests import Requests
from driftd.daemon.schedule import Schedule
from driftd.daemon.service import Service
from driftd.daemon.upkeep import Upkeep
from driftd.daemon.watching import Watching
from driftd.delivering import Deliveries
from driftd.metrics.endpoint import EndpointError
from driftd.model.change import Severity
from driftd.model.document import Json
from driftd.model.event import Action, Event
from driftd.model.item import shown_path
from driftd.model.result import AuditResult
from driftd.outputs.delivery import DeliveryState
from driftd.reloading.attempts import Reloads
from driftd.reloading.reading import reading_anew
from driftd.sources.mounts import MOUNTINFO, Mounts
from driftd.surroundings import Surroundings
from driftd.watch.clock_set import CLOCK, clock_set
from driftd.watch.inotify import InotifyWatcher
from driftd.watch.jumps import Jump
from driftd.watch.notices import Notices, Source, mounts
from driftd.watch.settle import Settling
from driftd.watch.transient import TransientNames
from driftd.workplace import Workplace, open_workplace

log = structlog.get_logger(__name__)


class Daemon:
    """One process that audits one host."""

    def __init__(self, host: Host, around: Surroundings, config: str | None, root: bytes) -> None:
        self._host = host
        self._around = around
        self._config = config
        self._root = root
        self._clock = SystemClock()
        self._deliveries: Deliveries | None = None
        self._workplace: Workplace | None = None
        self._service: Service | None = None
        self._upkeep: Upkeep | None = None
        self._notifier = Notifier(around.environment)
        self._watcher: InotifyWatcher | None = None
        self._schedule: Schedule | None = None
        self._counts = Counts()
        self._monitoring: Monitoring | None = None
        self._early: list[Message] = []
        self._reloads: Reloads | None = None

    def put(self, message: Message) -> None:
        """Give the loop something to do; what comes before it runs waits for it."""
        if self._service is None:
            self._early.append(message)
        else:
            self._service.inbox.put(message)

    # --- one audit

    def once(self) -> AuditResult:
        """Audit everything once, record the transitions and deliver them."""
        workplace = self._open("driftd run --once")
        try:
            pending: list[Examined] = []

            def each(examined: Examined) -> None:
                pending.append(examined)
                if len(pending) >= 64:
                    self._accept(pending)

            workplace.engine.summing.sum_up_left()
            workplace.adoption.reconcile()
            result = self._host.auditor.audit(each=each)
            result.coverage.gaps.extend(self._host.unsettled())
            self._accept(pending)
            workplace.engine.sweeps.finish_once(result)
            self._tidy()
            return result
        finally:
            self._close()

    def _tidy(self) -> None:
        """Prune, once outputs have had some time for what they are behind with."""
        assert self._upkeep is not None and self._deliveries is not None
        self._deliveries.drain()
        self._upkeep.finish()

    def _accept(self, pending: list[Examined]) -> None:
        assert self._workplace is not None
        self._workplace.engine.accept([(examined, None) for examined in pending], "audit")
        pending.clear()

    # --- the service

    def run(self) -> None:
        """Work until a signal says stop."""
        workplace = self._open("driftd run")
        host, engine = self._host, workplace.engine
        listener = Listener(self._clock)
        notices = Notices(*self._mounts(listener), clock_set(listener.clock_set))
        _tell_hidden(host.auditor.mounts)
        watching = Watching(self._watch(listener), host.auditor, self._configuration(), self._root, listener)
        service = self._service = listener.service = self._assemble(workplace, watching)
        reloads = self._reloads = Reloads(
            workplace, service, self._notifier, self._clock.monotonic, self._reading_anew, self._replace
        )
        control = ControlServer(
            host.settings.control_socket,
            Requests(service, self._outputs, lambda: self._host.content, host.settings.state).answer,
            host.settings.control.group,
        )
        try:
            self._say_started(workplace)
            engine.summing.sum_up_left()
            workplace.adoption.reconcile()
            control.start()
            self._monitor()
            self._plan()
            service.audits.want(self._first_depth(workplace), "startup")
            for message in self._early:
                service.inbox.put(message)
            service.told_of_clocks = CLOCK in notices.start()
            reloads.begin()
            service.prepare()
            self._notifier.ready("the first audit is under way")
            reason = service.run()
            self._notifier.stopping()
            workplace.finish()
            engine.say(Action.DAEMON_STOPPED, Severity.INFO, f"driftd stopped ({reason})", self._stopped(reason))
            log.info("stopped", reason=reason)
        finally:
            control.stop()
            self._unmonitor()
            notices.stop()
            self._close()

    def _assemble(self, workplace: Workplace, watching: Watching) -> Service:
        engine, clock, settings = workplace.engine, self._clock, self._host.settings.watch
        settling = Settling(float(settings.settle), transient=TransientNames.shipped())
        rechecks = Rechecks(engine, watching, settling, float(settings.settle), clock.monotonic, time.time_ns)
        noticing = Noticing(engine, watching, settling, rechecks, clock, self._may_look_into)
        polling = Polling(engine, watching, rechecks, float(settings.poll), clock.monotonic)
        service = Service(
            engine,
            workplace.adoption,
            watching,
            rechecks,
            noticing,
            polling,
            self._notifier,
            clock,
            self.reload,
            float(settings.settle),
            self._upkeep,
        )
        service.on_deep = self._judged
        service.on_jump = self._jumped
        return service

    def _mounts(self, listener: Listener) -> list[Source]:
        """Return what says that something was mounted here, or on the host where we may see others."""
        host = self._host.auditor.mounts.host
        return [mounts(listener.mounts_changed, table) for table in (MOUNTINFO, host) if table is not None]

    def _may_look_into(self, directory: bytes) -> bool:
        """Whether a directory may be listed and its names be looked up."""
        return os.access(self._host.root.on_host(directory), os.R_OK | os.X_OK, effective_ids=True)

    def _jumped(self, jump: Jump) -> None:
        if self._schedule is not None:
            self._schedule.time_jumped(backward=jump.is_backward)

    def _stopped(self, reason: str) -> dict[str, Json]:
        assert self._workplace is not None
        store = self._workplace.engine.store
        return {"reason": reason, "delivered": dict(store.cursors()), "output_sequences": dict(store.numbers())}

    def _open(self, command: str) -> Workplace:
        workplace = open_workplace(self._host, command, self._publish, self._notifier.take_longer)
        self._workplace = workplace
        self._upkeep = Upkeep(workplace.engine, self._clock)
        refusals = self._upkeep.refusals
        refusals.wake = lambda: self.put(Refused())
        deliveries = self._deliveries = Deliveries(
            workplace.engine.store, lambda: self._host, self._around.environment, self._clock, refusals.refused
        )
        self._upkeep.outputs = deliveries.names
        self._upkeep.content = lambda: self._host.content
        self._upkeep.tell()
        deliveries.start()
        return workplace

    def _publish(self, events: Sequence[Event]) -> None:
        self._counts.add(events)
        if self._deliveries is not None:
            self._deliveries.offer(events)

    def _outputs(self) -> list[DeliveryState]:
        return self._deliveries.snapshots() if self._deliveries is not None else []

    def _deliver_anew(self) -> None:
        assert self._deliveries is not None
        self._deliveries.stop()
        self._deliveries.start()

    def _say_started(self, workplace: Workplace) -> None:
        from driftd import __version__

        driftd: dict[str, Json] = {"version": __version__, "baselines": [*sorted(self._host.scope.baselines)]}
        workplace.engine.say(Action.DAEMON_STARTED, Severity.INFO, f"driftd {__version__} started", driftd)

    def _watch(self, listener: Listener) -> InotifyWatcher | None:
        if not self._host.settings.watch.enabled:
            return None
        self._watcher = InotifyWatcher()
        self._watcher.start(listener)
        return self._watcher

    def _configuration(self) -> list[bytes]:
        """Directories in which a change means a reload."""
        places: set[Path] = {self._host.file.parent, *self._host.settings.baselines}
        for loaded in self._host.baselines:
            hosts = loaded.directory / HOSTS
            places |= {loaded.directory, hosts, hosts / self._host.facts.name}
        return [os.fsencode(place.resolve()) for place in places]

    def _plan(self) -> None:
        settings = self._host.settings

        def due(what: str) -> None:
            self.put(Due(what))

        self._schedule = Schedule(settings.audit, settings.zone, due)
        self._schedule.start()

    def _monitor(self) -> None:
        """Tell numbers from now on, as the settings in force say."""
        from driftd import __version__

        assert self._service is not None
        settings = self._host.settings
        period = float(settings.audit.every) + float(settings.audit.jitter)
        self._monitoring = Monitoring(
            settings.metrics,
            self._service,
            self._counts,
            self._outputs,
            period,
            __version__,
        )
        self._monitoring.start()

    def _monitor_anew(self) -> None:
        """The same after a reload: an address that is taken leaves all but the endpoint as the new settings say."""
        assert self._workplace is not None
        try:
            self._monitor()
        except EndpointError as error:
            log.error("no metrics endpoint", reason=str(error))  # noqa: TRY400 - the message says it all
            self._workplace.engine.say(
                Action.DAEMON_RELOAD_FAILED, Severity.HIGH, f"reloaded in part: {error}", {"problems": [str(error)]}
            )

    def _unmonitor(self) -> None:
        if self._monitoring is not None:
            self._monitoring.stop()

    def _first_depth(self, workplace: Workplace) -> str:
        """Return how deep the first audit has to be: what was judged before this start may be judged otherwise now."""
        known = workplace.engine.store.attempt(lambda database: database.mark("judgement"))
        if known != self._host.judgement_digest():
            return "deep"
        if not self._host.auditor.waits:  # who waits for an approval is not remembered
            workplace.engine.sweeps.judged()
        return "quick"

    def _judged(self) -> None:
        assert self._workplace is not None
        digest = self._host.judgement_digest()
        self._workplace.engine.store.attempt(lambda database: database.set_mark("judgement", digest))

    # --- reload

    def reload(self, wanted: Wanted) -> Generator[None, None, bool]:
        """Read settings and baselines again; see `Reloads`."""
        assert self._reloads is not None
        return self._reloads.attempt(wanted)

    def _reading_anew(self, host: Host) -> Generator[None, None, Host]:
        return reading_anew(host, self._config, self._around, self._root)

    def _replace(self, fresh: Host) -> None:
        assert self._workplace is not None and self._service is not None
        stale, self._host = self._host, fresh
        stale.close()
        self._workplace.use(fresh)
        self._service.watching.use(fresh.auditor, self._configuration())
        self._service.commands.use()
        self._service.polling.every = float(fresh.settings.watch.poll)
        self._service.settle_for(float(fresh.settings.watch.settle))
        if stale.settings.outputs != fresh.settings.outputs:
            self._deliver_anew()
        if (stale.settings.audit, stale.settings.timezone) != (fresh.settings.audit, fresh.settings.timezone):
            self._replan()
        if (stale.settings.audit, stale.settings.metrics) != (fresh.settings.audit, fresh.settings.metrics):
            self._unmonitor()
            self._monitor_anew()

    def _replan(self) -> None:
        if self._schedule is not None:
            self._schedule.stop()
            self._plan()

    def _close(self) -> None:
        if self._schedule is not None:
            self._schedule.stop()
        if self._watcher is not None:
            self._watcher.close()
        if self._deliveries is not None:
            self._deliveries.stop()
        if self._upkeep is not None:
            self._upkeep.close()
        if self._workplace is not None:
            self._workplace.close()


def _tell_hidden(mounts: Mounts) -> None:
    """Say what the unit hides from the daemon; items there are gaps."""
    mounts.refresh()
    if mounts.unknown_host is not None:
        log.warning("PID 1's mounts cannot be read: what the unit hides may look deleted", reason=mounts.unknown_host)
    for mask in mounts.masks.told:
        log.warning("hidden by the unit", place=shown_path(mask.point), setting=mask.setting)
