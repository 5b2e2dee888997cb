"""The running daemon: a host's parts put to work together, replaced on reload, and stopped in order."""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from pathlib import Path

import structlog

from driftd.app import Host
from driftd.baselines.layer import HOSTS
from driftd.clock import SystemClock
from driftd.daemon.control_server import ControlServer
from driftd.daemon.listener import Listener
from driftd.daemon.messages import Due, Message, Refused
from driftd.daemon.monitoring import Monitoring
from driftd.daemon.next_reload import Wanted
from driftd.daemon.noticing import Noticing, PassingNames
from driftd.daemon.notify import Notifier
from driftd.daemon.polling import Polling
from driftd.daemon.rechecks import Rechecks
from driftd.daemon.requests import Requests
from driftd.daemon.schedule import Schedule
from driftd.daemon.service import Service
from driftd.daemon.watching import Watching
from driftd.metrics.endpoint import EndpointError
from driftd.model.change import Severity
from driftd.model.event import Action
from driftd.model.item import shown_path
from driftd.records import Records
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

log = structlog.get_logger(__name__)


class Daemon:
    """One process that audits one host."""

    def __init__(self, host: Host, around: Surroundings, config: str | None, root: bytes) -> None:
        self._host = host
        self._around = around
        self._config = config
        self._root = root
        self._clock = SystemClock()
        self._records: Records | None = None
        self._service: Service | None = None
        self._notifier = Notifier(around.environment)
        self._watcher: InotifyWatcher | None = None
        self._schedule: Schedule | None = None
        self._monitoring: Monitoring | None = None
        self._early: list[Message] = []
        self._reloads: Reloads | None = None

    def put(self, message: Message) -> None:
        """Give the loop something to do; what comes before it runs waits for it."""
        if self._service is None:
            self._early.append(message)
        else:
            self._service.inbox.put(message)

    def run(self) -> None:
        """Work until a signal says stop."""
        progress = self._notifier.take_longer
        self._records = Records(self._host, "driftd run", self._around.environment, self._clock, progress)
        try:
            self._work(self._records)
        finally:
            self._close(self._records)

    def _work(self, records: Records) -> None:
        host, workplace = self._host, records.workplace
        records.upkeep.refusals.wake = lambda: self.put(Refused())
        records.start()
        listener = Listener(self._clock)
        notices = Notices(*self._mounts(listener), clock_set(listener.clock_set))
        _tell_hidden(host.auditor.mounts)
        watching = Watching(self._watch(listener), host.auditor, self._configuration(), self._root, listener)
        service = self._service = listener.service = self._assemble(records, watching)
        reloads = self._reloads = Reloads(
            workplace, service, self._notifier, self._clock.monotonic, self._reading_anew, self._replace
        )
        control = ControlServer(
            host.settings.control_socket,
            Requests(service, records.deliveries.snapshots, lambda: self._host.content, host.settings.state).answer,
            host.settings.control.group,
        )
        try:
            workplace.say_started()
            workplace.catch_up()
            control.start()
            self._monitor()
            self._plan()
            service.audits.want(workplace.first_depth(), "startup")
            for message in self._early:
                service.inbox.put(message)
            service.told_of_clocks = CLOCK in notices.start()
            reloads.begin()
            service.prepare()
            self._notifier.ready("the first audit is under way")
            reason = service.run()
            self._notifier.stopping()
            workplace.finish()
            workplace.say_stopped(reason)
            log.info("stopped", reason=reason)
        finally:
            control.stop()
            self._unmonitor()
            notices.stop()

    def _assemble(self, records: Records, watching: Watching) -> Service:
        workplace, clock, settings = records.workplace, self._clock, self._host.settings.watch
        engine = workplace.engine
        transient = PassingNames(TransientNames.shipped(), engine)
        settling = Settling(float(settings.settle), transient=transient)
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
            records.upkeep,
        )
        service.on_deep = workplace.judged
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

        assert self._service is not None and self._records is not None
        settings = self._host.settings
        period = float(settings.audit.every) + float(settings.audit.jitter)
        self._monitoring = Monitoring(
            settings.metrics,
            self._service,
            self._records.counts,
            self._records.deliveries.snapshots,
            period,
            __version__,
        )
        self._monitoring.start()

    def _monitor_anew(self) -> None:
        """The same after a reload: an address that is taken leaves all but the endpoint as the new settings say."""
        assert self._records is not None
        try:
            self._monitor()
        except EndpointError as error:
            log.error("no metrics endpoint", reason=str(error))  # noqa: TRY400 - the message says it all
            self._records.workplace.engine.say(
                Action.DAEMON_RELOAD_FAILED, Severity.HIGH, f"reloaded in part: {error}", {"problems": [str(error)]}
            )

    def _unmonitor(self) -> None:
        if self._monitoring is not None:
            self._monitoring.stop()

    def reload(self, wanted: Wanted) -> Generator[None, None, bool]:
        """Read settings and baselines again; see `Reloads`."""
        assert self._reloads is not None
        return self._reloads.attempt(wanted)

    def _reading_anew(self, host: Host) -> Generator[None, None, Host]:
        return reading_anew(host, self._config, self._around, self._root)

    def _replace(self, fresh: Host) -> None:
        assert self._records is not None and self._service is not None
        stale, self._host = self._host, fresh
        stale.close()
        self._records.workplace.use(fresh)
        self._service.watching.use(fresh.auditor, self._configuration())
        self._service.commands.use()
        self._service.polling.every = float(fresh.settings.watch.poll)
        self._service.settle_for(float(fresh.settings.watch.settle))
        if stale.settings.outputs != fresh.settings.outputs:
            self._records.deliver_anew()
        if (stale.settings.audit, stale.settings.timezone) != (fresh.settings.audit, fresh.settings.timezone):
            self._replan()
        if (stale.settings.audit, stale.settings.metrics) != (fresh.settings.audit, fresh.settings.metrics):
            self._unmonitor()
            self._monitor_anew()

    def _replan(self) -> None:
        if self._schedule is not None:
            self._schedule.stop()
            self._plan()

    def _close(self, records: Records) -> None:
        if self._schedule is not None:
            self._schedule.stop()
        if self._watcher is not None:
            self._watcher.close()
        records.close()


def _tell_hidden(mounts: Mounts) -> None:
    """Say what the unit hides from the daemon; items there are gaps."""
    mounts.refresh()
    if mounts.unknown_host is not None:
        log.warning("PID 1's mounts cannot be read: what the unit hides may look deleted", reason=mounts.unknown_host)
    for mask in mounts.masks.told:
        log.warning("hidden by the unit", place=shown_path(mask.point), setting=mask.setting)
