"""Scenarios: what is done to real files, and what the daemon is to make of it. The language is in tests/cases/scenarios/README.md."""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.system.daemon_process import ScratchHost

CASES = Path(__file__).parents[1] / "cases" / "scenarios"
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@dataclass(frozen=True, slots=True)
class Expected:
    """One drift that is to stand open in the end: `changed f.yaml $.a`."""

    kind: str
    path: str
    keys: tuple[str, ...] = ()


@dataclass
class Scenario:
    """One case file."""

    name: str
    title: str
    live: bool
    """Seen by notifications."""
    audited: bool
    """Seen by an audit, had no notification come."""
    setup: list[list[str]] = field(default_factory=list)
    steps: list[list[str]] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)
    resolved: list[str] = field(default_factory=list)
    """Items that drifted in between and do not in the end."""
    lone: list[str] = field(default_factory=list)
    """Files that are audited by their names, not with their directory."""


def scenarios() -> list[Scenario]:
    """Return every case, by name."""
    return [_read(path) for path in sorted(CASES.glob("*.case"))]


def _read(path: Path) -> Scenario:
    comment, *lines = path.read_text("utf-8").splitlines()
    assert comment.startswith("# "), f"{path.name}: the first line says what happens"
    found = Scenario(path.stem, comment[2:], live=True, audited=True)
    for line in lines:
        words = shlex.split(line, comments=True)
        match words:
            case []:
                continue
            case ["modes", modes]:
                found.live, found.audited = "R" in modes, "S" in modes
            case ["alone", *names]:
                found.lone.extend(names)
            case ["approve"]:
                found.setup, found.steps = found.steps, []
            case ["expect", "nothing"]:
                continue
            case ["expect", "resolved", item]:
                found.resolved.append(item)
            case ["expect", kind, item, *keys]:
                found.expected.append(Expected(kind, item, tuple(keys)))
            case _:
                found.steps.append(words)
    assert "expect" in path.read_text("utf-8"), f"{path.name}: a case without an expectation proves nothing"
    return found


class Stage:
    """The files of one scenario on a scratch host, and what may be done to them.

    `out/` is a directory that nobody audits, `beside/` one whose name begins as an audited one's does.
    """

    def __init__(self, host: ScratchHost, scenario: Scenario) -> None:
        self.scenario = scenario
        self.inside = (host.directory / "lone" if scenario.lone else host.tree) / scenario.name
        self._out = host.outside / scenario.name
        self._beside = host.tree.with_name(host.tree.name + "x") / scenario.name
        self._open: dict[Path, Any] = {}

    def at(self, name: str) -> Path:
        """Return where a file of the scenario stands."""
        for prefix, directory in (("out/", self._out), ("beside/", self._beside)):
            if name.startswith(prefix):
                return directory / name.removeprefix(prefix)
        return self.inside / name if name != "." else self.inside

    def prepare(self) -> None:
        """Make what is there before the approval."""
        for directory in (self.inside, self._out, self._beside):
            directory.mkdir(parents=True)
        for words in self.scenario.setup:
            self.do(words)

    def do(self, words: list[str]) -> None:
        """Take one step; steps of one line follow each other at once."""
        for step in _split(words):
            name, *arguments = step
            act: Callable[..., None] = getattr(self, f"do_{name}")
            act(*arguments)

    def close(self) -> None:
        """Close what the scenario left open."""
        for stream in self._open.values():
            stream.close()

    def do_have(self, name: str, text: str) -> None:
        path = self.at(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_text(text))

    def do_write(self, name: str, text: str) -> None:
        self.at(name).write_text(_text(text))

    def do_append(self, name: str, text: str) -> None:
        with self.at(name).open("a") as stream:
            stream.write(_text(text))

    def do_truncate(self, name: str) -> None:
        self.at(name).write_text("")

    def do_overwrite(self, name: str, text: str) -> None:
        """Write over what is there without truncating first."""
        with self.at(name).open("r+") as stream:
            stream.write(_text(text))

    def do_open(self, name: str, text: str) -> None:
        """Write and keep the file open."""
        stream = self._open[self.at(name)] = self.at(name).open("a")
        stream.write(_text(text))
        stream.flush()

    def do_read(self, name: str) -> None:
        self.at(name).read_bytes()

    def do_remove(self, name: str) -> None:
        self.at(name).unlink()

    def do_rmtree(self, name: str) -> None:
        shutil.rmtree(self.at(name))

    def do_directory(self, name: str) -> None:
        self.at(name).mkdir(parents=True, exist_ok=True)

    def do_rename(self, source: str, target: str) -> None:
        self.at(source).rename(self.at(target))

    def do_exchange(self, one: str, other: str) -> None:
        """Swap two names in one step: renameat2(2)."""
        libc = ctypes.CDLL(None, use_errno=True)
        paths = os.fsencode(self.at(one)), os.fsencode(self.at(other))
        if libc.renameat2(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE) != 0:
            raise OSError(ctypes.get_errno(), "renameat2")

    def do_copy(self, source: str, target: str) -> None:
        shutil.copytree(self.at(source), self.at(target), symlinks=True)

    def do_link(self, name: str, target: str) -> None:
        """Make a symbolic link; a target that begins with `=` is a path of the scenario."""
        goal = str(self.at(target[1:])) if target.startswith("=") else target
        fresh = self._out / "fresh"
        self.at(name).parent.mkdir(parents=True, exist_ok=True)
        fresh.symlink_to(goal)
        fresh.rename(self.at(name))

    def do_hardlink(self, name: str, target: str) -> None:
        self.at(name).hardlink_to(self.at(target))

    def do_fifo(self, name: str) -> None:
        os.mkfifo(self.at(name))

    def do_mode(self, name: str, mode: str) -> None:
        self.at(name).chmod(int(mode, 8))

    def do_owner(self, name: str, user: str, group: str) -> None:
        os.chown(self.at(name), int(user), int(group))

    def do_stealth(self, name: str, text: str) -> None:
        """Write text of the same length in place and put the times back."""
        status = self.at(name).stat()
        self.do_overwrite(name, text)
        os.utime(self.at(name), ns=(status.st_atime_ns, status.st_mtime_ns))

    def do_touch(self, name: str) -> None:
        self.at(name).touch()


def _split(words: list[str]) -> list[list[str]]:
    steps: list[list[str]] = [[]]
    for word in words:
        if word == ";":
            steps.append([])
        else:
            steps[-1].append(word)
    return steps


def _text(text: str) -> str:
    return text.replace(",", "\n") + "\n" if text else ""
