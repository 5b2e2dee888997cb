"""Commands in the daemon: which of them is due, and what becomes of what they say. The loop calls it; nothing here waits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from driftd.baselines.scope import ScopedCommand
from driftd.daemon.engine import Engine
from driftd.daemon.messages import Message, Noticed, Ran
from driftd.model.item import shown_path
from driftd.settings.scalars import Duration
from driftd.sources.command import Outcome
from driftd.sources.glob import Globs

LONGEST: Final = 5.0
"""Seconds for which changes that keep coming can put off the run that they ask for."""


@dataclass(slots=True)
class _Want:
    """A run that somebody wants."""

    source: str
    at: float
    """Not before this moment."""
    latest: float
    since: datetime | None = None
    """When that was noticed for which it is wanted."""
    awaited: bool = False
    """An audit waits for it."""


@dataclass(slots=True)
class _Command:
    """A command and where it stands."""

    scoped: ScopedCommand
    due: float
    """When it is to be run again by itself."""
    wanted: _Want | None = None
    running: Future[Outcome] | None = None
    ran_for: _Want | None = None
    trigger: bytes | None = None
    """Digest of the stat fields of what `when` names, at the last audit."""


class Commands:
    """Runs a host's commands. Sets itself to be asked by the engine for what they say."""

    def __init__(
        self,
        engine: Engine,
        settle: float,
        monotonic: Callable[[], float],
        put: Callable[[Message], None],
    ) -> None:
        self._engine = engine
        self.settle = settle
        self._monotonic = monotonic
        self._put = put
        self._commands: dict[str, _Command] = {}
        self._awaited: set[str] = set()
        """Those that an audit asked for and has not got yet."""
        self._when = Globs(())
        self._meant: list[str] = []
        engine.on_command = self._asked
        engine.sweeps.on_triggers = self._triggers
        engine.sweeps.waits = self._waits
        self.use()

    def use(self) -> None:
        """Take the commands of the baselines in force: all are due, for nobody knows what they would say now."""
        now, known = self._monotonic(), self._commands
        self._commands = {item: _Command(scoped, now) for item, scoped in self._engine.auditor.scope.commands.items()}
        for item, command in self._commands.items():
            if item in known and known[item].running is not None:  # what it says is of another definition, perhaps
                command.running, command.ran_for = known[item].running, None
        self._awaited &= self._commands.keys()
        pairs = [(glob, item) for item, command in self._commands.items() for glob in command.scoped.when]
        self._when, self._meant = Globs(glob for glob, _ in pairs), [item for _, item in pairs]

    # --- what asks for a run

    def notice(self, noticed: Noticed, names: Callable[[bytes], Iterable[bytes]]) -> None:
        """Have the commands run that a change of a name in a directory concerns; `names`: by which patterns reach one."""
        if not self._meant:
            return
        for directory in names(noticed.directory):
            path = directory.rstrip(b"/") + b"/" + noticed.name if noticed.name else directory
            if noticed.is_directory:
                self.tree(path, noticed.when)
            for index in self._when.matching(path):
                self._want(self._meant[index], "watch", settle=self.settle, since=noticed.when)

    def tree(self, path: bytes, when: datetime) -> None:
        """A directory came to a path or left it: what is below may be anything."""
        if not self._meant:
            return
        place = shown_path(path).rstrip("/") + "/"
        for item, command in self._commands.items():
            for glob in command.scoped.when:
                base = glob.prefix.rpartition("/")[0] + "/"
                if base.startswith(place) or place.startswith(base):
                    self._want(item, "watch", settle=self.settle, since=when)

    def _asked(self, item: str, source: str) -> bool:
        """Take over an item that is to be looked at, if it is a command's."""
        if item not in self._commands:
            return False
        self._want(item, source).awaited = True
        self._awaited.add(item)
        return True

    def _triggers(self, found: Mapping[str, bytes]) -> None:
        """An audit has seen the stat fields of what `when` names."""
        for item, command in self._commands.items():
            before, command.trigger = command.trigger, found.get(item)
            if before is not None and before != command.trigger:
                self._want(item, "watch")

    def _want(self, item: str, source: str, *, settle: float = 0.0, since: datetime | None = None) -> _Want:
        command, now = self._commands[item], self._monotonic()
        known = command.wanted
        if known is None:
            command.wanted = known = _Want(source, now + settle, now + LONGEST, since)
        elif settle:
            known.at = min(now + settle, known.latest)
            known.since = known.since or since
        else:
            known.at, known.source = min(known.at, now), source
        return known

    def _waits(self) -> bool:
        """Whether an audit has to wait for what it asked for."""
        return bool(self._awaited)

    # --- runs

    def due(self) -> float | None:
        """Return when there is something to do next; what runs says so by a message."""
        moments = [
            min(command.due, command.wanted.at) if command.wanted is not None else command.due
            for command in self._commands.values()
            if command.running is None
        ]
        return min(moments, default=None)

    def advance(self) -> None:
        """Take what was said, and start what is due."""
        now = self._monotonic()
        for item, command in self._commands.items():
            if command.running is not None and command.running.done():
                self._take(item, command)
            if command.running is None:
                self._start(command, now)

    def _start(self, command: _Command, now: float) -> None:
        if command.due <= now and command.wanted is None:
            command.wanted = _Want("schedule", now, now)
        if command.wanted is None or command.wanted.at > now:
            return
        command.ran_for, command.wanted = command.wanted, None
        command.due = now + command.scoped.every
        command.running = self._engine.auditor.start(command.scoped)
        command.running.add_done_callback(lambda _: self._put(Ran()))

    def _take(self, item: str, command: _Command) -> None:
        running, reason = command.running, command.ran_for
        command.running = command.ran_for = None
        if running is None or reason is None:
            return
        self._engine.on_look(item)
        examined = self._engine.auditor.examine(item, outcome=running.result())
        if reason.awaited:
            self._awaited.discard(item)
        self._engine.accept([(examined or item, reason.since)], reason.source)

    # --- what is told of them

    def modes(self) -> Iterator[tuple[str, str, str | None]]:
        """Yield the contract's `watch`: when each command is run."""
        for item, command in self._commands.items():
            pattern = command.scoped.pattern
            changes = f", and after changes of {', '.join(pattern.when)}" if pattern.when else ""
            yield item, "command", f"every {Duration(command.scoped.every)}{changes}"
