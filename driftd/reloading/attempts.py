"""Reloads: when settings and baselines are read again, what is said of it, and when it is tried once more."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from typing import Final

import structlog

from driftd.app import Host
from driftd.baselines.checkout import in_progress
from driftd.daemon.next_reload import Wanted
from driftd.daemon.notify import Notifier
from driftd.daemon.service import Service
from driftd.model.change import Severity
from driftd.model.document import Json
from driftd.model.event import Action
from driftd.model.item import Gap
from driftd.reloading.changes import changed_baselines, changed_sections, changed_settings
from driftd.reloading.reading import MixtureError, UnsettledError
from driftd.settings.problems import ConfigurationError
from driftd.workplace import Workplace

log = structlog.get_logger(__name__)

PATIENCE: Final = 60.0
"""Seconds that settings or baselines may be in the middle of being written before that is said."""
NAMED: Final = 8
"""Settings and baselines that the message of a reload names."""


class Reloads:
    """Reads settings and baselines again: all or nothing."""

    def __init__(
        self,
        workplace: Workplace,
        service: Service,
        notifier: Notifier,
        monotonic: Callable[[], float],
        read: Callable[[Host], Generator[None, None, Host]],
        replace: Callable[[Host], None],
    ) -> None:
        """`read` returns, after some steps, what is there now, held against the host in force; `replace` puts it in force."""
        self._workplace = workplace
        self._service = service
        self._notifier = notifier
        self._monotonic = monotonic
        self._read = read
        self._replace = replace
        host = workplace.host
        self._in_force = host.files_digest(host.read_as)
        """Digest of the files that were read."""
        self._said: list[str] = []
        """Why the last reload was refused."""
        self._waits_since: float | None = None
        """Since when settings or baselines are in the middle of being written."""

    def begin(self) -> None:
        """Look again soon at what was being written while it was read at the start."""
        if self._workplace.host.unsettled():
            self._service.next_reload.again(Wanted())

    def attempt(self, wanted: Wanted) -> Generator[None, None, bool]:
        """Return whether anything was replaced. Not asked for, things are read only where a file of theirs differs.

        Reading goes in steps that others may overtake, who find in force what was. Then everything is replaced in one.
        """
        host, adoption = self._workplace.host, self._workplace.adoption
        self._service.watching.watch_configuration()  # before it is read: what comes later is noticed
        if (lock := host.checkout()) is not None:
            self._wait(in_progress(lock), wanted)
            return False
        if not wanted.asked and host.files_digest() == self._in_force:
            self._waits_since = None
            adoption.wait_for(None)
            self._service.adopt_stale()
            return False
        self._notifier.reloading(self._monotonic())
        try:
            fresh = yield from self._read(host)
        except ConfigurationError as error:
            self._refuse(error, wanted)
            return False
        except UnsettledError as error:
            self._wait(error.gap, wanted)
            self._notifier.ready("reload: waiting until settings and baselines are at rest")
            return False
        self._take(host, fresh, wanted)
        yield from self._workplace.engine.doubts.settling()
        self._service.next_reload.settled()
        self._notifier.ready("reloaded")
        return True

    def _wait(self, reason: Gap, wanted: Wanted) -> None:
        """Try again later; what is still being written after a minute is a gap until then."""
        now = self._monotonic()
        self._waits_since = now if self._waits_since is None else self._waits_since
        if now - self._waits_since >= PATIENCE:
            self._workplace.adoption.wait_for(reason)
        self._service.next_reload.again(wanted)

    def _refuse(self, error: ConfigurationError, wanted: Wanted) -> None:
        """Say that the old settings stay in force, and why: once, unless somebody asked."""
        self._waits_since = None
        self._workplace.adoption.wait_for(None)
        shown = [str(problem) for problem in error.problems]
        if wanted.asked or shown != self._said:
            log.error("reload refused: the old settings stay in force", problems=shown)
            message = f"reload refused, the old settings stay in force: {shown[0]}"
            told: dict[str, Json] = {"problems": list(shown), **_asked_by(wanted)}
            self._workplace.engine.say(Action.DAEMON_RELOAD_FAILED, Severity.HIGH, message, told)
        self._said = shown
        self._service.watching.watch_refused(os.fsencode(problem.file) for problem in error.problems)
        if isinstance(error, MixtureError):
            self._service.next_reload.again(Wanted())
        else:
            self._service.next_reload.settled()
        self._notifier.ready("reload refused")

    def _take(self, stale: Host, fresh: Host, wanted: Wanted) -> None:
        self._waits_since, self._said = None, []
        self._service.audits.interrupt()
        changed = changed_baselines(stale, fresh)
        self._replace(fresh)
        self._in_force = fresh.files_digest(fresh.read_as)
        self._say_reloaded(stale, fresh, changed, wanted)
        self._workplace.adoption.reconcile(stale.scope.baselines, fresh.elsewhere)

    def _say_reloaded(self, stale: Host, fresh: Host, changed: dict[str, list[str]], wanted: Wanted) -> None:
        engine = self._workplace.engine
        sections = changed_sections(stale.settings, fresh.settings)
        settings = changed_settings(stale, fresh)
        named = [str(setting["key"]) for setting in settings]
        named += [f"baseline {name} ({', '.join(what)})" for name, what in changed.items()]
        driftd: dict[str, Json] = {
            "changed": [*sections],
            "settings": [*settings],
            "baselines": [*sorted(fresh.scope.baselines)],
            "changed_baselines": [
                {**engine.baseline_words(name), "changes": [*what]} for name, what in changed.items()
            ],
            **_asked_by(wanted),
        }
        told = f": {', '.join(named[:NAMED])}" + (f" and {len(named) - NAMED} more" if len(named) > NAMED else "")
        message = f"settings and baselines were read again{told if named else ', nothing is another'}"
        engine.say(Action.DAEMON_RELOADED, Severity.INFO, message, driftd)
        log.info("reloaded", changed=sections, baselines=[*changed])


def _asked_by(wanted: Wanted) -> dict[str, Json]:
    """Return who asked for the reload, where that was done through the control socket."""
    return {} if wanted.by is None else {"asked_by": wanted.by.to_json()}
