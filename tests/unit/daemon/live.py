"""A service over a real tree and a real store, turn by turn: time, clocks and notifications come from the test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from driftd.daemon.messages import Asked, Lost, Message, MountsChanged, Noticed, Tree
from driftd.daemon.modes import modes
from driftd.daemon.next_reload import Wanted
from driftd.daemon.noticing import Noticing
from driftd.daemon.notify import Notifier
from driftd.daemon.polling import Polling
from driftd.daemon.rechecks import Rechecks
from driftd.daemon.service import Service
from driftd.daemon.watching import Watching
from driftd.model.document import Json
from driftd.model.event import Event, action_of, namespace
from driftd.ports import Readings, WatchEvents
from driftd.sources.mounts import Mounts
from driftd.watch.jumps import Jump
from driftd.watch.reasons import MISSING, NOT_RUNNING
from driftd.watch.settle import Settling
from tests.contract.shapes import assert_shape
from tests.unit.daemon.test_engine import Machine

SETTLE = 0.25
POLL = 5.0
START = datetime(2023, 6, 1, tzinfo=UTC)


class ToldClock:
    """Clocks that stand until they are told to go on."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.set_by = 0.0
        self.asleep = 0.0

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds + self.set_by + self.asleep)

    def monotonic(self) -> float:
        return self.seconds

    def readings(self) -> Readings:
        return Readings(self.now().timestamp(), self.seconds, self.seconds + self.asleep)


class ToldWatcher:
    """A watcher that notices nothing by itself, and refuses what it is told to refuse."""

    def __init__(self) -> None:
        self.directories: dict[bytes, None] = {}
        self.refused: dict[bytes, str] = {}
        self.room = 1_000_000
        self.works = True
        self.starts = 0
        self._alive = True

    def start(self, listener: WatchEvents) -> None:
        self.starts += 1
        self._alive = self.works

    def die(self) -> None:
        self._alive = False
        self.directories.clear()

    def alive(self) -> bool:
        return self._alive

    def watch(self, directory: bytes) -> str | None:
        if not self._alive:
            return NOT_RUNNING
        reason = self.refused.get(directory) or (None if os.path.isdir(directory) else MISSING)
        if reason is None and directory not in self.directories and len(self.directories) >= self.room:
            reason = "watch-limit"
        if reason is None:
            self.directories[directory] = None
        else:
            self.directories.pop(directory, None)
        return reason

    def watch_file(self, file: bytes) -> str | None:
        return self.watch(file) if os.path.isdir(file) else None

    def forget(self, directory: bytes) -> None:
        self.directories.pop(directory, None)

    def forget_file(self, file: bytes) -> None:
        if not os.path.isdir(file):
            self.forget(file)

    def watches(self, directory: bytes) -> bool:
        return directory in self.directories

    def watched(self) -> Iterable[bytes]:
        return tuple(self.directories)

    def close(self) -> None:
        self.directories.clear()


