"""An ordeal: a story told to a real daemon on real files, judged at the end of each chapter."""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter, deque
from pathlib import Path
from typing import Final, get_args

from driftd.daemon.control import ControlError, DaemonAbsentError, ask
from tests.contract.command import command, environment
from tests.system.daemon_process import PATIENCE, ScratchHost
from tests.system.torture import actions
from tests.system.torture.cell import Cell
from tests.system.torture.deeds import do, storm
from tests.system.torture.judge import Judge
from tests.system.torture.keeper import Keeper
from tests.system.torture.story import Story
from tests.system.torture.walker import shown

REMEMBERED: Final = 25
"""Actions that a failure tells of."""


class Ordeal:
    """One host, its daemon and its story. Nobody but the story touches the host."""

    def __init__(self, directory: Path, seed: int, cell: Cell, host: ScratchHost) -> None:
        self.counts: Counter[str] = Counter()
        """How often each thing was done, and what came of it."""
        self._story = Story(seed)
        self._host = host
        self._cell = cell
        self._keeper = Keeper(host, cell, self.counts)
        self._judge = Judge(host, cell, self._keeper)
        self._top = os.fsencode(directory)
        self._audited: list[bytes] = []
        self._approvals: list[subprocess.Popen[bytes]] = []
        self._last: deque[object] = deque(maxlen=REMEMBERED)

    def run(self, *, chapters: int | None, seconds: float) -> None:
        """Go through the story: so many chapters, or to the end of the one in which the time is over."""
        try:
            self._open()
            self._tell(chapters, time.monotonic() + seconds)
            self._keeper.stop()
            self._judge.end()
        except Exception as error:
            last = "\n".join(map(_short, self._last))
            error.add_note(f"after {self.counts.total()} actions; the last of them:\n{last}")
            raise
        finally:
            for approval in self._approvals:
                approval.kill()
                approval.wait()
            self._keeper.bury()
        self.counts |= {f"said: {reason}": times for reason, times in self._keeper.losses().items()}
        self.counts["delivered again"] = self._judge.delivered_again

    def _open(self) -> None:
        for action in self._story.opening():
            do(action, self._top)
        self._redefine([b"tree"])
        self._host.approve()
        self._keeper.start()

    def _tell(self, chapters: int | None, end: float) -> None:
        told = 0
        for action in self._story.chapters():
            self._last.append(action)
            self.counts[type(action).__name__] += 1
            self._keeper.supervise()
            if isinstance(action, get_args(actions.FileAction)):
                do(action, self._top)
            else:
                self._torment(action)
            if isinstance(action, actions.Judge):
                told += 1
                if told == chapters or time.monotonic() > end:
                    return

    def _torment(self, action: actions.Action) -> None:  # noqa: C901, PLR0912 - an arm for each
        keeper = self._keeper
        match action:
            case actions.Pause(milliseconds):
                time.sleep(milliseconds / 1000)
            case actions.Await():
                keeper.await_unless_full()
            case actions.Kill(lose_database):
                keeper.kill(lose_database=lose_database)
            case actions.Freeze():
                keeper.freeze()
            case actions.Thaw():
                keeper.thaw()
            case actions.Storm(path, other):
                storm(self._at(path), self._at(other))
            case actions.Heed():
                keeper.heed(self.counts["Heed"])
            case actions.Fill(pages):
                keeper.fill_disk(pages)
            case actions.Free():
                keeper.free_disk()
            case actions.Starve(watches):
                self._cell.allow_watches(watches)
            case actions.Relax():
                self._cell.allow_watches()
            case actions.Approve(paths):
                self._approve(paths)
            case actions.Audit(depth):
                self._ask_for_audit(depth)
            case actions.Reload():
                keeper.reload()
            case actions.Redefine(outside):
                self._redefine([b"tree", b"outside"] if outside else [b"tree"])
            case actions.Judge():
                keeper.end_miseries()
                self._end_approvals()
                self._judge.judge(self._audited)

    def _at(self, path: bytes) -> bytes:
        return self._top + b"/" + path

    def _redefine(self, places: list[bytes]) -> None:
        self._audited = [self._at(place) for place in places]
        patterns = [f"{os.fsdecode(place)}/**" for place in self._audited]
        self._host.define(patterns, format="yaml")  # whatever name a file is moved to

    def _ask_for_audit(self, depth: str) -> None:
        try:
            ask(self._host.socket, "audit", {"depth": depth}, timeout=PATIENCE)
        except (ControlError, DaemonAbsentError):
            self.counts["asked in vain"] += 1

    def _approve(self, paths: tuple[bytes, ...]) -> None:
        items = [shown(self._at(path)) for path in paths]
        words = ["approve", *items, "--reason", "on the way", "--yes", "--config", str(self._host.config)]
        with (self._host.directory / "approve.log").open("ab") as log:
            self._approvals.append(
                subprocess.Popen(
                    [*self._cell.before, *command(), *words],
                    env=environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            )

    def _end_approvals(self) -> None:
        for approval in self._approvals:
            self.counts[f"approve ended with {approval.wait(PATIENCE)}"] += 1
        self._approvals.clear()
        log = self._host.directory / "approve.log"
        assert not log.exists() or b"Traceback" not in log.read_bytes(), log.read_text()


def _short(action: object) -> str:
    text = repr(action)
    return text if len(text) < 300 else text[:297] + "..."


def ordeal(directory: Path, seed: int, *, chapters: int | None = None, seconds: float = float("inf")) -> Counter[str]:
    """Go through the story of a seed in a directory of its own; return what was done, and what came of it."""
    host = ScratchHost(directory)
    host.configure(outputs=[{"jsonl": {"path": str(host.log), "members": True}}])  # every event, however many there are
    with Cell(host.state) as cell:
        host.before = cell.before
        run = Ordeal(directory, seed, cell, host)
        run.run(chapters=chapters, seconds=seconds)
        return run.counts
