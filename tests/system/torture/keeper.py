"""A keeper: has the daemon of a cell running, as a service manager would, through everything that is done to it."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from typing import Any, Final

from driftd.model.event import Action, action_of, namespace
from driftd.store.reader import JournalReader
from tests.system.daemon_process import DaemonProcess, ScratchHost, until
from tests.system.torture.cell import Cell

REFUSED: Final = 2
"""Exit status of a daemon that cannot start now: no room, or somebody holds the state."""
AGAIN: Final = 0.3
"""Seconds until a daemon that refused is started again."""


class Keeper:
    """Starts the daemon, ends it, and starts it again where it refused to start. It may end for no other reason."""

    def __init__(self, host: ScratchHost, cell: Cell, counts: Counter[str]) -> None:
        self.journal = JournalReader(cell.state / "journal")
        self._host = host
        self._cell = cell
        self._counts = counts
        self._daemon: DaemonProcess | None = None
        self._started = 0.0
        self._full = False

    @property
    def daemon(self) -> DaemonProcess:
        assert self._daemon is not None
        return self._daemon

    def start(self) -> None:
        self.bury()
        self._daemon = DaemonProcess(self._host)
        self._started = time.monotonic()

    def bury(self) -> None:
        """End the daemon for good; it must not have met what nobody had thought of."""
        daemon, self._daemon = self._daemon, None
        if daemon is not None:
            daemon.__exit__()
            assert "Traceback" not in daemon.errors, daemon.errors

    def supervise(self) -> None:
        status = self.daemon.process.poll()
        assert status in (None, REFUSED), f"ended with {status}: {self.daemon.errors}"
        if status == REFUSED and not self._full and time.monotonic() > self._started + AGAIN:
            self._counts["refused to start"] += 1
            self.start()

    def ready(self) -> DaemonProcess:
        """Return the daemon once it works."""

        def is_ready() -> bool:
            self.supervise()
            return self.works()

        until(is_ready, "READY=1")
        return self.daemon

    def works(self) -> bool:
        return self.daemon.process.poll() is None and "READY=1" in self.daemon.said()

    def await_unless_full(self) -> None:
        if not self._full:
            self.ready()

    # --- what is done to it

    def kill(self, *, lose_database: bool) -> None:
        if lose_database:
            self.in_step()  # what outputs have delivered is lost with it, and taken to be all that earlier runs told
        self.daemon.kill()
        if lose_database:
            for file in self._cell.state.glob("driftd.db*"):
                file.unlink()
        self.start()

    def freeze(self) -> None:
        self.daemon.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.daemon.process.send_signal(signal.SIGCONT)

    def reload(self) -> None:
        if self.works():  # before that, the signal would end it
            self.daemon.process.send_signal(signal.SIGHUP)

    def fill_disk(self, pages: int) -> None:
        self._cell.fill(pages)
        self._full = True

    def free_disk(self) -> None:
        self._cell.free()
        self._full = False

    def end_miseries(self) -> None:
        self.thaw()
        self.free_disk()
        self._cell.allow_watches()

    def stop(self) -> None:
        daemon = self.ready()
        assert daemon.stop() == 0, daemon.errors

    # --- what it says

    def said(self, action: Action, wanted: Any) -> None:
        """Wait for an event."""

        def happened() -> bool:
            return any(action_of(event) == action and wanted(event) for event in self.journal.read())

        self.daemon.wait(happened, action)

    def losses(self) -> Counter[str]:
        """Return how often each kind of loss was said."""
        return Counter(
            str(namespace(event)["watch"])
            for event in self.journal.read()
            if action_of(event) == Action.COVERAGE_LOST and "watch" in namespace(event)
        )

    def heed(self, overflows: int) -> None:
        """Wait until it has said so many overflows."""
        self.daemon.wait(lambda: self.losses()["overflow"] >= overflows, "the loss is said")

    def lines(self) -> list[Any]:
        """Return what the output has, whole lines only."""
        whole = self._host.log.read_bytes().rpartition(b"\n")[0] if self._host.log.exists() else b""
        return [json.loads(line) for line in whole.splitlines()]

    def in_step(self) -> None:
        """Wait until the output has what the journal has."""

        def same_end() -> bool:
            lines = self.lines()
            return bool(lines) and lines[-1]["event"]["sequence"] == self.journal.position().sequence

        until(same_end, "the output has the journal's last event")