class Live:
    """The service of a machine with approved files, its first audit done."""

    def __init__(self, machine: Machine, directory: Path) -> None:
        self.machine = machine
        self.etc = machine.etc
        self.clock = ToldClock()
        self.watcher = ToldWatcher()
        self.jumps: list[Jump] = []
        self.looked_at: list[str] = []
        self._table = directory / "mountinfo"
        self._mounted: list[tuple[str, str]] = []
        self._count_looks()
        machine.engine._clock = self.clock
        machine.engine.sweeps._clock = machine.engine.summing._clock = self.clock
        self._table.write_text("1 0 8:1 / / rw - ext4 disk rw\n")
        machine.engine.auditor.mounts = Mounts(bytes(self._table))
        monotonic = self.clock.monotonic
        self.watching = Watching(self.watcher, machine.engine.auditor, [], b"/", _Nobody(), monotonic)
        settling = Settling(SETTLE)
        wall_ns = lambda: int(self.clock.now().timestamp() * 1e9)  # noqa: E731
        rechecks = Rechecks(machine.engine, self.watching, settling, SETTLE, monotonic, wall_ns)
        noticing = Noticing(machine.engine, self.watching, settling, rechecks, self.clock, lambda _directory: True)
        polling = Polling(machine.engine, self.watching, rechecks, POLL, monotonic)
        self.service = Service(
            machine.engine,
            machine.adoption,
            self.watching,
            rechecks,
            noticing,
            polling,
            Notifier({}),
            self.clock,
            _nothing_read,
            SETTLE,
        )
        self.service.on_jump = self.jumps.append

    def _count_looks(self) -> None:
        auditor = self.machine.engine.auditor
        examine = auditor.examine

        def counted(item: str, **more: object) -> object:
            self.looked_at.append(item)
            return examine(item, **more)  # type: ignore[arg-type]

        auditor.examine = counted  # type: ignore[method-assign, assignment]

    # --- what happens

    def begin(self) -> None:
        self.service.prepare()
        self.service.audits.want("quick", "startup")
        self.settle()

    def path(self, name: str) -> bytes:
        return os.fsencode(self.etc / name)

    def item(self, name: str) -> str:
        return str(self.etc / name)

    def noticed(self, name: str, *, complete: bool = True) -> None:
        self.noticed_at(self.etc / name, complete=complete)

    def noticed_at(self, path: Path, *, complete: bool = True) -> None:
        directory, _, last = bytes(path).rpartition(b"/")
        self.tell(Noticed(directory, last, complete, False, self.clock.monotonic(), self.clock.now()))

    def tree(self, name: str) -> None:
        self.tell(Tree(self.path(name), self.clock.now()))

    def lost(self, reason: str) -> None:
        self.tell(Lost(reason))

    def mount(self, name: str, kind: str) -> None:
        """Have the kernel's table say that something is mounted; nothing is."""
        self._mounted.append((str(self.etc / name), kind))
        self._write_table()

    def unmount(self) -> None:
        self._mounted.clear()
        self._write_table()

    def _write_table(self) -> None:
        lines = ["1 0 8:1 / / rw - ext4 disk rw"]
        lines += [f"{number} 1 0:9 / {point} rw - {kind} x rw" for number, (point, kind) in enumerate(self._mounted, 2)]
        self._table.write_text("\n".join(lines) + "\n")
        # A file never says POLLPRI: another table takes this one's place, as if it had been read again.
        fresh = Mounts(bytes(self._table))
        fresh.refresh()
        mounts = self.machine.engine.auditor.mounts
        mounts._take(mount for mount in (fresh._top or {}).values())
        fresh.close()
        self.tell(MountsChanged())

    def tell(self, message: Message) -> None:
        self.service.inbox.put(message)

    def settle(self) -> None:
        """Let everything happen that is due now, and let nothing be held any more."""
        self.turns()
        self.wait(SETTLE)

    def wait(self, seconds: float) -> None:
        self.clock.seconds += seconds
        self.turns()

    def turns(self) -> None:
        """Turn until nothing is due at this moment."""
        for _ in range(100):
            self.service.inbox.put(Asked())  # a turn with nothing to do would wait
            self.service.turn()
            if self.service.inbox.empty() and self.service._timeout() > 0:
                return
        raise AssertionError("it never comes to rest")

    # --- what was said of it

    def told(self) -> list[tuple[str, str]]:
        """Return what was recorded since the last time: (action, item), for coverage (action, item=reason)."""
        events, self.machine.published[:] = list(self.machine.published), []
        return [pair for event in events for pair in _words(event)]

    def looked(self) -> set[str]:
        """Return the names that were looked at since the last time."""
        looked, self.looked_at[:] = {os.path.relpath(item, self.etc) for item in self.looked_at}, []
        return looked

    def polled(self) -> dict[str, str]:
        return {
            os.path.relpath(item, self.etc): reason or ""
            for item, mode, reason in modes(self.watching, [])
            if mode == "polled"
        }


def _nothing_read(wanted: Wanted) -> Generator[None, None, bool]:
    yield
    return wanted.asked


def _words(event: Event) -> Iterator[tuple[str, str]]:
    assert_shape("events", event | {"driftd": {**namespace(event)}})
    told = namespace(event)
    action = str(action_of(event))
    gaps = told.get("gaps")
    if isinstance(gaps, list):
        for gap in gaps:
            assert isinstance(gap, dict)
            yield action, f"{os.path.basename(str(gap['item'])) or '/'}={gap['reason']}"
    else:
        item: Json = told.get("item", "")
        yield action, os.path.basename(str(item))


class _Nobody:
    """A listener that is never told anything."""

    def changed(self, directory: bytes, name: bytes, *, complete: bool, is_directory: bool) -> None: ...
    def tree(self, path: bytes) -> None: ...
    def vanished(self, directory: bytes) -> None: ...
    def lost(self, reason: str) -> None: ...


@contextmanager
def living(directory: Path) -> Iterator[Live]:
    """Yield the service of a host with three approved files in two directories, watched and audited."""
    machine = Machine(directory)
    try:
        (machine.etc / "d").mkdir()
        (machine.etc / "e").mkdir()
        for name in ("a.yaml", "d/b.yaml", "e/c.yaml"):
            machine.file(name, "port: 1\n")
        machine.audited()
        machine.approve()
        live = Live(machine, directory)
        live.begin()
        live.told()
        live.looked()
        yield live
    finally:
        machine.stop()
        shutil.rmtree(directory, ignore_errors=True)
