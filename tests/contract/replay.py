"""Pages whose commands are run, and whose output is what the commands print.

A page's ```sh blocks are run one after the other in one shell; a ```text block is what the block before it prints, and a
block without one prints nothing. Pages use /tmp/first. Blocks of other kinds are not run.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.contract.command import DEADLINE_S, command, environment

SHOWN: Final = "/tmp/first"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_END = "end-of-block"
_READS = re.compile(r"driftd (status|diff|events|timeline|check)\b")
_PASSING: Final = (
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?", "TIME"),
    (r"\b\d\d:\d\d:\d\d\.\d{3}\b", "TIME"),
    (r"\bpid \d+", "pid N"),
    (r"seen after [\d.]+ ms", "seen after N ms"),
    (r"items in [\d.]+ m?s\b", "items in N ms"),
    (r"sha256:[0-9a-f]{64}", "sha256:HEX"),
    (r"driftd-secret:[0-9a-f]{8}:[0-9a-f]{32}", "driftd-secret:KEYID:MAC"),
    (r"key [0-9a-f]{8} -> [0-9a-f]{8}", "key KEYID -> KEYID"),
    (r"approved by \S+:", "approved by NAME:"),
    (r'"by": "[^"]*"', '"by": "NAME"'),
    (r"driftd \d+\.\d+\.\d+", "driftd VERSION"),
)
"""What is another on each run."""


@dataclass(frozen=True)
class Step:
    """A block of commands and what it prints."""

    commands: str
    printed: str

    @property
    def only_reads(self) -> bool:
        """Whether it may be asked again until a daemon has done what it has to do."""
        return all(_READS.match(line) for line in self.commands.splitlines())


def steps(page: Path) -> list[Step]:
    """Return what a page has its reader do."""
    blocks = [(kind, text) for kind, text in _BLOCK.findall(page.read_text()) if kind in ("sh", "text")]
    following = [*blocks[1:], ("", "")]
    return [
        Step(text, after if kind_after == "text" else "")
        for (kind, text), (kind_after, after) in zip(blocks, following, strict=True)
        if kind == "sh"
    ]


def lasting(text: str) -> str:
    """Return text without what is another on each run."""
    for pattern, instead in _PASSING:
        text = re.sub(pattern, instead, text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


class Shell:
    """One bash in which a page's reader works."""

    def __init__(self, process: subprocess.Popen[str], directory: Path) -> None:
        self._process = process
        self._directory = directory

    def follow(self, step: Step) -> None:
        """Run a step; fail where it prints something else than the page shows."""
        wanted = lasting(step.printed)
        end = time.monotonic() + DEADLINE_S
        printed = lasting(self.run(step.commands))
        while printed != wanted and step.only_reads and time.monotonic() < end:
            time.sleep(0.05)
            printed = lasting(self.run(step.commands))
        assert printed == wanted, f"{step.commands}\nprints\n{printed}\nand the page shows\n{wanted}"

    def run(self, commands: str) -> str:
        """Return what commands print."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        script = commands.replace(SHOWN, str(self._directory))
        self._process.stdin.write(f"{{\n{script}\n}} </dev/null 2>&1\nprintf '\\n{_END}\\n'\n")
        self._process.stdin.flush()
        printed: list[str] = []
        for line in self._process.stdout:
            if line == _END + "\n":
                return "".join(printed).replace(str(self._directory), SHOWN)
            printed.append(line)
        raise AssertionError(f"the shell ended in\n{commands}")


@contextmanager
def shell(directory: Path) -> Iterator[Shell]:
    """Yield a shell that has the command; what it started in the background is ended."""
    process = subprocess.Popen(
        ["bash", "-u"],
        cwd=directory,
        env=environment(COLUMNS="80"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    opened = Shell(process, directory)
    try:
        # exec, so that the job in the background is the command itself and can be ended
        installed = directory / ".bin" / "driftd"
        installed.parent.mkdir()
        installed.write_text(f'#!/bin/sh\nexec {shlex.join(command())} "$@"\n')
        installed.chmod(0o755)
        opened.run(f"PATH={shlex.quote(str(installed.parent))}:$PATH")
        yield opened
    finally:
        process.communicate("kill $(jobs -p) 2>/dev/null\nwait\n", timeout=DEADLINE_S)
